//! The README opens with two commands and with what the first of them says. Both are held to the truth.
//!
//! With `DBFENCE_BLESS=1` the excerpt is written anew instead of compared.

use std::fs;
use std::path::Path;
use std::process::Command;

use dbfence::policy::Policy;
use dbfence::rules;

/// The commands that the README opens with. `.ci/run` runs both as they stand here.
const COMMANDS: [&str; 2] = [
    "cargo run --locked -- check --root fixtures/trouble",
    "cargo test --locked",
];

/// The findings that the README shows, by rule and service.
const SHOWN: [(&str, &str); 2] = [
    ("database-url-mismatch", "watering-rota"),
    ("localhost-url", "soil-lab"),
];

/// Lines that a reader sees before scrolling.
const FIRST_SCREEN: usize = 60;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What stands before the first heading below the title.
fn opening(readme: &str) -> &str {
    readme.split("\n## ").next().unwrap()
}

/// The fenced blocks of a language, without their fences.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("\n```{language}\n");
    text.split(fence.as_str())
        .skip(1)
        .map(|rest| &rest[..=rest.find("\n```").expect("the block is not closed")])
        .collect()
}

/// Runs the first command with the built binary. Gives its exit code and what it prints.
fn run_first_command(more: &[&str]) -> (Option<i32>, String) {
    let (_, arguments) = COMMANDS[0].split_once(" -- ").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args(arguments.split(' '))
        .args(more)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn it_opens_with_two_commands_and_ci_runs_them() {
    let readme = read("README.md");
    let opening = opening(&readme);
    assert!(opening.lines().count() <= FIRST_SCREEN);
    let commands: Vec<&str> = blocks(opening, "sh")
        .iter()
        .flat_map(|block| block.lines())
        .collect();
    assert_eq!(commands, COMMANDS);
    let ci = read(".ci/run");
    for command in COMMANDS {
        let runs_it = ci.lines().any(|line| line.starts_with(command));
        assert!(runs_it, ".ci/run does not run `{command}`");
    }
}

#[test]
fn its_excerpt_is_what_the_first_command_says() {
    let (code, said) = run_first_command(&["--format", "pretty", "--color", "never"]);
    assert_eq!(code, Some(1));
    let paragraphs: Vec<&str> = said.trim_end().split("\n\n").collect();
    let mut excerpt: Vec<&str> = SHOWN
        .iter()
        .map(|(rule, service)| {
            let is_it = |text: &&&str| {
                text.starts_with(&format!("error[{rule}]"))
                    && text.contains(&format!("`{service}`"))
            };
            let found: Vec<_> = paragraphs.iter().filter(is_it).collect();
            assert_eq!(found.len(), 1, "{rule} of {service} in\n{said}");
            *found[0]
        })
        .collect();
    excerpt.push("…");
    excerpt.extend(said.lines().last());
    let excerpt = excerpt.join("\n\n") + "\n";

    let readme = read("README.md");
    let shown = blocks(opening(&readme), "text");
    assert_eq!(shown.len(), 1, "the README should show one excerpt");
    if std::env::var_os("DBFENCE_BLESS").is_some() {
        let fence = "```text\n";
        let old = format!("{fence}{}", shown[0]);
        let blessed = readme.replacen(&old, &format!("{fence}{excerpt}"), 1);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        fs::write(path, blessed).unwrap();
    } else {
        assert_eq!(shown[0], excerpt, "`DBFENCE_BLESS=1` writes it anew");
    }
}

/// One line a finding, `path:line:column rule`, as its table lists them.
#[test]
fn the_product_in_trouble_is_in_the_trouble_that_it_lists() {
    let list = read("fixtures/trouble/README.md");
    let mut listed: Vec<String> = list
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let rule = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
            Some(format!("{} {rule}", cells.get(3)?.trim_matches('`')))
        })
        .collect();
    let (_, said) = run_first_command(&["--format", "concise"]);
    let mut found: Vec<String> = said
        .lines()
        .map(|line| {
            let (place, rest) = line.split_once(": ").unwrap();
            let rule = rest.split(['[', ']']).nth(1).unwrap();
            format!("{place} {rule}")
        })
        .collect();
    listed.sort();
    found.sort();
    assert_eq!(found.join("\n"), listed.join("\n"));
}

#[test]
fn its_config_can_be_read() {
    let readme = read("README.md");
    let configs = blocks(&readme, "yaml");
    assert!(!configs.is_empty());
    for config in configs {
        Policy::read(config, rules::all().unwrap().catalogue()).unwrap();
    }
}

#[test]
fn its_table_names_every_command() {
    let output = Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.split_whitespace().next());
    let readme = read("README.md");
    let mut count = 0;
    for name in names.filter(|name| *name != "help") {
        let is_named = readme.contains(&format!("| `dbfence {name}` |"))
            || readme.contains(&format!("| `dbfence {name} "));
        assert!(is_named, "`dbfence {name}` is not in the table");
        count += 1;
    }
    assert!(count > 5);
}
