//! See `rules/input/unreadable-file.md`.

use crate::finding::Owner;
use crate::model::Workspace;
use crate::rule::{Report, Rule, rule};
use crate::source::Span;

pub(crate) const RULE: Rule = rule!("input", "unreadable-file", check);

fn check(workspace: &Workspace, report: &mut Report) {
    for (id, file, why) in workspace.unreadable() {
        report
            .at(Span::default().in_file(id), format!("`{}` was not read: {why}", file.path))
            .about(Owner::default(), file.path.clone())
            .help("make it readable (UTF-8, within `max-file-size`, with permission), or list it under `exclude` in `dbfence.yaml`");
    }
}
