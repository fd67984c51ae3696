//! One file: its text, and positions in it.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use super::Span;

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
pub(super) const BLOCK: usize = 1024;

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

pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

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
