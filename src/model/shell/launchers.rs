//! What stands before a command and starts it: shells, init programs, readers of `.env` files.

use super::Text;
use crate::source::has_ending;

/// The command that launchers before it start, and the `.env` files that they read for it: `dumb-init --`,
/// `gosu user`, `dotenv -e file --`, `wait-for-it host:port --`.
pub(super) fn launched(words: &[Text]) -> (&[Text], Vec<Text>) {
    const PLAIN: [&str; 5] = ["dumb-init", "tini", "catatonit", "nice", "ionice"];
    const WITH_ARGUMENT: [&str; 4] = ["gosu", "su-exec", "timeout", "chroot"];
    const WITH_MARK: [&str; 6] = [
        "doppler",
        "infisical",
        "op",
        "dockerize",
        "chamber",
        "with-env",
    ];
    const BEFORE: [&str; 13] = [
        "npx", "pnpx", "bunx", "pnpm", "npm", "yarn", "bun", "exec", "dlx", "nohup", "sudo",
        "time", "command",
    ];
    let is_launcher = |word: &Text| {
        let word = word.shown();
        let name = word.rsplit('/').next().unwrap_or(&word);
        [
            &PLAIN[..],
            &WITH_ARGUMENT,
            &WITH_MARK,
            &READERS,
            &["concurrently"],
        ]
        .iter()
        .any(|names| names.contains(&name))
    };
    let mut words = words;
    let mut files = Vec::new();
    loop {
        let is_before = |word: &&Text| {
            let word = word.shown();
            BEFORE.contains(&word.as_str()) || word.starts_with('-')
        };
        let before = words.iter().take_while(is_before).count();
        if words.get(before).is_some_and(is_launcher) {
            words = &words[before..];
        }
        let Some(first) = words.first().map(Text::shown) else {
            return (words, files);
        };
        let name = first.rsplit('/').next().unwrap_or(&first);
        let is_option = |word: &&Text| word.shown().starts_with('-');
        let behind_options = |words: &[Text]| words.iter().take_while(is_option).count();
        if PLAIN.contains(&name) {
            words = &words[1..];
            words = &words[behind_options(words)..];
        } else if WITH_ARGUMENT.contains(&name) {
            words = &words[1..];
            let taken = behind_options(words) + 1;
            words = words.get(taken..).unwrap_or_default();
        } else if WITH_MARK.contains(&name) || name.starts_with("wait") {
            match words.iter().position(|word| word.shown() == "--") {
                Some(mark) => words = &words[mark + 1..],
                None => return (words, files),
            }
        } else if READERS.contains(&name) {
            match read_by(&words[1..]) {
                (rest, read) if !rest.is_empty() => {
                    words = rest;
                    files.extend(read);
                }
                _ => return (words, files),
            }
        } else {
            return (words, files);
        }
    }
}

/// What starts a command with the variables of `.env` files.
const READERS: [&str; 4] = ["dotenv", "dotenv-cli", "dotenvx", "env-cmd"];

/// The command behind the options of a reader of `.env` files, and the files that it is told to read.
fn read_by(words: &[Text]) -> (&[Text], Vec<Text>) {
    const WITH_VALUE: [&str; 8] = [
        "-v",
        "-p",
        "-r",
        "--rc-file",
        "--environments",
        "--env",
        "--env-vault-file",
        "-fk",
    ];
    let mut files = Vec::new();
    let mut next = 0;
    while let Some(word) = words.get(next).map(Text::shown) {
        next += 1;
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, (!value.is_empty()).then_some(option.len() + 1)),
            None => (word.as_str(), None),
        };
        match option {
            "--" => return (&words[next..], files),
            "-e" | "-f" | "--file" | "--env-file" => {
                let file = match value {
                    Some(start) => Some(words[next - 1].slice(start..word.len())),
                    None => words.get(next).cloned(),
                };
                next += usize::from(value.is_none());
                files.extend(file);
            }
            _ if WITH_VALUE.contains(&option) => next += usize::from(value.is_none()),
            "run" => {}
            _ if option.starts_with('-') => {}
            _ => return (&words[next - 1..], files),
        }
    }
    (&[], files)
}

/// The script that a shell is handed by `-c`.
pub(super) fn handed_to_shell(words: &[Text]) -> Option<&Text> {
    let first = words.first()?.shown();
    let name = first.rsplit('/').next().unwrap_or(&first);
    if !SHELLS.contains(&name) {
        return None;
    }
    let is_mark = |word: &Text| {
        let word = word.shown();
        word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
    };
    let mark = words.iter().position(is_mark)?;
    words.get(mark + 1)
}

const SHELLS: [&str; 5] = ["sh", "bash", "ash", "dash", "zsh"];

/// The shell script that is run as a program, or by a shell.
pub(super) fn script_file(words: &[Text]) -> Option<&Text> {
    let is_plain =
        |word: &&Text| !["exec", "sudo", "nohup", "time"].contains(&word.shown().as_str());
    let mut words = words.iter().skip_while(|word| !is_plain(word));
    let mut first = words.next()?;
    let shown = first.shown();
    let name = shown.rsplit('/').next().unwrap_or(&shown);
    if SHELLS.contains(&name) {
        first = words.find(|word| !word.shown().starts_with('-'))?;
    }
    let shown = first.shown();
    (has_ending(&shown, "sh") || has_ending(&shown, "bash")).then_some(first)
}
