//! The patterns that `docs/editors.md` gives to editors, on what the program really prints.

use std::fs;
use std::path::{Path, PathBuf};
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
                       environment: { NOTE: \"é見本🚢\",\tDATABASE_URL: 'postgresql://app:pw@${MISSING_HOST}:5432/app' }\n";
        fs::write(folder.join("compose.yaml"), compose).unwrap();
    }
    root
}

/// What a check prints for an editor, and what it says on standard error.
fn printed(root: &Path) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dbfence"))
        .args(["check", "--format", "concise", "--root"])
        .arg(root)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
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

/// A config that keeps the program from checking, with its mistake at 1:10.
const BROKEN: &str = "rules: { nope: error }\n";

/// A workspace, the output of a check of it, and what an editor shall make of that.
fn checked() -> (tempfile::TempDir, String, Vec<Seen>) {
    let root = workspace();
    let (output, _) = printed(root.path());
    let seen = expected(&output);
    let count = |letter| seen.iter().filter(|it| it.3 == letter).count();
    assert_eq!(count('e'), ODD.len(), "{output}");
    assert_eq!(count('w'), ODD.len(), "{output}");
    (root, output, seen)
}

#[test]
fn visual_studio_code_matches_every_line() {
    let tasks: serde_json::Value = serde_json::from_str(&block("json tasks.json")).unwrap();
    let (root, output, expected) = checked();
    fs::write(root.path().join("dbfence.yaml"), BROKEN).unwrap();
    let (_, failure) = printed(root.path());
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

        let mut matched = failure.lines().filter_map(|line| regexp.captures(line));
        let found = matched.next().unwrap();
        let config = root.path().canonicalize().unwrap().join("dbfence.yaml");
        assert_eq!(Path::new(&found[group("file")]), config);
        assert_eq!(&found[group("line")], "1");
        assert_eq!(&found[group("column")], "10");
        // Without a severity it is an error.
        assert!(found.get(group("severity")).is_none());
        assert!(matched.next().is_none(), "{failure}");
    }
}

/// Without the editor on the machine there is nothing to ask, unless `DBFENCE_EDITORS=require` says that it has to be there.
fn is_there(editor: &str) -> bool {
    let asked = Command::new(editor)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if asked.is_ok() {
        return true;
    }
    let is_required = std::env::var_os("DBFENCE_EDITORS").is_some_and(|it| it == "require");
    assert!(!is_required, "{editor} is not installed");
    eprintln!("{editor} is not installed: what the page says of it was not tried");
    false
}

/// Runs an editor where its script is, with the built program on the path, and gives what the script wrote: a line of
/// JSON for each place that the editor went to.
fn driven(editor: &str, arguments: &[&str], script: &str) -> Vec<(String, u32, u32, String)> {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("script"), script).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_dbfence"));
    let others = std::env::var_os("PATH").unwrap();
    let others: Vec<PathBuf> = std::env::split_paths(&others).collect();
    let path = [program.parent().unwrap().to_owned()]
        .into_iter()
        .chain(others);
    let output = Command::new(editor)
        .args(arguments)
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm")
        .env("HOME", place.path())
        .current_dir(place.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{editor}: {said}");
    let seen = fs::read_to_string(place.path().join("seen.txt")).unwrap();
    let seen = seen.lines().map(|line| serde_json::from_str(line).unwrap());
    seen.collect()
}

/// Goes from finding to finding as the documented settings have it, from a folder deep in the workspace.
fn emacs_walks(root: &Path, folder: &str) -> Vec<(String, u32, u32, String)> {
    let code = block("elisp");
    let start = serde_json::to_string(&format!("{}/{folder}/", root.display())).unwrap();
    let script = format!(
        r#"{code}
(require 'json)
(let ((default-directory {start})) (dbfence))
(let ((buffer (get-buffer "*dbfence*")) (seen '()))
  (while (get-buffer-process buffer) (accept-process-output nil 0.05))
  (setq next-error-last-buffer buffer)
  (condition-case nil
      (while t
        (next-error)
        (let ((severity (with-current-buffer buffer
                          (aref ["info" "warning" "error"]
                                (compilation--message->type
                                 (get-text-property (point) 'compilation-message))))))
          (with-current-buffer (window-buffer)
            (push (json-encode (list (buffer-file-name) (line-number-at-pos)
                                     (1+ (- (point) (line-beginning-position))) severity))
                  seen))))
    (user-error nil))
  (write-region (concat (mapconcat #'identity (nreverse seen) "\n") "\n") nil "seen.txt"))
"#
    );
    driven("emacs", &["-Q", "--batch", "--load", "script"], &script)
}

#[test]
fn emacs_goes_to_every_finding() {
    if !is_there("emacs") {
        return;
    }
    let (root, _, expected) = checked();
    let root = root.path().canonicalize().unwrap();
    let expected = expected
        .into_iter()
        .map(|(path, line, column, severity, _)| {
            let path = root.join(path).to_str().unwrap().to_owned();
            let severity = if severity == 'w' { "warning" } else { "error" };
            (
                path,
                line.parse().unwrap(),
                column.parse().unwrap(),
                severity.to_owned(),
            )
        });
    let expected: Vec<_> = expected.collect();
    assert_eq!(emacs_walks(&root, ODD[1]), expected);

    fs::write(root.join("dbfence.yaml"), BROKEN).unwrap();
    let config = root.join("dbfence.yaml").to_str().unwrap().to_owned();
    let expected = (config, 1, 10, "error".to_owned());
    assert_eq!(emacs_walks(&root, ODD[1]), [expected]);
}

/// `:make` as the documented settings have it, and then from finding to finding: the path and the line where the editor is, the
/// column that it was told, and the severity.
fn vim_walks(editor: &str, arguments: &[&str], root: &Path) -> Vec<(String, u32, u32, String)> {
    let settings = block("vim");
    let script = format!(
        "{settings}\nlet place = getcwd()\nexecute 'cd' fnameescape('{}')\nsilent make!\n\
         let seen = []\nlet list = getqflist()\n\
         for number in range(1, len(list))\n\
         execute 'silent cc!' number\n\
         let found = list[number - 1]\n\
         call add(seen, json_encode([expand('%'), line('.'), found.col, found.type]))\n\
         endfor\n\
         call writefile(seen, place .. '/seen.txt')\nqall!\n",
        root.display()
    );
    driven(editor, arguments, &script)
}

fn vim_goes_to_every_finding(editor: &str, arguments: &[&str]) {
    if !is_there(editor) {
        return;
    }
    let (root, _, expected) = checked();
    let root = root.path();
    let expected = expected
        .into_iter()
        .map(|(path, line, column, severity, _)| {
            (
                path,
                line.parse().unwrap(),
                column.parse().unwrap(),
                severity.to_string(),
            )
        });
    let expected: Vec<_> = expected.collect();
    assert_eq!(vim_walks(editor, arguments, root), expected);

    fs::write(root.join("dbfence.yaml"), BROKEN).unwrap();
    let seen = vim_walks(editor, arguments, root);
    let config = root.canonicalize().unwrap().join("dbfence.yaml");
    let first = (config.to_str().unwrap().to_owned(), 1, 10, "e".to_owned());
    assert_eq!(seen[0], first);
}

#[test]
fn vim_fills_its_quickfix_list() {
    vim_goes_to_every_finding(
        "vim",
        &["-N", "-u", "NONE", "-i", "NONE", "-es", "-S", "script"],
    );
}

#[test]
fn neovim_fills_its_quickfix_list() {
    vim_goes_to_every_finding(
        "nvim",
        &[
            "--headless",
            "-u",
            "NONE",
            "-i",
            "NONE",
            "-es",
            "-S",
            "script",
        ],
    );
}
