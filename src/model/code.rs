//! The source files of a workspace.

use crate::discover::is_test_code;
use crate::model::Workspace;
use crate::parse::Facts;
use crate::parse::typescript::SourceCode;
use crate::source::FileId;

/// A source file that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodeFile<'w> {
    /// The file.
    pub(super) file: FileId,
    /// Its path from the workspace root.
    pub(super) path: &'w str,
    /// What it says.
    pub(super) code: &'w SourceCode,
    /// Whether it is test code, whose connections are no statement about the product.
    pub(super) is_test: bool,
}

impl Workspace<'_> {
    /// The source files that were read, in the order of their paths.
    pub(super) fn code_files(&self) -> impl Iterator<Item = CodeFile<'_>> {
        let files = self.sources.files();
        files.filter_map(|(file, source)| match self.facts(file) {
            Facts::Code(parsed) => Some(CodeFile {
                file,
                path: &source.path,
                code: &parsed.facts,
                is_test: is_test_code(&source.path),
            }),
            _ => None,
        })
    }
}
