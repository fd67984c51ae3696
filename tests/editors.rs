//! The patterns that `docs/editors.md` gives to editors, on what the program really prints.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use regex::Regex;

/// A folder name that makes a pattern work.
const ODD: [&str; 5] = [
    "a b (c)",
    "dépôt 🚢",
    "time 12:30",
    "100% done, maybe",
    "it's [x]",
];

/// A block of the page, by its first line.
fn block(info: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/editors.md");
    let page = fs::read_to_string(page).unwrap();
    let start = format!("\n```{info}\n");
    let (_, rest) = page.split_once(&start).unwrap();
    rest.split("\n```").next().unwrap().to_owned()
}

/// A workspace with one error and one warning in every odd folder.
fn workspace() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let config = "rules: { unresolved-variable: error }\n";
    fs::write(root.path().join("dbfence.yaml"), config).unwrap();
    for folder in ODD {
        let folder = root.path().join(folder);
        fs::create_dir_all(&folder).unwrap();
        let compose = "services:\n  db:\n    image: postgres:16\n  web:\n    image: web\n    depends_on: { db: { condition: service_healthy } }\n    \
                       environment:\n      DATABASE_URL: postgresql://app:pw@${MISSING_HOST}:5432/app\n";
        fs::write(folder.join("compose.yaml"), compose).unwrap();
    }
    root
}

fn concise(root: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args(["check", "--format", "concise", "--root"])
        .arg(root)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Path, line, column, the first letter of the severity, message.
type Seen = (String, String, String, char, String);

fn expected(output: &str) -> Vec<Seen> {
    let seen = output.lines().map(|line| {
        let folder = ODD.iter().find(|folder| line.starts_with(*folder)).unwrap();
        let path = format!("{folder}/compose.yaml");
        let rest = line[path.len()..].strip_prefix(':').unwrap();
        let (position, message) = rest.split_once(": ").unwrap();
        let (line, column) = position.split_once(':').unwrap();
        let severity = message.chars().next().unwrap();
        let (_, message) = message.split_once("] ").unwrap();
        (
            path,
            line.to_owned(),
            column.to_owned(),
            severity,
            message.to_owned(),
        )
    });
    seen.collect()
}

/// The output of a check, and what an editor shall make of it.
fn output() -> (String, Vec<Seen>) {
    let root = workspace();
    let output = concise(root.path());
    let seen = expected(&output);
    let count = |letter| seen.iter().filter(|it| it.3 == letter).count();
    assert_eq!(count('e'), ODD.len(), "{output}");
    assert_eq!(count('w'), ODD.len(), "{output}");
    (output, seen)
}

#[test]
fn visual_studio_code_matches_every_line() {
    let tasks: serde_json::Value = serde_json::from_str(&block("json tasks.json")).unwrap();
    let (output, expected) = output();
    for task in tasks["tasks"].as_array().unwrap() {
        let pattern = &task["problemMatcher"]["pattern"];
        let regexp = Regex::new(pattern["regexp"].as_str().unwrap()).unwrap();
        let group = |name: &str| usize::try_from(pattern[name].as_u64().unwrap()).unwrap();
        let seen = output.lines().map(|line| {
            let found = regexp.captures(line).unwrap();
            let part = |name: &str| found[group(name)].to_owned();
            assert!(line.contains(&format!("[{}]", part("code"))));
            let severity = part("severity").chars().next().unwrap();
            (
                part("file"),
                part("line"),
                part("column"),
                severity,
                part("message"),
            )
        });
        assert_eq!(seen.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn emacs_matches_every_line() {
    let code = block("elisp");
    let quoted = code.split('"').nth(1).unwrap();
    let pattern = quoted.replace("\\\\", "\\");
    // What is special with a backslash in Emacs is special without one elsewhere, and the other way round.
    let pattern = pattern
        .replace("\\(", "\u{1}")
        .replace("\\)", "\u{2}")
        .replace("\\|", "|")
        .replace('\u{1}', "(")
        .replace('\u{2}', ")");
    let regexp = Regex::new(&pattern).unwrap();
    let (output, expected) = output();
    for (line, (path, row, column, severity, _)) in output.lines().zip(expected) {
        let found = regexp.captures(line).unwrap();
        assert_eq!(
            (&found[1], &found[2], &found[3]),
            (path.as_str(), row.as_str(), column.as_str())
        );
        assert_eq!(found.get(4).is_some(), severity == 'w');
    }
}

/// Without Vim on the machine there is nothing to ask, unless `DBFENCE_VIM=require` says that it has to be there.
#[test]
fn vim_fills_its_quickfix_list() {
    let is_there = Command::new("vim")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok();
    if !is_there && std::env::var_os("DBFENCE_VIM").is_none_or(|it| it != "require") {
        eprintln!("vim is not installed: its `errorformat` was not tried");
        return;
    }
    let (output, expected) = output();
    let place = tempfile::tempdir().unwrap();
    let settings = block("vim");
    let format = settings
        .lines()
        .find(|line| line.starts_with("set errorformat"))
        .unwrap();
    let script = format!(
        "{format}\ncgetfile output.txt\n\
         let lines = map(getqflist(), {{_, it -> json_encode([bufname(it.bufnr), it.lnum, it.col, it.type, it.text])}})\n\
         call writefile(lines, 'seen.txt')\nqall!\n"
    );
    fs::write(place.path().join("output.txt"), &output).unwrap();
    fs::write(place.path().join("script.vim"), script).unwrap();
    let status = Command::new("vim")
        .args(["-N", "-u", "NONE", "-i", "NONE", "-es", "-S", "script.vim"])
        .env("LC_ALL", "C.UTF-8")
        .current_dir(place.path())
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let seen = fs::read_to_string(place.path().join("seen.txt")).unwrap();
    let seen: Vec<(String, u32, u32, String, String)> = seen
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(seen.len(), expected.len());
    for (seen, (path, row, column, severity, message)) in seen.iter().zip(expected) {
        assert_eq!(seen.0, path);
        assert_eq!((seen.1.to_string(), seen.2.to_string()), (row, column));
        assert_eq!(seen.3.to_lowercase(), severity.to_string());
        assert!(seen.4.ends_with(&message), "{} is not {message}", seen.4);
    }
}
