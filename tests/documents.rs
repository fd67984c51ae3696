//! Runs the documents of the rules: every `##` section is a small workspace and what its rule says of it.
//!
//! With `DBFENCE_BLESS=1` the `report` and `fixed` blocks are written anew instead of compared.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use dbfence::check::check;
use dbfence::discover::{self, compare_in_memory, in_memory};
use dbfence::finding::{Finding, Outcome};
use dbfence::fix;
use dbfence::policy::{self, Policy};
use dbfence::rule::{Rule, RuleSet};
use dbfence::rules;
use dbfence::source::{Place, Sources};

/// A fenced block of a document.
struct Block {
    /// The words after the language.
    info: Vec<String>,
    language: String,
    text: String,
    /// Lines of the document between the fences.
    lines: std::ops::Range<usize>,
}

struct Section {
    heading: String,
    blocks: Vec<Block>,
}

impl Section {
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let is_file =
            |block: &&Block| !block.info.is_empty() && !block.is("fixed") && !block.is("before");
        self.blocks
            .iter()
            .filter(is_file)
            .map(|block| (block.info[0].clone(), block.bytes()))
            .collect()
    }

    /// What the default branch has, if that is told.
    fn before(&self) -> Vec<(String, String)> {
        let blocks = self.blocks.iter().filter(|block| block.is("before"));
        blocks
            .map(|block| (block.info[0].clone(), block.text.clone()))
            .collect()
    }

    fn report(&self) -> Option<&Block> {
        self.blocks.iter().find(|block| block.language == "report")
    }
}

impl Block {
    /// Whether `word` stands behind the path: `fixed` for what a fix leaves, `before` for what the default
    /// branch has there, `latin1` for a file that is not written in UTF-8 but in ISO 8859-1.
    fn is(&self, word: &str) -> bool {
        self.info.get(1).is_some_and(|written| written == word)
    }

    /// The content of the file.
    fn bytes(&self) -> Vec<u8> {
        if self.is("latin1") {
            let bytes = self.text.chars().map(u8::try_from);
            bytes.collect::<Result<_, _>>().unwrap()
        } else {
            self.text.clone().into_bytes()
        }
    }
}

fn sections(document: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in document.lines().enumerate() {
        if let Some(block) = &mut open {
            if line.trim_end() == "```" {
                block.lines.end = number;
                let done = open.take().unwrap();
                if let Some(section) = sections.last_mut() {
                    section.blocks.push(done);
                }
            } else {
                writeln!(block.text, "{line}").unwrap();
            }
        } else if let Some(info) = line.strip_prefix("```") {
            let mut words = info.split_whitespace().map(str::to_owned);
            open = Some(Block {
                language: words.next().unwrap_or_default(),
                info: words.collect(),
                text: String::new(),
                lines: number + 1..number + 1,
            });
        } else if let Some(heading) = line.strip_prefix("## ") {
            sections.push(Section {
                heading: heading.to_owned(),
                blocks: Vec::new(),
            });
        }
    }
    assert!(open.is_none(), "a block is not closed");
    sections
}

fn run(
    rule: &Rule,
    files: &[(String, Vec<u8>)],
    before: &[(String, String)],
) -> (Sources, Outcome) {
    // What silences others is seen on what the others say.
    let is_about_others = rule.review.is_some();
    let all = if is_about_others {
        rules::ALL.to_vec()
    } else {
        vec![*rule]
    };
    let rules = RuleSet::new(all).unwrap();
    let config = files.iter().find(|(path, _)| path == policy::FILE_NAME);
    let config = config.map_or("", |(_, text)| std::str::from_utf8(text).unwrap());
    let mut policy = Policy::read(config, rules.catalogue()).unwrap();
    let level = format!("{}=error", rule.entry.name);
    policy.override_rule(&level, rules.catalogue()).unwrap();
    let mut sources = in_memory(files.iter().cloned(), &discover::Options::of(&policy));
    if !before.is_empty() {
        compare_in_memory(&mut sources, before.iter().cloned());
    }
    let mut outcome = check(&sources, &policy, &rules);
    if is_about_others {
        let own = |finding: &Finding| finding.rule == rule.entry.name;
        outcome.findings.retain(own);
    }
    (sources, outcome)
}

fn show(sources: &Sources, findings: &[Finding]) -> String {
    let at = |place: Place| {
        let file = sources.file(place.file);
        let start = file.position(place.span.start);
        format!("{}:{}:{}", file.path, start.line, start.column)
    };
    let shown: Vec<String> = findings
        .iter()
        .map(|finding| {
            let mut text = format!("{} {}\n", at(finding.place), finding.message);
            let wrong = sources.slice(finding.place);
            if !wrong.contains('\n') && !wrong.is_empty() {
                writeln!(text, "  text: {wrong}").unwrap();
            }
            for label in &finding.labels {
                writeln!(text, "  {} {}", at(label.place), label.message).unwrap();
            }
            writeln!(text, "  help: {}", finding.help).unwrap();
            if let Some(fix) = &finding.fix {
                let safety = format!("{:?}", fix.safety).to_lowercase();
                writeln!(text, "  fix: {} ({safety})", fix.title).unwrap();
            }
            text
        })
        .collect();
    shown.join("\n")
}

/// The files that the fixes of all findings leave.
fn fixed(sources: &Sources, findings: &[Finding]) -> BTreeMap<String, String> {
    let fixes = findings.iter().filter_map(|finding| finding.fix.as_ref());
    fix::apply(sources, fixes)
        .into_iter()
        .map(|(file, text)| (sources.file(file).path.clone(), text))
        .collect()
}

fn with_changes(
    files: &[(String, Vec<u8>)],
    changed: &BTreeMap<String, String>,
) -> Vec<(String, Vec<u8>)> {
    let bytes = |path: &String, old: &Vec<u8>| match changed.get(path) {
        Some(text) => text.clone().into_bytes(),
        None => old.clone(),
    };
    files
        .iter()
        .map(|(path, old)| (path.clone(), bytes(path, old)))
        .collect()
}

/// Runs one document. Gives the faults, and the document with its blocks as they should be.
fn run_document(rule: &Rule) -> (Vec<String>, String) {
    let document = rule.entry.document;
    let mut lines: Vec<Option<String>> =
        document.lines().map(|line| Some(line.to_owned())).collect();
    let mut faults = Vec::new();
    let (mut has_fired, mut has_rested) = (false, false);
    for section in sections(document) {
        let files = section.files();
        if files.is_empty() {
            continue;
        }
        let before = section.before();
        let (sources, outcome) = run(rule, &files, &before);
        let shown = show(&sources, &outcome.findings);
        let expected = section
            .report()
            .map(|block| block.text.clone())
            .unwrap_or_default();
        has_fired |= !shown.is_empty();
        has_rested |= shown.is_empty();
        if shown != expected {
            faults.push(format!(
                "{}: expected\n{expected}\nbut it says\n{shown}",
                section.heading
            ));
        }
        if let Some(block) = section.report() {
            replace(&mut lines, block, &shown);
        }
        let changed = fixed(&sources, &outcome.findings);
        for block in section.blocks.iter().filter(|block| block.is("fixed")) {
            let left = changed.get(&block.info[0]).cloned().unwrap_or_default();
            if left != block.text {
                faults.push(format!("{}: the fix leaves\n{left}", section.heading));
            }
            replace(&mut lines, block, &left);
        }
        let has_all_fixes = outcome.findings.iter().all(|finding| finding.fix.is_some());
        if has_all_fixes && !outcome.findings.is_empty() {
            let files = with_changes(&files, &changed);
            let (sources, outcome) = run(rule, &files, &before);
            if !outcome.findings.is_empty() {
                let shown = show(&sources, &outcome.findings);
                faults.push(format!(
                    "{}: after its fix the rule still says\n{shown}",
                    section.heading
                ));
            }
        }
    }
    if !has_fired {
        faults.push("it never fires".to_owned());
    }
    if !has_rested {
        faults.push("it never rests".to_owned());
    }
    let mut blessed: String = lines
        .into_iter()
        .flatten()
        .map(|line| line + "\n")
        .collect();
    if !document.ends_with('\n') {
        blessed.pop();
    }
    (faults, blessed)
}

fn replace(lines: &mut [Option<String>], block: &Block, text: &str) {
    let fence = block.lines.start - 1;
    for line in &mut lines[block.lines.clone()] {
        *line = None;
    }
    let opening = lines[fence].take().unwrap_or_default();
    lines[fence] = Some(
        format!("{opening}\n{text}")
            .trim_end_matches('\n')
            .to_owned(),
    );
}

fn path_of(rule: &Rule) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("rules")
        .join(rule.entry.category)
        .join(format!("{}.md", rule.entry.name))
}

#[test]
fn every_document_says_what_its_rule_does() {
    let is_blessing = std::env::var_os("DBFENCE_BLESS").is_some();
    let mut faults = Vec::new();
    for rule in rules::ALL {
        let (found, blessed) = run_document(rule);
        if is_blessing {
            fs::write(path_of(rule), blessed).unwrap();
        }
        faults.extend(
            found
                .into_iter()
                .map(|fault| format!("{}: {fault}", rule.entry.name)),
        );
    }
    assert!(is_blessing || faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_document_belongs_to_a_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    for category in fs::read_dir(folder).unwrap() {
        for document in fs::read_dir(category.unwrap().path()).unwrap() {
            let path = document.unwrap().path();
            let known = rules::ALL.iter().any(|rule| path_of(rule) == path);
            assert!(known, "{} belongs to no rule", path.display());
        }
    }
}

#[test]
fn every_front_matter_is_complete() {
    for rule in rules::ALL {
        let matter = rule.entry.front_matter().unwrap();
        assert!(
            !matter.title.is_empty() && !matter.title.ends_with('.'),
            "{}",
            rule.entry.name
        );
        assert!(
            !matter.articles.is_empty(),
            "{} serves no article",
            rule.entry.name
        );
        assert!(
            matter
                .articles
                .iter()
                .all(|article| (1..=12).contains(article))
        );
    }
}
