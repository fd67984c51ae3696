//! What is a syntax error: what the server's parser refuses, and nothing else.

use dbfence::parse::sql::{self, Dialect};

use crate::server::{Server, server};
use crate::support::Files;

/// What the server makes of a script, statement by statement.
struct Verdict {
    /// Whether its parser refused one.
    is_refused: bool,
    /// All that it said.
    errors: String,
}

/// Runs a script in a transaction that is rolled back. After an error the server only parses.
fn verdict(server: &Server, database: &str, script: &str) -> Verdict {
    let errors = server
        .psql(database, &[], &format!("BEGIN;\n{script}"))
        .errors;
    let is_refusal = |message| errors.contains(&format!("ERROR:  42601: {message}"));
    Verdict {
        is_refused: is_refusal("syntax error") || is_refusal("unterminated"),
        errors,
    }
}

/// Ways to break a migration: what is replaced once, and by what. What is not there breaks nothing.
const BREAKS: [(&str, &str); 44] = [
    // What people forget.
    (" NOT NULL,\n", " NOT NULL\n"),
    (" NOT NULL,\n\n", " NOT NULL\n\n"),
    (");\n", ";\n"),
    (");\n", ")\n"),
    (" (\n", "\n"),
    ("\" (\n", " (\n"),
    ("CREATE TABLE \"", "CREATE TABLE "),
    ("PRIMARY KEY (\"id\")", "PRIMARY KEY \"id\")"),
    ("PRIMARY KEY (\"id\")", "PRIMARY KEY (\"id\""),
    ("REFERENCES ", ""),
    ("CONSTRAINT ", ""),
    (" KEY ", " "),
    ("TABLE ", ""),
    (" ON \"", " \""),
    // What they write twice or in the wrong place.
    (" NOT NULL,\n", " NOT NULL,,\n"),
    (" NOT NULL,\n", " NOT NULL;\n"),
    ("(\"id\")\n);", "(\"id\"),\n);"),
    (" TEXT ", " TEXT TEXT "),
    (" NOT NULL", " NULL NOT"),
    (" NOT NULL", " NOT NULL NOT NULL"),
    (" NOT NULL", " DEFAULT NOT NULL"),
    (");\n", "));\n"),
    ("-- CreateTable", "CreateTable"),
    ("-- CreateTable", "// CreateTable"),
    ("-- CreateTable", "/* CreateTable"),
    ("-- CreateTable", "<<<<<<< HEAD"),
    // What they misspell.
    ("CREATE TABLE", "CREATE TABEL"),
    ("CREATE TABLE", "CRATE TABLE"),
    ("CREATE TABLE", "CREATE TABLE IF NOT EXIST"),
    ("CREATE TABLE", "CREATE OR REPLACE TABLE"),
    ("CREATE TABLE \"", "CREATE TABLE order \""),
    ("CONSTRAINT", "CONSTRAIN"),
    ("ON DELETE RESTRICT", "ON DELETE NOTHING"),
    ("ON DELETE", "ON REMOVE"),
    (" NOT NULL", " NOT NUL"),
    ("DECIMAL(12,2)", "DECIMAL(12,)"),
    ("TEXT", "TEXT()"),
    ("CREATE INDEX", "CREATE INDEX UNIQUE"),
    // What is wrong, but not for the parser.
    (" TEXT ", " TEXTT "),
    (" INTEGER ", " public.no_such "),
    ("DECIMAL(12,2)", "DECIMAL(12,2000)"),
    ("CREATE TABLE", "DROP TABLE \"no_such\";\nCREATE TABLE"),
    (
        "CREATE TABLE",
        "CREATE TABLE \"berth\" ();\nCREATE TABLE \"berth\" ();\nCREATE TABLE",
    ),
    ("(\"id\")", "(\"no_such\")"),
];

#[test]
fn a_broken_migration_is_a_syntax_error_where_the_parser_refuses_it() {
    let Some(server) = server() else { return };
    let database = server.database();
    let files = Files::of_fixture("clean");
    let migrations: Vec<&str> = files
        .paths()
        .filter(|path| path.ends_with("/migration.sql"))
        .collect();
    assert!(migrations.len() >= 15, "{migrations:?}");
    let mut faults = Vec::new();
    let (mut refused, mut accepted) = (0, 0);
    let mut compare = |what: &str, text: &str| {
        let verdict = verdict(server, &database, text);
        let parsed = sql::parse(text);
        assert_eq!(parsed.facts.dialect, Dialect::Postgres, "{what}");
        if verdict.is_refused {
            refused += 1;
        } else {
            accepted += 1;
        }
        if verdict.is_refused == parsed.problems.is_empty() {
            faults.push(format!("{what}: {:?}\n{}", parsed.problems, verdict.errors));
        }
    };
    // Every break somewhere, and every migration unbroken.
    for path in &migrations {
        compare(path, files.text(path));
    }
    for (number, (old, new)) in BREAKS.iter().enumerate() {
        let mut broken = migrations
            .iter()
            .cycle()
            .skip(number)
            .take(migrations.len());
        let broken = broken.find(|path| files.text(path).contains(old));
        let path = broken.unwrap_or_else(|| panic!("nothing holds {old:?}"));
        let text = files.text(path).replacen(old, new, 1);
        compare(&format!("{path}: {old:?} -> {new:?}"), &text);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(refused >= 25 && accepted >= 20, "{refused} {accepted}");
}

/// Key words as names: those of categories R and T are refused, those of category C are not.
#[test]
fn key_words_are_refused_where_a_name_has_to_stand() {
    let Some(server) = server() else { return };
    let database = server.database();
    let texts = [
        "CREATE TABLE ? (id int)",
        "CREATE TABLE IF NOT EXISTS ? (id int)",
        "CREATE TABLE a (? int)",
        "CREATE VIEW ? AS SELECT 1",
        "ALTER TABLE ? ADD COLUMN a int",
        "ALTER TABLE IF EXISTS ONLY a ADD COLUMN b int, ADD COLUMN IF NOT EXISTS ? int",
        "ALTER TABLE public.a DROP COLUMN ?",
        "ALTER TABLE a ALTER COLUMN ? SET NOT NULL",
        "ALTER TABLE a ADD CONSTRAINT ? CHECK (b > 0 AND (b, c) = (1, 2)), DROP COLUMN d",
        "ALTER TABLE a RENAME COLUMN ? TO b",
        "ALTER TABLE a RENAME COLUMN b TO ?",
        "ALTER TABLE a RENAME CONSTRAINT b TO ?",
        "ALTER TABLE a RENAME TO ?",
        "DROP TABLE IF EXISTS ?",
        "INSERT INTO ? VALUES (1)",
        "INSERT INTO a (b, ?) VALUES (1, 2)",
        "UPDATE ? SET a = 1",
        "UPDATE a SET ? = 1",
        "DELETE FROM ?",
    ];
    let words = [
        "order",
        "user",
        "group",
        "limit",
        "end",
        "desc",
        "check",
        "default",
        "column",
        "primary",
        "references",
        "like",
        "left",
        "verbose",
        "is",
        "authorization",
        "all",
        "coalesce",
        "values",
        "between",
        "time",
        "position",
        "row",
        "key",
        "type",
        "name",
        "value",
        "date",
        "index",
    ];
    let mut faults = Vec::new();
    for text in texts {
        let all = words.map(|word| text.replace('?', word));
        // One session for all of them: a transaction that has failed only parses.
        let tries = all
            .each_ref()
            .map(|text| format!("{text};\n\\echo :SQLSTATE\n"));
        let script = format!("BEGIN; SELECT 1 / 0;\n{}", tries.concat());
        let said = server.psql(&database, &[], &script).out;
        assert_eq!(said.lines().count(), all.len(), "{said}");
        for (text, sqlstate) in all.iter().zip(said.lines()) {
            let is_error = !sql::parse(text).problems.is_empty();
            if is_error != (sqlstate == "42601") {
                faults.push(format!("{text}: {sqlstate}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
