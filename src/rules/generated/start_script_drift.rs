//! See `rules/generated/start-script-drift.md`.

use std::collections::HashSet;

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::product::Product;
use crate::model::shell::Action;
use crate::model::start_script::ScriptDrift;
use crate::rule::{Report, Rule, rule};
use crate::source::{Place, file_name};

pub(crate) const RULE: Rule = rule!("generated", "start-script-drift", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        // What is nowhere else either was only added to the registry.
        let not_run = workspace.services_not_run(product);
        for drift in workspace.start_script_drift(product) {
            tell(workspace, product, drift, &not_run, report);
        }
    }
}

fn tell(
    workspace: &Workspace,
    product: &Product,
    drift: ScriptDrift,
    not_run: &HashSet<&str>,
    report: &mut Report,
) {
    let again = |place: Place| workspace.generator_of(product, place);
    match drift {
        ScriptDrift::Lacks { service, action, script } => {
            let database = service.database().unwrap_or_default();
            let (lack, write, wrong) = match action {
                Action::Migrate => ("migrate", "migration", format!("no {database}")),
                Action::Seed => ("seed", "seed", "no seed".to_owned()),
            };
            report
                .at(service.database_place(), format!("the start script does not {lack} `{database}`, the database of `{}`", service.key()))
                .about(service, format!("{lack} {database}"))
                .because(script, format!("its {write} should run here"))
                .argues(if not_run.contains(service.key()) { Attribute::Container } else { Attribute::Database }, Wrong::Value(wrong))
                .help(format!("add the {write} of `{}`{}", service.module.as_ref().map_or(service.key(), |module| &module.folder), again(script)));
        }
        ScriptDrift::OtherDatabase { service, name, place } => report
            .at(place, format!("the start script runs the module of `{}` against {}", service.key(), product.says_whose(&name)))
            .about(service, name.clone())
            .because_all(product.ownership(service, &name))
            .argues(Attribute::Database, Wrong::Value(name))
            .help(format!("write `{}`{}", service.database().unwrap_or_default(), again(place))),
        ScriptDrift::OtherModule { service, other, place, right } => report
            .at(place, format!("the start script runs the module of `{}` against the database of `{}`", other.key(), service.key()))
            .about(service, "module in the start script")
            .because(service.database_place(), format!("`{}` owns `{}`", service.key(), service.database().unwrap_or_default()))
            .argues(Attribute::Module, Wrong::Everything)
            .help(format!("write `{right}`{}", again(place))),
        ScriptDrift::Stateless { service, place } => report
            .at(place, format!("the start script migrates `{}`, which owns no database", service.key()))
            .about(service, "stateless")
            .because(service.database_place(), format!("`{}` owns no database", service.key()))
            .argues(Attribute::Database, Wrong::Everything)
            .help(format!("remove the command{}", again(place))),
        ScriptDrift::UnknownModule { folder, place, meant: Some((service, right)) } => {
            report
                .at(place, format!("the start script runs `{folder}` for `{}`, whose module is another one", service.key()))
                .about(service, folder.clone())
                .because(service.entry.dockerfile.known().map_or(service.database_place(), crate::model::value::Text::place), format!("the module of `{}`", service.key()))
                .argues(Attribute::Module, Wrong::Everything)
                .help(format!("write `{right}`{}", again(place)));
        }
        ScriptDrift::UnknownModule { folder, place, meant: None } => report
            .at(place, format!("the start script runs `{folder}`, which is no module of the registry"))
            .about(product, folder.clone())
            .because(product.registry.name.place, "no entry names it")
            .argues_for(stranger(product, file_name(&folder)), Attribute::Entry, Wrong::Value(folder.clone()))
            .help(format!("remove the command, or add an entry for the module{}", again(place))),
        ScriptDrift::UnknownDatabase { name, place } => {
            let namesake = product.namesake(&name);
            let owner = namesake.map_or_else(|| stranger(product, &name.replace('_', "-")), Owner::from);
            let attribute = if namesake.is_some() { Attribute::Database } else { Attribute::Entry };
            report
                .at(place, format!("the start script uses `{name}`, which no service owns"))
                .about(product, name.clone())
                .because(product.registry.name.place, "no entry names it")
                .argues_for(owner, attribute, Wrong::Value(name))
                .help(format!("remove the command, or write the database of a service{}", again(place)));
        }
        ScriptDrift::WrongPort { port, place, also, published_on, right, published } => report
            .at(place, format!("the start script runs on the host, where nothing of the stack listens on `{port}`"))
            .about(product, format!("port {port}"))
            .because_all(published.map(|place| (place, format!("Postgres is published on {published_on}"))))
            .because_all(also.into_iter().map(|place| (place, "the same here".to_owned())))
            .help(format!("write `{right}`{}", again(place))),
    }
}

/// A service that an entry may be missing for.
fn stranger(product: &Product, name: &str) -> Owner {
    Owner {
        product: Some(product.name.clone()),
        service: Some(name.to_owned()),
    }
}
