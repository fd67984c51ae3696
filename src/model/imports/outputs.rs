//! What Prisma generates, and whose that is.

use std::collections::BTreeMap;

use crate::model::Workspace;
use crate::model::homes::Homes;
use crate::parse::prisma::Value;
use crate::source::{Place, ancestors, join, parent};

/// The folders and packages that clients are generated into.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    /// By the path from the workspace root.
    folders: BTreeMap<String, Output>,
    /// By the name of the package in `node_modules`.
    packages: BTreeMap<String, Output>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Output {
    /// The generator's output.
    pub(super) place: Place,
    /// The numbers of the services whose schema it is; none where several schemas have one output.
    pub(super) owners: Vec<usize>,
}

impl Outputs {
    pub(super) fn of(
        workspace: &Workspace,
        homes: &Homes,
        is_module: impl Fn(usize) -> bool,
    ) -> Self {
        let mut outputs = Self::default();
        for holding in workspace.holdings() {
            let owners = if holding.home.is_empty() {
                Vec::new()
            } else {
                let owners = holding.owners.iter();
                let numbers = owners.filter_map(|owner| homes.number_of(owner));
                numbers.filter(|&number| is_module(number)).collect()
            };
            for (file, schema) in workspace.schema_parts(holding) {
                let folder = parent(&workspace.sources.file(file).path);
                for generator in &schema.generators {
                    let is_client = matches!(
                        &generator.provider,
                        Some(Value::Literal(provider)) if provider.value.starts_with("prisma-client")
                    );
                    let Some(Value::Literal(output)) =
                        generator.output.as_ref().filter(|_| is_client)
                    else {
                        continue;
                    };
                    let known = Output {
                        place: output.span.in_file(file),
                        owners: owners.clone(),
                    };
                    let package = output.value.rsplit_once("node_modules/");
                    if let Some((_, package)) = package {
                        let package = package.trim_end_matches('/').to_owned();
                        add(&mut outputs.packages, package, known);
                    } else if let Some(path) = join(folder, &output.value) {
                        add(&mut outputs.folders, path, known);
                    }
                }
            }
        }
        outputs
    }

    /// The output that a path lies in.
    pub(super) fn around(&self, path: &str) -> Option<&Output> {
        ancestors(path).find_map(|folder| self.folders.get(folder))
    }

    /// The output that a specifier of a package names.
    pub(super) fn package(&self, specifier: &str) -> Option<&Output> {
        ancestors(specifier).find_map(|name| self.packages.get(name))
    }
}

fn add(outputs: &mut BTreeMap<String, Output>, key: String, output: Output) {
    outputs
        .entry(key)
        .and_modify(|known| known.owners.clear())
        .or_insert(output);
}
