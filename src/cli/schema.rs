//! `dbfence schema`.

use serde_json::Value;

use super::{Exit, Failure, Outcome, all_rules, output};
use crate::suppress::debt;
use crate::{policy, report};

/// Arguments of `dbfence schema`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Whose schema to print.
    #[arg(value_name = "WHAT")]
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// `dbfence.yaml`.
    Config,
    /// What `dbfence inspect` prints.
    Inspect,
    /// `.dbfence/baseline.yaml`.
    Baseline,
    /// What `dbfence check --format json` prints.
    Findings,
}

impl Arguments {
    pub(super) fn run(&self) -> Outcome {
        let schema: Value = match self.what {
            What::Config => policy::schema(all_rules()?.catalogue()),
            What::Inspect => report::inventory_schema(),
            What::Baseline => debt::schema(),
            What::Findings => report::findings_schema(),
        };
        let text = serde_json::to_string_pretty(&schema);
        let text = text.map_err(|error| Failure::new(error.to_string()))?;
        output::print(&(text + "\n"))?;
        Ok(Exit::Clean)
    }
}
