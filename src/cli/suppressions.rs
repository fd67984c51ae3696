//! `dbfence check --add-suppressions`: comments written into the files of the workspace.

use std::path::Path;

use super::write::write_whole;
use super::{Failure, output};
use crate::check::check_again;
use crate::finding::{self, Finding};
use crate::model::generated;
use crate::parse::Kept;
use crate::policy::Policy;
use crate::rule::RuleSet;
use crate::source::{FileId, SILENCER, Sources};
use crate::suppress::add::{Added, Judges, add};

/// The reason as it stands in comments.
pub(super) fn reason(written: &str) -> Result<String, Failure> {
    let words: Vec<&str> = written.split_whitespace().collect();
    let reason = words.join(" ");
    let fault = if reason.is_empty() {
        "it is empty"
    } else if reason.contains(char::is_control) {
        "it holds control characters"
    } else if reason.contains(SILENCER) {
        "it holds another silencer"
    } else {
        return Ok(reason);
    };
    Err(Failure::with_help(
        format!("--add-suppressions: the reason cannot be written, {fault}"),
        "say in a sentence why these findings are to be passed over",
    ))
}

/// Writes comments that silence the findings, says on standard error what came of it, and checks again.
pub(super) fn write(
    root: &Path,
    sources: &mut Sources,
    policy: &Policy,
    rules: &RuleSet,
    findings: &[Finding],
    reason: &str,
) -> Result<finding::Outcome, Failure> {
    let mut kept = Kept::default();
    let facts = kept.parse_all(sources);
    let generated: Vec<bool> = sources
        .files()
        .map(|(id, file)| {
            let header = generated::header(&file.text, facts[id.0 as usize].comments());
            header.is_some_and(|header| generated::says_so(file.slice(header)))
        })
        .collect();
    let mut judges = Judges {
        check: &mut |sources| check_again(&mut kept, sources, policy, rules),
        is_generated: &|file: FileId| generated[file.0 as usize],
        catalogue: rules.catalogue(),
    };
    let added = add(sources, &facts, findings, reason, &mut judges);
    for (&file, text) in &added.texts {
        let path = root.join(&sources.file(file).path);
        write_whole(&path, text).map_err(|error| {
            Failure::with_help(
                format!("`{}` cannot be written: {error}", path.display()),
                "make it writable and run the command again; what is written so far stays",
            )
        })?;
    }
    output::note(&said(sources, &added));
    for (file, text) in added.texts {
        sources.set_text(file, text);
    }
    Ok(check_again(&mut kept, sources, policy, rules))
}

fn said(sources: &Sources, added: &Added) -> Vec<String> {
    let count = |number: usize, what: &str| {
        let ending = if number == 1 { "" } else { "s" };
        format!("{number} {what}{ending}")
    };
    let (findings, files) = (added.silenced, added.texts.len());
    let mut lines = vec![format!(
        "silenced {} in {}",
        count(findings, "finding"),
        count(files, "file")
    )];
    lines.extend(added.left.iter().map(|(finding, why)| {
        let file = sources.file(finding.place.file);
        let at = file.position(finding.place.span.start);
        format!(
            "not silenced: {}:{}:{} {}: {why}",
            file.path, at.line, at.column, finding.rule
        )
    }));
    lines
}
