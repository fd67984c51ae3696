//! What a `prisma.config.ts` says about its module.

use crate::model::evaluate::{Evaluator, Kind, Lookup, Object, Scripts, Site, Value};
use crate::model::registry::{Field, text};
use crate::model::value::{Dynamic, Origin, Piece, Text};
use crate::parse::script::{Expr, ExprKind};
use crate::source::{FileId, Place, Placed, file_name, parent};

/// What one Prisma config says.
#[derive(Clone, Debug, PartialEq)]
pub struct PrismaConfig {
    /// `schema`: a file or a folder, relative to the config's folder.
    pub schema: Field<Text>,
    /// `migrations.path`, relative to the config's folder.
    pub migrations_path: Field<Text>,
    /// `datasource.url`.
    pub datasource_url: Option<UrlSource>,
    /// `datasource.directUrl`.
    pub direct_url: Option<UrlSource>,
    /// `datasource.shadowDatabaseUrl`.
    pub shadow_database_url: Option<UrlSource>,
}

/// Where a connection string comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct UrlSource {
    /// The whole value in the config; strings without their quotes.
    pub place: Place,
    /// What is asked first.
    pub first: Source,
    /// What `??` and `||` ask next, in their order.
    pub fallbacks: Vec<Source>,
}

/// One place to take a connection string from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// An environment variable: `env("X")`, `process.env.X`.
    Env {
        /// Its name.
        name: Placed<String>,
    },
    /// A known string.
    Literal(Text),
    /// Something that cannot be known, at this place.
    Unknown(Place),
}

/// The folder that the paths of a config are relative to.
pub(super) fn config_folder(path: &str) -> &str {
    let folder = parent(path);
    if file_name(folder) == ".config" {
        parent(folder)
    } else {
        folder
    }
}

/// Reads the default export of `file`: `defineConfig({ … })` or an object.
pub fn prisma_config(scripts: &Scripts<'_>, file: FileId) -> PrismaConfig {
    let mut reader = Reader {
        evaluator: Evaluator::new(scripts, file),
    };
    let config = reader.evaluator.export(file, "default");
    let config = Section::of(config.as_ref());
    let (migrations, datasource) = (config.section("migrations"), config.section("datasource"));
    PrismaConfig {
        schema: config.path(&mut reader, "schema"),
        migrations_path: migrations.path(&mut reader, "path"),
        datasource_url: datasource.url(&mut reader, "url"),
        direct_url: datasource.url(&mut reader, "directUrl"),
        shadow_database_url: datasource.url(&mut reader, "shadowDatabaseUrl"),
    }
}

/// The config or a record in it.
enum Section<'v, 'a> {
    Absent,
    Known(&'v Object<'a>),
    Unknown(&'v Dynamic),
}

impl<'v, 'a> Section<'v, 'a> {
    fn of(value: Option<&'v Value<'a>>) -> Self {
        match value.map(|value| &value.kind) {
            Some(Kind::Object(object)) => Section::Known(object),
            Some(Kind::Dynamic(cause)) => Section::Unknown(&cause.dynamic),
            _ => Section::Absent,
        }
    }

    fn get(&self, key: &str) -> Lookup<'v, 'a> {
        match self {
            Section::Known(object) => object.get(key),
            Section::Unknown(dynamic) => Lookup::Unknown(dynamic),
            Section::Absent => Lookup::Absent,
        }
    }

    fn section(&self, key: &str) -> Section<'v, 'a> {
        match self.get(key) {
            Lookup::Known(member) => Section::of(Some(&member.value)),
            Lookup::Unknown(dynamic) => Section::Unknown(dynamic),
            Lookup::Absent => Section::Absent,
        }
    }

    fn path(&self, reader: &mut Reader<'a>, key: &str) -> Field<Text> {
        match self.get(key) {
            Lookup::Known(member) => reader.path(&member.value),
            Lookup::Unknown(dynamic) => Field::Dynamic(dynamic.clone()),
            Lookup::Absent => Field::Absent,
        }
    }

    fn url(&self, reader: &mut Reader<'a>, key: &str) -> Option<UrlSource> {
        match self.get(key) {
            Lookup::Known(member) => reader.url(&member.value),
            Lookup::Unknown(dynamic) => Some(UrlSource {
                place: dynamic.place,
                first: Source::Unknown(dynamic.place),
                fallbacks: Vec::new(),
            }),
            Lookup::Absent => None,
        }
    }
}

/// Fallbacks and constants that are followed from one URL.
const DEEPEST: u32 = 50;

struct Reader<'a> {
    evaluator: Evaluator<'a>,
}

impl<'a> Reader<'a> {
    fn path(&mut self, value: &Value<'a>) -> Field<Text> {
        let joined = match &value.kind {
            Kind::Dynamic(cause) => cause.stopped_at.and_then(|site| self.joined_path(site)),
            Kind::Nothing => return Field::Absent,
            _ => None,
        };
        match joined {
            Some(joined) => Field::Known(Text {
                origin: value.origin.clone(),
                ..joined
            }),
            None => text(value),
        }
    }

    /// `path.join("prisma", "schema")`, with or without the config's own folder before it.
    fn joined_path(&mut self, (file, expr): Site<'a>) -> Option<Text> {
        let ExprKind::Call { callee, arguments } = &expr.kind else {
            return None;
        };
        let own_folder = arguments.first().is_some_and(is_own_folder);
        match callee.value.as_str() {
            "join" | "path.join" | "path.posix.join" => {}
            "resolve" | "path.resolve" | "path.posix.resolve" if own_folder => {}
            _ => return None,
        }
        let mut joined = Text {
            value: String::new(),
            origin: Origin::written(expr.span.in_file(file)),
            pieces: Vec::new(),
        };
        for argument in &arguments[usize::from(own_folder)..] {
            let part = self.evaluator.evaluate(file, argument);
            let link = argument.span.in_file(file);
            let text = part.text()?;
            if !joined.value.is_empty() {
                joined.value.push('/');
            }
            let start = joined.value.len();
            joined.value.push_str(&text.value);
            joined
                .pieces
                .extend(text.pieces.into_iter().map(|piece| Piece {
                    range: piece.range.start + start..piece.range.end + start,
                    origin: piece.origin.through_container(link, &part.origin.links),
                }));
        }
        (!joined.value.is_empty()).then_some(joined)
    }

    fn url(&mut self, value: &Value<'a>) -> Option<UrlSource> {
        if matches!(value.kind, Kind::Nothing) {
            return None;
        }
        let mut sources = self.sources(value, DEEPEST).into_iter();
        Some(UrlSource {
            place: value.origin.nearest(),
            first: sources.next()?,
            fallbacks: sources.collect(),
        })
    }

    /// What is asked for the value, in this order.
    fn sources(&mut self, value: &Value<'a>, depth: u32) -> Vec<Source> {
        if let Some(text) = value.text() {
            return vec![Source::Literal(text)];
        }
        let known = match &value.kind {
            Kind::Dynamic(cause) if depth > 0 && self.evaluator.pay(1) => cause
                .stopped_at
                .and_then(|site| self.sources_at(site, depth - 1)),
            _ => None,
        };
        known.unwrap_or_else(|| vec![Source::Unknown(value.origin.nearest())])
    }

    fn sources_at(&mut self, (file, expr): Site<'a>, depth: u32) -> Option<Vec<Source>> {
        let name = match &expr.kind {
            ExprKind::Nullish(left, right) | ExprKind::Or(left, right) => {
                let mut sources = Vec::new();
                for side in [left, right] {
                    let side = self.evaluator.evaluate(file, side);
                    sources.extend(self.sources(&side, depth));
                }
                return Some(sources);
            }
            ExprKind::Call { callee, arguments } => match arguments.as_slice() {
                [name] if callee.value == "env" => self.known_name(file, name)?,
                _ => return None,
            },
            ExprKind::Member(object, name) if self.is_environment(file, object) => {
                name.in_file(file)
            }
            ExprKind::Index(object, name) if self.is_environment(file, object) => {
                self.known_name(file, name)?
            }
            _ => return None,
        };
        Some(vec![Source::Env { name }])
    }

    fn known_name(&mut self, file: FileId, expr: &'a Expr) -> Option<Placed<String>> {
        let name = self.evaluator.evaluate(file, expr).text()?;
        Some(Placed {
            place: name.place(),
            value: name.value,
        })
    }

    /// Whether an expression is `process.env`, perhaps through constants.
    fn is_environment(&mut self, file: FileId, expr: &'a Expr) -> bool {
        let value = self.evaluator.evaluate(file, expr);
        let Kind::Dynamic(cause) = &value.kind else {
            return false;
        };
        cause.stopped_at.is_some_and(|(_, expr)| match &expr.kind {
            ExprKind::Member(object, name) => {
                let process = matches!(&object.kind, ExprKind::Name(it) if it == "process");
                process && name.value == "env"
            }
            _ => false,
        })
    }
}

/// Whether an expression is the folder that the file lies in.
fn is_own_folder(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => name == "__dirname",
        ExprKind::Member(object, name) => {
            let meta = matches!(&object.kind, ExprKind::Name(it) if it == "import.meta");
            meta && name.value == "dirname"
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
