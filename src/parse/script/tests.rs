use super::*;

fn constant(text: &str, name: &str) -> String {
    let parsed = parse(text);
    assert_eq!(parsed.problems, [], "{text}");
    shown(&parsed.facts, name)
}

fn shown(script: &Script, name: &str) -> String {
    let mut constants = script.constants.iter();
    let found = constants.find(|constant| constant.name.value == name);
    found.map_or("(none)".to_owned(), |constant| show(&constant.value))
}

fn value(expression: &str) -> String {
    constant(&format!("const value = {expression};"), "value")
}

fn show(expr: &Expr) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match &expr.kind {
        ExprKind::String(text) => format!("{:?}", text.value),
        ExprKind::Number(number) => number.to_string(),
        ExprKind::Boolean(boolean) => boolean.to_string(),
        ExprKind::Nothing => "nothing".to_owned(),
        ExprKind::Template(parts) => {
            let parts = parts.iter().map(|part| match part {
                TemplatePart::Text(text) => format!("{:?}", text.value),
                TemplatePart::Hole(hole) => format!("${{{}}}", show(hole)),
            });
            format!("`{}`", parts.collect::<String>())
        }
        ExprKind::Add(left, right) => format!("({} + {})", show(left), show(right)),
        ExprKind::Nullish(left, right) => format!("({} ?? {})", show(left), show(right)),
        ExprKind::Or(left, right) => format!("({} || {})", show(left), show(right)),
        ExprKind::Array(elements) => {
            let elements = elements.iter().map(|element| match element {
                Element::Value(value) => show(value),
                Element::Spread(value) => format!("...{}", show(value)),
            });
            format!("[{}]", list(elements.collect()))
        }
        ExprKind::Object(properties) => {
            let properties = properties.iter().map(|property| match property {
                Property::Value { key, value } => format!("{}: {}", key.value, show(value)),
                Property::Computed { key, value } => format!("[{}]: {}", show(key), show(value)),
                Property::Spread(value) => format!("...{}", show(value)),
                Property::Method { key, .. } => format!("{}()", key.value),
            });
            format!("{{{}}}", list(properties.collect()))
        }
        ExprKind::Name(name) => name.clone(),
        ExprKind::Member(object, name) => format!("{}.{}", show(object), name.value),
        ExprKind::Index(object, index) => format!("{}[{}]", show(object), show(index)),
        ExprKind::Call { callee, arguments } => {
            let arguments = arguments.iter().map(show).collect();
            format!("{}({})", callee.value, list(arguments))
        }
        ExprKind::Identity => "identity".to_owned(),
        ExprKind::Dynamic(what) => format!("<{what}>"),
    }
}

#[test]
fn literals_are_values() {
    assert_eq!(
        value(r#"["a\n", 'b', `c`, -1, +0x10, 1_000, true, null, undefined, void 0]"#),
        r#"["a\n", "b", "c", -1, 16, 1000, true, nothing, nothing, nothing]"#
    );
    assert_eq!(value("`a${b}\\n${c.d}`"), "`\"a\"${b}\"\\n\"${c.d}`");
    assert_eq!(
        value("[/a\"b/, 1n, x ? 1 : 2, await f(), () => 1, a - b, !a]"),
        "[<regular expression>, <unusual number>, <conditional expression>, <awaited value>, <function>, <computed value>, <computed value>]"
    );
}

#[test]
fn types_and_parentheses_leave_no_trace() {
    let expressions = [
        "{ a: 1 } as const",
        "({ a: 1 }) satisfies Record<string, number>",
        "{ a: 1 } as const satisfies X",
        "<X>{ a: 1 }",
        "{ a: (1 as number)! }",
        "((({ a: 1 })))",
    ];
    for expression in expressions {
        assert_eq!(value(expression), "{a: 1}", "{expression}");
    }
}

#[test]
fn objects_have_every_form_of_member() {
    let text = r#"{ a, "b-c": 1, 2: 2, [d]: 3, ["e"]: 4, ...f, get g() { return 1 }, async h() {}, // i
        j: k }"#;
    assert_eq!(
        value(text),
        "{a: a, b-c: 1, 2: 2, [d]: 3, e: 4, ...f, g(), h(), j: k}"
    );
}

#[test]
fn operators_members_and_calls_stay_as_they_are_written() {
    assert_eq!(value("a ?? (b || c + 'd')"), "(a ?? (b || (c + \"d\")))");
    assert_eq!(value("a ?? b ?? c"), "((a ?? b) ?? c)");
    assert_eq!(value("a?.b['c'][d]![0]"), "a.b.c[d][0]");
    assert_eq!(value("process.env.A! as string"), "process.env.A");
    assert_eq!(value("import.meta.dirname"), "import.meta.dirname");
    assert_eq!(value("Object\n .freeze({ a: 1 })"), "Object.freeze({a: 1})");
    assert_eq!(value("env<Env>(\"A\")"), "env(\"A\")");
    assert_eq!(value("new Map([])"), "new Map([])");
    assert_eq!(
        value("[f(...a), String.raw`a`]"),
        "[<call with a list of arguments>, <tagged template>]"
    );
}

#[test]
fn constants_of_every_declaration_are_found() {
    let text = "export const a = 1, b: number = 2; let c = 3; var d = 4; let e;
        declare const f: string;
        const { g, h: i, j = 1, ...k } = process.env;
        function l(m) { const n = 1; }
        class o {}";
    let script = parse(text).facts;
    let names: Vec<_> = script
        .constants
        .iter()
        .map(|it| it.name.value.as_str())
        .collect();
    assert_eq!(names, ["a", "b", "c", "d", "g", "i", "l", "o"]);
    assert_eq!(shown(&script, "i"), "process.env.h");
    assert_eq!(shown(&script, "o"), "<class>");
}

#[test]
fn enums_are_objects() {
    let text =
        r#"const enum Port { A = 4101, B, "c-d", E = "x", F, G = A << 1, H = `y`, I = -1, J }"#;
    assert_eq!(
        constant(text, "Port"),
        "{A: 4101, B: 4102, c-d: 4103, E: \"x\", F: <computed value>, G: <computed value>, H: \"y\", I: -1, J: 0}"
    );
    assert_eq!(constant("export enum A { B }", "A"), "{B: 0}");
    assert_eq!(constant("declare enum A { B }", "A"), "{B: 0}");
}

#[test]
fn functions_that_give_back_their_parameter_are_identities() {
    let identities = [
        "const f = <T extends X>(x: T): T => x;",
        "const f = x => x;",
        "const f = (x) => Object.freeze(x) as const;",
        "function f<const T>(x: T) { return x; }",
        "export function f(x) { for (const y of x) { if (!y) throw Error(); } return Object.freeze(x); }",
        "const f = function (x) { x.map((y) => { return y.z; }); return x };",
    ];
    for text in identities {
        assert_eq!(constant(text, "f"), "identity", "{text}");
    }
    let others = [
        "const f = (x) => ({ ...x });",
        "const f = (x, y) => x;",
        "const f = ({ x }) => x;",
        "async function f(x) { return x; }",
        "function f(x) { if (x.y) { return { ...x } } return x; }",
        "function f(x) { x.y = 1; }",
    ];
    for text in others {
        assert_eq!(constant(text, "f"), "<function>", "{text}");
    }
}

fn imports(text: &str) -> Vec<String> {
    let parsed = parse(text);
    assert_eq!(parsed.problems, []);
    let imports = parsed.facts.imports.iter();
    imports
        .map(|it| format!("{} = {} of {}", it.local.value, it.imported, it.from.value))
        .collect()
}

#[test]
fn imports_of_every_form_are_found() {
    let text = "import a, { b, c as d, type E, default as f } from \"./x\";
        import * as g from './y';
        import type { H } from './z';
        import type I from './z';
        import './side';
        import j = require('./j');
        const k = require('./k'), { l, m: n } = require('./l');";
    assert_eq!(
        imports(text),
        [
            "a = default of ./x",
            "b = b of ./x",
            "d = c of ./x",
            "f = default of ./x",
            "g = * of ./y",
            "j = * of ./j",
            "k = * of ./k",
            "l = l of ./l",
            "n = m of ./l",
        ]
    );
}

fn exports(text: &str) -> Vec<String> {
    let parsed = parse(text);
    assert_eq!(parsed.problems, [], "{text}");
    let exports = parsed.facts.exports.iter();
    exports
        .map(|export| {
            let name = &export.name;
            let written = &text[name.span.range()];
            let value = match &export.value {
                ExportedValue::Local(name) => name.value.clone(),
                ExportedValue::Expr(expr) => show(expr),
                ExportedValue::From { imported, from } => format!("{imported} of {}", from.value),
            };
            format!("{}@{written} = {value}", name.value)
        })
        .collect()
}

#[test]
fn exports_of_every_form_are_found() {
    assert_eq!(
        exports("export const a = 1, b = 2; export enum C {}"),
        ["a@a = a", "b@b = b", "C@C = C"]
    );
    assert_eq!(
        exports("const a = 1; export { a, a as b, a as default, type T }"),
        ["a@a = a", "b@b = a", "default@default = a"]
    );
    assert_eq!(
        exports(
            "export { a as b, default as c } from './x'; export * from './y'; export * as d from './z'; export type { E } from './e'"
        ),
        [
            "b@b = a of ./x",
            "c@c = default of ./x",
            "*@* = * of ./y",
            "d@d = * of ./z"
        ]
    );
    assert_eq!(
        exports("export default { a: 1 } satisfies X;"),
        ["default@default = {a: 1}"]
    );
    assert_eq!(
        exports("export default function f() {}"),
        ["default@default = f"]
    );
    assert_eq!(
        exports("export default () => 1"),
        ["default@default = <function>"]
    );
    assert_eq!(exports("export = { a: 1 };"), ["default@= = {a: 1}"]);
    assert_eq!(
        exports("module.exports = { a };"),
        ["default@module.exports = {a: a}"]
    );
    assert_eq!(
        exports("module.exports.a = 1; exports.b = 2;"),
        ["a@module.exports.a = 1", "b@exports.b = 2"]
    );
    assert_eq!(
        exports("exports = module.exports = { a }"),
        ["default@module.exports = {a: a}"]
    );
    assert!(parse("export = a;").facts.replaces_module);
    assert!(parse("module.exports = a;").facts.replaces_module);
    assert!(!parse("exports.a = a;").facts.replaces_module);
}

#[test]
fn what_is_done_at_the_top_level_is_an_effect() {
    let text = "const a = 1; check(a); module.exports = a; if (a) { b(); }";
    let effects = parse(text).facts.effects;
    let effects: Vec<_> = effects.iter().map(|span| &text[span.range()]).collect();
    assert_eq!(effects, ["check(a);", "module.exports = a;"]);
}

fn changed(text: &str) -> Vec<String> {
    let changed = parse(text).facts.changed;
    for name in &changed {
        assert_eq!(text[name.span.range()], name.value);
    }
    changed.into_iter().map(|name| name.value).collect()
}

#[test]
fn names_that_change_are_noted() {
    let changes = [
        "let a = 1; a = 2;",
        "let a = 1; a += 2;",
        "let a = 1; a++;",
        "const a = {}; a.b = 1;",
        "const a = {}; a['b'].c = 1;",
        "const a = {}; (a as any).b ||= 1;",
        "const a = {}; delete a.b;",
        "const a = {}; Object.assign(a, b);",
        "const a = []; a.push(1);",
        "const a = { b: [] }; a.b!.sort();",
        "let a = 1; [x.y, a] = b;",
        "let a = 1; ({ x: a, ...y } = b);",
        "let a = 1; for (a of b) {}",
        "var a = 1; var a = 2;",
        "enum a { B } enum a { C }",
        "let a = 1; if (b) { a = 2; }",
        "const a = {}; function f(k) { a[k] = 1; }",
        "const a = {}; export const f = () => () => { a.b = 1; };",
    ];
    for text in changes {
        let names = changed(text);
        assert!(names.contains(&"a".to_owned()), "{text}: {names:?}");
    }
    let calm = [
        "const a = { b: 1 }; f(a); a.map(g); const b = a.c;",
        "const a = 1; function f(a) { a = 2; }",
        "const a = 1; function f({ b: a }) { a.push(1); }",
        "const a = 1; function f() { const a = []; a.push(1); return () => { a.pop(); }; }",
        "const a = 1; const f = a => { a.b = 1; };",
        "const a = 1; class C { m(a) { a.b = 1; } }",
        "const a = Object.assign({}, b); const c = Object.freeze(a);",
    ];
    for text in calm {
        assert!(!changed(text).contains(&"a".to_owned()), "{text}");
    }
}

#[test]
fn spans_are_those_of_the_contents() {
    let text =
        "\u{feff}const é = \"größe\";\r\n// ü\r\nexport const b = { 'c-d': '', e: `x\r\ny` };\r\n";
    let parsed = parse(text);
    assert_eq!(parsed.problems, []);
    let slice = |span: Span| &text[span.range()];
    let [first, second] = &parsed.facts.constants[..] else {
        panic!("two constants");
    };
    assert_eq!(slice(first.name.span), "é");
    assert_eq!(slice(first.value.span), "\"größe\"");
    let ExprKind::String(string) = &first.value.kind else {
        panic!("a string");
    };
    assert_eq!(slice(string.span), "größe");
    let ExprKind::Object(properties) = &second.value.kind else {
        panic!("an object");
    };
    let [
        Property::Value { key, value },
        Property::Value {
            value: template, ..
        },
    ] = &properties[..]
    else {
        panic!("two properties");
    };
    assert_eq!(slice(key.span), "c-d");
    let (ExprKind::String(empty), ExprKind::String(template)) = (&value.kind, &template.kind)
    else {
        panic!("strings");
    };
    assert_eq!(slice(empty.span), "''");
    assert_eq!(slice(template.span), "x\r\ny");
    assert_eq!(template.value, "x\ny");
    assert_eq!(slice(parsed.comments[0]), "// ü");
}

#[test]
fn all_comments_are_found() {
    let text = "#!/usr/bin/env node\n// a\nconst x = { /* b */ y: 1, // c\n};\n/** d */ function f() { /* e */ }";
    let comments = parse(text).comments;
    let comments: Vec<_> = comments.iter().map(|span| &text[span.range()]).collect();
    assert_eq!(comments, ["// a", "/* b */", "// c", "/** d */", "/* e */"]);
}

/// The problems of a text, each with what it stands on, and what the constant `r` is.
fn broken(text: &str) -> (Vec<String>, String) {
    let parsed = parse(text);
    let problems = parsed.problems.iter().map(|problem| {
        assert!(!problem.span.is_empty());
        format!("{:?} {}", &text[problem.span.range()], problem.message)
    });
    (problems.collect(), shown(&parsed.facts, "r"))
}

#[test]
fn a_text_that_is_cut_off_keeps_what_it_has() {
    let text = "const r = {\n  a: { port: 1, database: \"x\" },\n  b: { port: 2,\n";
    let unclosed = vec!["\"{\" this `{` is never closed".to_owned()];
    let kept =
        "{...<syntax error>, a: {port: 1, database: \"x\"}, b: {...<syntax error>, port: 2}}";
    assert_eq!(broken(text), (unclosed, kept.to_owned()));
    let (problems, kept) = broken("const r = {\n a: { port: 1, database: \"cat");
    assert_eq!(
        problems,
        [
            "\"{\" this `{` is never closed",
            "\"\\\"cat\" this string is not closed in its line"
        ]
    );
    assert_eq!(
        kept,
        "{...<syntax error>, a: {...<syntax error>, port: 1, database: <syntax error>}}"
    );
    let (_, kept) = broken("const r = { a: `x${y");
    assert_eq!(kept, "{...<syntax error>, a: <syntax error>}");
}

#[test]
fn every_cut_of_a_registry_keeps_the_entries_before_it() {
    let text = "import { P } from \"./p\";\nexport const r = {\n  a: { port: P.a, database: \"a\", routes: [\"/a\"] },\n  b: { port: 2, database: `b${1}`, }, // c\n} as const satisfies Record<string, X>;\n";
    for (cut, _) in text.char_indices().skip(text.find("\n  b:").unwrap()) {
        let parsed = parse(&text[..cut]);
        let r = shown(&parsed.facts, "r");
        assert!(
            r.contains("a: {port: P.a, database: \"a\", routes: [\"/a\"]}"),
            "{cut}: {r}"
        );
        assert_eq!(parsed.facts.imports.len(), 1);
        for problem in parsed.problems {
            assert!(!problem.span.is_empty() && problem.span.range().end <= cut);
        }
    }
}

#[test]
fn a_missing_comma_costs_nothing() {
    let text =
        "const r = {\n a: { port: 1 }\n b: { port: 2 database: \"x\" },\n c: 3 };\nconst z = 1;";
    let (problems, kept) = broken(text);
    assert_eq!(
        problems,
        [
            "\"b\" a comma is missing before this key",
            "\"database\" a comma is missing before this key"
        ]
    );
    assert_eq!(kept, "{a: {port: 1}, b: {port: 2, database: \"x\"}, c: 3}");
}

#[test]
fn an_unclosed_string_costs_its_value() {
    let text = "const r = {\n a: { port: 1, database: \"x },\n b: { port: 2 },\n} as const;\nexport const z = 1;";
    let (problems, kept) = broken(text);
    assert_eq!(
        problems,
        ["\"\\\"x\" this string is not closed in its line"]
    );
    assert_eq!(
        kept,
        "{a: {port: 1, database: <syntax error>}, b: {port: 2}}"
    );
}

#[test]
fn rubbish_costs_the_value_that_it_stands_in() {
    let (problems, kept) = broken("const r = { a: @@ 1, b: , c: 2 }; ### \nconst z = 2;");
    assert_eq!(
        problems,
        [
            "\"@@\" this cannot be read as TypeScript",
            "\":\" a value is missing after this",
            "\"###\" this cannot be read as TypeScript",
        ]
    );
    assert_eq!(kept, "{a: <syntax error>, b: <syntax error>, c: 2}");
    let (problems, kept) = broken("const r = { a: 1 }}\n};\nconst z = 1;");
    assert_eq!(kept, "{a: 1}");
    assert!(!problems.is_empty());
    let (problems, kept) = broken("const r = { a: { b: 1, c: { d: 2 },\n};\nconst z = 1;");
    assert_eq!(problems, ["\"}\" `}` is missing after this"]);
    assert_eq!(kept, "{...<syntax error>, a: {b: 1, c: {d: 2}}}");
}

#[test]
fn a_repair_that_makes_nothing_better_is_dropped() {
    let text = "const r = { a: 1 };\nclass X { a: string = 1\n b: string = 2 }\n const z = ;";
    let (problems, kept) = broken(text);
    assert_eq!(problems, ["\"=\" this cannot be read as TypeScript"]);
    assert_eq!(kept, "{a: 1}");
}

#[test]
fn an_empty_text_has_nothing() {
    for text in ["", "\u{feff}", "\n", "// x"] {
        let parsed = parse(text);
        assert!(parsed.facts.constants.is_empty() && parsed.problems.is_empty());
    }
    assert_eq!(parse("\0").problems.len(), 1);
}

#[test]
fn deep_and_long_texts_return() {
    let (deep, long) = (60_000, 20_000);
    let texts = [
        format!(
            "const r = {}{}; const z = 1;",
            "[".repeat(deep),
            "]".repeat(deep)
        ),
        format!(
            "const r = {}1{}; const z = 1;",
            "(".repeat(deep),
            ")".repeat(deep)
        ),
        format!(
            "const r = {}{}; const z = 1;",
            "[".repeat(4_000),
            "]".repeat(4_000)
        ),
        format!("const r = {}1; const z = 1;", "() => ".repeat(4_000)),
        format!(
            "const r = {}1{}; const z = 1;",
            "{ a: ".repeat(4_000),
            "}".repeat(4_000)
        ),
        format!("const r = 1{}; const z = 1;", " + 1".repeat(long)),
        format!("const r = 1{}; const z = 1;", " as const".repeat(long)),
        format!("const r = {}1; const z = 1;", "!".repeat(long)),
        format!("const r = a{}; const z = 1;", ".a".repeat(long)),
        format!("const r = {}1; const z = 1;", "a ? b : ".repeat(long)),
        format!("const r = `{}`; const z = 1;", "${a}".repeat(long)),
    ];
    for text in texts {
        let parsed = parse(&text);
        assert_eq!(shown(&parsed.facts, "z"), "1", "{}", &text[..60]);
        assert_ne!(shown(&parsed.facts, "r"), "(none)");
    }
    assert!(!parse(&"(".repeat(1_000_000)).problems.is_empty());
    let opening = [
        "[",
        "{",
        "{a: ",
        "{a",
        "a({",
        "`${",
        "a:{",
        "a[",
        "const a = {",
    ];
    for open in opening {
        let parsed = parse(&open.repeat(50_000));
        assert!(!parsed.problems.is_empty(), "{open}");
    }
    assert_eq!(parse(&")".repeat(20_000)).facts.constants.len(), 0);
    assert!(!parse(&"/*".repeat(20_000)).problems.is_empty());
}

#[test]
fn a_rubbish_heap_is_given_up() {
    let parsed = parse_within(&";-".repeat(20_000), Duration::from_millis(100));
    assert_eq!(parsed.problems.len(), 1);
    assert!(parsed.facts.constants.is_empty());
}
