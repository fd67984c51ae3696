//! Files, places in them, and the set of files that one check looks at.
//!
//! Offsets are bytes into a file's UTF-8 text. Positions for people are 1-based lines and 1-based
//! columns in Unicode code points; positions for editors are 0-based lines and UTF-16 code units, as
//! the Language Server Protocol 3.17 asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

/// A byte range in the text of one file; `end` is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span of `start..end`. Offsets beyond 4 GiB are clamped; the size limit on files keeps every
    /// real offset far below.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            start: clamp(start),
            end: clamp(end.max(start)),
        }
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether the span covers no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The span as a range, to index a text with.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether `other` lies wholly inside this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn cover(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The same span in a text that begins `offset` bytes into this one.
    #[must_use]
    pub fn shifted(self, offset: usize) -> Span {
        Span::new(self.start as usize + offset, self.end as usize + offset)
    }

    /// This span, seen in `file`.
    pub fn in_file(self, file: FileId) -> Place {
        Place { file, span: self }
    }
}

/// A value and where it stands in the text that its fact was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At<T> {
    /// What the text means: quotes removed, escapes resolved.
    pub value: T,
    /// The text itself, without its quotes.
    pub span: Span,
}

impl<T> At<T> {
    /// A value and its span.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// The same value, seen in `file`.
    pub fn in_file(&self, file: FileId) -> Placed<T>
    where
        T: Clone,
    {
        Placed {
            value: self.value.clone(),
            place: self.span.in_file(file),
        }
    }
}

impl At<String> {
    /// Where bytes `range` of the value stand. A value whose text held escapes has no such place for
    /// its parts; the whole span is the answer then.
    pub fn part(&self, range: std::ops::Range<usize>) -> Span {
        if self.value.len() == self.span.len() {
            Span::new(range.start, range.end).shifted(self.span.start as usize)
        } else {
            self.span
        }
    }
}

/// The number of a file in its [`Sources`]: files are numbered in the order of their paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A span in one file of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes in it.
    pub span: Span,
}

/// A value and the place in the workspace where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placed<T> {
    /// What the text means.
    pub value: T,
    /// Where the text stands.
    pub place: Place,
}

/// What a file is to us; [`crate::discover`] decides it by the path alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A TypeScript or JavaScript file that is named or configured like a service registry.
    Registry,
    /// `prisma.config.ts` and its JavaScript kin.
    PrismaConfig,
    /// A TypeScript or JavaScript file that a registry or a Prisma config imports by relative path.
    Constants,
    /// `generate.*` beside a registry: the program that writes the generated files.
    Generator,
    /// A compose file, of any variant.
    Compose,
    /// A YAML file that is no compose file by its name, but that one includes or extends.
    ComposePart,
    /// A `.env` file or one of its relatives (`.env.example`, `.env.local`, `loans.env`).
    Env,
    /// A Prisma schema file.
    Prisma,
    /// An SQL file that is no migration.
    Sql,
    /// A Dockerfile.
    Dockerfile,
    /// A `package.json`.
    Package,
    /// Any other YAML file that mentions a database: a Kubernetes manifest, Helm values.
    Deployment,
    /// A file that may be a configuration of nginx.
    Nginx,
    /// A file that may be the manifest of a product; Kubernetes has files of that name as well.
    Manifest,
    /// A shell script.
    Shell,
    /// No file, but a folder that could not be listed.
    Folder,
    /// `migration.sql` and other SQL below a `migrations` folder.
    Migration,
    /// Any other TypeScript file in which something of a database may stand.
    TypeScript,
    /// The same in JavaScript, or with elements of JSX.
    JavaScript,
    /// The config, `dbfence.yaml`.
    Config,
    /// The debt file, `.dbfence/baseline.yaml`.
    Debt,
    /// `migration_lock.toml` beside Prisma migrations.
    MigrationLock,
    /// `tsconfig.json` and its kin, which say where imports lead.
    TypeScriptConfig,
}

/// One file whose text was read, or could not be.
#[derive(Debug)]
pub struct SourceFile {
    /// Path from the workspace root, with `/` on every system.
    pub path: String,
    /// What it is to us.
    pub kind: Kind,
    /// The text as it stands on disk, byte order mark included. Empty when it could not be read.
    pub text: Arc<str>,
    /// Hash of the text: the key under which its facts are kept.
    pub hash: u128,
    /// Why the text could not be read, in words that end a sentence (`it is not UTF-8`).
    pub unreadable: Option<String>,
    /// Byte offset at which each line begins; the first is 0.
    line_starts: std::sync::OnceLock<Vec<u32>>,
    /// How many letters stand before each block of [`BLOCK`] bytes.
    letters: std::sync::OnceLock<Vec<Letters>>,
}

/// A number of letters, as people and as editors count them.
#[derive(Clone, Copy, Debug, Default)]
struct Letters {
    code_points: u32,
    utf16_units: u32,
}

impl Letters {
    /// Those that begin among the bytes, which may begin or end amid one.
    fn among(bytes: &[u8]) -> Self {
        let mut letters = Self::default();
        for byte in bytes {
            let begins = u32::from(byte & 0xc0 != 0x80);
            letters.code_points += begins;
            // What takes four bytes of UTF-8 takes two units of UTF-16.
            letters.utf16_units += begins + u32::from(*byte >= 0xf0);
        }
        letters
    }

    fn plus(self, other: Self) -> Self {
        Self {
            code_points: self.code_points + other.code_points,
            utf16_units: self.utf16_units + other.utf16_units,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            code_points: self.code_points - other.code_points,
            utf16_units: self.utf16_units - other.utf16_units,
        }
    }
}

/// Bytes whose letters are counted once and for all: a line may be as long as the file, and hold any number of
/// places.
const BLOCK: usize = 1024;

/// A place for people: 1-based line, 1-based column in Unicode code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// 1-based.
    pub line: u32,
    /// 1-based, in code points; a byte order mark at the start of the file is not counted.
    pub column: u32,
}

/// A place for editors: 0-based line, 0-based column in UTF-16 code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utf16Position {
    /// 0-based.
    pub line: u32,
    /// 0-based, in UTF-16 code units.
    pub character: u32,
}

const BYTE_ORDER_MARK: char = '\u{feff}';

impl SourceFile {
    /// A file with its text.
    pub fn new(path: impl Into<String>, kind: Kind, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        Self {
            path: path.into(),
            kind,
            hash: xxh3_128(text.as_bytes()),
            text,
            unreadable: None,
            line_starts: std::sync::OnceLock::new(),
            letters: std::sync::OnceLock::new(),
        }
    }

    /// A file that is there and could not be read; `why` ends the sentence "could not be read: …".
    pub fn unreadable(path: impl Into<String>, kind: Kind, why: impl Into<String>) -> Self {
        Self {
            unreadable: Some(why.into()),
            ..Self::new(path, kind, "")
        }
    }

    /// Byte offset at which each line begins. Lines end at `\n`, `\r\n` and a lone `\r`, as in the
    /// Language Server Protocol and in YAML 1.2.
    pub fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let breaks = memchr::memchr2_iter(b'\n', b'\r', bytes)
                .filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'))
                .map(|at| Span::new(at + 1, at + 1).start);
            std::iter::once(0).chain(breaks).collect()
        })
    }

    /// 0-based number of the line that holds byte `offset`.
    pub fn line_of(&self, offset: u32) -> usize {
        self.line_starts().partition_point(|&start| start <= offset) - 1
    }

    /// The bytes of 0-based line `line`, its line break excluded.
    pub fn line_span(&self, line: usize) -> Span {
        let starts = self.line_starts();
        let start = starts[line] as usize;
        let end = starts
            .get(line + 1)
            .map_or(self.text.len(), |&next| next as usize);
        let text = self.text[start..end].trim_end_matches(['\n', '\r']);
        Span::new(start, start + text.len())
    }

    /// The letters between the start of `offset`'s line and `offset`, a byte order mark not counted, and the
    /// 0-based line.
    fn before_on_line(&self, offset: u32) -> (usize, Letters) {
        let line = self.line_of(offset);
        let mut start = self.line_starts()[line] as usize;
        if line == 0 && self.text.starts_with(BYTE_ORDER_MARK) {
            start = BYTE_ORDER_MARK.len_utf8();
        }
        let mut end = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let bytes = self.text.as_bytes();
        let letters = match bytes.get(start..end) {
            None => Letters::default(),
            Some(between) if between.len() <= BLOCK => Letters::among(between),
            Some(_) => self.letters_before(end).minus(self.letters_before(start)),
        };
        (line, letters)
    }

    /// The letters of the whole text before a byte.
    fn letters_before(&self, offset: usize) -> Letters {
        let bytes = self.text.as_bytes();
        let known = self.letters.get_or_init(|| {
            let blocks = bytes.chunks(BLOCK);
            let counted = blocks.scan(Letters::default(), |before, block| {
                let here = *before;
                *before = before.plus(Letters::among(block));
                Some(here)
            });
            counted.collect()
        });
        let block = (offset / BLOCK).min(known.len().saturating_sub(1));
        let rest = Letters::among(&bytes[block * BLOCK..offset]);
        known.get(block).copied().unwrap_or_default().plus(rest)
    }

    /// Where byte `offset` stands, for people.
    pub fn position(&self, offset: u32) -> Position {
        let (line, before) = self.before_on_line(offset);
        Position {
            line: Span::new(line + 1, line + 1).start,
            column: before.code_points + 1,
        }
    }

    /// Where byte `offset` stands, for editors.
    pub fn utf16_position(&self, offset: u32) -> Utf16Position {
        let (line, before) = self.before_on_line(offset);
        Utf16Position {
            line: Span::new(line, line).start,
            character: before.utf16_units,
        }
    }

    /// The text that `span` covers.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }
}

/// What the walk saw at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A regular file, read or not.
    File,
    /// A folder whose content was walked.
    Folder,
    /// A folder that was passed over: nothing is known of what lies below it.
    FolderNotEntered,
    /// A link to a folder of the workspace: not followed, so nothing is known by this name.
    FolderLink,
    /// A link that leads nowhere we know, a socket, pipe or device: there, but not looked into.
    Other,
}

/// Whether something stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    /// A file stands there.
    File,
    /// A folder stands there.
    Folder,
    /// The walk saw its folder, and nothing by that name in it.
    Missing,
    /// The path lies outside the workspace, below a folder that was not entered, or is a link; or nothing
    /// stands there, and the ignore files say that nothing need.
    Unknown,
}

/// What the change under judgement touches.
#[derive(Debug, Default)]
pub struct ChangeSet {
    /// Files that were added, modified or removed and submodules that were moved, by path from the workspace
    /// root.
    pub changed: BTreeSet<String>,
    /// The workspace as it was before the change; `None` where that is the same.
    pub before: Option<Box<Sources>>,
    /// The commit before the change, where a revision was named.
    pub since: Option<Since>,
}

/// A commit that a change is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The revision, as it was named.
    pub revision: String,
    /// The commit where the branch that is checked out left it, in hexadecimal.
    pub commit: String,
}

impl ChangeSet {
    fn is_same(&self, other: &ChangeSet) -> bool {
        let is_same_before = match (&self.before, &other.before) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is_same(b),
            _ => false,
        };
        is_same_before && self.changed == other.changed && self.since == other.since
    }

    /// Whether a file has changed, or a submodule that it lies in.
    pub fn touches(&self, path: &str) -> bool {
        ancestors(path).any(|path| self.changed.contains(path))
    }
}

/// The migrations that the default branch had where the branch under judgement left it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// What people call the default branch (`origin/main`), or the revision of it that a change is compared with.
    pub branch: String,
    /// The commit, in hexadecimal.
    pub commit: String,
    /// Its migrations by path from the workspace root; each with its text there, if that is another one than
    /// here or nothing stands here.
    pub files: BTreeMap<String, Option<Arc<str>>>,
}

/// Whether the ignore files would hold back a file at a path where nothing stands.
#[derive(Default)]
pub struct WouldIgnore(Option<Box<HoldsBack>>);

type HoldsBack = dyn Fn(&str) -> bool + Send + Sync;

impl WouldIgnore {
    /// Asks `holds_back`.
    pub fn new(holds_back: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(holds_back)))
    }
}

impl std::fmt::Debug for WouldIgnore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("WouldIgnore")
    }
}

/// Every path that was walked, and the text of every file that matters.
#[derive(Debug, Default)]
pub struct Sources {
    /// The workspace root on disk; empty for a workspace that lives in memory.
    pub root: PathBuf,
    /// Path of the workspace root from the root of the repository that it lies in; empty where that is the same
    /// folder, or where there is no repository.
    pub below_repository: String,
    files: Vec<SourceFile>,
    by_path: BTreeMap<String, FileId>,
    seen: BTreeMap<String, Seen>,
    /// What the ignore files say about paths where nothing stands; nothing unless it was asked for.
    pub would_ignore: WouldIgnore,
    /// What the change under judgement touches, where that is known.
    pub change: Option<ChangeSet>,
    /// What the default branch has of the migrations here, or in words why that is not known; `None` where
    /// nobody asked.
    pub baseline: Option<Result<Baseline, String>>,
}

impl Sources {
    /// Sources of the given files and walked paths. Folders above a file count as walked.
    pub fn new(root: PathBuf, mut files: Vec<SourceFile>, seen: BTreeMap<String, Seen>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        let mut sources = Self {
            root,
            seen,
            ..Self::default()
        };
        for (number, file) in files.iter().enumerate() {
            let id = FileId(Span::new(number, number).start);
            sources.by_path.insert(file.path.clone(), id);
            sources.seen.entry(file.path.clone()).or_insert(Seen::File);
            let mut folder = parent(&file.path);
            while !folder.is_empty() && !sources.seen.contains_key(folder) {
                sources.seen.insert(folder.to_owned(), Seen::Folder);
                folder = parent(folder);
            }
        }
        sources.files = files;
        sources
    }

    /// Makes the file at `target` known as `link` too: a link to it stands there.
    pub fn alias(&mut self, link: &str, target: &str) {
        self.seen.insert(link.to_owned(), Seen::File);
        if let Some(&id) = self.by_path.get(target) {
            self.by_path.insert(link.to_owned(), id);
        }
    }

    /// Whether everything was seen and read as it was in `other`.
    pub fn is_same(&self, other: &Sources) -> bool {
        let is_same_file = |a: &SourceFile, b: &SourceFile| {
            (&a.path, a.kind, a.hash, &a.unreadable) == (&b.path, b.kind, b.hash, &b.unreadable)
        };
        let are_same_files = self.files.len() == other.files.len()
            && std::iter::zip(&self.files, &other.files).all(|(a, b)| is_same_file(a, b));
        let is_same_change = match (&self.change, &other.change) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is_same(b),
            _ => false,
        };
        are_same_files
            && is_same_change
            && self.seen == other.seen
            && self.by_path == other.by_path
            && self.baseline == other.baseline
    }

    /// All files, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(number, file)| (FileId(Span::new(number, number).start), file))
    }

    /// All files as a slice; a file's index is its [`FileId`].
    pub fn as_slice(&self) -> &[SourceFile] {
        &self.files
    }

    /// The file of that number.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The file at a path from the workspace root, if its text was read.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// Gives a file another text, and back the one that it had. Places in the old one lead nowhere then.
    pub fn set_text(&mut self, id: FileId, text: impl Into<Arc<str>>) -> Arc<str> {
        let file = &mut self.files[id.0 as usize];
        let changed = SourceFile::new(std::mem::take(&mut file.path), file.kind, text);
        std::mem::replace(file, changed).text
    }

    /// The text at a place.
    pub fn slice(&self, place: Place) -> &str {
        self.file(place.file).slice(place.span)
    }

    /// Every walked path with what was seen there, sorted.
    pub fn walked(&self) -> impl Iterator<Item = (&str, Seen)> {
        self.seen.iter().map(|(path, &seen)| (path.as_str(), seen))
    }

    /// The walked paths below `folder` (`""` is the root), sorted.
    pub fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, Seen)> + use<'a> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        self.seen
            .range(prefix.clone()..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, &seen)| (path.as_str(), seen))
    }

    /// What the walk saw at a path, if anything.
    pub fn find_seen(&self, path: &str) -> Option<Seen> {
        self.seen.get(path).copied()
    }

    /// Whether something stands at `path`, a normalised path from the workspace root (see [`join`]).
    pub fn existence(&self, path: &str) -> Existence {
        if path.is_empty() {
            return Existence::Folder;
        }
        match self.seen.get(path) {
            Some(Seen::File) => return Existence::File,
            Some(Seen::Folder | Seen::FolderNotEntered) => return Existence::Folder,
            Some(Seen::FolderLink | Seen::Other) => return Existence::Unknown,
            None => {}
        }
        let mut folder = parent(path);
        while !folder.is_empty() {
            match self.seen.get(folder) {
                Some(Seen::Folder | Seen::File) => break,
                Some(Seen::FolderNotEntered | Seen::FolderLink | Seen::Other) => {
                    return Existence::Unknown;
                }
                None => folder = parent(folder),
            }
        }
        // What git ignores may stand on other machines.
        match &self.would_ignore.0 {
            Some(holds_back) if holds_back(path) => Existence::Unknown,
            _ => Existence::Missing,
        }
    }

    /// The file that a relative import (`./ports`, `../shared/defaults.js`) of `from` means, by the
    /// rules of TypeScript's `bundler` resolution: the path itself, a source file of that stem, or
    /// the folder's `index`.
    pub fn resolve_import(&self, from: FileId, specifier: &str) -> Option<FileId> {
        let base = join(parent(&self.file(from).path), specifier)?;
        import_candidates(&base)
            .iter()
            .find_map(|candidate| self.find(candidate))
    }
}

/// The word that begins a comment which silences findings.
pub const SILENCER: &str = "dbfence-ignore";

/// The file beside Prisma migrations that says for which kind of database they are.
pub const MIGRATION_LOCK: &str = "migration_lock.toml";

/// The endings of TypeScript and JavaScript files that configuration is written in.
pub const SCRIPT_ENDINGS: [&str; 6] = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"];

/// The paths at which an import of `base` (a path from the workspace root, as written) may be found,
/// likeliest first.
pub fn import_candidates(base: &str) -> Vec<String> {
    let mut candidates = Vec::new();
    // TypeScript lets `./ports.js` mean `./ports.ts`.
    for (written, source) in [(".js", ".ts"), (".mjs", ".mts"), (".cjs", ".cts")] {
        if let Some(stem) = base.strip_suffix(written) {
            candidates.push(format!("{stem}{source}"));
        }
    }
    candidates.push(base.to_owned());
    candidates.extend(SCRIPT_ENDINGS.map(|ending| format!("{base}{ending}")));
    candidates.extend(SCRIPT_ENDINGS.map(|ending| format!("{base}/index{ending}")));
    candidates
}

/// The folder of a `/` path; `""` for a path without one.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a `/` path.
pub fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Whether a `/` path ends in `.` and `ending`, whatever its case.
pub fn has_ending(path: &str, ending: &str) -> bool {
    file_name(path)
        .rsplit_once('.')
        .is_some_and(|(_, own)| own.eq_ignore_ascii_case(ending))
}

/// A `/` path and the folders above it, the nearest first, the root excluded.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| Some(parent(path))).take_while(|path| !path.is_empty())
}

/// Whether a path lies below a folder. Everything lies below the root, `""`.
pub fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a path is a folder or lies below it.
pub fn is_within(path: &str, folder: &str) -> bool {
    path == folder || is_below(path, folder)
}

/// A folder as people write it: `.` for the root.
pub fn shown_folder(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

/// A path or a name as a shell reads it.
pub fn shell_quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-./@+=:,".contains(letter);
    if word.chars().all(is_plain) && !word.starts_with('-') {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The path of `to` as seen from a folder, both from the workspace root.
pub fn relative(folder: &str, to: &str) -> String {
    let mut up = String::new();
    let mut base = folder;
    loop {
        let below = if base.is_empty() {
            Some(to)
        } else if to == base {
            Some("")
        } else {
            to.strip_prefix(base)
                .and_then(|rest| rest.strip_prefix('/'))
        };
        if let Some(below) = below {
            let path = format!("{up}{below}");
            debug_assert_eq!(join(folder, &path).as_deref(), Some(to));
            let path = path.trim_end_matches('/');
            return if path.is_empty() {
                ".".to_owned()
            } else {
                path.to_owned()
            };
        }
        base = parent(base);
        up.push_str("../");
    }
}

/// `relative` as seen from `folder`, with `.` and `..` resolved and no trailing `/`. `None` where it is
/// absolute or leaves the workspace root. The root itself is `""`.
pub fn join(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') || relative.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_holds_what_is_below_it_and_nothing_that_only_begins_alike() {
        assert!(is_below("a/b", "a") && is_below("a", "") && is_within("a", "a"));
        assert!(!is_below("a", "a") && !is_below("ab/c", "a") && !is_within("ab", "a"));
    }

    fn file(text: &str) -> SourceFile {
        SourceFile::new("a.sql", Kind::Sql, text)
    }

    #[test]
    fn positions_on_a_line_that_never_ends_are_those_of_a_short_one() {
        let letters = "\u{feff}".to_owned() + &"aé𝄞".repeat(3 * BLOCK);
        let file = file(&format!("{letters}\nb{letters}"));
        let (mut line, mut column, mut unit) = (1, 0, 0);
        for (offset, letter) in file.text.char_indices() {
            let at = Span::new(offset, 0).start;
            let expected = Position {
                line,
                column: (column + 1).max(1),
            };
            assert_eq!(file.position(at), expected, "{offset}");
            let editor = file.utf16_position(at);
            assert_eq!((editor.line, editor.character), (line - 1, unit));
            match letter {
                '\n' => (line, column, unit) = (line + 1, 0, 0),
                BYTE_ORDER_MARK if offset == 0 => {}
                _ => {
                    column += 1;
                    unit += u32::try_from(letter.len_utf16()).unwrap();
                }
            }
        }
    }

    #[test]
    fn positions_count_code_points_for_people_and_utf16_units_for_editors() {
        let file = file("\u{feff}é𝄞x\r\ny\rz\n");
        let x = Span::new(file.text.find('x').unwrap(), 0).start;
        assert_eq!(file.position(x), Position { line: 1, column: 3 });
        let editor = file.utf16_position(x);
        assert_eq!((editor.line, editor.character), (0, 3));
        let y = Span::new(file.text.find('y').unwrap(), 0).start;
        assert_eq!(file.position(y), Position { line: 2, column: 1 });
        let z = Span::new(file.text.find('z').unwrap(), 0).start;
        assert_eq!(file.position(z), Position { line: 3, column: 1 });
        assert_eq!(file.slice(file.line_span(0)), "\u{feff}é𝄞x");
        assert_eq!(file.slice(file.line_span(1)), "y");
    }

    #[test]
    fn a_part_of_a_value_has_a_span_only_where_nothing_was_escaped() {
        let plain = At::new("loan_desk".to_owned(), Span::new(10, 19));
        assert_eq!(plain.part(5..9), Span::new(15, 19));
        let escaped = At::new("loan_desk".to_owned(), Span::new(10, 25));
        assert_eq!(escaped.part(5..9), escaped.span);
    }

    #[test]
    fn what_lies_below_a_folder_that_was_not_entered_is_unknown() {
        let seen = BTreeMap::from([
            ("modules".to_owned(), Seen::Folder),
            ("modules/gen".to_owned(), Seen::FolderNotEntered),
        ]);
        let sources = Sources::new(PathBuf::new(), vec![], seen);
        assert_eq!(
            sources.existence("modules/x/Dockerfile"),
            Existence::Missing
        );
        assert_eq!(sources.existence("modules/gen/a.sql"), Existence::Unknown);
        assert_eq!(sources.existence("modules/gen"), Existence::Folder);
    }

    #[test]
    fn paths_join_inside_the_root_only() {
        assert_eq!(join("a/b", "../c/./d/").as_deref(), Some("a/c/d"));
        assert_eq!(join("a", ".."), Some(String::new()));
        assert_eq!(join("a", "../.."), None);
        assert_eq!(join("a", "/etc"), None);
    }

    #[test]
    fn paths_are_seen_from_folders() {
        assert_eq!(relative("", "a/b"), "a/b");
        assert_eq!(relative("a", "a"), ".");
        assert_eq!(relative("a/c", "a/b/D"), "../b/D");
        assert_eq!(relative("p/q", "a"), "../../a");
        assert_eq!(relative("ab", "a"), "../a");
    }

    #[test]
    fn the_root_is_none_of_the_folders_above() {
        assert_eq!(
            ancestors("a/b/c").collect::<Vec<_>>(),
            ["a/b/c", "a/b", "a"]
        );
        assert_eq!(ancestors("").count(), 0);
    }
}
