//! Which source files may import something that belongs to another service, by their bytes alone.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::imports::specifiers;
use crate::resolution::{Resolution, is_library, is_relative};
use crate::source::{Kind, SourceFile, ancestors, file_name, is_within, join, parent};

/// Where the code of a workspace lies, and where its imports lead.
pub(super) struct Leaving<'a> {
    resolution: Resolution,
    /// Every path of the workspace.
    paths: BTreeSet<&'a str>,
    /// The folders that may be a module: what lies in one of them is no other one's.
    units: HashSet<&'a str>,
    /// Those among them that no service is built from, as far as their paths tell.
    libraries: HashSet<&'a str>,
    /// The folders that Prisma clients are generated into, each with those of their schemas.
    outputs: BTreeMap<String, BTreeSet<String>>,
    /// The packages in `node_modules` that Prisma clients are generated into.
    packages: BTreeSet<String>,
}

impl<'a> Leaving<'a> {
    /// Those of a workspace: of all its paths, and of what was read before its source code.
    pub(super) fn of(paths: impl Iterator<Item = &'a str>, files: &[SourceFile]) -> Self {
        let paths: BTreeSet<&str> = paths.collect();
        let units: HashSet<&str> = paths
            .iter()
            .filter_map(|path| unit_marked_by(path))
            .collect();
        let is_builder = |file: &&SourceFile| {
            matches!(
                file.kind,
                Kind::Compose | Kind::ComposePart | Kind::Registry | Kind::Config
            )
        };
        let builders: Vec<&SourceFile> = files.iter().filter(is_builder).collect();
        let is_built = |unit: &str| {
            let named = |file: &&SourceFile| file.text.contains(unit);
            builders.iter().any(named)
                || join(unit, "Dockerfile").is_some_and(|path| paths.contains(path.as_str()))
        };
        let libraries = units.iter().copied();
        let libraries = libraries.filter(|unit| is_library(unit) && !is_built(unit));
        let mut outputs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut packages = BTreeSet::new();
        for file in files.iter().filter(|file| file.kind == Kind::Prisma) {
            let folder = parent(&file.path);
            for output in outputs_in(&file.text) {
                if let Some((_, package)) = output.rsplit_once("node_modules/") {
                    packages.insert(package.trim_end_matches('/').to_owned());
                }
                if let Some(output) = join(folder, output) {
                    outputs.entry(output).or_default().insert(folder.to_owned());
                }
            }
        }
        Self {
            resolution: Resolution::of(files),
            libraries: libraries.collect(),
            units,
            paths,
            outputs,
            packages,
        }
    }

    /// Whether a file may import something of another module than its own.
    pub(super) fn has_leaving(&self, file: &SourceFile) -> bool {
        let own = self.unit(&file.path);
        specifiers(&file.text).any(|specifier| self.leaves(&file.path, own, specifier))
    }

    fn leaves(&self, path: &str, own: &str, specifier: &str) -> bool {
        if is_relative(specifier) {
            let leads_up = specifier.starts_with("..");
            return leads_up
                && join(parent(path), specifier).is_some_and(|target| self.is_other(own, &target));
        }
        let is_client = |package: &String| is_within(specifier, package);
        let has = |path: &str| self.units.contains(path) || self.has_below(path);
        self.packages.iter().any(is_client)
            || self
                .resolution
                .targets(path, specifier, has)
                .iter()
                .any(|target| self.is_other(own, target))
    }

    fn has_below(&self, path: &str) -> bool {
        let inside = format!("{path}/");
        let next = self.paths.range(inside.as_str()..).next();
        next.is_some_and(|next| next.starts_with(&inside))
    }

    /// Whether a path is in a module that the unit `own` is no part of.
    fn is_other(&self, own: &str, target: &str) -> bool {
        let unit = self.unit(target);
        let is_module = unit != own && !unit.is_empty() && !self.libraries.contains(unit);
        let generated = || ancestors(target).find_map(|folder| self.outputs.get(folder));
        let is_generated = |schemas: &BTreeSet<String>| {
            let mut schemas = schemas.iter();
            schemas.any(|schema| self.unit(schema) != own)
        };
        is_module || generated().is_some_and(is_generated)
    }

    /// The innermost unit that holds a path, which may be one; the root where there is none.
    fn unit(&self, path: &str) -> &'a str {
        let mut folders = ancestors(path);
        let found = folders.find_map(|folder| self.units.get(folder).copied());
        found.unwrap_or_default()
    }
}

/// The folder that a file shows to be a place of its own.
fn unit_marked_by(path: &str) -> Option<&str> {
    let name = file_name(path);
    let is_manifest = matches!(name, "package.json" | "project.json" | "nest-cli.json");
    if is_manifest || name.to_ascii_lowercase().contains("dockerfile") {
        return Some(parent(path));
    }
    let inside = path.find("/src/").or_else(|| path.find("/prisma/"));
    match inside {
        Some(end) => Some(&path[..end]),
        None if name.ends_with(".prisma") => Some(parent(path)),
        None => None,
    }
}

/// What the generators of a Prisma schema write into.
fn outputs_in(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let value = line.trim_start().strip_prefix("output")?.trim_start();
        let value = value.strip_prefix('=')?.trim_start().strip_prefix('"')?;
        value.split('"').next()
    })
}
