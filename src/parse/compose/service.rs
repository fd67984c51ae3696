//! One service of a compose file.

use super::environment::{assignments, env_files};
use super::values::{
    elements, field, fields, flag, key_of, name_of, one_or_many, written, written_elements,
    written_field,
};
use super::{
    Build, Command, DependsOn, Environment, Extends, Port, Service, ServiceNetwork, Volume,
};
use crate::source::At;
use crate::yaml::{Entry, Value};

pub(super) fn service(key: At<String>, map: &Value) -> Service {
    let mut service = Service {
        key,
        ..Service::default()
    };
    for entry in fields(map) {
        read_setting(&entry, &mut service);
    }
    service
}

fn read_setting(entry: &Entry, service: &mut Service) {
    let value = &entry.value;
    let own_key = entry.via.is_empty().then_some(entry.key.span);
    match entry.key.value {
        "image" => service.image = written(value),
        "build" => service.build = build(entry),
        "container_name" => service.container_name = written(value),
        "hostname" => service.hostname = written(value),
        "environment" => {
            service.environment = assignments(value).map(|entries| Environment {
                key: own_key,
                entries,
            });
        }
        "env_file" => service.env_files = env_files(value),
        "depends_on" => {
            service.depends_on_key = own_key;
            service.depends_on = depends_on(value);
        }
        "ports" => {
            service.ports_key = own_key;
            service.ports = elements(value).filter_map(|item| port(&item)).collect();
        }
        "expose" => service.expose = written_elements(value),
        "networks" => {
            service.networks_key = own_key;
            service.networks = networks(value);
        }
        "network_mode" => service.network_mode = written(value),
        "volumes" => {
            service.volumes_key = own_key;
            service.volumes = elements(value).filter_map(|item| volume(&item)).collect();
        }
        "configs" => service.has_configs = elements(value).next().is_some(),
        "links" => service.links = written_elements(value),
        "profiles" => service.profiles = written_elements(value),
        "extends" => service.extends = extends(value),
        "command" | "entrypoint" => service.commands.extend(command(entry, value)),
        "healthcheck" => read_healthcheck(entry, service),
        _ => {}
    }
}

fn build(entry: &Entry) -> Option<Build> {
    let map = &entry.value;
    if !map.is_mapping() {
        return Some(Build {
            key: entry.key.span,
            context: Some(written(map)?),
            ..Build::default()
        });
    }
    let args = field(map, "args").and_then(|args| assignments(&args));
    Some(Build {
        key: entry.key.span,
        context: written_field(map, "context"),
        dockerfile: written_field(map, "dockerfile"),
        dockerfile_inline: written_field(map, "dockerfile_inline"),
        args: args.unwrap_or_default(),
        target: written_field(map, "target"),
    })
}

fn depends_on(value: &Value) -> Vec<DependsOn> {
    let listed = written_elements(value)
        .into_iter()
        .map(|service| DependsOn {
            service,
            condition: None,
            required: true,
            is_listed: true,
        });
    let mapped = fields(value).map(|entry| DependsOn {
        service: key_of(&entry),
        condition: written_field(&entry.value, "condition"),
        required: flag(&entry.value, "required") != Some(false),
        is_listed: false,
    });
    listed.chain(mapped).collect()
}

fn port(item: &Value) -> Option<Port> {
    if item.is_mapping() {
        return Some(Port::Long {
            target: written_field(item, "target"),
            published: written_field(item, "published"),
            host_ip: written_field(item, "host_ip"),
            protocol: written_field(item, "protocol"),
        });
    }
    written(item).map(Port::Short)
}

fn networks(value: &Value) -> Vec<ServiceNetwork> {
    let listed = written_elements(value)
        .into_iter()
        .map(|name| ServiceNetwork {
            name,
            aliases: Vec::new(),
        });
    let mapped = fields(value).map(|entry| ServiceNetwork {
        name: key_of(&entry),
        aliases: field(&entry.value, "aliases")
            .map(|aliases| written_elements(&aliases))
            .unwrap_or_default(),
    });
    listed.chain(mapped).collect()
}

fn volume(item: &Value) -> Option<Volume> {
    if item.is_mapping() {
        return Some(Volume::Long {
            kind: written_field(item, "type"),
            source: written_field(item, "source"),
            target: written_field(item, "target"),
        });
    }
    written(item).map(Volume::Short)
}

fn extends(value: &Value) -> Option<Extends> {
    if value.is_mapping() {
        return Some(Extends {
            file: written_field(value, "file"),
            service: written_field(value, "service"),
        });
    }
    let service = Some(written(value)?);
    Some(Extends {
        file: None,
        service,
    })
}

/// A command under the name of `entry`. An empty list is one too: it takes the image's away.
fn command(entry: &Entry, value: &Value) -> Option<Command> {
    let is_command = value.is_sequence() || written(value).is_some();
    is_command.then(|| Command {
        key: name_of(entry),
        words: one_or_many(value),
        is_list: value.is_sequence(),
    })
}

fn read_healthcheck(entry: &Entry, service: &mut Service) {
    if !entry.value.is_mapping() {
        return;
    }
    let test = field(&entry.value, "test").and_then(|test| {
        let first = elements(&test).next();
        let is_none =
            first.is_some_and(|word| word.scalar().is_some_and(|word| word.text == "NONE"));
        Some((command(entry, &test)?, is_none))
    });
    let is_disabled = flag(&entry.value, "disable") == Some(true)
        || test.as_ref().is_some_and(|&(_, is_none)| is_none);
    service.has_healthcheck = !is_disabled;
    service.has_disabled_healthcheck = is_disabled;
    if !is_disabled {
        service.commands.extend(test.map(|(command, _)| command));
    }
}
