use super::{Syntax, parse};
use crate::parse::sql::Access;

/// The tables that the SQL of a file names, each as it is written, with what is done to it.
fn named(text: &str) -> Vec<String> {
    let parsed = parse(text, Syntax::TypeScript);
    assert!(parsed.problems.is_empty(), "{text}: {:?}", parsed.problems);
    let references = parsed.facts.references.iter();
    references
        .map(|reference| {
            let written = &text[reference.name.span().range()];
            match reference.access {
                Access::Reads => written.to_owned(),
                other => format!("{other:?} {written}"),
            }
        })
        .collect()
}

#[test]
fn tables_are_found_in_templates_and_strings_and_nowhere_else() {
    let table: &[(&str, &[&str])] = &[
        ("await tx.$queryRaw`SELECT 1 FROM loan`", &["loan"]),
        (
            "this.prisma.$queryRaw<{\n  id: string;\n}[]>`\n  SELECT *\n  FROM loan l\n  JOIN \"Shelf\" s ON s.id = l.shelf\n`",
            &["loan", "Shelf"],
        ),
        (
            "db.$executeRaw`UPDATE loan SET due = ${due} WHERE id IN (${Prisma.join(ids)})`",
            &["Writes loan"],
        ),
        (
            "p.$executeRawUnsafe('DELETE FROM \"loan\" WHERE note = \\'FROM shelf\\'')",
            &["Writes loan"],
        ),
        ("p.$queryRawUnsafe<Row[]>(`SELECT * FROM ${table}`)", &[]),
        ("p.$queryRaw`SELECT * FROM ${Prisma.raw(name)}.loan`", &[]),
        (
            "p.$queryRaw`SELECT * FROM loan_${year} JOIN shelf ON true`",
            &["shelf"],
        ),
        (
            "const BASE = 'SELECT * FROM loan ';\np.$queryRawUnsafe(BASE + 'JOIN shelf ON true ' + where)",
            &["loan", "shelf"],
        ),
        (
            "const columns = 'a, b';\np.$queryRawUnsafe(`SELECT ${columns} FROM loan`)",
            &["loan"],
        ),
        ("p.$queryRaw`SELECT 1 FROM loan -- → ${one}`", &["loan"]),
        (
            "let t = 'loan';\np.$queryRawUnsafe(`SELECT * FROM ${t}`)",
            &["loan"],
        ),
        (
            "let t = choose();\np.$queryRawUnsafe(`SELECT * FROM ${t}`)",
            &[],
        ),
        (
            "const t = 'loan';\np.$queryRawUnsafe(`SELECT * FROM ${t}`)",
            &["loan"],
        ),
        (
            "const t = 'loan';\nfunction f(t: string) { return p.$queryRawUnsafe(`SELECT 1 FROM ${t} JOIN shelf ON true`); }",
            &["shelf"],
        ),
        (
            "p.$queryRaw(Prisma.sql`SELECT 1 FROM loan ${late ? Prisma.sql`JOIN shelf ON true` : Prisma.empty}`)",
            &["loan", "shelf"],
        ),
        (
            "const where = Prisma.sql`WHERE EXISTS (SELECT 1 FROM shelf)`;\np.$queryRaw`SELECT 1 FROM loan ${where}`",
            &["shelf", "loan"],
        ),
        (
            "p.$queryRaw`WITH shelf AS (SELECT 1 FROM loan) SELECT * FROM shelf -- FROM nowhere\n`",
            &["loan"],
        ),
        (
            "import { Pool } from 'pg';\npool.query('INSERT INTO loan (id) VALUES ($1)', [id]);",
            &["Writes loan"],
        ),
        (
            "import pg from 'pg';\nclient.query({ text: `SELECT *\\nFROM loan`, values: [] });",
            &["loan"],
        ),
        (
            "import { Pool } from 'pg';\npool.query('from the loan desk');\nlog.info('SELECT * FROM shelf');",
            &[],
        ),
        ("client.query('SELECT * FROM loan')", &[]),
        (
            "import { sql } from 'drizzle-orm';\ndb.execute(sql`SELECT * FROM loan`);",
            &["loan"],
        ),
        (
            "import { sql } from 'sqlite';\nsql`SELECT * FROM loan`;",
            &[],
        ),
        (
            "// p.$queryRaw`SELECT * FROM loan`\nconst text = '$queryRaw`SELECT * FROM loan`';",
            &[],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(&named(text), expected, "{text}");
    }
}

#[test]
fn a_file_that_is_nested_too_deeply_is_a_problem_and_no_crash() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("x => ", ""),
        ("new ", ""),
        ("await ", ""),
    ] {
        let text = format!("let a = {}1{};", open.repeat(60_000), close.repeat(60_000));
        assert_eq!(parse(&text, Syntax::TypeScript).problems.len(), 1, "{open}");
    }
}

#[test]
fn statements_that_hold_each_other_are_counted_as_well() {
    for statement in ["if (a) b(); else ", "while (a) ", "a: ", "for (;;) ", "do "] {
        let text = format!("{};", statement.repeat(50_000));
        let parsed = parse(&text, Syntax::TypeScript);
        assert_eq!(parsed.problems.len(), 1, "{statement}");
    }
    let chain = "if (a) { b(); } else ".repeat(900) + "{}";
    let lines = "return a\nreturn a\nlet a: b = new C()\n".repeat(2_000);
    let sum = "'data:".to_owned() + &"ab/+cd".repeat(20_000) + "'; p.$queryRaw`SELECT 1 FROM loan`";
    for text in [chain, format!("function f() {{ {lines} }}"), sum] {
        assert!(parse(&text, Syntax::TypeScript).problems.is_empty());
    }
}

#[test]
fn comments_nest_nothing_and_what_only_looks_like_them_does() {
    for comments in [
        "// dbfence-ignore foreign-table: a\n".repeat(50_000),
        "  /* dbfence-ignore foreign-table: a */ // ---\r\n".repeat(30_000),
        "/* dbfence-ignore foreign-table: a */ ".repeat(50_000),
    ] {
        let parsed = parse(&format!("{comments}\nlet a;"), Syntax::TypeScript);
        assert!(parsed.problems.is_empty());
        assert!(parsed.comments.len() >= 50_000);
    }
    let sum = "- ".repeat(150_000);
    for text in [
        format!("a = `\n// ${{1 {sum} 1}}`"),
        format!("a = `\n// ` {sum} 1"),
        format!("a = 'b\\\n// ' {sum} 1"),
        format!("/*\n// */ a = 1 {sum} 1"),
        format!("/*\n/* */ a = 1 {sum} 1"),
        format!("a = b\n/* c */ {sum} 1"),
        format!("a = <b>\n// {{1 {sum} 1}}</b>"),
        format!("// a\u{2028} a = 1 {sum} 1"),
        format!("// a\r a = 1 {sum} 1"),
    ] {
        assert_eq!(parse(&text, Syntax::Jsx).problems.len(), 1, "{text:.20}");
    }
}

#[test]
fn a_file_that_cannot_be_parsed_is_a_problem_where_the_parser_stopped() {
    let text = "const a = (b => b;\n";
    let parsed = parse(text, Syntax::TypeScript);
    assert_eq!(parsed.problems.len(), 1);
    assert_eq!(&text[parsed.problems[0].span.range()], ";");
}

#[test]
fn elements_of_jsx_are_read_in_javascript() {
    let text = "const a = <b>{p.$queryRaw`SELECT 1 FROM loan`}</b>;";
    let parsed = parse(text, Syntax::Jsx);
    assert_eq!(parsed.facts.references.len(), 1);
    assert_eq!(parsed.facts.queries.len(), 1);
    assert!(parsed.facts.queries[0].is_known);
}

#[test]
fn texts_are_put_together_from_what_the_file_tells() {
    let table: &[(&str, &[&str])] = &[
        (
            "let q = 'SELECT * FROM loan';\nif (late) { q += ' JOIN shelf ON true'; }\np.$queryRawUnsafe(q)",
            &["loan", "shelf"],
        ),
        (
            "let q;\nif (late) { q = 'SELECT * FROM loan'; } else { q = 'SELECT * FROM shelf'; }\np.$queryRawUnsafe(q)",
            &["loan", "shelf"],
        ),
        (
            "function a() { const q = 'SELECT 1 FROM loan'; return p.$queryRawUnsafe(q); }\nfunction b() { const q = 'SELECT 1 FROM shelf'; return p.$queryRawUnsafe(q); }",
            &["loan", "shelf"],
        ),
        (
            "p.$queryRawUnsafe(`SELECT 1 FROM loan ${late ? 'JOIN shelf ON true' : ''}`)",
            &["loan", "shelf"],
        ),
        (
            "p.$queryRawUnsafe(`SELECT 1 FROM ${old ? 'loan' : 'shelf'} WHERE a = 1`)",
            &["loan", "shelf"],
        ),
        (
            "const where = () => Prisma.sql`WHERE EXISTS (SELECT 1 FROM shelf)`;\np.$queryRaw`SELECT 1 FROM loan ${where()}`",
            &["shelf", "loan"],
        ),
        (
            "class A { from() { return 'FROM loan'; }\n list() { return this.p.$queryRawUnsafe(`SELECT 1 ${this.from()}`); } }",
            &["loan"],
        ),
        (
            "class A { static readonly LIST = 'SELECT 1 FROM loan';\n list() { return this.p.$queryRawUnsafe(A.LIST); } }",
            &["loan"],
        ),
        (
            "class A { private readonly list = 'SELECT 1 FROM loan';\n all() { return this.p.$queryRawUnsafe(this.list); } }",
            &["loan"],
        ),
        (
            "class A { private list = 'SELECT 1 FROM loan';\n set(list) { this.list = list; }\n all() { return this.p.$queryRawUnsafe(this.list); } }",
            &[],
        ),
        (
            "const QUERIES = { find: 'SELECT 1 FROM loan', other: 'SELECT 1 FROM shelf' } as const;\np.$queryRawUnsafe(QUERIES.find)",
            &["loan"],
        ),
        (
            "enum Table { Loan = 'loan' }\np.$queryRawUnsafe(`SELECT 1 FROM ${Table.Loan}`)",
            &["loan"],
        ),
        (
            "p.$queryRawUnsafe(['SELECT 1', 'FROM loan'].join(' '))",
            &["loan"],
        ),
        (
            "p.$queryRawUnsafe('SELECT 1 '.concat('FROM ', 'loan'))",
            &["loan"],
        ),
        (
            "p.$queryRawUnsafe(String.raw`SELECT 1 FROM loan`)",
            &["loan"],
        ),
        (
            "const t = 'loan';\np.$queryRaw`SELECT 1 FROM ${Prisma.raw(t)} WHERE id = ${id}`",
            &["loan"],
        ),
        (
            "const t = 'loan';\np.$queryRaw`SELECT 1 FROM shelf WHERE name = ${t}`",
            &["shelf"],
        ),
        ("p.$queryRawUnsafe(`SELECT 1 FROM ${schema}.loan`)", &[]),
        ("const q = p.$queryRaw;\nq`SELECT 1 FROM loan`", &["loan"]),
        ("(tx as any).$queryRaw`SELECT 1 FROM loan`", &["loan"]),
        ("tx?.$queryRawUnsafe('SELECT 1 FROM loan')", &["loan"]),
        ("tx['$queryRawUnsafe']('SELECT 1 FROM loan')", &["loan"]),
        (
            "p.$queryRaw`SELECT ${Prisma.join([Prisma.sql`(SELECT 1 FROM loan)`, Prisma.sql`(SELECT 1 FROM shelf)`])}`",
            &["loan", "shelf"],
        ),
        (
            "p.$executeRaw`CREATE TEMP TABLE late AS SELECT 1 FROM loan`;\np.$queryRaw`SELECT 1 FROM late`",
            &["loan"],
        ),
        (
            "p.$queryRaw`SELECT \\u0022loan\\u0022 FROM \\u0022loan\\u0022`",
            &["loan"],
        ),
        ("\u{feff}p.$queryRaw`SELECT 'ä'\r\nFROM loan`", &["loan"]),
    ];
    for (text, expected) in table {
        assert_eq!(&named(text), expected, "{text}");
    }
}

#[test]
fn clients_are_known_by_what_made_them() {
    let table: &[(&str, &[&str])] = &[
        (
            "const { Pool } = require('pg');\nconst pool = new Pool();\npool.query('SELECT 1 FROM loan')",
            &["loan"],
        ),
        (
            "import { Pool } from 'pg';\nclass A { constructor(private readonly pool: Pool) {}\n all() { return this.pool.query<Row>('SELECT 1 FROM loan'); } }",
            &["loan"],
        ),
        (
            "import { createClient } from '@clickhouse/client';\nimport { Pool } from 'pg';\nconst events = createClient();\nevents.query('SELECT 1 FROM shelf');\nnew Pool().query('SELECT 1 FROM loan')",
            &["loan"],
        ),
        (
            "import mysql from 'mysql2/promise';\nconst db = await mysql.createConnection(url);\ndb.query('SELECT 1 FROM loan')",
            &[],
        ),
        (
            "import { Prisma } from '@prisma/client';\nimport { events } from './events';\nevents.query('SELECT 1 FROM loan')",
            &[],
        ),
        (
            "import postgres from 'postgres';\nconst db = postgres(url);\ndb`SELECT 1 FROM ${db('loan')} WHERE id = ${id}`;\ndb.unsafe('SELECT 1 FROM shelf')",
            &["loan", "shelf"],
        ),
        (
            "import { neon } from '@neondatabase/serverless';\nconst sql = neon(url);\nsql`SELECT 1 FROM loan`",
            &["loan"],
        ),
        (
            "import { sql } from 'kysely';\nsql<Row>`SELECT 1 FROM ${sql.table('loan')}`.execute(db)",
            &["loan"],
        ),
        (
            "import { sql } from 'slonik';\npool.any(sql.type(row)`SELECT 1 FROM ${sql.identifier(['books', 'loan'])}`);\npool.any(sql.unsafe`SELECT 1 FROM shelf`)",
            &["books', 'loan", "shelf"],
        ),
        (
            "import SQL from 'sql-template-strings';\ndb.query(SQL`SELECT 1 FROM loan`)",
            &["loan"],
        ),
        (
            "import knex from 'knex';\nconst db = knex({});\ndb.raw('SELECT 1 FROM ?? WHERE ?? = ?', ['loan', 'id', 1])",
            &["loan"],
        ),
        (
            "import { QueryRunner } from 'typeorm';\nexport class A { async up(runner: QueryRunner) { await runner.query('CREATE TABLE loan (id int)'); } }",
            &["Defines loan"],
        ),
        (
            "import { Pool } from 'pg';\nimport Cursor from 'pg-cursor';\npool.query(new Cursor('SELECT 1 FROM loan'))",
            &["loan"],
        ),
        (
            "import { sql } from '@codemirror/lang-sql';\nsql`SELECT 1 FROM loan`",
            &[],
        ),
        (
            "import gql from 'graphql-tag';\nconst sql = gql;\nsql`SELECT 1 FROM loan`",
            &[],
        ),
        ("db.query('SELECT 1 FROM loan')", &[]),
    ];
    for (text, expected) in table {
        assert_eq!(&named(text), expected, "{text}");
    }
}

#[test]
fn sql_of_a_client_that_is_not_known_is_passed_over_and_counted() {
    let passed_over = |text: &str| parse(text, Syntax::TypeScript).facts.passed_over.len();
    assert_eq!(
        passed_over("import { db } from './db';\ndb.query('SELECT 1 FROM loan')"),
        1
    );
    assert_eq!(
        passed_over("import { sql } from './db';\nsql`SELECT 1 FROM loan`"),
        1
    );
    assert_eq!(passed_over("db.query('loans of today')"), 0);
}

#[test]
fn a_query_is_known_where_only_values_are_left_open() {
    let is_known = |text: &str| parse(text, Syntax::TypeScript).facts.queries[0].is_known;
    assert!(is_known("p.$queryRaw`SELECT 1 FROM loan WHERE id = ${id}`"));
    assert!(!is_known("p.$queryRaw`SELECT 1 FROM ${table}`"));
    assert!(!is_known(
        "p.$queryRawUnsafe(`SELECT 1 FROM loan ${where}`)"
    ));
    assert!(!is_known("p.$queryRawUnsafe(query)"));
}
