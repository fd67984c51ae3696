use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use crate::parse::script::parse;
use crate::source::{Kind as FileKind, SourceFile, Sources};

/// A config of one file, and what it says in words.
fn config(text: &str) -> (PrismaConfig, Vec<String>) {
    let file = SourceFile::new("m/prisma.config.ts", FileKind::PrismaConfig, text);
    let sources = Sources::new(PathBuf::new(), vec![file], BTreeMap::default());
    let parsed = parse(text);
    let scripts = Scripts {
        sources: &sources,
        by_file: BTreeMap::from([(FileId(0), &parsed.facts)]),
    };
    let config = prisma_config(&scripts, FileId(0));
    let mut said = Vec::new();
    if let Some(url) = &config.datasource_url {
        said.push(sources.slice(url.place).to_owned());
        for source in std::iter::once(&url.first).chain(&url.fallbacks) {
            said.push(match source {
                Source::Env { name } => {
                    assert_eq!(sources.slice(name.place), name.value);
                    format!("env {}", name.value)
                }
                Source::Literal(text) => {
                    assert_eq!(sources.slice(text.definition()), text.value);
                    format!("literal {}", text.value)
                }
                Source::Unknown(place) => format!("unknown {}", sources.slice(*place)),
            });
        }
    }
    (config, said)
}

fn url(expression: &str) -> Vec<String> {
    let text = format!(
        "import {{ defineConfig, env }} from 'prisma/config';
         const fromConstant = process.env.DATABASE_URL;
         const {{ TAKEN }} = process.env;
         const variables = process.env, NAME = 'NAMED';
         export default defineConfig({{ datasource: {{ url: {expression} }} }});"
    );
    config(&text).1
}

#[test]
fn a_url_comes_from_the_environment_in_many_ways() {
    for (expression, name) in [
        ("env('DATABASE_URL')", "DATABASE_URL"),
        ("env<Env>('DATABASE_URL')", "DATABASE_URL"),
        ("process.env.DATABASE_URL", "DATABASE_URL"),
        ("process.env['DATABASE_URL']", "DATABASE_URL"),
        ("variables.DATABASE_URL", "DATABASE_URL"),
        ("fromConstant", "DATABASE_URL"),
        ("TAKEN", "TAKEN"),
    ] {
        assert_eq!(
            url(expression),
            [expression.to_owned(), format!("env {name}")]
        );
    }
    assert_eq!(url("process.env.A!"), ["process.env.A", "env A"]);
    assert_eq!(url("process.env.A as string"), ["process.env.A", "env A"]);
}

#[test]
fn fallbacks_are_in_their_order() {
    assert_eq!(
        url("process.env.A ?? env('B') ?? 'postgresql://x'")[1..],
        ["env A", "env B", "literal postgresql://x"]
    );
    assert_eq!(
        url("fromConstant! || f()")[1..],
        ["env DATABASE_URL", "unknown f()"]
    );
    assert_eq!(
        url("'postgresql://x'"),
        ["postgresql://x", "literal postgresql://x"]
    );
    assert_eq!(
        url("x ? env('A') : env('B')")[1..],
        ["unknown x ? env('A') : env('B')"]
    );
    assert_eq!(
        url("`postgresql://${process.env.A}`")[1..],
        ["unknown `postgresql://${process.env.A}`"]
    );
    assert!(url("undefined").is_empty());
}

#[test]
fn a_computed_name_is_looked_up() {
    let (config, _) = config(
        "const NAME = 'A'; export default { datasource: { url: 'x', shadowDatabaseUrl: process.env[NAME] } };",
    );
    let Some(UrlSource {
        first: Source::Env { name },
        ..
    }) = config.shadow_database_url
    else {
        panic!("a variable");
    };
    assert_eq!(name.value, "A");
}

#[test]
fn every_form_of_export_is_read() {
    let object = "{ schema: 'prisma/schema', migrations: { path: `prisma/migrations` }, datasource: { url: env('A'), directUrl: env('B'), shadowDatabaseUrl: env('C') } }";
    for text in [
        format!("export default defineConfig({object});"),
        format!("export default {object} satisfies PrismaConfig;"),
        format!("const config: PrismaConfig = {object}; export default config;"),
        format!("module.exports = defineConfig({object});"),
        format!("export default {object} as PrismaConfig"),
    ] {
        let (config, url) = config(&text);
        assert_eq!(
            config.schema.known().unwrap().value,
            "prisma/schema",
            "{text}"
        );
        assert_eq!(
            config.migrations_path.known().unwrap().value,
            "prisma/migrations"
        );
        assert_eq!(url, ["env('A')", "env A"]);
        assert!(config.direct_url.is_some() && config.shadow_database_url.is_some());
    }
}

#[test]
fn joined_paths_are_known() {
    for (path, joined) in [
        (
            "path.join('prisma', 'schema.prisma')",
            "prisma/schema.prisma",
        ),
        ("path.join(__dirname, 'prisma')", "prisma"),
        ("join(import.meta.dirname, 'prisma', name)", "prisma/n"),
        ("path.resolve(__dirname, './prisma')", "./prisma"),
    ] {
        let text = format!("const name = 'n'; export default {{ schema: {path} }};");
        let (config, _) = config(&text);
        let schema = config.schema.known().unwrap();
        assert_eq!(schema.value, joined);
        let place = schema.place().span;
        assert_eq!(&text[place.range()], path);
    }
    for path in ["path.resolve('prisma')", "path.join(x, 'y')", "load()"] {
        let (config, _) = config(&format!("export default {{ schema: {path} }};"));
        assert!(config.schema.dynamic().is_some(), "{path}");
    }
}

#[test]
fn what_is_not_said_is_absent_and_what_is_hidden_is_unknown() {
    for text in [
        "",
        "export default {};",
        "export const x = 1;",
        "export default 1;",
    ] {
        let (config, url) = config(text);
        assert!(config.schema.is_absent() && config.migrations_path.is_absent());
        assert!(url.is_empty());
    }
    let (config, url) =
        config("export default { schema: 'x', ...more(), migrations: { path: 'm' } };");
    assert!(config.schema.dynamic().is_some());
    assert_eq!(config.migrations_path.known().unwrap().value, "m");
    assert_eq!(url, ["more()", "unknown more()"]);
}

#[test]
fn circles_and_long_chains_of_fallbacks_end() {
    use std::fmt::Write as _;
    let mut text = String::from("const u0 = process.env.A ?? u0;\n");
    for n in 1..5_000 {
        let _ = writeln!(text, "const u{n} = u{0} ?? u{0};", n - 1);
    }
    text.push_str("export default { datasource: { url: u4999 } };");
    let (config, _) = config(&text);
    assert!(config.datasource_url.is_some());
}
