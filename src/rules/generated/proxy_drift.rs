//! See `rules/generated/proxy-drift.md`.

use super::routes::report_route;
use crate::conflict::{Attribute, Wrong};
use crate::model::Workspace;
use crate::model::proxy_drift::ProxyDrift;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("generated", "proxy-drift", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for drift in workspace.proxy_drift(product) {
            match drift {
                ProxyDrift::UnknownHost { host, meant } => report
                    .at(
                        host.place,
                        format!(
                            "nginx sends requests to `{}`, which is no service",
                            host.value
                        ),
                    )
                    .about(product.unknown_service(&host.value), host.value.clone())
                    .because_all(
                        meant
                            .and_then(|key| product.service(key))
                            .map(|it| (it.entry.key.place, format!("`{}` stands here", it.key()))),
                    )
                    .argues_for(
                        product.unknown_service(&host.value),
                        Attribute::Entry,
                        Wrong::Everything,
                    )
                    .help(
                        match meant {
                            Some(meant) => format!("write `{meant}`"),
                            None => "write the hostname of a service in the registry".to_owned(),
                        } + &workspace.generator_of(product, host.place),
                    ),
                ProxyDrift::Port {
                    service,
                    wrong,
                    asked,
                    right,
                    is_written,
                } => report
                    .at(
                        wrong.place,
                        format!(
                            "nginx calls `{}` on port {asked}, but it listens on {right}",
                            service.key()
                        ),
                    )
                    .about(service, asked.to_string())
                    .because(service.port_place(), format!("the registry says {right}"))
                    .argues(Attribute::Port, Wrong::Value(asked.to_string()))
                    .help(
                        if is_written {
                            format!("write `{right}`")
                        } else {
                            format!("write `{}:{right}`", wrong.value)
                        } + &workspace.generator_of(product, wrong.place),
                    ),
                ProxyDrift::NoFile { source, right } => report
                    .at(
                        source.place,
                        format!(
                            "`{}` does not exist, so nginx runs without it",
                            source.value
                        ),
                    )
                    .about(product, source.value.clone())
                    .help(match right {
                        Some(right) => format!("write `{right}`"),
                        None => format!("write the file{}", product.generator_advice(workspace)),
                    }),
                ProxyDrift::Route { drift, is_left_out } => {
                    report_route(workspace, product, "nginx", drift, is_left_out, report);
                }
            }
        }
    }
}
