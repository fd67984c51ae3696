//! See `rules/input/syntax-error.md`.

use crate::finding::Owner;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::source::Kind;

pub(crate) const RULE: Rule = rule!("input", "syntax-error", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for (id, file, problems) in workspace.problems() {
        if !workspace.is_judged(id) {
            continue;
        }
        // What follows the first error of a nested language is mostly its echo.
        let is_nested = !matches!(file.kind, Kind::Sql | Kind::Migration | Kind::Env);
        let shown = if is_nested { &problems[..1] } else { problems };
        for problem in shown {
            let rest = &problems[shown.len()..];
            report
                .at(problem.span.in_file(id), problem.message.clone())
                .about(Owner::default(), file.path.clone())
                .because_all(
                    rest.iter()
                        .take(3)
                        .map(|echo| (echo.span.in_file(id), echo.message.clone())),
                )
                .help(problem.help.clone());
        }
    }
}
