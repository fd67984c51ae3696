//! `dbfence rules`.

use std::fmt::Write;
use std::path::Path;

use super::{Exit, Outcome, WorkspaceArguments, all_rules, output};
use crate::catalogue::FixClass;

/// Arguments of `dbfence rules`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    workspace: WorkspaceArguments,
}

impl Arguments {
    pub(super) fn run(&self) -> Outcome {
        let rules = all_rules()?;
        let root = self.workspace.find_root(Path::new("."))?;
        let policy = self.workspace.config(&root, rules)?.policy;
        let catalogue = rules.catalogue();
        let mut rows = vec![["rule", "category", "level", "fix", "set by"].map(str::to_owned)];
        for rule in catalogue.rules() {
            let name = rule.entry.name;
            let fix = match rule.front_matter.fix {
                Some(FixClass::Safe) => "safe",
                Some(FixClass::Unsafe) => "unsafe",
                None => "-",
            };
            rows.push(
                [
                    name,
                    rule.entry.category,
                    policy.level(name, catalogue).as_str(),
                    fix,
                    policy.switched_by(name, catalogue),
                ]
                .map(str::to_owned),
            );
        }
        output::print(&table(&rows))?;
        Ok(Exit::Clean)
    }
}

fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, &width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
