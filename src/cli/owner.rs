//! `dbfence owner`.

use std::path::Path;

use super::{Color, Exit, Failure, Outcome, WorkspaceArguments, all_rules, nothing_there, output};
use crate::check::owner;
use crate::ownership::Name;
use crate::report;

/// Arguments of `dbfence owner`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A table or a database: `table`, `schema.table`, `database` or `database.table`. Letters are taken as
    /// PostgreSQL takes them: small unless they stand in double quotes.
    #[arg(value_name = "NAME")]
    name: String,

    #[command(flatten)]
    workspace: WorkspaceArguments,

    /// How to write it.
    #[arg(long, value_name = "FORMAT", default_value = "pretty")]
    format: OwnerFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum OwnerFormat {
    /// For a person.
    Pretty,
    /// For programs: one document.
    Json,
}

impl Arguments {
    pub(super) fn run(&self, color: Color) -> Outcome {
        let name = Name::read(&self.name).ok_or_else(|| {
            Failure::with_help(
                format!("`{}` is no name of a table or a database", self.name),
                "write `table`, `schema.table`, `database` or `database.table`",
            )
        })?;
        let root = self.workspace.find_root(Path::new("."))?;
        let config = self.workspace.config(&root, all_rules()?)?;
        let sources = config.discover(&root)?;
        let found = owner(&sources, &config.policy, &name);
        let found = found.ok_or_else(|| nothing_there("look at", &root))?;
        let found = found.map_err(|nearest| {
            Failure::with_help(
                format!("no table and no database is called `{}`", self.name),
                nearest.map_or_else(
                    || "`dbfence inspect` lists them".to_owned(),
                    |nearest| format!("did you mean `{nearest}`?"),
                ),
            )
        })?;
        let text = match self.format {
            OwnerFormat::Pretty => report::ownership(&sources, &found, &output::style(color)),
            OwnerFormat::Json => report::ownership_json(&sources, &self.name, &found),
        };
        output::print(&text)?;
        Ok(Exit::Clean)
    }
}
