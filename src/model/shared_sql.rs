//! SQL that several files make up: a client that another file opens, `import { pool } from "./db"`, or a text that
//! another file holds, `import { ALL } from "./queries"`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::discover::is_test_code;
use crate::parse::typescript::{Lent, Query, Run, SourceCode, Taken};
use crate::parse::{AllFacts, Facts};
use crate::resolution::Resolution;
use crate::source::{FileId, Place, Sources, import_candidates};

/// Where SQL is run that stands in another file: the expressions that run it, by the names of tables in it.
pub(super) type RunElsewhere = HashMap<Place, Vec<Place>>;

/// The facts in which SQL stands with the rest of its file where another file tells that it is run, and that it is
/// PostgreSQL's.
pub(super) fn settled(sources: &Sources, mut facts: AllFacts) -> (AllFacts, RunElsewhere) {
    let mut run_elsewhere = RunElsewhere::new();
    let takes_part = |(id, _): &(FileId, _)| {
        code_of(&facts, *id).is_some_and(|code| !code.runs.is_empty() || !code.taken.is_empty())
    };
    let files: Vec<_> = sources.files().filter(takes_part).collect();
    if files.is_empty() {
        return (facts, run_elsewhere);
    }
    let resolution = Resolution::of(sources.as_slice());
    // What is lent is told of the facts as they were parsed.
    let mut changed: BTreeMap<FileId, SourceCode> = BTreeMap::new();
    for (id, file) in files {
        let Some(code) = code_of(&facts, id) else {
            continue;
        };
        let find = |specifier: &str| {
            let stands = |path: &str| sources.find_seen(path).is_some();
            let targets = resolution.targets(&file.path, specifier, stands);
            let mut files = targets.iter().flat_map(|target| import_candidates(target));
            files.find_map(|path| sources.find(&path))
        };
        let opens = |specifier: &str, client: &String| {
            let opener = find(specifier).and_then(|file| code_of(&facts, file));
            opener.is_some_and(|code| code.shared_clients.contains(client))
        };
        let mut change = |file: FileId, change: &dyn Fn(&mut SourceCode)| {
            if let Some(code) = code_of(&facts, file) {
                change(changed.entry(file).or_insert_with(|| code.clone()));
            }
        };
        for run in &code.runs {
            if opens(&run.specifier, &run.client) {
                change(id, &|code| code.add(run.clone()));
            }
        }
        // What tests run is no statement about the product.
        let taken = code.taken.iter().filter(|_| !is_test_code(&file.path));
        for taken in taken {
            let is_opened = taken.client.as_ref();
            let is_opened = is_opened.is_none_or(|(file, client)| opens(file, client));
            let Some(lender) = find(&taken.specifier).filter(|_| is_opened) else {
                continue;
            };
            let lent = code_of(&facts, lender).map(|code| code.lent.iter());
            let lent = lent.and_then(|mut lent| lent.find(|lent| lent.name == taken.name));
            let Some(lent) = lent else {
                continue;
            };
            let own = code_of(&facts, lender).map_or(&[][..], |code| &code.references);
            for reference in lent.references.iter().filter(|it| !own.contains(it)) {
                let name = reference.name.span().in_file(lender);
                let runs = run_elsewhere.entry(name).or_default();
                runs.push(taken.span.in_file(id));
            }
            change(lender, &|code| code.add_run(lent));
            change(id, &|code| code.know(taken, lent));
        }
    }
    for (file, code) in changed {
        if let Facts::Code(parsed) = &*facts[file.0 as usize] {
            let mut parsed = parsed.clone();
            parsed.facts = code;
            facts[file.0 as usize] = Arc::new(Facts::Code(parsed));
        }
    }
    (facts, run_elsewhere)
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
        self.sort_sql();
    }

    /// Takes in a text of its own that another file runs.
    fn add_run(&mut self, lent: &Lent) {
        self.references.extend(lent.references.iter().cloned());
        let changes = lent.changes.iter();
        let new: Vec<_> = changes.filter(|it| !self.changes.contains(it)).collect();
        self.changes.extend(new.into_iter().cloned());
        self.reaches.extend(lent.reaches.iter().cloned());
        self.sort_sql();
    }

    /// Takes in what is known of a text that it runs.
    fn know(&mut self, taken: &Taken, lent: &Lent) {
        self.queries.retain(|query| query.span != taken.span);
        self.queries.push(Query {
            span: taken.span,
            is_known: lent.is_known,
        });
        self.sort_sql();
    }

    fn sort_sql(&mut self) {
        self.queries.sort_by_key(|query| query.span);
        self.references.sort_by_key(|it| it.name.span());
        self.references.dedup();
        self.reaches.sort_by_key(|reach| reach.words.span);
        self.reaches.dedup();
    }
}
