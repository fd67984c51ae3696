use super::UrlRole;
use crate::parse::typescript::{SourceCode, Syntax, parse};

fn facts(text: &str) -> SourceCode {
    let parsed = parse(text, Syntax::TypeScript);
    assert!(parsed.problems.is_empty(), "{text}: {:?}", parsed.problems);
    parsed.facts
}

#[test]
fn variables_are_read_in_every_way_that_names_them() {
    let table: &[(&str, &[&str])] = &[
        ("fetch(process.env.CATALOG_URL!)", &["CATALOG_URL"]),
        ("fetch(process.env[\"CATALOG_URL\"])", &["CATALOG_URL"]),
        (
            "fetch(process.env?.[`CATALOG_URL`] ?? '')",
            &["CATALOG_URL"],
        ),
        ("(process.env as Env).CATALOG_URL", &["CATALOG_URL"]),
        ("globalThis.process.env.CATALOG_URL", &["CATALOG_URL"]),
        ("import.meta.env.CATALOG_URL", &["CATALOG_URL"]),
        (
            "Bun.env.CATALOG_URL; Deno.env.get('LOAN_URL')",
            &["CATALOG_URL", "LOAN_URL"],
        ),
        (
            "const { CATALOG_URL, LOAN_URL: loan = 'x', ...rest } = process.env;",
            &["CATALOG_URL", "LOAN_URL"],
        ),
        (
            "const e = process.env;\ne.CATALOG_URL; e.slice;",
            &["CATALOG_URL"],
        ),
        (
            "import { env as e } from 'node:process';\ne.CATALOG_URL",
            &["CATALOG_URL"],
        ),
        (
            "import { env } from './env';\nenv.CATALOG_URL; env.isProduction",
            &["CATALOG_URL"],
        ),
        (
            "const vars = schema.parse(process.env);\nvars.CATALOG_URL",
            &["CATALOG_URL"],
        ),
        (
            "this.config.get<string>('CATALOG_URL', { infer: true })",
            &["CATALOG_URL"],
        ),
        (
            "this.configService.getOrThrow(\"CATALOG_URL\")",
            &["CATALOG_URL"],
        ),
        (
            "app.get(ConfigService).get('CATALOG_URL')",
            &["CATALOG_URL"],
        ),
        ("this.config?.get('CATALOG_URL')", &["CATALOG_URL"]),
        (
            "class A { constructor(private cfg: ConfigService<Env>) {} a() { return this.cfg.get('CATALOG_URL'); } }",
            &["CATALOG_URL"],
        ),
        (
            "configService.get('database.url'); cache.get('CATALOG_URL')",
            &[],
        ),
        (
            "requireEnv('CATALOG_URL'); setEnv('LOAN_URL', 'x'); inEnvironment('STAGING')",
            &["CATALOG_URL"],
        ),
        (
            "function must(name: string) { const v = process.env[name]; return v!; }\nmust('CATALOG_URL')",
            &["CATALOG_URL"],
        ),
        (
            "const must = (why: string, name: string) => process.env[name] ?? why;\nmust('x', 'CATALOG_URL')",
            &["CATALOG_URL"],
        ),
        (
            "const KEY = 'CATALOG_URL';\nprocess.env[KEY]; process.env[other]",
            &["CATALOG_URL"],
        ),
        (
            "process.env.CATALOG_URL = 'http://catalog:1'; delete process.env.LOAN_URL",
            &[],
        ),
        ("process.env.CATALOG_URL ??= 'x'", &["CATALOG_URL"]),
        (
            "type A = typeof process.env.CATALOG_URL; // process.env.LOAN_URL",
            &[],
        ),
        ("const text = 'process.env.CATALOG_URL'", &[]),
    ];
    for (text, expected) in table {
        let facts = facts(text);
        let names: Vec<&str> = facts.reads.iter().map(|it| it.value.as_str()).collect();
        assert_eq!(&names, expected, "{text}");
        for read in facts.reads.iter().filter(|_| !text.contains("KEY")) {
            assert_eq!(&text[read.span.range()], read.value, "{text}");
        }
    }
}

#[test]
fn a_schema_demands_what_may_not_be_missing() {
    let table: &[(&str, &[&str])] = &[
        (
            "export const env = z.object({ CATALOG_URL: z.string().url(), LOAN_URL: z.string().optional(), port: z.number() });",
            &["CATALOG_URL"],
        ),
        (
            "Joi.object({ 'CATALOG_URL': Joi.string().required() })",
            &["CATALOG_URL"],
        ),
        (
            "cleanEnv(process.env, { CATALOG_URL: url(), LOAN_URL: url({ default: 'x' }) })",
            &["CATALOG_URL"],
        ),
        (
            "createEnv({ server: { CATALOG_URL: z.url() }, runtimeEnv: process.env })",
            &["CATALOG_URL"],
        ),
        (
            "class Environment { @IsUrl() CATALOG_URL!: string; @IsOptional() LOAN_URL?: string; static A_URL = 'x'; }",
            &["CATALOG_URL"],
        ),
        ("const urls = { CATALOG_URL: 'x' };", &[]),
    ];
    for (text, expected) in table {
        let facts = facts(text);
        let names: Vec<&str> = facts.demands.iter().map(|it| it.value.as_str()).collect();
        assert_eq!(&names, expected, "{text}");
    }
}

#[test]
fn urls_of_hosts_without_a_dot_are_found_with_what_they_are_there_for() {
    let table: &[(&str, &[&str])] = &[
        (
            "fetch('http://catalog:4104/items')",
            &["http://catalog:4104"],
        ),
        (
            "fetch(`http://catalog:4104/${id}`)",
            &["http://catalog:4104"],
        ),
        (
            "fetch(`http://catalog:${port}/items`)",
            &["http://catalog:${port}"],
        ),
        (
            "const PORT = 4104;\nfetch(`http://catalog:${PORT}/items`)",
            &["http://catalog:${PORT}"],
        ),
        (
            "const HOST = 'catalog';\nfetch(`http://${HOST}:4104/items`)",
            &["http://${HOST}:4104"],
        ),
        (
            "fetch('http://' + 'catalog' + ':4104/items')",
            &["http://' + 'catalog' + ':4104"],
        ),
        (
            "fetch('http://catalog:' + port)",
            &["http://catalog:' + port"],
        ),
        (
            "const a = process.env.CATALOG_URL ?? 'http://catalog:4104';",
            &["CATALOG_URL? http://catalog:4104"],
        ),
        (
            "config.get('CATALOG_URL', 'http://catalog:4104')",
            &["CATALOG_URL? http://catalog:4104"],
        ),
        (
            "const { CATALOG_URL = 'http://catalog:4104' } = process.env;",
            &["? http://catalog:4104"],
        ),
        (
            "function f(url = 'http://catalog:4104') {}",
            &["? http://catalog:4104"],
        ),
        (
            "const FALLBACK = 'http://catalog:4104';\nconst url = process.env.CATALOG_URL || FALLBACK;",
            &["CATALOG_URL? http://catalog:4104"],
        ),
        (
            "const local = isLocal ? 'http://catalog:4104' : process.env.CATALOG_URL;",
            &["CATALOG_URL? http://catalog:4104"],
        ),
        (
            "z.object({ CATALOG_URL: z.string().default('http://catalog:4104') })",
            &["CATALOG_URL? http://catalog:4104"],
        ),
        (
            "fetch(`http://${host}:4104`); fetch('http://localhost:4104'); fetch('http://10.0.0.1:80')",
            &[],
        ),
        (
            "fetch('http://catalog/items'); fetch('https://catalog.example:443')",
            &[],
        ),
        (
            "app.enableCors({ origin: ['http://catalog:4104'] }); if (a === 'http://catalog:4104') {}",
            &[],
        ),
        (
            "const a = { origin: 'http://catalog:4104' }; log.info('http://catalog:4104');",
            &[],
        ),
        (
            "const BASE = 'http://catalog:4104';\nfetch(`${BASE}/items`)",
            &["http://catalog:4104"],
        ),
        ("new URL(request.url, 'http://catalog:4104')", &[]),
        (
            "let a: 'http://catalog:4104'; // 'http://catalog:4104'",
            &[],
        ),
    ];
    for (text, expected) in table {
        let facts = facts(text);
        let said = |url: &super::ServiceUrl| {
            let written = &text[url.origin.span.range()];
            match &url.role {
                UrlRole::Used => written.to_owned(),
                UrlRole::Default(name) => {
                    format!("{}? {written}", name.as_deref().unwrap_or_default())
                }
            }
        };
        let urls: Vec<String> = facts.urls.iter().map(said).collect();
        assert_eq!(&urls, expected, "{text}");
    }
}
