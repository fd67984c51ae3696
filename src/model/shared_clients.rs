//! SQL that is run by a client which another file opens: `import { pool } from "./db"`.

use std::sync::Arc;

use crate::parse::typescript::{Run, SourceCode};
use crate::parse::{AllFacts, Facts};
use crate::resolution::Resolution;
use crate::source::{FileId, Sources, import_candidates};

/// The facts in which SQL stands with the rest of its file where the file that opens its client tells that it
/// is PostgreSQL's.
pub(super) fn settled(sources: &Sources, mut facts: AllFacts) -> AllFacts {
    let has_runs =
        |(id, _): &(FileId, _)| code_of(&facts, *id).is_some_and(|code| !code.runs.is_empty());
    let files: Vec<_> = sources.files().filter(has_runs).collect();
    if files.is_empty() {
        return facts;
    }
    let resolution = Resolution::of(sources.as_slice());
    for (id, file) in files {
        let opens = |run: &&Run| {
            let stands = |path: &str| sources.find_seen(path).is_some();
            let targets = resolution.targets(&file.path, &run.specifier, stands);
            let mut files = targets.iter().flat_map(|target| import_candidates(target));
            let opener = files.find_map(|path| sources.find(&path));
            let opener = opener.and_then(|file| code_of(&facts, file));
            opener.is_some_and(|code| code.shared_clients.contains(&run.client))
        };
        let Facts::Code(parsed) = &*facts[id.0 as usize] else {
            continue;
        };
        let runs: Vec<Run> = parsed.facts.runs.iter().filter(opens).cloned().collect();
        if runs.is_empty() {
            continue;
        }
        let mut parsed = parsed.clone();
        for run in runs {
            parsed.facts.add(run);
        }
        facts[id.0 as usize] = Arc::new(Facts::Code(parsed));
    }
    facts
}

fn code_of(facts: &AllFacts, file: FileId) -> Option<&SourceCode> {
    match &*facts[file.0 as usize] {
        Facts::Code(parsed) => Some(&parsed.facts),
        _ => None,
    }
}

impl SourceCode {
    fn add(&mut self, run: Run) {
        self.passed_over.retain(|&span| span != run.query.span);
        self.queries.push(run.query);
        self.references.extend(run.references);
        self.changes.extend(run.changes);
        self.reaches.extend(run.reaches);
        self.queries.sort_by_key(|query| query.span);
        self.references.sort_by_key(|it| it.name.span());
        self.references.dedup();
        self.reaches.sort_by_key(|reach| reach.words.span);
        self.reaches.dedup();
    }
}
