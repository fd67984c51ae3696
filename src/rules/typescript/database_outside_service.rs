//! See `rules/typescript/database-outside-service.md`.

use crate::model::Workspace;
use crate::model::outsiders::Sign;
use crate::rule::{Report, Rule, rule};

pub(crate) const RULE: Rule = rule!("typescript", "database-outside-service", check);

/// Further places of a package that are told.
const MOST_PLACES: usize = 5;

fn check(workspace: &Workspace, report: &mut Report) {
    for outsider in workspace.outsiders() {
        let Some(((place, sign), others)) = outsider.signs.split_first() else {
            continue;
        };
        let folder = &outsider.folder;
        let named = outsider.signs.iter().find_map(|(_, sign)| match sign {
            Sign::Variable(_, service) => *service,
            _ => None,
        });
        let further = others.iter().take(MOST_PLACES);
        report
            .at(
                *place,
                format!("`{folder}` {}, and no service is built from it", does(*sign)),
            )
            .about(outsider.owner(), folder.clone())
            .because_all(further.map(|(place, sign)| (*place, format!("it {}", does(*sign)))))
            .because_all(named.map(|service| {
                (
                    service.database_place(),
                    format!("the database of `{}`", service.key()),
                )
            }))
            .help(match named {
                Some(service) => format!(
                    "remove it, and ask `{}` for its data over HTTP",
                    service.key()
                ),
                None => "move it into the module of the service that owns the data, and ask that service over HTTP"
                    .to_owned(),
            });
    }
}

fn does(sign: Sign) -> String {
    match sign {
        Sign::Schema => "holds a Prisma schema".to_owned(),
        Sign::Client(name) => format!("opens a database by `{name}`"),
        Sign::Variable(name, Some(service)) => {
            format!(
                "reads `{name}`, the connection string of `{}`",
                service.key()
            )
        }
        Sign::Variable(name, None) => format!("reads `{name}`, the connection string of a service"),
    }
}
