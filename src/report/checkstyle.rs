//! Checkstyle's XML: the findings by file.

use super::document::{path_in_repository, range};
use super::xml::{Element, document};
use crate::finding::Outcome;
use crate::source::{FileId, Sources};

/// The document.
pub(super) fn render(sources: &Sources, outcome: &Outcome) -> String {
    let mut root = Element::new("checkstyle").with("version", "4.3");
    // The findings are in the order of their files.
    let of_one_file = outcome
        .findings
        .chunk_by(|a, b| a.place.file == b.place.file);
    for findings in of_one_file {
        let mut file = element(sources, findings[0].place.file);
        for finding in findings {
            let at = range(sources, finding.place);
            let error = Element::new("error")
                .with("line", at.line)
                .with("column", at.column)
                .with("severity", finding.severity.as_str())
                .with("message", format!("{}: {}", finding.message, finding.help))
                .with(
                    "source",
                    format!("dbfence.{}.{}", finding.category, finding.rule),
                );
            file = file.holding(error);
        }
        root = root.holding(file);
    }
    document(&root)
}

fn element(sources: &Sources, file: FileId) -> Element {
    let path = path_in_repository(sources, &sources.file(file).path);
    Element::new("file").with("name", path)
}
