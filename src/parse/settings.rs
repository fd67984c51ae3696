//! Variables that files set which are about something else: Kubernetes manifests and Helm values, the
//! scripts of a `package.json`, shell scripts. Only what may be a connection string is read, so that
//! these files may hold whatever they like: nothing in them is an error.

use crate::connection;
use crate::parse::Parsed;
use crate::parse::command::CommandText;
use crate::parse::dotenv::Entry;
use crate::source::{At, Span};
use crate::yaml::{Scalar, Tree, Value};

/// What one file sets.
#[derive(Debug, Default)]
pub struct Settings {
    /// The variables, in the order of the text.
    pub settings: Vec<Setting>,
    /// The packages that a `package.json` takes, of all its lists; empty for every other file.
    pub dependencies: Vec<At<String>>,
    /// The paths of Prisma schemas, in the order of the text.
    pub schemas: Vec<SchemaPath>,
    /// The name of a `package.json`.
    pub package: Option<At<String>>,
    /// The scripts of a `package.json`.
    pub scripts: Vec<Script>,
}

/// A script of a `package.json`.
#[derive(Debug)]
pub struct Script {
    /// Its name.
    pub name: At<String>,
    /// What it runs.
    pub command: CommandText,
}

/// A path that says which Prisma schema is meant.
#[derive(Debug)]
pub struct SchemaPath {
    /// The path, as written.
    pub path: At<String>,
    /// The command of Prisma that takes it (`generate`, `migrate`); `None` for `prisma.schema`, which all
    /// take.
    pub command: Option<String>,
}

/// One variable, and what it is set for.
#[derive(Debug)]
pub struct Setting {
    /// Its name and value. The name is empty where a connection string is handed to a program as it is; it
    /// stands where the string does then.
    pub entry: Entry,
    /// The names below which it stands, the outermost first: of a Kubernetes object and its container,
    /// of the sections of Helm values, of a script.
    pub within: Vec<String>,
}

/// libpq's variable for the database's name (PostgreSQL manual, 34.15 "Environment Variables").
pub const LIBPQ_DATABASE: &str = "PGDATABASE";

/// A value that is longer than this names no database; in bytes, far above what PostgreSQL takes.
const LONGEST_NAME: usize = 256;

/// Settings that are kept of one file, and names that are kept above each: a bound on memory, far above
/// what people write.
const MOST_SETTINGS: usize = 20_000;
const MOST_NAMES: usize = 24;

/// Reads Kubernetes manifests or Helm values. A YAML file that is neither sets nothing, and neither does a
/// template.
pub fn parse_deployment(text: &str) -> Parsed<Settings> {
    let tree = Tree::parse(text);
    let is_template = memchr::memmem::find(text.as_bytes(), b"{{").is_some();
    if is_template && !tree.errors.is_empty() {
        return Parsed {
            comments: tree.comments,
            ..Parsed::default()
        };
    }
    let mut walk = Walk::default();
    for document in tree.documents() {
        let object = value_of(&document, "metadata").and_then(|metadata| name_of(&metadata));
        walk.within.extend(object);
        walk.value(&document);
        walk.within.clear();
    }
    Parsed {
        facts: Settings {
            settings: walk.settings,
            ..Settings::default()
        },
        problems: Vec::new(),
        unbroken: tree.unbroken(text),
        comments: tree.comments,
    }
}

/// Whether a YAML text holds an object of Kubernetes.
pub fn is_kubernetes(text: &str) -> bool {
    let begins = |word: &str| {
        text.split('\n')
            .any(|line| line.trim_start_matches('\u{feff}').starts_with(word))
    };
    begins("apiVersion:") && begins("kind:")
}

fn value_of<'t>(mapping: &Value<'t>, key: &str) -> Option<Value<'t>> {
    let entry = mapping
        .entries()
        .into_iter()
        .find(|it| it.key.value == key)?;
    Some(entry.value)
}

fn name_of(mapping: &Value) -> Option<String> {
    let name = value_of(mapping, "name")?.scalar()?;
    Some(name.text.clone()).filter(|name| !name.is_empty())
}

#[derive(Default)]
struct Walk {
    within: Vec<String>,
    settings: Vec<Setting>,
}

impl Walk {
    fn value(&mut self, value: &Value) {
        for item in value.items() {
            match item.scalar() {
                Some(scalar) => self.assignment(scalar),
                None => self.value(&item),
            }
        }
        if !value.is_mapping() {
            return;
        }
        let entries = value.entries();
        let scalar = |key: &str| {
            let entry = entries.iter().find(|entry| entry.key.value == key)?;
            entry.value.scalar()
        };
        if let (Some(name), Some(value)) = (scalar("name"), scalar("value")) {
            self.add(at(name), at(value));
            return;
        }
        let own_name = scalar("name").map(|name| name.text.clone());
        let depth = self.within.len();
        self.within.extend(own_name);
        for entry in &entries {
            if let Some(scalar) = entry.value.scalar() {
                let name = At::new(entry.key.value.to_owned(), entry.key.span);
                self.add(name, at(scalar));
            } else {
                self.within.push(entry.key.value.to_owned());
                self.value(&entry.value);
                self.within.pop();
            }
        }
        self.within.truncate(depth);
    }

    /// `NAME=value`, as the generators of Kustomize take it.
    fn assignment(&mut self, scalar: &Scalar) {
        let Some((name, value)) = scalar.text.split_once('=') else {
            return;
        };
        let start = name.len() + 1;
        let name = At::new(name.to_owned(), scalar.part(0..name.len()));
        let span = scalar.part(start..scalar.text.len());
        self.add(name, At::new(value.to_owned(), span));
    }

    fn add(&mut self, name: At<String>, value: At<String>) {
        let is_meant = name.value == LIBPQ_DATABASE || value.value.contains("://");
        let has_room = self.settings.len() < MOST_SETTINGS;
        if is_meant && has_room && !value.value.contains('\n') {
            self.settings.push(Setting {
                entry: Entry {
                    name,
                    value,
                    interpolates: false,
                },
                within: self.within.iter().take(MOST_NAMES).cloned().collect(),
            });
        }
    }
}

fn at(scalar: &Scalar) -> At<String> {
    At::new(scalar.text.clone(), scalar.span)
}

/// Reads the scripts of a `package.json`.
pub fn parse_package(text: &str) -> Parsed<Settings> {
    let tree = Tree::parse(text);
    let root = tree.root();
    let prisma = root.as_ref().and_then(|root| value_of(root, "prisma"));
    let schema = prisma.and_then(|prisma| value_of(&prisma, "schema")?.scalar().map(at));
    let mut schemas: Vec<SchemaPath> = schema
        .map(|path| SchemaPath {
            path,
            command: None,
        })
        .into_iter()
        .collect();
    let list = |key: &str| root.as_ref().and_then(|root| value_of(root, key));
    let package = list("name").and_then(|name| name.scalar().map(at));
    let entries = list("scripts");
    let entries = entries.map(|scripts| scripts.entries()).unwrap_or_default();
    let mut settings = Vec::new();
    let mut scripts = Vec::new();
    for script in entries {
        let Some(command) = script.value.scalar() else {
            continue;
        };
        scripts.push(Script {
            name: At::new(script.key.value.to_owned(), script.key.span),
            command: CommandText::of_json(text, command.span),
        });
        schemas.extend(schemas_in_command(text, command.span));
        let entries = in_command(text, command.span).into_iter();
        settings.extend(entries.map(|entry| Setting {
            entry,
            within: vec![script.key.value.to_owned()],
        }));
    }
    let lists = LISTS_OF_DEPENDENCIES.into_iter().filter_map(list);
    let dependencies = lists.flat_map(|packages| packages.entries());
    let dependencies = dependencies.map(|it| At::new(it.key.value.to_owned(), it.key.span));
    Parsed {
        facts: Settings {
            dependencies: dependencies.collect(),
            settings,
            schemas,
            package,
            scripts,
        },
        ..Parsed::default()
    }
}

/// The lists of a `package.json` that bring packages into its folder.
const LISTS_OF_DEPENDENCIES: [&str; 4] = [
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
];

/// The schemas that commands of Prisma are given by `--schema`.
pub fn schemas_in_command(text: &str, span: Span) -> Vec<SchemaPath> {
    let start = span.start as usize;
    let is_quote = |letter: char| matches!(letter, '"' | '\'' | '\\');
    let ends = |letter: char| letter.is_whitespace() || matches!(letter, ';' | '&' | '|' | ')');
    let mut words: Vec<(usize, &str)> = Vec::new();
    let mut from = 0;
    let command = &text[span.range()];
    for (at, letter) in command.char_indices().chain([(command.len(), ' ')]) {
        if ends(letter) {
            if from < at {
                words.push((from, &command[from..at]));
            }
            if !letter.is_whitespace() {
                words.push((at, ""));
            }
            from = at + letter.len_utf8();
        }
    }
    let mut found = Vec::new();
    let mut verb: Option<Option<&str>> = None;
    let mut words = words.into_iter().peekable();
    while let Some((at, word)) = words.next() {
        let bare = word.trim_matches(is_quote);
        if bare.is_empty() {
            verb = None;
        } else if is_prisma(bare) {
            verb = Some(None);
        } else if let Some(known) = &mut verb {
            let (path, offset) = match bare.strip_prefix("--schema") {
                Some("") => match words.next_if(|(_, next)| !next.is_empty()) {
                    Some((at, next)) => (next, at),
                    None => continue,
                },
                Some(rest) if rest.starts_with('=') => {
                    let skipped = word.find('=').map_or(0, |equals| equals + 1);
                    (&word[skipped..], at + skipped)
                }
                _ => {
                    if known.is_none() && !bare.starts_with('-') {
                        *known = Some(bare);
                    }
                    continue;
                }
            };
            let inside = path.trim_start_matches(is_quote);
            let offset = offset + path.len() - inside.len();
            let inside = inside.trim_end_matches(is_quote);
            if !inside.is_empty() {
                let span = Span::new(offset, offset + inside.len()).shifted(start);
                found.push(SchemaPath {
                    path: At::new(inside.to_owned(), span),
                    command: Some(known.unwrap_or_default().to_owned()),
                });
            }
        }
    }
    found
}

/// Whether a word of a command runs Prisma: `prisma`, `prisma@6`, `node_modules/.bin/prisma`.
fn is_prisma(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    name.split('@').next() == Some("prisma")
}

/// The connection strings that stand in a command, each with the variable that it is assigned to, and what
/// is assigned to `PGDATABASE`.
pub fn in_command(text: &str, span: Span) -> Vec<Entry> {
    let command = &text[span.range()];
    let start = span.start as usize;
    let mut entries: Vec<Entry> = connection::find(command)
        .into_iter()
        .map(|found| {
            let span = Span::new(found.range.start, found.range.end).shifted(start);
            let name = assigned_to(&command[..found.range.start]);
            Entry {
                name: name.map_or(At::new(String::new(), span), |name| {
                    let span = Span::new(name.start, name.end).shifted(start);
                    At::new(command[name].to_owned(), span)
                }),
                value: At::new(command[found.range].to_owned(), span),
                interpolates: true,
            }
        })
        .collect();
    entries.extend(libpq_databases(command, start));
    entries.sort_by_key(|entry| entry.value.span);
    entries
}

/// The variable that what follows is assigned to, or a default of.
fn assigned_to(before: &str) -> Option<std::ops::Range<usize>> {
    let before = before.trim_end_matches(['"', '\'', '\\']);
    let before = before.strip_suffix(['=', '-', '?'])?;
    let before = before.strip_suffix(':').unwrap_or(before);
    let is_of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let name = before.len() - before.trim_end_matches(is_of_name).len();
    (name > 0).then(|| before.len() - name..before.len())
}

fn libpq_databases(command: &str, start: usize) -> Vec<Entry> {
    let starts = memchr::memmem::find_iter(command.as_bytes(), LIBPQ_DATABASE);
    starts
        .filter_map(|at| {
            let end = at + LIBPQ_DATABASE.len();
            let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
            let rest = command[end..].strip_prefix('=')?;
            let value = rest.trim_start_matches(['"', '\'', '\\']);
            let from = command.len() - value.len();
            let ends = |character: char| {
                character.is_whitespace()
                    || matches!(character, '"' | '\'' | '\\' | ';' | '&' | '|')
            };
            let mut characters = value.char_indices().take(LONGEST_NAME + 1);
            let found = characters.find(|(_, character)| ends(*character));
            let length = found.map_or(value.len(), |(length, _)| length);
            let is_whole = !command[..at].ends_with(is_word);
            (is_whole && 0 < length && length <= LONGEST_NAME).then(|| Entry {
                name: At::new(LIBPQ_DATABASE.to_owned(), Span::new(at, end).shifted(start)),
                value: At::new(
                    value[..length].to_owned(),
                    Span::new(from, from + length).shifted(start),
                ),
                interpolates: true,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings as `within/name=value`; checks that spans hold what they say.
    fn sketch(text: &str, parsed: &Parsed<Settings>) -> Vec<String> {
        let settings = parsed.facts.settings.iter();
        settings
            .map(|Setting { entry, within }| {
                assert_eq!(text[entry.value.span.range()], entry.value.value);
                let mut path = within.clone();
                path.push(format!("{}={}", entry.name.value, entry.value.value));
                path.join("/")
            })
            .collect()
    }

    #[test]
    fn kubernetes_objects_and_values_are_read() {
        let text = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: kiln
spec:
  template:
    spec:
      containers:
        - name: app
          env:
            - name: DATABASE_URL
              value: \"postgresql://a:b@db/kiln\"
            - name: SECRET
              valueFrom: { secretKeyRef: { name: kiln, key: url } }
            - { name: PGDATABASE, value: kiln }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: glaze }
data:
  DATABASE_URL: postgresql://a:b@db/glaze
  OTHER: x
  nested: |
    URL=postgres://x/y
";
        assert_eq!(
            sketch(text, &parse_deployment(text)),
            [
                "kiln/spec/template/spec/containers/app/env/DATABASE_URL=postgresql://a:b@db/kiln",
                "kiln/spec/template/spec/containers/app/env/PGDATABASE=kiln",
                "glaze/data/DATABASE_URL=postgresql://a:b@db/glaze",
            ]
        );
        let text = "kiln:\n  env: { DATABASE_URL: \"postgres://db/kiln\" }\nliterals: [A=postgres://db/x, B]\n";
        assert_eq!(
            sketch(text, &parse_deployment(text)),
            [
                "kiln/env/DATABASE_URL=postgres://db/kiln",
                "literals/A=postgres://db/x"
            ]
        );
        assert!(is_kubernetes("# x\napiVersion: v1\nkind: Pod\n"));
        assert!(!is_kubernetes("a:\n  apiVersion: v1\nkind: Pod\n"));
    }

    #[test]
    fn schemas_are_read_from_the_package_and_its_commands() {
        let text = r#"{ "prisma": { "seed": "tsx seed.ts", "schema": "db/main.prisma" }, "scripts": {
            "a": "npx prisma@6.19 generate --schema=./a.prisma && echo --schema no",
            "b": "dotenv -- prisma --schema \"b\" migrate deploy",
            "c": "prisma generate --schema ; prisma db push --schema='c'",
            "d": "other --schema d.prisma; ./node_modules/.bin/prisma migrate dev --schema d"
        } }"#;
        let schemas = parse_package(text).facts.schemas;
        let found: Vec<(&str, Option<&str>)> = schemas
            .iter()
            .map(|schema| {
                assert_eq!(text[schema.path.span.range()], schema.path.value);
                (schema.path.value.as_str(), schema.command.as_deref())
            })
            .collect();
        assert_eq!(
            found,
            [
                ("db/main.prisma", None),
                ("./a.prisma", Some("generate")),
                ("b", Some("")),
                ("c", Some("db")),
                ("d", Some("migrate")),
            ]
        );
    }

    #[test]
    fn templates_and_broken_texts_are_no_error() {
        for text in [
            "{{- if .Values.x }}\na: postgres://x/y\n{{ end }}",
            "a: [",
            "",
            "{",
            "[1, {",
        ] {
            let _ = parse_deployment(text);
            let _ = parse_package(text);
        }
        assert!(
            parse_deployment("{{- if }}\na: postgres://x/y")
                .facts
                .settings
                .is_empty()
        );
    }

    #[test]
    fn nothing_hostile_takes_long() {
        let bomb = (1..30).fold(
            "x0: &a0 { u: postgres://x/y }\n".to_owned(),
            |text, level| {
                let below = level - 1;
                format!("{text}x{level}: &a{level} [*a{below}, *a{below}, *a{below}]\n")
            },
        );
        let _ = parse_deployment(&bomb);
        for piece in ["PGDATABASE=", "A=postgres://", "\\\"", "${A:-postgres://x"] {
            let text = piece.repeat(100_000);
            let _ = in_command(&text, Span::new(0, text.len()));
        }
    }

    #[test]
    fn the_scripts_of_a_package_are_read() {
        let text = r#"{ "name": "postgres://no/no", "scripts": {
            "a": "DATABASE_URL=postgres://u:p@h/a prisma migrate deploy",
            "b": "cross-env DATABASE_URL=\"postgres://u:p@h/b\" x && PGDATABASE=c psql",
            "c": "psql postgres://u:p@h/d -c 'select 1'",
            "d": "export A=${A:-postgres://u:p@h/e}"
        } }"#;
        assert_eq!(
            sketch(text, &parse_package(text)),
            [
                "a/DATABASE_URL=postgres://u:p@h/a",
                "b/DATABASE_URL=postgres://u:p@h/b",
                "b/PGDATABASE=c",
                "c/=postgres://u:p@h/d",
                "d/A=postgres://u:p@h/e",
            ]
        );
    }
}
