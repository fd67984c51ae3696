//! Holds the house of `docs/architecture.md`: a module uses only what stands below it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The floors, the lowest first. Modules of one floor leave each other alone.
const FLOORS: [&[&str]; 10] = [
    &["source"],
    &["coverage", "inventory"],
    &[
        "finding",
        "yaml",
        "connection",
        "glob",
        "interpolation",
        "markers",
        "resolution",
    ],
    &["catalogue", "fix", "conflict", "ownership"],
    &["policy"],
    &["parse", "discover", "choice"],
    &["model", "suppress"],
    &["rule"],
    &["check", "rules", "report", "init"],
    &["cli"],
];

/// Libraries whose types stay in one place.
const WRAPPERS: [(&str, &str); 20] = [
    ("aho_corasick", "src/markers.rs"),
    ("oxc_allocator", "src/parse/typescript"),
    ("oxc_ast", "src/parse/typescript"),
    ("oxc_ast_visit", "src/parse/typescript"),
    ("oxc_parser", "src/parse/typescript"),
    ("oxc_span", "src/parse/typescript"),
    ("miette", "src/report/pretty.rs"),
    ("percent_encoding", "src/report/sarif.rs"),
    ("quick_xml", "src/report/xml.rs"),
    // One of its grammars a language: scripts and shells.
    ("tree_sitter", "src/parse/s"),
    ("tree_sitter_bash", "src/parse/shell"),
    ("squawk_syntax", "src/parse/sql"),
    ("sha1_smol", "src/discover/git.rs"),
    ("toml_span", "src/parse/migration_lock.rs"),
    ("globset", "src/glob.rs"),
    ("granit_parser", "src/yaml/read"),
    ("serde_saphyr", "src/yaml/typed.rs"),
    ("ignore", "src/discover"),
    ("notify", "src/cli/check/watch.rs"),
    ("ctrlc", "src/cli/check/watch.rs"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The source files by their path from the root of the package, with comments blanked.
fn sources() -> BTreeMap<String, String> {
    rust_files(&root().join("src"))
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let is_code = |line: &&str| !line.trim_start().starts_with("//");
            let code: Vec<&str> = text.lines().filter(is_code).collect();
            let name = path.strip_prefix(root()).unwrap().to_string_lossy();
            (name.replace('\\', "/"), code.join("\n"))
        })
        .collect()
}

fn module_of(path: &str) -> &str {
    let rest = path.strip_prefix("src/").unwrap();
    rest.split(['/', '.']).next().unwrap()
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// The modules that a text names after `crate::`, also in braces.
fn used_modules(code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap().split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let name: String = name
                .trim()
                .chars()
                .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                .collect();
            used.push(name);
        }
    }
    used
}

#[test]
fn every_module_stands_on_a_floor_and_uses_only_what_is_below() {
    let mut faults = Vec::new();
    for (path, code) in sources() {
        let module = module_of(&path);
        if matches!(module, "lib" | "main") {
            continue;
        }
        let Some(floor) = floor_of(module) else {
            faults.push(format!("{path} stands on no floor"));
            continue;
        };
        for used in used_modules(&code) {
            let is_below = floor_of(&used).is_some_and(|used| used < floor);
            let is_macro_crate = used.is_empty();
            if used != module && !is_below && !is_macro_crate {
                faults.push(format!("{path} uses `{used}`, which is not below it"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A module by the names that lead to it from the crate.
type Module = Vec<String>;

fn modules() -> BTreeMap<Module, String> {
    let module = |path: &str| -> Module {
        let names = path.strip_prefix("src/").unwrap();
        let names = names.strip_suffix(".rs").unwrap();
        let names = names.strip_suffix("/mod").unwrap_or(names);
        names.split('/').map(str::to_owned).collect()
    };
    let code = |code: String| code.split("#[cfg(test)]\nmod ").next().unwrap().to_owned();
    let sources = sources().into_iter();
    let sources = sources.filter(|(path, _)| !path.contains("tests"));
    sources
        .map(|(path, text)| (module(&path), code(text)))
        .collect()
}

/// The paths of a tree such as `a::{b, c::d}`, each behind `before`, and what follows the tree.
fn paths<'c>(before: &Module, code: &'c str, found: &mut Vec<Module>) -> &'c str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        while let Some(inner) = rest.trim_start().strip_prefix(',').or(Some(rest)) {
            if let Some(behind) = inner.trim_start().strip_prefix('}') {
                return behind;
            }
            let behind = paths(before, inner, found);
            if behind.len() == inner.len() {
                break;
            }
            rest = behind;
        }
        return "";
    }
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '*';
    let end = code.find(|letter| !is_part(letter)).unwrap_or(code.len());
    let mut path = before.clone();
    path.push(code[..end].to_owned());
    if let Some(behind) = code[end..].strip_prefix("::") {
        return paths(&path, behind, found);
    }
    found.push(path);
    let behind = &code[end..];
    match behind.strip_prefix(" as ") {
        Some(alias) => alias.trim_start_matches(is_part),
        None => behind,
    }
}

/// The other modules that a module names, those that it lies in and those in it left out.
fn neighbours(module: &Module, code: &str, all: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let mut found = Vec::new();
    for root in ["crate::", "super::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|it| it.is_alphanumeric() || it == '_' || it == ':') {
                continue;
            }
            let mut rest = &code[at..];
            let mut base = module.clone();
            while let Some(behind) = rest.strip_prefix("super::") {
                base.pop();
                rest = behind;
            }
            if let Some(behind) = rest.strip_prefix("crate::") {
                base.clear();
                rest = behind;
            }
            paths(&base, rest, &mut found);
        }
    }
    let target = |path: &Module| -> Option<Module> {
        let lengths = (1..=path.len()).rev();
        let mut targets = lengths.map(|length| path[..length].to_vec());
        targets.find(|target| all.contains_key(target))
    };
    let is_apart =
        |other: &Module| !other.starts_with(module.as_slice()) && !module.starts_with(other);
    found.iter().filter_map(target).filter(is_apart).collect()
}

/// Folders whose files call each other as what they read is nested: statements in the bodies of functions.
const NESTED: [&str; 2] = ["parse/sql/change", "parse/sql/references"];

#[test]
fn files_lead_one_way() {
    let all = modules();
    let uses: BTreeMap<&Module, BTreeSet<Module>> = all
        .iter()
        .map(|(module, code)| (module, neighbours(module, code, &all)))
        .collect();
    let mut faults = Vec::new();
    for module in all.keys() {
        if NESTED
            .iter()
            .any(|folder| module.join("/").starts_with(folder))
        {
            continue;
        }
        let mut left: Vec<&Module> = uses[module].iter().collect();
        let mut seen: BTreeSet<&Module> = left.iter().copied().collect();
        while let Some(next) = left.pop() {
            left.extend(uses[next].iter().filter(|it| seen.insert(it)));
        }
        if seen.contains(module) {
            faults.push(format!("{} is used by what it uses", module.join("/")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_library_is_wrapped_in_one_place() {
    let mut faults = Vec::new();
    for (path, code) in sources() {
        for (library, wrapper) in WRAPPERS {
            let names_it = [format!("{library}::"), format!("use {library};")]
                .iter()
                .any(|form| {
                    code.match_indices(form.as_str()).any(|(at, _)| {
                        !code[..at].ends_with(|before: char| {
                            before.is_alphanumeric() || before == '_' || before == ':'
                        })
                    })
                });
            if names_it && !path.starts_with(wrapper) {
                faults.push(format!(
                    "{path} names `{library}`, which belongs to {wrapper}"
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn only_discovery_and_the_command_line_touch_the_disk_and_only_the_command_line_prints() {
    let mut faults = Vec::new();
    for (path, code) in sources() {
        let code = code.split("#[cfg(test)]").next().unwrap();
        let is_test = path.ends_with("tests.rs");
        let module = module_of(&path);
        let touches = ["std::fs", "std::process", "std::net", "std::env"];
        for word in touches {
            if code.contains(word) && !matches!(module, "discover" | "cli" | "main") && !is_test {
                faults.push(format!("{path} uses `{word}`"));
            }
        }
        for word in [
            "println!",
            "print!",
            "eprintln!",
            "eprint!",
            "dbg!",
            "stdout()",
            "stderr()",
        ] {
            if code.contains(word) && !matches!(module, "cli") && !is_test {
                faults.push(format!("{path} uses `{word}`"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
