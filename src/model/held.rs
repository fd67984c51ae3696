//! What a holding is called, and where its parts stand.

use crate::finding::Owner;
use crate::model::Workspace;
use crate::model::holdings::{Holding, PointerKind};
use crate::parse::Facts;
use crate::parse::prisma::{Datasource, PrismaFile, Value};
use crate::source::{FileId, Place, Placed, Span, join, parent};

impl Holding {
    /// Whose its findings are: the first of its owners, else nobody's.
    pub fn owner(&self) -> Owner {
        self.owners.first().cloned().unwrap_or_default()
    }

    /// What people call it: its service's name, else its folder.
    pub fn name(&self) -> &str {
        let service = self.owners.first().and_then(|it| it.service.as_deref());
        match service {
            Some(service) => service,
            None if self.folder.is_empty() => "the workspace",
            None => &self.folder,
        }
    }
}

impl Workspace<'_> {
    /// The files of a holding's Prisma schema with what they say.
    pub(super) fn schema_parts<'w>(
        &'w self,
        holding: &'w Holding,
    ) -> impl Iterator<Item = (FileId, &'w PrismaFile)> {
        let files = holding.schema_files.iter();
        files.filter_map(|&id| match self.facts(id) {
            Facts::Prisma(parsed) => Some((id, &parsed.facts)),
            _ => None,
        })
    }

    /// The first datasource of a holding's Prisma schema.
    pub(super) fn datasource<'w>(
        &'w self,
        holding: &'w Holding,
    ) -> Option<(FileId, &'w Datasource)> {
        self.schema_parts(holding)
            .find_map(|(file, schema)| Some((file, schema.datasources.first()?)))
    }

    /// The provider that a holding's datasource names, if it is a literal of a file that can be read.
    pub(super) fn provider(&self, holding: &Holding) -> Option<Placed<String>> {
        let (file, datasource) = self.datasource(holding)?;
        if !self.facts(file).problems().is_empty() {
            return None;
        }
        match &datasource.provider {
            Some(Value::Literal(provider)) => Some(provider.in_file(file)),
            _ => None,
        }
    }

    /// Where something stands that a holding's migrations lack: at the name of the datasource, else of the
    /// first model.
    pub(super) fn schema_name_token(&self, holding: &Holding) -> Option<Place> {
        holding.datasource.or_else(|| {
            let mut parts = self.schema_parts(holding);
            parts.find_map(|(file, schema)| Some(schema.models.first()?.name.span.in_file(file)))
        })
    }

    /// The folder in which a holding's migrations stand, or would stand: where a config says, else beside
    /// its Prisma schema, unless those there are another schema's.
    pub(super) fn expected_migrations(&self, holding: &Holding) -> Option<String> {
        if let Some(folder) = &holding.migrations_folder {
            return Some(folder.clone());
        }
        let mut pointers = holding.pointers.iter();
        let said = pointers.find(|pointer| pointer.kind == PointerKind::MigrationsPath);
        let folder = if let Some(said) = said {
            said.path.clone()
        } else {
            let schema = holding.datasource?.file;
            join(parent(&self.sources.file(schema).path), "migrations")?
        };
        let mut others = self.holdings().iter();
        let is_anothers = others.any(|it| it.migrations_folder.as_ref() == Some(&folder));
        (!is_anothers).then_some(folder)
    }

    /// The first line of a file that is neither empty nor a comment, without its indentation; else the first
    /// that is not empty.
    pub(super) fn first_line(&self, file: FileId) -> Option<Place> {
        let source = self.sources.file(file);
        let comments = self.facts(file).comments();
        let lines = (0..source.line_starts().len()).filter_map(|line| {
            let span = source.line_span(line);
            let text = source.slice(span);
            let content = text.trim_start_matches('\u{feff}').trim();
            let start = span.start as usize + text.find(content).unwrap_or(0);
            let content = Span::new(start, start + content.len());
            (!content.is_empty()).then_some(content)
        });
        let mut first = None;
        for span in lines {
            first.get_or_insert(span);
            let at = comments.partition_point(|comment| comment.end <= span.start);
            let is_comment = comments.get(at).is_some_and(|it| it.start <= span.start);
            if !is_comment {
                return Some(span.in_file(file));
            }
        }
        first.map(|span| span.in_file(file))
    }
}
