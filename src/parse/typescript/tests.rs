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
        ("!", ""),
        ("a ? b : ", ""),
    ] {
        let text = format!("let a = {}1{};", open.repeat(50_000), close.repeat(50_000));
        assert_eq!(parse(&text, Syntax::TypeScript).problems.len(), 1, "{open}");
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
