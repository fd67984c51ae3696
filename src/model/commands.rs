//! Commands wherever they are written: in shell scripts, in the scripts of packages, in what Dockerfiles and
//! compose files start. Each is followed without running it, and every word still knows where it stands.

use std::ops::Range;

use crate::model::compose::{Part, Started};
use crate::model::resolve::Resolved;
use crate::model::shell::{self, Runs};
use crate::model::{User, Workspace};
use crate::parse::command::{CommandForm, CommandText};
use crate::parse::dockerfile::Start;
use crate::parse::settings::Script;
use crate::parse::{Facts, shell as parse_shell};
use crate::source::{At, FileId, Place, Span, ancestors, join, parent};

/// Commands that are run one after the other, and what comes of it.
pub(super) struct Commands<'w> {
    /// What they do. Spans are those of `text`.
    pub(super) runs: Runs,
    text: String,
    written: Written<'w>,
}

enum Written<'w> {
    /// Their text is that of the file.
    File(FileId),
    /// They are put together of texts, each with where it begins.
    Parts(Vec<(usize, Spelling<'w>)>),
}

/// How a part of a command is written.
enum Spelling<'w> {
    Text(&'w CommandText, FileId),
    Resolved(&'w Resolved, User),
}

impl<'w> Spelling<'w> {
    fn text(&self) -> &'w str {
        match self {
            Self::Text(command, _) => command.text(),
            Self::Resolved(resolved, _) => &resolved.text,
        }
    }
}

/// Between the words of a list; no word of a shell holds it.
const SEPARATOR: char = '\0';

impl<'w> Commands<'w> {
    /// What one line does that a shell runs in a folder.
    fn of_line(line: Spelling<'w>, folder: &str, variable: &str) -> Self {
        let text = line.text().to_owned();
        let shell = parse_shell::parse(&text).facts;
        Self {
            runs: shell::runs_in(&shell, "", folder, variable),
            text,
            written: Written::Parts(vec![(0, line)]),
        }
    }

    /// What a program does that is started with its arguments in a folder.
    fn of_words(words: Vec<Spelling<'w>>, folder: &str, variable: &str) -> Self {
        let mut text = String::new();
        let mut told = Vec::new();
        let mut parts = Vec::new();
        for word in words {
            let start = text.len();
            text.push_str(word.text());
            let span = Span::new(start, text.len());
            told.push(At::new(word.text().to_owned(), span));
            parts.push((start, word));
            text.push(SEPARATOR);
        }
        Self {
            runs: shell::runs_of_words(&told, folder, variable),
            text,
            written: Written::Parts(parts),
        }
    }

    /// The text of a span.
    pub(super) fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// What stands right before a span.
    pub(super) fn before(&self, span: Span) -> &str {
        self.text.get(..span.start as usize).unwrap_or_default()
    }

    /// Where a span is written.
    pub(super) fn place(&self, workspace: &Workspace, span: Span) -> Option<Place> {
        let parts = match &self.written {
            Written::File(file) => return Some(span.in_file(*file)),
            Written::Parts(parts) => parts,
        };
        let number = parts.partition_point(|(start, _)| *start <= span.start as usize);
        let (start, spelling) = parts.get(number.checked_sub(1)?)?;
        let end = start + spelling.text().len();
        let range =
            span.start as usize - start..(span.end as usize).min(end).checked_sub(*start)?;
        match spelling {
            Spelling::Text(command, file) => Some(command.span(&range)?.in_file(*file)),
            Spelling::Resolved(resolved, user) => {
                let part = Part::of(resolved, &range);
                let link = workspace.stand_on(&part.chain, &[*user].into())?;
                Some(narrowed(workspace, link.place, &resolved.text, &range))
            }
        }
    }
}

impl Workspace<'_> {
    /// What a shell script does that is started in a folder.
    pub(super) fn commands_of_script(
        &self,
        file: FileId,
        folder: &str,
        variable: &str,
    ) -> Option<Commands<'_>> {
        let Facts::Shell(parsed) = self.facts(file) else {
            return None;
        };
        let source = self.sources.file(file);
        Some(Commands {
            runs: shell::runs_in(&parsed.facts, &source.path, folder, variable),
            text: source.text.to_string(),
            written: Written::File(file),
        })
    }

    /// The scripts of a `package.json`.
    pub(super) fn package_scripts(&self, file: FileId) -> &[Script] {
        match self.facts(file) {
            Facts::Settings(parsed) => &parsed.facts.scripts,
            _ => &[],
        }
    }

    /// What a script of a package does, which is started in the package's folder.
    pub(super) fn commands_of_package<'s>(
        &'s self,
        file: FileId,
        script: &'s Script,
        variable: &str,
    ) -> Commands<'s> {
        let folder = parent(&self.sources.file(file).path);
        let line = Spelling::Text(&script.command, file);
        Commands::of_line(line, folder, variable)
    }

    /// What a container starts instead of what its image does.
    pub(super) fn commands_of_container(
        &self,
        user: User,
        folder: &str,
        variable: &str,
    ) -> Vec<Commands<'_>> {
        let starts = &self.stacks[user.0].services[user.1].starts;
        let forms = [&starts.entrypoint, &starts.command];
        let forms = forms.into_iter().flatten().map(|started: &Started| {
            let mut words = started.words.iter();
            if started.is_list {
                Ok(words.map(|word| Spelling::Resolved(word, user)).collect())
            } else {
                let line = words.next().map(|line| Spelling::Resolved(line, user));
                line.map_or_else(|| Ok(Vec::new()), Err)
            }
        });
        joined(forms.collect(), folder, variable)
    }

    /// The `package.json` of the package around a folder.
    pub(super) fn package_around(&self, folder: &str) -> Option<FileId> {
        let folders = ancestors(folder).chain([""]);
        folders
            .filter_map(|folder| join(folder, "package.json"))
            .find_map(|path| self.sources.find(&path))
    }

    /// What a path means that something started in `folder` names: a path from there, from the workspace
    /// root, or one of an image whose first folders are none of the workspace.
    pub(super) fn path_in_image(&self, path: &str, folder: &str) -> Option<String> {
        const MOST_ENDINGS: usize = 8;
        let is_there = |path: &String| self.sources.find_seen(path).is_some();
        let path = path.trim_start_matches('/');
        let slashes = path.match_indices('/').map(|(at, _)| at + 1);
        let endings = [0].into_iter().chain(slashes).take(MOST_ENDINGS);
        let mut paths = endings.flat_map(|from| [folder, ""].map(|base| join(base, &path[from..])));
        paths.find_map(|path| path.filter(is_there))
    }
}

/// The lists are one command; lines are commands of their own. `variable` holds the connection string.
fn joined<'s>(
    forms: Vec<Result<Vec<Spelling<'s>>, Spelling<'s>>>,
    folder: &str,
    variable: &str,
) -> Vec<Commands<'s>> {
    let mut words = Vec::new();
    let mut commands = Vec::new();
    for form in forms {
        match form {
            Ok(list) => words.extend(list),
            Err(line) => commands.push(Commands::of_line(line, folder, variable)),
        }
    }
    if !words.is_empty() {
        commands.insert(0, Commands::of_words(words, folder, variable));
    }
    commands
}

/// The words of `range` in a place that may be longer than these, because lines are folded there.
fn narrowed(workspace: &Workspace, place: Place, text: &str, range: &Range<usize>) -> Place {
    let written = workspace.sources.slice(place);
    let wanted = &text[range.clone()];
    if written == wanted || wanted.is_empty() {
        return place;
    }
    let count = text[..range.start].matches(wanted).count();
    let same = written.matches(wanted).count() == text.matches(wanted).count();
    let found = written.match_indices(wanted).nth(count).filter(|_| same);
    found.map_or(place, |(at, _)| Place {
        span: Span::new(at, at + wanted.len()).shifted(place.span.start as usize),
        ..place
    })
}

/// What a Dockerfile's `ENTRYPOINT` and `CMD` start, together where both are lists.
pub(super) fn commands_of_image<'s>(
    file: FileId,
    starts: [Option<&'s Start>; 2],
    folder: &str,
    variable: &str,
) -> Vec<Commands<'s>> {
    let spell = |command: &'s CommandText| Spelling::Text(command, file);
    let forms = starts
        .into_iter()
        .flatten()
        .map(|start| match &start.command {
            CommandForm::Line(line) => Err(spell(line)),
            CommandForm::Words(words) => Ok(words.iter().map(spell).collect()),
        });
    joined(forms.collect(), folder, variable)
}
