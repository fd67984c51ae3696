//! The relative imports of registries and Prisma configs, and what compose files include and extend:
//! values live in other files.

use std::collections::BTreeSet;

use crate::interpolation::{self, Segment};
use crate::resolution::is_relative;
use crate::source::{Kind, SCRIPT_ENDINGS, SourceFile, file_name, import_candidates, join, parent};
use crate::yaml::{Tree, Value};

/// Bytes of the longest specifier that is looked at.
const LONGEST_SPECIFIER: usize = 1_000;

/// How many files are read because others import them.
const LIMIT: usize = 256;

/// Reads what the registries and Prisma configs among `files` import by relative path, and what that
/// imports in turn. `known` gives the path under which a file can be read; `read` reads.
///
/// Files that merely sound like a registry may import half an application, so those that mention a
/// database go first.
pub(super) fn follow<'a>(
    files: &mut Vec<SourceFile>,
    known: impl Fn(&str) -> Option<&'a str>,
    read: impl Fn(&[&'a str]) -> Vec<SourceFile>,
) {
    let mut done: BTreeSet<String> = files.iter().map(|file| file.path.clone()).collect();
    let mut room = LIMIT;
    for likely in [true, false] {
        let mut wanted: BTreeSet<&str> = files
            .iter()
            .filter(|file| is_seed(file) && mentions_database(file) == likely)
            .flat_map(|file| imported(file, &known))
            .collect();
        while !wanted.is_empty() {
            let next: Vec<&str> = wanted
                .into_iter()
                .filter(|path| !done.contains(*path))
                .take(room)
                .collect();
            room -= next.len();
            done.extend(next.iter().map(|&path| path.to_owned()));
            let found = read(&next);
            wanted = found
                .iter()
                .flat_map(|file| imported(file, &known))
                .collect();
            files.extend(found);
            if next.is_empty() {
                break;
            }
        }
    }
}

/// Reads what the compose files among `files` include and extend, what `COMPOSE_FILE` of `.env` files
/// lists, and what that includes and extends in turn, as far as it was not read before.
pub(super) fn follow_parts<'a>(
    files: &mut Vec<SourceFile>,
    known: impl Fn(&str) -> Option<&'a str>,
    read: impl Fn(&[&'a str]) -> Vec<SourceFile>,
) {
    let is_by_name = |file: &&SourceFile| file.kind != Kind::Deployment;
    let by_name = files.iter().filter(is_by_name);
    let mut done: BTreeSet<String> = by_name.map(|file| file.path.clone()).collect();
    let mut new = parts(files.iter());
    let mut room = LIMIT;
    while !new.is_empty() && room > 0 {
        // A part may have been taken for a manifest by its ending.
        let is_part =
            |file: &mut SourceFile| file.kind == Kind::Deployment && new.contains(&file.path);
        let mut taken: Vec<SourceFile> = files.extract_if(.., is_part).collect();
        for file in &mut taken {
            file.kind = Kind::ComposePart;
        }
        done.extend(taken.iter().map(|file| file.path.clone()));
        let wanted = new.iter().filter_map(|path| known(path));
        let wanted = wanted.filter(|path| !done.contains(*path));
        let wanted: BTreeSet<&str> = wanted.take(room).collect();
        room -= wanted.len();
        done.extend(wanted.iter().map(|&path| path.to_owned()));
        let mut found = read(&wanted.into_iter().collect::<Vec<_>>());
        found.extend(taken);
        new = parts(found.iter());
        files.extend(found);
    }
}

/// The paths of the YAML files that files name as parts of a stack.
fn parts<'f>(files: impl Iterator<Item = &'f SourceFile>) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for file in files {
        let folder = parent(&file.path);
        let named = match file.kind {
            Kind::Compose | Kind::ComposePart => named_in_compose(&file.text),
            Kind::Env if file_name(&file.path) == ".env" => named_in_env(&file.text),
            _ => continue,
        };
        let named = named.iter().filter(|path| is_yaml(path));
        paths.extend(named.filter_map(|path| join(folder, path)));
    }
    paths
}

fn is_yaml(path: &str) -> bool {
    [".yml", ".yaml"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

/// The paths behind `include` and `extends`.
fn named_in_compose(text: &str) -> Vec<String> {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    if !has("include") && !has("extends") {
        return Vec::new();
    }
    let tree = Tree::parse(text);
    let mut named = Vec::new();
    for root in tree.documents() {
        if let Some(include) = root.get("include") {
            add_included(&include.value, &mut named);
        }
        let services = root.get("services").into_iter();
        for service in services.flat_map(|services| services.value.entries()) {
            let extends = service.value.get("extends");
            let file = extends.and_then(|extends| extends.value.get("file"));
            named.extend(file.and_then(|file| path_in(&file.value)));
        }
    }
    named
}

fn add_included(include: &Value, named: &mut Vec<String>) {
    named.extend(path_in(include));
    for item in include.items() {
        add_included(&item, named);
    }
    if let Some(path) = include.get("path") {
        add_included(&path.value, named);
    }
}

/// The path that a scalar says, where it names no variable, or only ones with a default.
fn path_in(value: &Value) -> Option<String> {
    let text = &value.scalar()?.text;
    let mut path = String::new();
    for segment in interpolation::segments(text) {
        path.push_str(match segment {
            Segment::Literal(range) => &text[range],
            Segment::Dollar(_) => "$",
            Segment::Variable(variable) => match variable.fallback {
                interpolation::Fallback::Default { argument, .. } => &text[argument],
                _ => return None,
            },
        });
    }
    Some(path)
}

/// The paths that `COMPOSE_FILE` lists.
fn named_in_env(text: &str) -> Vec<String> {
    let assigned = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("COMPOSE_FILE="));
    let names = assigned.flat_map(|names| names.split([':', ';', ',', '"', '\'', ' ']));
    names.map(str::to_owned).collect()
}

fn is_seed(file: &SourceFile) -> bool {
    matches!(file.kind, Kind::Registry | Kind::PrismaConfig)
}

fn mentions_database(file: &SourceFile) -> bool {
    memchr::memmem::find(file.text.as_bytes(), b"database").is_some()
}

/// The files that `file` imports by relative path, as far as they are known.
fn imported<'a>(file: &SourceFile, known: &impl Fn(&str) -> Option<&'a str>) -> BTreeSet<&'a str> {
    relative_imports(file)
        .filter_map(|base| {
            import_candidates(&base)
                .iter()
                .filter(|path| SCRIPT_ENDINGS.iter().any(|ending| path.ends_with(ending)))
                .find_map(|path| known(path))
        })
        .collect()
}

/// What a script imports by relative path, as paths from the workspace root.
pub fn relative_imports(file: &SourceFile) -> impl Iterator<Item = String> {
    specifiers(&file.text)
        .filter(|specifier| is_relative(specifier))
        .filter_map(|specifier| join(parent(&file.path), specifier))
}

/// The module specifiers of a script: the strings after `from`, `import`, `import(` and `require(`. One in a
/// comment is found too, which costs a read and nothing else.
pub(super) fn specifiers(text: &str) -> impl Iterator<Item = &str> {
    memchr::memchr3_iter(b'"', b'\'', b'`', text.as_bytes()).filter_map(|open| {
        let inside = &text[open + 1..];
        if !is_import_position(&text[..open]) {
            return None;
        }
        let within = &inside.as_bytes()[..inside.len().min(LONGEST_SPECIFIER)];
        let close = memchr::memchr(text.as_bytes()[open], within)?;
        Some(&inside[..close])
    })
}

fn is_import_position(before: &str) -> bool {
    let before = before.trim_end();
    match before.strip_suffix('(') {
        Some(before) => {
            let before = before.trim_end();
            ends_with_word(before, "require") || ends_with_word(before, "import")
        }
        None => ends_with_word(before, "from") || ends_with_word(before, "import"),
    }
}

fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|before| {
        !before.ends_with(|last: char| last.is_alphanumeric() || matches!(last, '_' | '$' | '.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_relative_import_is_found() {
        let text = r#"
            import { a } from "./a";
            import{b}from'../b.js'
            import "./c";
            export * from `./d`;
            const e = require( "./e" ), f = await import("./f");
            import up from ".";
            import lodash from "lodash";
            const dockerfile = "./Dockerfile", g = transform("./g"), h = notfrom "./h";
        "#;
        let found: Vec<&str> = specifiers(text).collect();
        let expected = ["./a", "../b.js", "./c", "./d", "./e", "./f", ".", "lodash"];
        assert_eq!(found, expected);
    }

    #[test]
    fn every_part_of_a_stack_is_found() {
        let text = "include:\n  - a.yml\n  - {path: [b.yml, \"${C:-c}.yml\"], env_file: x}\n  - ${D}.yml\n\
                    services:\n  web:\n    extends: {file: e.yml, service: base}\n    \
                    volumes: [f.yml:/f.yml]\n  other:\n    extends: web\nconfigs: {g: {file: g.yml}}\n";
        assert_eq!(named_in_compose(text), ["a.yml", "b.yml", "c.yml", "e.yml"]);
        assert_eq!(named_in_compose("include: h.yml\n"), ["h.yml"]);
        let listed = named_in_env("A=1\nCOMPOSE_FILE=\"i.yml:./j.yml\"\n");
        assert_eq!(listed.iter().filter(|path| is_yaml(path)).count(), 2);
    }

    #[test]
    fn a_megabyte_of_quotes_takes_no_time() {
        for piece in ["\"./", "'./`./", "from \"./", "from '.", "\"", "from"] {
            let _ = specifiers(&piece.repeat(1_000_000 / piece.len())).count();
        }
    }
}
