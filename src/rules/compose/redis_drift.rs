//! See `rules/compose/redis-drift.md`.

use crate::conflict::{Attribute, Wrong};
use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::redis::{Drift, REDIS_URL, RedisDrift};
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("compose", "redis-drift", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for product in workspace.products() {
        for drift in workspace.redis_drifts(product) {
            match drift.drift {
                Drift::Lacks { url, wait, host } => lacks(&drift, url, wait, host, report),
                Drift::LeadsNowhere {
                    place,
                    host,
                    right,
                    way,
                    missing_host,
                } => {
                    let (service, owner) = (drift.service, Owner::from(drift.service));
                    let key = service.key();
                    report
                        .at(
                            place,
                            format!("the `{REDIS_URL}` of `{key}` leads to `{host}`, a host that is not in this stack"),
                        )
                        .about(service, host.clone())
                        .because_all(way)
                        .argues_for(
                            missing_host.unwrap_or(owner),
                            Attribute::Container,
                            Wrong::Value(host),
                        )
                        .help(format!("write `{right}`"));
                }
                Drift::Has { url, wait } => {
                    let key = drift.service.key();
                    let (place, what) = match (url, wait) {
                        (Some(url), _) => (url, format!("gets a `{REDIS_URL}`")),
                        (None, Some((wait, name))) => (wait, format!("waits for `{name}`")),
                        (None, None) => continue,
                    };
                    let more = wait.map(|(place, name)| (place, format!("it waits for `{name}`")));
                    report
                        .at(
                            place,
                            format!(
                                "`{key}` {what}, but the registry does not say that it needs Redis"
                            ),
                        )
                        .about(drift.service, "needs no Redis")
                        .because(drift.registry, "the registry says so here")
                        .because_all(more)
                        .help("write `needsRedis: true` in the registry, or remove it here");
                }
            }
        }
    }
}

fn lacks(drift: &RedisDrift, url: bool, wait: Option<&str>, host: &str, report: &mut Report) {
    let (service, container) = (drift.service, drift.container);
    let key = container.key.place;
    let url_place = container.environment_key.unwrap_or(key);
    let wait_place = container.depends_on_key.unwrap_or(key);
    let lacks: Vec<String> = url
        .then(|| format!("gets no `{REDIS_URL}`"))
        .into_iter()
        .chain(wait.map(|name| format!("does not wait for `{name}`")))
        .collect();
    let adds: Vec<String> =
        url.then(|| format!("`{REDIS_URL}: redis://{host}:6379` to its `environment`"))
            .into_iter()
            .chain(wait.map(|name| {
                format!("`{name}: {{ condition: service_started }}` to its `depends_on`")
            }))
            .collect();
    let other = (url && wait.is_some()).then(|| (wait_place, "it does not wait for it".to_owned()));
    let finding = report
        .at(
            if url { url_place } else { wait_place },
            format!(
                "`{}` needs Redis, but {}",
                service.key(),
                lacks.join(" and ")
            ),
        )
        .about(service, "needs Redis")
        .because(drift.registry, "the registry says that it needs Redis")
        .because_all(other);
    let finding = match (&drift.missing_host, &drift.lacking) {
        _ if url => finding,
        (Some((product, host)), _) => finding.argues_for(
            product.clone(),
            Attribute::Container,
            Wrong::Value(host.clone()),
        ),
        (None, Some(lacking)) => {
            finding.argues(Attribute::Dependencies, Wrong::Value(lacking.clone()))
        }
        (None, None) => finding,
    };
    finding.help(format!("add {}", adds.join(" and ")));
}
