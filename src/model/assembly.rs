//! Puts a service together from its layers, later ones over earlier ones.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crate::model::compose::{
    Build, Dependency, Health, Mount, Part, Port, Service, Started, Starts, Variable,
};
use crate::model::merging::Layer;
use crate::model::resolve::{self, Resolved, Variables};
use crate::parse::compose as written;
use crate::source::{FileId, Place, join};

/// The service that some layers describe, its environment aside; `networks` gives the names that Docker
/// knows networks by.
pub(super) fn assemble(layers: &[Layer], networks: &HashMap<&str, &str>) -> Option<Service> {
    let first = layers.iter().find(|layer| layer.is_own())?;
    let mut service = Service::named(first.service.key.in_file(first.file));
    let mut build = None;
    let mut commands: BTreeMap<&str, Started> = BTreeMap::new();
    for layer in layers {
        lay_over(&mut service, layer, networks);
        lay_build_over(&mut build, layer);
        lay_commands_over(&mut commands, layer);
    }
    service.build = build.map(Build::settled);
    let words = commands.values().flat_map(|started| &started.words);
    service.commands = words.map(|word| word.text.clone()).collect();
    service.starts = Starts {
        entrypoint: commands.remove("entrypoint"),
        command: commands.remove("command"),
    };
    settle(&mut service, networks);
    Some(service)
}

/// Lays what one layer says of a service over what earlier ones say; its environment and its build aside.
fn lay_over(service: &mut Service, layer: &Layer, networks: &HashMap<&str, &str>) {
    let (file, part) = (layer.file, layer.service);
    let keeps = |setting| layer.keeps(&[setting]);
    let text = |written: &written::Written| layer.text(written);
    let own_key = |key: Option<crate::source::Span>, setting| {
        let key = key.filter(|_| layer.is_own() && keeps(setting));
        key.map(|key| key.in_file(file))
    };
    if let Some(image) = part.image.as_ref().filter(|_| keeps("image")) {
        service.image = Some(text(image));
    }
    if let Some(environment) = &part.environment {
        let key = own_key(environment.key, "environment");
        service.environment_key = service.environment_key.or(key);
    }
    let names = [
        part.container_name
            .as_ref()
            .filter(|_| keeps("container_name")),
        part.hostname.as_ref().filter(|_| keeps("hostname")),
    ];
    let part_networks = part.networks.iter().filter(|_| keeps("networks"));
    let aliases = part_networks.clone().flat_map(|network| &network.aliases);
    let names = names.into_iter().flatten().chain(aliases);
    service.aliases.extend(names.map(|name| text(name).text));
    lay_dependencies_over(service, layer);
    let key = own_key(part.depends_on_key, "depends_on");
    service.depends_on_key = service.depends_on_key.or(key);
    let published = part.ports.iter().filter(|_| keeps("ports"));
    service
        .ports
        .extend(published.map(|port| read_port(port, &text)));
    let key = own_key(part.volumes_key, "volumes");
    service.volumes_key = service.volumes_key.or(key);
    let volumes = part.volumes.iter().filter(|_| keeps("volumes"));
    service
        .mounts
        .extend(volumes.filter_map(|volume| read_mount(volume, &layer.folder, &text)));
    for network in part_networks {
        let name = text(&network.name);
        let real = networks.get(name.text.as_str());
        let real = real.map_or_else(|| name.text.clone(), |real| (*real).to_owned());
        if !service.networks.contains(&real) {
            service.networks.push(real);
            service.network_names.push(name);
        }
    }
    if let Some(mode) = part.network_mode.as_ref().filter(|_| keeps("network_mode")) {
        service.network_mode = Some(text(mode));
    }
    let profiles = part.profiles.iter().filter(|_| keeps("profiles"));
    service
        .profiles
        .extend(profiles.map(|profile| text(profile).text));
    service.has_configs |= part.has_configs && keeps("configs");
    if keeps("healthcheck") {
        lay_healthcheck_over(service, layer);
    }
    let links = part.links.iter().filter(|_| keeps("links"));
    service.links.extend(links.map(text));
}

/// Lays the commands of one layer over those of earlier ones.
fn lay_commands_over(commands: &mut BTreeMap<&str, Started>, layer: &Layer) {
    for key in ["entrypoint", "command"] {
        let written = layer.service.commands.iter();
        let written = written.filter(|command| command.key.value == key && layer.keeps(&[key]));
        for command in written {
            let words = command.words.iter().map(|word| layer.text(word));
            let started = Started {
                words: words.collect(),
                is_list: command.is_list,
            };
            commands.insert(key, started);
        }
    }
}

fn lay_dependencies_over(service: &mut Service, layer: &Layer) {
    let depends_on = layer.service.depends_on.iter().filter(|dependency| {
        let name = dependency.service.text.value.as_str();
        layer.keeps(&["depends_on"]) && layer.keeps(&["depends_on", name])
    });
    for written in depends_on {
        let name = layer.text(&written.service);
        let known = service.depends_on.iter();
        let known = known.enumerate().find(|(_, it)| it.name.text == name.text);
        let earlier = known.map(|(number, _)| number);
        let earlier = earlier.map(|number| service.depends_on.remove(number));
        // A map without a condition leaves that of an earlier layer, a list says that it is started.
        let inherited = earlier.filter(|_| !written.is_listed);
        let condition = written.condition.as_ref().map(|it| layer.text(it));
        service.depends_on.push(Dependency {
            name,
            condition: condition.or_else(|| inherited?.condition),
            is_required: written.required,
        });
    }
}

fn lay_healthcheck_over(service: &mut Service, layer: &Layer) {
    let part = layer.service;
    let mut checks = part.commands.iter();
    let test = checks.find(|command| command.key.value == "healthcheck");
    if let Some(test) = test {
        service.healthcheck = test.words.iter().map(|word| layer.text(word)).collect();
        service.health = Health::Tested;
    } else if part.has_disabled_healthcheck {
        service.healthcheck.clear();
        service.health = Health::Off;
    }
}

/// Lays what one layer says of the build over what earlier ones say.
fn lay_build_over(build: &mut Option<Build>, layer: &Layer) {
    let written = layer.service.build.as_ref();
    let Some(part) = written.filter(|_| layer.keeps(&["build"])) else {
        return;
    };
    let place = part.key.in_file(layer.file);
    let build = build.get_or_insert_with(|| Build {
        place,
        folder: layer.project.to_string(),
        context: None,
        context_text: None,
        dockerfile: None,
        dockerfile_text: None,
        is_inline: false,
        args: Vec::new(),
        target: None,
    });
    if layer.is_own() {
        build.place = place;
    }
    let keeps = |setting| layer.keeps(&["build", setting]);
    if let Some(context) = part.context.as_ref().filter(|_| keeps("context")) {
        build.folder = layer.folder.to_string();
        build.context_text = Some(layer.text(context));
    }
    if let Some(dockerfile) = part.dockerfile.as_ref().filter(|_| keeps("dockerfile")) {
        build.dockerfile_text = Some(layer.text(dockerfile));
    }
    build.is_inline |= part.dockerfile_inline.is_some() && keeps("dockerfile_inline");
    for arg in part.args.iter().filter(|_| keeps("args")) {
        let name = &arg.name.value;
        build.args.retain(|(known, _)| known != name);
        let value = arg.value.as_ref().map(|value| layer.text(value));
        if let Some(value) = value.filter(Resolved::is_all_known) {
            build.args.push((name.clone(), value.text));
        }
    }
    if let Some(target) = part.target.as_ref().filter(|_| keeps("target")) {
        let target = layer.text(target);
        build.target = target.is_all_known().then_some(target.text);
    }
}

impl Build {
    /// The build with its paths from the workspace root.
    fn settled(mut self) -> Self {
        let known = |text: &Resolved| text.is_all_known().then(|| text.text.clone());
        self.context = match &self.context_text {
            Some(context) => known(context).and_then(|context| join(&self.folder, &context)),
            None => Some(self.folder.clone()),
        };
        let dockerfile = match &self.dockerfile_text {
            Some(dockerfile) => known(dockerfile),
            None => Some("Dockerfile".to_owned()),
        };
        let parts = self.context.as_deref().zip(dockerfile);
        self.dockerfile = parts.and_then(|(context, file)| join(context, &file));
        self
    }
}

/// What follows from all layers together.
fn settle(service: &mut Service, networks: &HashMap<&str, &str>) {
    keep_last_of_each_target(&mut service.mounts);
    let mut ports = HashSet::new();
    service.ports.retain(|port| ports.insert(port.identity()));
    let mut links = HashSet::new();
    service.links.retain(|link| links.insert(link.text.clone()));
    let aliases = service.links.iter();
    let aliases = aliases.filter_map(|link| Some(link.text.split_once(':')?.1.to_owned()));
    service.link_aliases = aliases.collect();
    if service.network_mode.is_some() {
        service.networks.clear();
    } else if service.networks.is_empty() {
        let real = networks.get(DEFAULT_NETWORK).unwrap_or(&DEFAULT_NETWORK);
        service.networks.push((*real).to_owned());
    }
}

const DEFAULT_NETWORK: &str = "default";

/// Of mounts at one path of the container the last one counts.
fn keep_last_of_each_target(mounts: &mut Vec<Mount>) {
    let mut targets = HashSet::new();
    mounts.reverse();
    mounts.retain(|mount| targets.insert(mount.target.text.clone()));
    mounts.reverse();
}

/// A variable that a layer sets.
pub(super) fn variable(layer: &Layer, entry: &written::EnvEntry) -> Variable {
    let name = entry.name.in_file(layer.file);
    let value = match &entry.value {
        Some(value) => Some(layer.text(value)),
        None => resolve::passed_on(
            &entry.name.value,
            &layer.way_to(name.place),
            &layer.variables,
        ),
    };
    Variable::of(name, value)
}

/// A variable that an env file sets.
pub(super) fn from_env_file(
    file: FileId,
    entry: &crate::parse::dotenv::Entry,
    way: &[Place],
    variables: &Variables,
) -> Variable {
    let value = resolve::value(&entry.value, file, entry.interpolates, way, variables);
    Variable::of(entry.name.in_file(file), Some(value))
}

fn read_port(port: &written::Port, text: &dyn Fn(&written::Written) -> Resolved) -> Port {
    match port {
        written::Port::Short(short) => {
            let resolved = text(short);
            let whole = resolved.text.as_str();
            let (ports, protocol) = whole.split_once('/').unwrap_or((whole, "tcp"));
            let target_start = ports.rfind(':').map_or(0, |colon| colon + 1);
            let before = ports[..target_start].strip_suffix(':');
            let published = before.map(|before| {
                let start = before.rfind(':').map_or(0, |colon| colon + 1);
                start..before.len()
            });
            let address = published
                .as_ref()
                .and_then(|range| whole[..range.start].strip_suffix(':'));
            let cut = |range: Range<usize>| Part::of(&resolved, &range);
            Port::new(
                published.filter(|range| !range.is_empty()).map(cut),
                Some(cut(target_start..ports.len())),
                address.map(str::to_owned),
                protocol,
            )
        }
        written::Port::Long {
            target,
            published,
            host_ip,
            protocol,
        } => {
            let whole = |written: &Option<written::Written>| {
                let resolved = text(written.as_ref()?);
                Some(Part::of(&resolved, &(0..resolved.text.len())))
            };
            let protocol = protocol.as_ref().map(|protocol| text(protocol).text);
            Port::new(
                whole(published),
                whole(target),
                host_ip.as_ref().map(|address| text(address).text),
                protocol.as_deref().unwrap_or("tcp"),
            )
        }
    }
}

impl Port {
    /// What tells it apart from the other ports of its service.
    fn identity(&self) -> [Option<String>; 4] {
        let text = |part: &Option<Part>| part.as_ref().map(|part| part.text.clone());
        [
            self.host_ip.clone(),
            text(&self.published_text),
            text(&self.target_text),
            Some(self.protocol.clone()),
        ]
    }

    fn new(
        published: Option<Part>,
        target: Option<Part>,
        host_ip: Option<String>,
        protocol: &str,
    ) -> Self {
        let number = |part: &Option<Part>| {
            let part = part.as_ref().filter(|part| part.is_known)?;
            part.text.parse().ok()
        };
        Self {
            published: number(&published),
            target: number(&target),
            published_text: published,
            target_text: target,
            host_ip,
            protocol: protocol.to_ascii_lowercase(),
        }
    }
}

fn read_mount(
    volume: &written::Volume,
    folder: &str,
    text: &dyn Fn(&written::Written) -> Resolved,
) -> Option<Mount> {
    match volume {
        written::Volume::Short(short) => {
            let resolved = text(short);
            let (source, rest) = resolved.text.split_once(':')?;
            let target_start = source.len() + 1;
            let target_length = rest.find(':').unwrap_or(rest.len());
            Some(Mount {
                source: Part::of(&resolved, &(0..source.len())),
                target: Part::of(&resolved, &(target_start..target_start + target_length)),
                folder: folder.to_owned(),
                kind: None,
            })
        }
        written::Volume::Long {
            kind,
            source,
            target,
        } => {
            let part = |written: &Option<written::Written>| {
                let resolved = text(written.as_ref()?);
                Some(Part::of(&resolved, &(0..resolved.text.len())))
            };
            Some(Mount {
                source: part(source)?,
                target: part(target)?,
                folder: folder.to_owned(),
                kind: kind.as_ref().map(|kind| text(kind).text),
            })
        }
    }
}
