//! What programs read: each format as its own readers see it.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

use super::super::excerpt::cut;
use super::super::visible::escaped;
use super::super::xml::reading::{Read, elements};
use super::*;

/// The formats whose readers are programs, without `json`.
const FOR_PROGRAMS: [Format; 9] = [
    Format::Jsonl,
    Format::Sarif,
    Format::CodeScanning,
    Format::Github,
    Format::Gitlab,
    Format::Junit,
    Format::Checkstyle,
    Format::Rdjson,
    Format::Markdown,
];

fn plain(format: Format, (sources, outcome): &(Sources, Outcome)) -> String {
    render(format, sources, outcome, &Style::default())
}

#[test]
fn each_format_of_the_example() {
    let example = example();
    for format in FOR_PROGRAMS {
        insta::assert_snapshot!(format.as_str(), plain(format, &example));
    }
}

#[test]
fn nothing_found_is_a_whole_document_too() {
    let clean = (sources(&[]), outcome(Vec::new()));
    assert_eq!(plain(Format::Jsonl, &clean), "");
    assert_eq!(plain(Format::Gitlab, &clean), "[]\n");
    let said = "nothing found: 12 services, 110 files";
    assert_eq!(plain(Format::Github, &clean), format!("{said}\n"));
    assert_eq!(
        plain(Format::Markdown, &clean),
        format!("## dbfence: {said}\n")
    );
    let sarif: Value = serde_json::from_str(&plain(Format::Sarif, &clean)).unwrap();
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
    let junit = elements(&plain(Format::Junit, &clean));
    let names: Vec<&str> = junit.iter().map(|element| element.name.as_str()).collect();
    assert_eq!(names, ["testsuites", "testsuite", "testcase"]);
    assert_eq!(elements(&plain(Format::Checkstyle, &clean)).len(), 1);
}

/// A workflow command as the runner reads a line; `None` where it sees none.
fn command(line: &str) -> Option<(String, BTreeMap<String, String>, String)> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (head, data) = rest.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let unescaped = |text: &str| {
        text.replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%3A", ":")
            .replace("%2C", ",")
            .replace("%25", "%")
    };
    let properties = properties.split(',').filter(|it| !it.is_empty());
    let properties = properties.map(|property| {
        let (key, value) = property.split_once('=').unwrap();
        (key.to_owned(), unescaped(value))
    });
    Some((name.to_owned(), properties.collect(), unescaped(data)))
}

#[test]
fn the_runner_sees_one_command_and_nothing_of_the_scanned_tree_in_it() {
    for text in hostile() {
        let example = hostile_example(&text);
        let out = plain(Format::Github, &example);
        let commands: Vec<_> = out.lines().filter_map(command).collect();
        assert_eq!(commands.len(), 1, "{text:.60?}");
        let (name, properties, said) = &commands[0];
        assert_eq!(name, "error");
        let keys: Vec<&str> = properties.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["col", "endColumn", "endLine", "file", "line", "title"]
        );
        assert_eq!(properties["title"], "database-url-mismatch");
        assert!(
            properties["file"].starts_with("dir/") && properties["file"].ends_with("/compose.yml")
        );
        assert_eq!(
            properties["file"].matches('\n').count(),
            text.matches('\n').count()
        );
        assert_eq!(*said, cut(&escaped(&format!("{text} ({text})")), 4_000));
        let others = out.lines().filter(|line| command(line).is_none());
        for line in others {
            assert!(!line.contains("##["), "{line:.200}");
        }
    }
}

#[test]
fn github_shows_ten_of_a_kind_and_is_told_of_the_others() {
    let text = "a: b\n".repeat(40);
    let sources = sources(&[("::error::x.yml", &text), ("b##[error]c.yml", &text)]);
    let findings: Vec<Finding> = (0..40)
        .flat_map(|line| [(0, line), (1, line)])
        .map(|(file, line)| Finding {
            severity: if line < 25 && file == 0 {
                Severity::Error
            } else {
                Severity::Warning
            },
            ..finding(Span::new(line * 5, line * 5 + 1).in_file(FileId(file)))
        })
        .collect();
    let out = plain(Format::Github, &(sources, outcome(findings)));
    let names: Vec<String> = out.lines().filter_map(command).map(|it| it.0).collect();
    let expected = [
        vec!["error"; 10],
        vec!["warning"; 10],
        vec!["notice", "group", "endgroup"],
    ];
    assert_eq!(names, expected.concat());
    assert!(out.contains("20 of 80 findings are annotated"), "{out}");
    assert_eq!(
        out.lines().filter(|line| line.starts_with("- ")).count(),
        60
    );
    let mut others = out.lines().filter(|line| command(line).is_none());
    assert!(others.all(|line| !line.contains("##[")), "{out}");
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// The bytes that a range of code points covers.
fn covered<'t>(text: &'t str, region: &Value) -> &'t str {
    let offset = |line: &str, column: &str| {
        let line = count(&region[line]);
        let column = count(&region[column]);
        let start: usize = text
            .split_inclusive('\n')
            .take(line - 1)
            .map(str::len)
            .sum();
        let on_line = text[start..].chars().take(column - 1);
        start + on_line.map(char::len_utf8).sum::<usize>()
    };
    &text[offset("startLine", "startColumn")..offset("endLine", "endColumn")]
}

fn percent_decoded(uri: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = uri.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(&tail[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn sarif_reads_back_what_was_found() {
    for text in hostile() {
        let example = hostile_example(&text);
        let log: Value = serde_json::from_str(&plain(Format::Sarif, &example)).unwrap();
        let run = &log["runs"][0];
        let result = &run["results"][0];
        let rule = count(&result["ruleIndex"]);
        assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
        assert_eq!(result["properties"]["help"], *text);
        assert_eq!(result["message"]["text"], *format!("{text}: {text}."));
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().unwrap();
        assert!(
            uri.bytes()
                .all(|it| it.is_ascii_alphanumeric() || b"-._~/%".contains(&it))
        );
        assert_eq!(percent_decoded(uri), format!("dir/{text}/compose.yml"));
        let replaced = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
        assert_eq!(replaced["insertedContent"]["text"], *text);
        assert_eq!(result["relatedLocations"][2]["id"], 3);
        if !text.contains('\r') && text.len() < 1000 {
            let file = &example.0.file(FileId(0)).text;
            assert_eq!(covered(file, &location["region"]), "value");
            assert_eq!(covered(file, &replaced["deletedRegion"]), "value");
        }
    }
}

#[test]
fn sarif_takes_nothing_for_a_link_or_a_placeholder() {
    let (sources, mut outcome) = example();
    outcome.findings[0].message = "see [this](http://x) {0} ${NAME} {".into();
    let log: Value = serde_json::from_str(&plain(Format::Sarif, &(sources, outcome))).unwrap();
    let message = log["runs"][0]["results"][0]["message"]["text"]
        .as_str()
        .unwrap();
    assert!(
        message.starts_with("see \\[this\\](http://x) {{0}} ${NAME} {: write"),
        "{message}"
    );
}

#[test]
fn sarif_says_what_silences_a_finding() {
    let log: Value = serde_json::from_str(&plain(Format::Sarif, &example())).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let kinds: Vec<Option<&str>> = results
        .iter()
        .map(|result| result["suppressions"][0]["kind"].as_str())
        .collect();
    let [comment, debt] = [Some("inSource"), Some("external")];
    assert_eq!(kinds, [None, None, comment, comment, comment, debt]);
    let silenced = &results[2]["suppressions"][0];
    assert_eq!(silenced["justification"], "the move is planned");
}

#[test]
fn code_scanning_hears_only_of_what_is_open() {
    let log: Value = serde_json::from_str(&plain(Format::CodeScanning, &example())).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        assert_eq!(result["suppressions"], serde_json::json!([]));
    }
    let clean = (sources(&[]), outcome(Vec::new()));
    assert_eq!(
        plain(Format::CodeScanning, &clean),
        plain(Format::Sarif, &clean)
    );
}

#[test]
fn code_scanning_finds_its_labels_by_the_links_of_the_message() {
    let (sources, mut outcome) = example();
    outcome.findings[0].message = "see {0}".into();
    outcome.findings[0].labels[0].message = "a [link](http://x)".into();
    outcome.findings[0].labels[1].message = "its {1}".into();
    let label = outcome.findings[0].labels[1].clone();
    outcome.findings[1].labels = vec![label; 120];
    let with_brackets = Finding {
        message: "see [this]".into(),
        ..outcome.findings[0].clone()
    };
    outcome.findings.push(with_brackets);
    let log: Value =
        serde_json::from_str(&plain(Format::CodeScanning, &(sources, outcome))).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let messages = results.iter().map(|it| it["message"]["text"].as_str());
    let messages: Vec<&str> = messages.map(Option::unwrap).collect();
    assert_eq!(messages[0], "see {{0}}: write `loan_desk`. [its {{1}}](2).");
    assert_eq!(results[0]["relatedLocations"][1]["id"], 2);
    assert_eq!(messages[2], "see [this]: write `loan_desk`.");
    assert!(messages[1].ends_with(" [its {{1}}](4). [its {{1}}](5)."));
    let related = results[1]["relatedLocations"].as_array().unwrap();
    assert_eq!(related.len(), 99);
}

#[test]
fn code_scanning_gets_as_much_as_it_shows_errors_first() {
    let text = "a: b\n".repeat(6_000);
    let sources = sources(&[("a.yml", &text)]);
    let findings = (0..6_000).map(|line| Finding {
        severity: if line < 3_000 {
            Severity::Warning
        } else {
            Severity::Error
        },
        ..finding(Span::new(line * 5, line * 5 + 1).in_file(FileId(0)))
    });
    let outcome = outcome(findings.collect());
    let log: Value =
        serde_json::from_str(&plain(Format::CodeScanning, &(sources, outcome))).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let levels = results.iter().map(|it| it["level"].as_str().unwrap());
    let levels: Vec<&str> = levels.collect();
    assert_eq!(
        levels,
        [vec!["warning"; 2_000], vec!["error"; 3_000]].concat()
    );
    let notes = &run["invocations"][0]["toolExecutionNotifications"];
    let said = "1000 findings left out: code scanning shows 5000, and errors go first.";
    assert_eq!(notes[0]["message"]["text"], said);
}

#[test]
fn lists_for_programs_read_back_what_was_found() {
    for text in hostile() {
        let example = hostile_example(&text);
        let path = format!("dir/{text}/compose.yml");
        let sentence = format!("{text}: {text}");

        let lines = plain(Format::Jsonl, &example);
        assert_eq!(lines.lines().count(), 1, "{text:.60?}");
        let line: Value = serde_json::from_str(&lines).unwrap();
        let whole: Value = serde_json::from_str(&plain(Format::Json, &example)).unwrap();
        assert_eq!(line, whole["findings"][0]);

        let list: Value = serde_json::from_str(&plain(Format::Gitlab, &example)).unwrap();
        assert_eq!(list[0]["description"], *sentence);
        assert_eq!(list[0]["location"]["path"], *path);
        assert_eq!(list[0]["location"]["lines"]["begin"], line["line"]);
        assert_eq!(list[0]["fingerprint"], line["fingerprint"]);

        let result: Value = serde_json::from_str(&plain(Format::Rdjson, &example)).unwrap();
        let diagnostic = &result["diagnostics"][0];
        assert_eq!(diagnostic["message"], *sentence);
        assert_eq!(diagnostic["location"]["path"], *path);
        assert_eq!(diagnostic["suggestions"][0]["text"], *text);
    }
}

#[test]
fn the_columns_of_rdjson_count_bytes() {
    let sources = sources(&[("a.yml", "x: 1\né日: here\n")]);
    let found = outcome(vec![finding(place(&sources, "a.yml", "here"))]);
    let result: Value = serde_json::from_str(&plain(Format::Rdjson, &(sources, found))).unwrap();
    let range = &result["diagnostics"][0]["location"]["range"];
    assert_eq!(
        range["start"],
        serde_json::json!({ "line": 2, "column": 8 })
    );
    assert_eq!(range["end"], serde_json::json!({ "line": 2, "column": 12 }));
}

/// `text` as XML 1.0 can say it.
fn in_xml(text: &str) -> String {
    let shown = |c: char| match c {
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
            c.escape_default().to_string()
        }
        c => c.to_string(),
    };
    text.chars().map(shown).collect()
}

#[test]
fn xml_reads_back_what_was_found() {
    let named = |elements: &[Read], name: &str| {
        let count = elements
            .iter()
            .filter(|element| element.name == name)
            .count();
        assert_eq!(count, 1, "{name}");
        elements
            .iter()
            .position(|element| element.name == name)
            .unwrap()
    };
    for text in hostile() {
        let example = hostile_example(&text);
        let path = in_xml(&format!("dir/{text}/compose.yml"));

        let junit = elements(&plain(Format::Junit, &example));
        assert_eq!(junit.len(), 4, "{text:.60?}");
        let case = &junit[named(&junit, "testcase")];
        assert_eq!(case.attribute("name"), in_xml(&text));
        assert_eq!(case.attribute("file"), path);
        let failure = &junit[named(&junit, "failure")];
        assert_eq!(failure.attribute("message"), in_xml(&text));
        assert!(failure.text.ends_with(&in_xml(&format!("\nhelp: {text}"))));

        let checkstyle = elements(&plain(Format::Checkstyle, &example));
        assert_eq!(checkstyle.len(), 3, "{text:.60?}");
        assert_eq!(
            checkstyle[named(&checkstyle, "file")].attribute("name"),
            path
        );
        let error = &checkstyle[named(&checkstyle, "error")];
        assert_eq!(
            error.attribute("message"),
            in_xml(&format!("{text}: {text}"))
        );
    }
}

/// The cells of the tables in a document as text. Markup that nobody of us wrote fails.
fn cells(markdown: &str) -> Vec<Vec<String>> {
    const OURS: [&str; 11] = [
        "<br>",
        "<!-- -->",
        "<span>",
        "</span>",
        "<code>",
        "</code>",
        "<details>",
        "<summary>",
        "</summary>",
        "</details>",
        "<details><summary>",
    ];
    let mut rows = Vec::new();
    let mut row: Vec<String> = Vec::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::TableCell) => row.push(String::new()),
            Event::End(TagEnd::TableRow) => rows.push(std::mem::take(&mut row)),
            Event::End(TagEnd::TableHead) => row.clear(),
            Event::Text(text) | Event::Code(text) => {
                if let Some(cell) = row.last_mut() {
                    cell.push_str(&text);
                }
            }
            Event::InlineHtml(html) | Event::Html(html) => {
                assert!(OURS.contains(&html.trim_end()), "{html}");
                if let Some(cell) = row.last_mut().filter(|_| *html == *"<br>") {
                    cell.push('\n');
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(dest_url.starts_with("https://github.com/dbfence/dbfence/blob/"));
            }
            Event::Start(Tag::Image { .. } | Tag::CodeBlock(_) | Tag::Emphasis | Tag::Strong)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule => panic!("{event:?}"),
            _ => {}
        }
    }
    rows
}

#[test]
fn markdown_reads_back_what_was_found() {
    let more = [
        "`a|b` `\\|` `c\\`",
        "| x | y |\n| - | - |",
        "[a](http://b) ![c](d) <b>e</b> *f* __g__ ~~h~~",
        "@somebody #12 $x$ `$y` https://example.com",
        "`` ` ``",
        "` a ` `  `",
    ];
    let texts = hostile().into_iter().chain(more.map(str::to_owned));
    for text in texts {
        let example = hostile_example(&text);
        let rows = cells(&plain(Format::Markdown, &example));
        assert_eq!(rows.len(), 1, "{text:.60?}");
        let shown = cut(&escaped(&text), 600).into_owned();
        // Backticks that enclose something are drawn, the others stand there.
        let words = |text: &str| text.replace('`', "").split_whitespace().collect::<String>();
        assert_eq!(words(&rows[0][3]), words(&format!("{shown}help: {shown}")));
        let place = escaped(&format!("dir/{text}/compose.yml:2:1")).into_owned();
        if place.len() < 500 && !text.contains(['\n', '\r']) {
            assert_eq!(rows[0][2], place);
        }
    }
}

#[test]
fn nobody_is_called_and_no_issue_is_named() {
    let (sources, mut outcome) = example();
    outcome.findings[0].help = "ask @somebody about #12 and $x$".into();
    let out = plain(Format::Markdown, &(sources, outcome));
    let told = "ask \\@<!-- -->somebody about \\#<!-- -->12 and <span>$</span>x<span>$</span>";
    assert!(out.contains(told), "{out}");
}

#[test]
fn nothing_of_the_scanned_tree_becomes_a_link() {
    let (sources, mut outcome) = example();
    outcome.findings[0].message = "`www.example.com|`".into();
    outcome.findings[0].help = "see www.example.com and ftp://example.com".into();
    let out = plain(Format::Markdown, &(sources, outcome));
    for told in [
        "<code>www&#46;example.com&#124;</code>",
        "see www&#46;example.com and ftp&#58;//example.com",
    ] {
        assert!(out.contains(told), "{out}");
    }
}

#[test]
fn no_two_tests_of_junit_have_the_same_name() {
    let sources = sources(&[("a.yml", "a: b\n"), ("b.yml", "a: b\n")]);
    let told = [("same", 0), ("same", 0), ("same", 1), ("other", 1)];
    let findings = told.map(|(message, file)| Finding {
        message: message.into(),
        ..finding(Span::new(0, 1).in_file(FileId(file)))
    });
    let junit = elements(&plain(Format::Junit, &(sources, outcome(findings.into()))));
    let cases = junit.iter().filter(|it| it.name == "testcase");
    let names: Vec<&str> = cases.map(|case| case.attribute("name")).collect();
    assert_eq!(
        names,
        [
            "same in a.yml",
            "same in a.yml (2)",
            "same in b.yml",
            "other"
        ]
    );
}

/// Findings of some services, all at one place.
fn many(count: usize, message: &str) -> (Sources, Outcome) {
    let sources = sources(&[("a.yml", "a: b\n")]);
    let finding = |number: usize| Finding {
        message: format!("{message} {number}"),
        subject: Subject {
            product: Some("products/many".into()),
            service: Some(format!("service-{}", number % 3)),
            object: number.to_string(),
        },
        ..finding(Span::new(0, 1).in_file(FileId(0)))
    };
    let findings = (0..count).map(finding).collect();
    (sources, outcome(findings))
}

#[test]
fn markdown_fits_into_the_summary_of_a_step() {
    let out = plain(Format::Markdown, &many(30_000, &"x".repeat(100)));
    assert!(out.len() < 1 << 20, "{}", out.len());
    let shown = cells(&out).len();
    assert!(shown > 1000);
    let told = format!("{} more findings", 30_000 - shown);
    assert!(out.contains(&told), "{}", &out[out.len() - 200..]);
    assert_eq!(
        out.matches("<details>").count(),
        out.matches("</details>").count()
    );
}

#[test]
fn many_findings_are_grouped_and_the_first_of_each_rule_is_explained() {
    let out = plain(Format::Pretty, &many(51, "port"));
    assert_eq!(out.matches("╭─[").count(), 1, "{out}");
    for number in 0..3 {
        let head = format!("\n`service-{number}` of `products/many`: 17 errors\n\n");
        assert!(format!("\n{out}").contains(&head), "{out}");
    }
    let short = out
        .lines()
        .filter(|line| line.starts_with("a.yml:1:1: error["))
        .count();
    assert_eq!(short, 50);
    let out = plain(Format::Pretty, &many(50, "port"));
    assert_eq!(out.matches("╭─[").count(), 50);
}

#[test]
fn who_hosts_the_repository_is_told_paths_from_its_root() {
    let (mut sources, outcome) = example();
    sources.below_repository = "apps/shop".to_owned();
    let example = (sources, outcome);
    let path = format!("apps/shop/{COMPOSE}");
    let formats = FOR_PROGRAMS.into_iter();
    for format in formats.filter(|it| !matches!(it, Format::Jsonl | Format::Markdown)) {
        assert!(plain(format, &example).contains(&path), "{format:?}");
    }
    assert!(!plain(Format::Jsonl, &example).contains(&path));
}
