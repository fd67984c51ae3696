//! The relative imports of registries and Prisma configs: constants live in other files.

use std::collections::BTreeSet;

use crate::source::{Kind, SCRIPT_ENDINGS, SourceFile, import_candidates, join, parent};

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

fn is_seed(file: &SourceFile) -> bool {
    matches!(file.kind, Kind::Registry | Kind::PrismaConfig)
}

fn mentions_database(file: &SourceFile) -> bool {
    memchr::memmem::find(file.text.as_bytes(), b"database").is_some()
}

/// The files that `file` imports by relative path, as far as they are known.
fn imported<'a>(file: &SourceFile, known: &impl Fn(&str) -> Option<&'a str>) -> BTreeSet<&'a str> {
    specifiers(&file.text)
        .filter_map(|specifier| join(parent(&file.path), specifier))
        .filter_map(|base| {
            import_candidates(&base)
                .iter()
                .filter(|path| SCRIPT_ENDINGS.iter().any(|ending| path.ends_with(ending)))
                .find_map(|path| known(path))
        })
        .collect()
}

/// The relative module specifiers of a script: the strings after `from`, `import`, `import(` and
/// `require(`. One in a comment is found too, which costs a read and nothing else.
fn specifiers(text: &str) -> impl Iterator<Item = &str> {
    memchr::memchr3_iter(b'"', b'\'', b'`', text.as_bytes()).filter_map(|open| {
        let inside = &text[open + 1..];
        if !inside.starts_with('.') || !is_import_position(&text[..open]) {
            return None;
        }
        let close = memchr::memchr(text.as_bytes()[open], inside.as_bytes())?;
        let specifier = &inside[..close];
        let relative = specifier.starts_with("./")
            || specifier.starts_with("../")
            || matches!(specifier, "." | "..");
        relative.then_some(specifier)
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
        assert_eq!(found, ["./a", "../b.js", "./c", "./d", "./e", "./f", "."]);
    }

    #[test]
    fn a_megabyte_of_quotes_takes_no_time() {
        for piece in ["\"./", "'./`./", "from \"./", "from '.", "\"", "from"] {
            let _ = specifiers(&piece.repeat(1_000_000 / piece.len())).count();
        }
    }
}
