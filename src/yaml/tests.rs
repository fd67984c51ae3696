use super::read::{MAX_ALIASED_NODES, MAX_DEPTH, MAX_ERRORS};
use super::*;

/// A value in flow style with aliases and merges applied; null is `~`, unknown is `?`.
fn show(value: &Value) -> String {
    if let Some(scalar) = value.scalar() {
        return if value.is_null() {
            "~".to_owned()
        } else {
            scalar.text.clone()
        };
    }
    if value.is_sequence() {
        let items: Vec<_> = value.items().iter().map(show).collect();
        return format!("[{}]", items.join(" "));
    }
    if value.is_mapping() {
        let entry = |entry: &Entry| format!("{}:{}", entry.key.value, show(&entry.value));
        let entries: Vec<_> = value.entries().iter().map(entry).collect();
        return format!("{{{}}}", entries.join(" "));
    }
    "?".to_owned()
}

fn shown(text: &str) -> Vec<String> {
    Tree::parse(text)
        .documents()
        .map(|root| show(&root))
        .collect()
}

fn slices<'a>(text: &'a str, spans: &[Span]) -> Vec<&'a str> {
    spans.iter().map(|span| &text[span.range()]).collect()
}

fn faults(text: &str) -> Vec<(&str, String)> {
    let errors = Tree::parse(text).errors;
    errors
        .into_iter()
        .map(|error| (&text[error.span.range()], error.message))
        .collect()
}

#[test]
fn the_span_of_a_scalar_is_its_content_in_bytes() {
    let cases = [
        ("k: plain", "plain", "plain", Style::Plain),
        ("\u{feff}k: ü # c", "ü", "ü", Style::Plain),
        ("é: [𝄞,\r\n  ñandú]", "𝄞", "𝄞", Style::Plain),
        (
            "k: two\r\n  lines",
            "two lines",
            "two\r\n  lines",
            Style::Plain,
        ),
        ("k: 'it''s'", "it's", "it''s", Style::SingleQuoted),
        (r#"k: "a\"ü""#, "a\"ü", r#"a\"ü"#, Style::DoubleQuoted),
        ("k: ''", "", "''", Style::SingleQuoted),
        (r#"k: "" "#, "", r#""""#, Style::DoubleQuoted),
        (
            "k: |\r\n  é\r\n  b\r\n\r\nl:",
            "é\nb\n",
            "é\r\n  b",
            Style::Block,
        ),
        ("k: >-\n\n  a\n  b\n # c", "\na b", "a\n  b", Style::Block),
        ("k: |-\n  last", "last", "last", Style::Block),
        ("k: |+\nl: 1", "", "|+", Style::Block),
        ("k:\nl: 1", "", "", Style::Absent),
        ("k: &a !!str\nl: 1", "", "", Style::Absent),
    ];
    for (text, meaning, source, style) in cases {
        let tree = Tree::parse(text);
        let entry = tree.root().unwrap().entries().remove(0);
        let value = if entry.value.is_sequence() {
            entry.value.items().remove(0)
        } else {
            entry.value
        };
        let scalar = value.scalar().unwrap();
        assert_eq!(scalar.text, meaning, "{text}");
        assert_eq!(&text[scalar.span.range()], source, "{text}");
        assert_eq!(scalar.style, style, "{text}");
        assert_eq!(&text[entry.key.span.range()], entry.key.value, "{text}");
        assert_eq!(value.span(), scalar.span, "{text}");
    }
}

#[test]
fn a_part_of_a_scalar_has_its_own_span_where_the_text_shows_it() {
    let cases = [
        ("NAME=wert", 5..9, "wert"),
        (r#""NAME=a\tb""#, 5..8, r"a\tb"),
        (r#""NAME=a\tb""#, 0..4, "NAME"),
        (r#""NAME=a\tb=c""#, 6..7, r"NAME=a\tb=c"),
        ("'N=ü'", 2..4, "ü"),
        ("'N='", 2..2, ""),
    ];
    for (text, range, expected) in cases {
        let tree = Tree::parse(text);
        let span = tree.root().unwrap().scalar().unwrap().part(range);
        assert_eq!(&text[span.range()], expected, "{text}");
    }
}

#[test]
fn a_collection_reaches_from_its_first_to_its_last_byte() {
    let text = "a: &x !t\n  - 1\n  - {b: 'c' }\nd: [ 2, *x ]\ne: {}\n";
    let tree = Tree::parse(text);
    let spans: Vec<_> = tree.root().unwrap().entries();
    let spans: Vec<_> = spans.iter().map(|entry| entry.value.span()).collect();
    let expected = ["- 1\n  - {b: 'c' }", "[ 2, *x ]", "{}"];
    assert_eq!(slices(text, &spans), expected);
}

#[test]
fn merges_let_explicit_keys_and_earlier_maps_win() {
    let cases = [
        ("r: {<<: *a, z: 9}", "{x:1 y:1 z:9}"),
        ("r: {x: 9, <<: *a}", "{x:9 y:1}"),
        ("r: {<<: *a, x: 9}", "{y:1 x:9}"),
        ("r: {<<: [*a, *b]}", "{x:1 y:1 w:2}"),
        ("r: {<<: [*b, *a]}", "{x:2 w:2 y:1}"),
        ("r: {<<: [{v: 3}, *a]}", "{v:3 x:1 y:1}"),
        ("r: {<<: *list}", "{x:2 w:2 y:1}"),
        ("r: {<<: {<<: *a, y: 3}}", "{x:1 y:3}"),
        ("r: {'<<': *a}", "{<<:{x:1 y:1}}"),
        ("r: {!!merge <<: *a}", "{x:1 y:1}"),
        ("r: {<<: [*nested, *b]}", "{x:1 y:1 w:2}"),
        ("r: {*name : 1}", "{x:1}"),
        ("r: {[a]: 1, b: 2}", "{b:2}"),
    ];
    let anchors = "a: &a {x: 1, y: 1}\nb: &b {x: 2, w: 2}\nl: &list [*b, *a]\n\
                   n: &nested {<<: *a}\nk: &name x\n";
    for (text, expected) in cases {
        let tree = Tree::parse(&format!("{anchors}{text}"));
        let entry = tree.root().unwrap().get("r").unwrap();
        assert_eq!(show(&entry.value), expected, "{text}");
    }
}

#[test]
fn every_value_knows_the_aliases_that_lead_to_it() {
    let text = "url: &url x\nenv: &env {A: *url}\nbase: &base {env: *env, n: &n m}\n\
                web: {<<: *base, *n : *url}\n";
    let tree = Tree::parse(text);
    let web = tree.root().unwrap().get("web").unwrap().value;
    assert!(web.via().is_empty());
    let env = web.get("env").unwrap();
    assert_eq!(slices(text, &env.via), ["*base"]);
    assert_eq!(slices(text, env.value.via()), ["*base", "*env"]);
    let url = env.value.get("A").unwrap().value;
    assert_eq!(slices(text, url.via()), ["*base", "*env", "*url"]);
    assert_eq!(&text[url.span().range()], "x");
    assert_eq!(
        url.anchor().map(|anchor| &text[anchor.range()]),
        Some("&url")
    );
    let named = web.get("m").unwrap();
    assert_eq!(slices(text, &named.via), ["*n"]);
    assert_eq!(slices(text, named.value.via()), ["*n", "*url"]);
    let rooted = env.into_rooted_value();
    assert_eq!(slices(text, rooted.via()), ["*env"]);
}

#[test]
fn an_alias_means_the_last_definition_above_it() {
    assert_eq!(
        shown("[&a 1, *a, &a 2, *a]\n--- *a\n"),
        ["[1 1 2 2]", "?"],
        "anchors end with their document"
    );
}

#[test]
fn only_plain_scalars_without_a_tag_are_anything_but_strings() {
    let text = "[yes, True, ~, null, '', 'null', !!str null, !!null x, 0x10, ! 1]";
    let tree = Tree::parse(text);
    let items = tree.root().unwrap().items();
    let nulls: Vec<_> = items.iter().map(Value::is_null).map(u8::from).collect();
    assert_eq!(nulls, [0, 0, 1, 1, 0, 0, 0, 1, 0, 0]);
    let plain: Vec<_> = items.iter().filter_map(Value::plain).collect();
    assert_eq!(plain, ["yes", "True", "~", "null", "0x10"]);
    let booleans: Vec<_> = items.iter().filter_map(Value::boolean).collect();
    assert_eq!(booleans, [true]);
}

#[test]
fn tags_keep_their_spelling_and_their_place() {
    let text = "a: !reset null\nb: !override\n  - !!str 1\n";
    let tree = Tree::parse(text);
    let entries = tree.root().unwrap().entries();
    let tags: Vec<_> = entries.iter().map(|e| e.value.tag().unwrap()).collect();
    assert_eq!(tags[0].value, "!reset");
    assert_eq!(&text[tags[0].span.range()], "!reset");
    assert_eq!(&text[tags[1].span.range()], "!override");
    assert!(entries[1].value.items()[0].is_tagged("!!str"));
}

#[test]
fn a_fault_stands_where_it_can_be_mended() {
    let cases = [
        ("a: 1\nb: 2\na: 3", "a", "the key `a` stands here twice"),
        ("{1: x, \"1\": y}", "1", "the key `1` stands here twice"),
        (
            "a: &a {}\nb: {<<: *a, <<: *a}",
            "<<",
            "the key `<<` stands here twice",
        ),
        ("<<: 1", "<<", "what `<<` merges is no map"),
        ("a: *ü", "*ü", "`*ü` refers to no anchor above it"),
        (
            "a: &a [*a]",
            "*a",
            "this alias stands inside the value that it refers to",
        ),
        ("a: [1, 2\nb: 3", "[", "this `[` is never closed"),
        ("a: [x: {b: 1\nc: 2", "{", "this `{` is never closed"),
        ("a: [é: 1\nc: 2", "[", "this `[` is never closed"),
        ("a: {", "{", "this `{` is never closed"),
        ("a: 'x y\nb: 3", "'x", "this quote is never closed"),
        ("a: ü\n\tb: 3", "\t", "a tab indents this line"),
        ("a: b: 3", ":", "there can be no `:` here"),
        (
            "a: 1\nb\nc: 2",
            "b",
            "this is neither `key: value` nor a list entry",
        ),
        (
            "a:\n  - 1\n b: 3",
            "b:",
            "this does not fit the lines above it",
        ),
        ("a: @x y", "@x", "no plain value can begin with `@`"),
        ("a: \0", "\0", "YAML allows no character U+0000"),
        ("a: 'it's'", "s'", "the quoted text ends before this"),
        (
            "a: x # c\n  y",
            "#",
            "a comment interrupts a value of several lines",
        ),
    ];
    for (text, place, message) in cases {
        assert_eq!(faults(text), [(place, message.to_owned())], "{text}");
    }
}

#[test]
fn what_stands_before_an_error_is_kept() {
    let cases: [(&str, &[&str]); 6] = [
        ("a: 1\nb: {c: 2, d: [3, @", &["{a:1 b:{c:2 d:[3]}}"]),
        ("a: 1\nb: \"c\nd: 2", &["{a:1 b:?}"]),
        ("a: 1\na: 2", &["{a:1}"]),
        ("a: }\n---\nb: 2", &["{a:?}", "{b:2}"]),
        ("a: *x\nb: [*x, 1]", &["{a:? b:[? 1]}"]),
        ("", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn comments_are_found_even_after_an_error() {
    let text = "# é\na: 1 # b\nc: '# d' #e\n---\nf: }\n# g\n  # h\r\n---\n# i\n";
    let comments = Tree::parse(text).comments;
    let expected = ["# é", "# b", "#e", "# g", "# h", "# i"];
    assert_eq!(slices(text, &comments), expected);
    let long = format!("a:\n{}  b: 1\n", "  # c\n".repeat(5_000));
    let tree = Tree::parse(&long);
    assert_eq!(tree.comments.len(), 5_000);
    assert_eq!(show(&tree.root().unwrap()), "{a:{b:1}}");
}

#[test]
fn hostile_texts_cost_little() {
    let indented = |mark: &str| -> String {
        let line = |depth| format!("{}{mark}\n", " ".repeat(depth));
        (0..2_000).map(line).collect()
    };
    let million = 1_000_000;
    let texts = [
        "[".repeat(million),
        "{a: ".repeat(million / 4),
        "- ".repeat(50_000),
        ": ".repeat(50_000),
        "? ".repeat(50_000),
        indented("a:"),
        indented("-"),
        "\"".repeat(million),
        "!".repeat(million),
        "---\n]\n".repeat(million / 6),
        "a: *b\n".repeat(million / 6),
        "a: b\n".repeat(million / 5),
        "[a, \0".repeat(million / 5),
    ];
    for text in texts {
        let tree = Tree::parse(&text);
        let start = &text[..8];
        assert!((1..=MAX_ERRORS).contains(&tree.errors.len()), "{start}");
        let deepest = tree.documents().map(|root| depth(&root)).max();
        assert!(deepest.unwrap_or(0) <= MAX_DEPTH, "{start}");
    }
}

fn depth(value: &Value) -> usize {
    let below = value.items().into_iter();
    let below = below.chain(value.entries().into_iter().map(|entry| entry.value));
    1 + below.map(|child| depth(&child)).max().unwrap_or(0)
}

fn size(value: &Value) -> usize {
    let items = value.items().into_iter().map(|item| size(&item));
    let entries = value.entries().into_iter();
    let entries = entries.map(|entry| 1 + size(&entry.value));
    1 + items.chain(entries).sum::<usize>()
}

#[test]
fn aliases_stand_for_a_bounded_number_of_nodes() {
    let bomb = |first: &str, level: &dyn Fn(usize) -> String| -> String {
        let lines = (1..60).map(|n| format!("a{n}: &a{n} {}\n", level(n - 1)));
        format!("a0: &a0 {first}\n{}", lines.collect::<String>())
    };
    let ten = |write: &dyn Fn(usize) -> String| (0..10).map(write).collect::<Vec<_>>().join(",");
    let texts = [
        bomb("[x]", &|n| format!("[{}]", ten(&|_| format!("*a{n}")))),
        bomb("{k: x}", &|n| {
            format!("{{{}}}", ten(&|i| format!("k{i}: *a{n}")))
        }),
        bomb("{k: x}", &|n| {
            format!("{{<<: [{}], k{n}: 1}}", ten(&|_| format!("*a{n}")))
        }),
    ];
    for text in texts {
        let tree = Tree::parse(&text);
        assert_eq!(
            tree.errors.len(),
            1,
            "one error tells of all refused aliases"
        );
        let [error] = &tree.errors[..] else {
            unreachable!()
        };
        assert!(text[error.span.range()].starts_with("*a"));
        assert!(size(&tree.root().unwrap()) <= MAX_ALIASED_NODES + text.len());
    }
}

#[test]
fn a_chain_of_aliases_is_no_deeper_than_a_text_may_be() {
    for link in ["[*a]", "{<<: *a}", "{k: *a}"] {
        let line = |n| format!("- &a{n} {}\n", link.replace("*a", &format!("*a{}", n - 1)));
        let lines: Vec<_> = (1..5_000).map(line).collect();
        let tree = Tree::parse(&format!("- &a0 {{}}\n{}", lines.concat()));
        assert!(depth(&tree.root().unwrap()) <= MAX_DEPTH, "{link}");
        assert_eq!(tree.errors.len(), 1, "{link}");
    }
}
