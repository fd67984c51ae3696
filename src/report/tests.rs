//! Every format over one small workspace, and over texts that mean harm.

mod formats;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::visible::is_hidden;
use super::{Format, Style};
use crate::catalogue::{Catalogue, Entry};
use crate::finding::{
    Edit, Finding, Fix, Inactive, Label, Open, Outcome, Safety, Severity, Silenced, Silencer,
    Subject, Summary, number, sort,
};
use crate::source::{FileId, Kind, Place, SourceFile, Sources, Span};

const COMPOSE: &str = "products/athenaeum/docker-compose.yml";
const REGISTRY: &str = "products/athenaeum/infra/service-registry.ts";

fn render(format: Format, sources: &Sources, outcome: &Outcome, style: &Style) -> String {
    super::render(format, sources, outcome, &catalogue(), style)
}

/// The rules of the examples.
fn catalogue() -> Catalogue {
    let entry = |name, document| Entry {
        name,
        category: "compose",
        document,
    };
    let mismatch = include_str!("../../rules/compose/database-url-mismatch.md");
    let drift = include_str!("../../rules/compose/service-port-drift.md");
    let entries = [
        entry("database-url-mismatch", mismatch),
        entry("service-port-drift", drift),
    ];
    Catalogue::new(entries).unwrap()
}

fn sources(files: &[(&str, &str)]) -> Sources {
    let files = files
        .iter()
        .map(|&(path, text)| SourceFile::new(path, Kind::Compose, text))
        .collect();
    Sources::new(PathBuf::new(), files, BTreeMap::new())
}

fn place(sources: &Sources, path: &str, text: &str) -> Place {
    let file = sources.find(path).unwrap();
    let start = sources.file(file).text.find(text).unwrap();
    Span::new(start, start + text.len()).in_file(file)
}

fn finding(place: Place) -> Finding {
    Finding {
        rule: "database-url-mismatch",
        category: "compose",
        severity: Severity::Error,
        message: "`loan-desk` connects to `catalog_index`, the database of `catalog-index`".into(),
        place,
        subject: Subject::default(),
        labels: Vec::new(),
        help: "write `loan_desk`".into(),
        fix: None,
        ordinal: 0,
    }
}

fn label(place: Place, message: &str) -> Label {
    Label {
        place,
        message: message.into(),
    }
}

fn outcome(findings: Vec<Finding>) -> Outcome {
    Outcome {
        findings,
        summary: Summary {
            files: 110,
            services: 12,
            ..Summary::default()
        },
        ..Outcome::default()
    }
}

/// A wrong database name with its owner in another file, and a warning without labels.
fn example() -> (Sources, Outcome) {
    let sources = sources(&[
        (
            COMPOSE,
            "services:\n  loan-desk:\n    environment:\n      \
             DATABASE_URL: postgresql://loan_desk@postgres:5432/catalog_index\n    \
             ports:\n      - \"4104:4104\"\n",
        ),
        (
            REGISTRY,
            "export const registry = {\n  \"catalog-index\": {\n    database: \"catalog_index\",\n    \
             port: 4101,\n  },\n  \"loan-desk\": {\n    database: \"loan_desk\",\n    port: 4102,\n  },\n};\n",
        ),
    ]);
    let wrong = place(&sources, COMPOSE, "catalog_index");
    let subject = Subject {
        product: Some("products/athenaeum".into()),
        service: Some("loan-desk".into()),
        object: "catalog_index".into(),
    };
    let mut findings = vec![
        Finding {
            subject: subject.clone(),
            labels: vec![
                label(
                    place(&sources, REGISTRY, "catalog_index"),
                    "`catalog-index` owns `catalog_index`",
                ),
                label(
                    place(&sources, REGISTRY, "loan_desk"),
                    "the database of `loan-desk`",
                ),
            ],
            fix: Some(Fix {
                safety: Safety::Safe,
                title: "write `loan_desk`".into(),
                edits: vec![Edit {
                    place: wrong,
                    text: "loan_desk".into(),
                }],
            }),
            ..finding(wrong)
        },
        Finding {
            rule: "service-port-drift",
            severity: Severity::Warning,
            message: "`loan-desk` listens on port 4104, the registry says 4102".into(),
            subject,
            help: "write `4102:4102`".into(),
            fix: Some(Fix {
                safety: Safety::Unsafe,
                title: "publish port 4102".into(),
                edits: Vec::new(),
            }),
            ..finding(place(&sources, COMPOSE, "4104:4104"))
        },
    ];
    sort(&mut findings);
    number(&mut findings);
    let inactive = |rule| Inactive {
        rule,
        product: None,
        reason: "no product has a registry".into(),
    };
    let summary = Summary {
        has_subject: true,
        files: 110,
        services: 12,
        inactive: vec![inactive("duplicate-port"), inactive("duplicate-route")],
        open: vec![Open {
            product: "products/athenaeum".into(),
            place: place(&sources, REGISTRY, "loan-desk"),
            reason: "a key cannot be evaluated".into(),
        }],
        ..Summary::default()
    };
    (
        sources,
        Outcome {
            silenced: silenced(wrong),
            findings,
            summary,
            ..Outcome::default()
        },
    )
}

/// Three findings that comments silence and one that the debt file holds.
fn silenced(place: Place) -> Vec<Silenced> {
    let silenced = |by| Silenced {
        finding: finding(place),
        by,
    };
    let reason = Some("the move is planned".to_owned());
    let comment = Silencer::Comment {
        place,
        reason: reason.clone(),
    };
    let debt = Silencer::Debt { place, reason };
    [comment.clone(), comment.clone(), comment, debt]
        .map(silenced)
        .into()
}

#[test]
fn pretty() {
    let (sources, outcome) = example();
    insta::assert_snapshot!(render(
        Format::Pretty,
        &sources,
        &outcome,
        &Style::default()
    ));
}

#[test]
fn pretty_in_colour_with_links() {
    let (sources, outcome) = example();
    let style = Style {
        color: true,
        hyperlinks: true,
        ..Style::default()
    };
    insta::assert_snapshot!(
        render(Format::Pretty, &sources, &outcome, &style).replace('\u{1b}', "␛")
    );
}

#[test]
fn concise() {
    let (sources, outcome) = example();
    insta::assert_snapshot!(render(
        Format::Concise,
        &sources,
        &outcome,
        &Style::default()
    ));
}

#[test]
fn json() {
    let (sources, outcome) = example();
    insta::assert_snapshot!(render(Format::Json, &sources, &outcome, &Style::default()));
}

#[test]
fn nothing_found() {
    let (sources, _) = example();
    let clean = outcome(Vec::new());
    let style = Style::default();
    assert_eq!(
        render(Format::Pretty, &sources, &clean, &style),
        "nothing found: 12 services, 110 files\n"
    );
    assert_eq!(render(Format::Concise, &sources, &clean, &style), "");
}

#[test]
fn a_format_is_found_by_its_name() {
    for format in Format::ALL {
        assert_eq!(Format::from_name(format.as_str()), Some(format));
    }
    assert_eq!(Format::from_name("Pretty"), None);
}

fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        "plain",
        "new\nline",
        "carriage\rreturn\r\n",
        "esc\u{1b}[31mred\u{1b}]0;title\u{7}\u{1b}]8;;http://x\u{1b}\\",
        "c1\u{9b}31m\u{85}\u{90}",
        "bidi\u{202e}\u{2066}\u{2069}\u{200f}\u{61c}",
        "lines\u{2028}\u{2029}",
        "unseen\u{200b}\u{200d}\u{feff}\u{ad}\u{e0041}\u{e007f}",
        "null\u{0}bell\u{7}back\u{8}\u{8}del\u{7f}",
        "%0A%25 100%",
        "::error file=x::injected",
        "##[error]injected\n::error::injected",
        "\"quotes\" 'and' `ticks` \\u{1b} \\n",
        "😀👩\u{200d}👩\u{200d}👧 日本語 e\u{301}",
        "tab\tin\tit",
        "`an odd backtick",
        "<script>&amp;]]>",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("x".repeat(1_000_000));
    texts.push("日\u{1b}".repeat(100_000));
    texts
}

/// A finding all of whose free texts, and the text it stands in, are `text`.
fn hostile_example(text: &str) -> (Sources, Outcome) {
    let path = format!("dir/{text}/compose.yml");
    let content = format!("first: {text}\nvalue: {text} # end\n{text}");
    let sources = sources(&[(&path, &content)]);
    let whole = place(&sources, &path, &content);
    let end = Span::new(content.len(), content.len()).in_file(whole.file);
    let value = place(&sources, &path, "value");
    let hostile = Finding {
        message: text.into(),
        subject: Subject {
            product: Some(text.into()),
            service: Some(text.into()),
            object: text.into(),
        },
        labels: vec![label(whole, text), label(end, text), label(value, text)],
        help: text.into(),
        fix: Some(Fix {
            safety: Safety::Safe,
            title: format!("do {text}"),
            edits: vec![Edit {
                place: value,
                text: text.into(),
            }],
        }),
        ..finding(value)
    };
    let mut outcome = outcome(vec![hostile]);
    outcome.summary.open.push(Open {
        product: text.into(),
        place: value,
        reason: text.into(),
    });
    outcome.summary.inactive.push(Inactive {
        rule: "duplicate-port",
        product: Some(text.into()),
        reason: text.into(),
    });
    (sources, outcome)
}

#[test]
fn no_format_passes_a_hidden_character_on() {
    for text in hostile() {
        let (sources, outcome) = hostile_example(&text);
        for format in Format::ALL {
            let out = render(format, &sources, &outcome, &Style::default());
            let hidden = out.chars().find(|&c| c != '\n' && is_hidden(c));
            assert_eq!(hidden, None, "{format:?} {text:.60?}");
        }
        let colourful = Style {
            color: true,
            hyperlinks: true,
            ..Style::default()
        };
        let concise = render(Format::Concise, &sources, &outcome, &colourful);
        assert_eq!(concise.matches('\u{1b}').count(), 2, "{text:.60?}");
    }
}

#[test]
fn a_finding_is_one_line_in_concise() {
    for text in hostile() {
        let (sources, outcome) = hostile_example(&text);
        let out = render(Format::Concise, &sources, &outcome, &Style::default());
        assert_eq!(out.lines().count(), 1, "{text:.60?}");
        assert!(
            out.starts_with("dir/") && out.ends_with('\n'),
            "{text:.60?}"
        );
    }
}

#[test]
fn json_reads_back_what_was_found() {
    for text in hostile() {
        let (sources, outcome) = hostile_example(&text);
        let out = render(Format::Json, &sources, &outcome, &Style::default());
        let read: serde_json::Value = serde_json::from_str(&out).unwrap();
        let found = &read["findings"][0];
        for key in ["message", "product", "service", "help"] {
            assert_eq!(found[key], *text);
        }
        assert_eq!(found["path"], *format!("dir/{text}/compose.yml"));
        assert_eq!(found["related"][2]["message"], *text);
        assert_eq!(found["fix"]["edits"][0]["text"], *text);
        assert_eq!(read["summary"]["open"][0]["reason"], *text);
        assert_eq!(read["summary"]["inactive_rules"][0]["product"], *text);
    }
}

#[test]
fn a_long_line_prints_one_screen() {
    let text = format!("{}needle{}", "a ".repeat(35_000), " b".repeat(500_000));
    let sources = sources(&[("a.yml", &text)]);
    let found = outcome(vec![finding(place(&sources, "a.yml", "needle"))]);
    let out = render(Format::Pretty, &sources, &found, &Style::default());
    assert!(out.contains("[a.yml:1:70001]"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    assert!(out.lines().count() < 10, "{out}");
}

/// Texts in which everything is odd: marks, line breaks, widths, ends.
const NASTY: [&str; 8] = [
    "",
    "\n",
    "\u{feff}",
    "no end",
    "a\r\n\rb\n\n\tc\u{1b}d\r",
    "\u{feff}a\u{301}\t日😀\r\nb\u{202e}é\u{85}\u{e0041}\n",
    "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa日日日日日日日日日日日日日日\u{1b}\u{1b}\t\t\t\tbbbbbbbbbbbbbbb\nc",
];

fn all_spans(text: &str, step: usize) -> Vec<Span> {
    let past_the_end = text.len() + 2;
    let mut spans: Vec<Span> = (0..=past_the_end)
        .flat_map(|start| (start..=past_the_end).map(move |end| Span::new(start, end)))
        .step_by(step)
        .collect();
    spans.push(Span::new(usize::MAX, usize::MAX));
    spans.push(Span::new(0, usize::MAX));
    spans
}

fn draws(sources: &Sources, finding: &Finding) {
    let found = outcome(vec![finding.clone()]);
    let is_safe = |format, style: &Style| {
        let out = render(format, sources, &found, style);
        assert!(!out.contains(|c| c != '\n' && is_hidden(c)), "{out}");
    };
    for format in Format::ALL {
        is_safe(format, &Style::default());
    }
    for width in [0, 45] {
        let style = Style {
            width,
            ..Style::default()
        };
        is_safe(Format::Pretty, &style);
    }
}

#[test]
fn every_span_of_a_nasty_text_is_drawn() {
    for text in NASTY {
        let sources = sources(&[("a.yml", text)]);
        for span in all_spans(text, 1) {
            draws(&sources, &finding(span.in_file(FileId(0))));
        }
    }
}

#[test]
fn every_pair_of_spans_is_drawn() {
    for text in NASTY {
        let sources = sources(&[("a.yml", text)]);
        let spans = all_spans(text, text.len() * text.len() / 32 + 1);
        for first in &spans {
            for second in &spans {
                let mut finding = finding(first.in_file(FileId(0)));
                finding.labels = vec![
                    label(second.in_file(FileId(0)), "second"),
                    label(first.in_file(FileId(0)), "first"),
                    label(second.in_file(FileId(0)), "second"),
                ];
                draws(&sources, &finding);
            }
        }
    }
}

#[test]
fn many_labels_on_one_line_are_counted_where_they_are_not_drawn() {
    let text = "ab ".repeat(200);
    let sources = sources(&[("a.yml", &text)]);
    let mut finding = finding(Span::new(0, 2).in_file(FileId(0)));
    finding.labels = (1..200)
        .map(|word| label(Span::new(word * 3, word * 3 + 2).in_file(FileId(0)), "word"))
        .collect();
    draws(&sources, &finding);
    let out = render(
        Format::Pretty,
        &sources,
        &outcome(vec![finding]),
        &Style::default(),
    );
    assert!(out.contains("188 more places"), "{out}");
}

/// The text above the underline of the first drawing.
fn underlined(out: &str) -> String {
    let lines: Vec<Vec<char>> = out.lines().map(|line| line.chars().collect()).collect();
    let row = lines
        .iter()
        .position(|line| line.contains(&'·'))
        .expect("an underline");
    lines[row]
        .iter()
        .zip(&lines[row - 1])
        .filter(|(under, _)| matches!(under, '─' | '▲'))
        .map(|(_, over)| over)
        .collect()
}

#[test]
fn what_is_underlined_is_what_was_meant() {
    let line: String = ('!'..='~').cycle().take(300).collect();
    let text = format!("first\n  {line}\nlast");
    let sources = sources(&[("a.yml", &text)]);
    let start = text.find(&line).unwrap();
    for offset in 0..line.len() {
        for length in [1, 2, 13, 30] {
            let end = (offset + length).min(line.len());
            let span = Span::new(start + offset, start + end);
            let found = outcome(vec![finding(span.in_file(FileId(0)))]);
            let style = Style {
                width: 60,
                ..Style::default()
            };
            let out = render(Format::Pretty, &sources, &found, &style);
            assert_eq!(underlined(&out), line[offset..end], "{out}");
            assert!(out.contains(&format!("[a.yml:2:{}]", offset + 3)), "{out}");
            assert!(
                out.lines().skip(2).all(|row| row.chars().count() <= 60),
                "{out}"
            );
        }
    }
}

#[test]
fn the_place_is_counted_in_code_points_behind_a_byte_order_mark() {
    let sources = sources(&[("a.yml", "\u{feff}é: 日x\r\n")]);
    let found = outcome(vec![finding(place(&sources, "a.yml", "x"))]);
    let out = render(Format::Pretty, &sources, &found, &Style::default());
    assert!(
        out.contains("[a.yml:1:5]\n 1 │ é: 日x\n   ·      ─\n"),
        "{out}"
    );
}

#[test]
fn overlapping_labels_get_a_drawing_each() {
    let sources = sources(&[("a.yml", "url: postgresql://host/name\n")]);
    let mut finding = finding(place(&sources, "a.yml", "name"));
    let url = place(&sources, "a.yml", "postgresql://host/name");
    finding.labels = vec![label(url, "in this string")];
    let out = render(
        Format::Pretty,
        &sources,
        &outcome(vec![finding]),
        &Style::default(),
    );
    insta::assert_snapshot!(out);
}

#[test]
fn a_label_on_the_own_place_is_written_under_it() {
    let sources = sources(&[("a.yml", "name: x\n")]);
    let mut finding = finding(place(&sources, "a.yml", "name"));
    finding.labels = vec![label(finding.place, "this one")];
    let out = render(
        Format::Pretty,
        &sources,
        &outcome(vec![finding]),
        &Style::default(),
    );
    assert_eq!(out.matches("a.yml").count(), 1, "{out}");
    assert!(out.contains("╰── this one"), "{out}");
}

#[test]
fn a_tall_place_is_cut_after_its_first_line() {
    let text = "line\n".repeat(1000);
    let sources = sources(&[("a.yml", &text)]);
    let found = outcome(vec![finding(Span::new(0, 4000).in_file(FileId(0)))]);
    let out = render(Format::Pretty, &sources, &found, &Style::default());
    assert!(out.contains("╰── up to line 800"), "{out}");
    assert!(out.lines().count() < 12, "{out}");
    let mut labelled = found;
    let own = labelled.findings[0].place;
    labelled.findings[0].labels = vec![label(own, "all of it")];
    let out = render(Format::Pretty, &sources, &labelled, &Style::default());
    assert!(out.contains("╰── all of it (up to line 800)"), "{out}");
}

/// Looking for each place from the beginning of the file takes minutes here without optimisation.
#[test]
fn a_thousand_findings_in_one_big_file_are_shown() {
    for separator in ["\n", " "] {
        let text = format!("name: some value or other in here{separator}").repeat(105_000);
        let sources = sources(&[("a.yml", &text)]);
        let step = text.len() / 1000;
        let findings = (0..1000)
            .map(|number| finding(Span::new(number * step, number * step + 4).in_file(FileId(0))))
            .collect();
        let found = outcome(findings);
        for format in Format::ALL {
            let out = render(format, &sources, &found, &Style::default());
            assert!(!out.is_empty());
        }
    }
}
