use std::sync::Arc;

use super::replay;
use crate::model::catalog::{Catalog, RelationKind};
use crate::parse::{AllFacts, Facts, sql};
use crate::source::FileId;

/// What migrations leave; each `;;` begins another one.
fn after(migrations: &str, default_schema: &str) -> Catalog {
    let parse = |text| Arc::new(Facts::Sql(sql::parse(text)));
    let facts: AllFacts = migrations.split(";;").map(parse).collect();
    let files = (0_u32..).map(FileId).take(facts.len());
    replay(&facts, &files.collect::<Vec<_>>(), default_schema)
}

/// A catalogue in a line: `!` is `NOT NULL`, `?` what is not known.
fn sketch(catalog: &Catalog) -> String {
    let mut parts = Vec::new();
    for (name, schema) in &catalog.schemas {
        if name != "public" {
            parts.push(format!("schema {name}"));
        }
        let qualified = |own: &str| match name.as_str() {
            "public" => own.to_owned(),
            _ => format!("{name}.{own}"),
        };
        for (own, relation) in &schema.relations {
            let columns = relation.columns.iter().map(|column| {
                let of_type = column.type_name.as_deref().unwrap_or("?");
                let null = match column.is_nullable {
                    Some(true) => "",
                    Some(false) => "!",
                    None => "?",
                };
                let is_doubtful = catalog.is_doubtful(name, own, Some(&column.name));
                let doubt = if is_doubtful { " perhaps" } else { "" };
                format!("{} {of_type}{null}{doubt}", column.name)
            });
            let kind = match relation.kind {
                RelationKind::Table => "",
                RelationKind::View => "view ",
                RelationKind::MaterializedView => "materialized view ",
                RelationKind::ForeignTable => "foreign ",
            };
            let rest = if relation.is_complete { "" } else { ", …" };
            let columns = columns.collect::<Vec<_>>().join(", ");
            parts.push(format!("{kind}{}({columns}{rest})", qualified(own)));
        }
        for (own, found) in &schema.enums {
            let values: Vec<&str> = found.values.iter().map(|it| it.value.as_str()).collect();
            let is_doubtful = catalog.is_doubtful(name, own, None);
            let doubt = if is_doubtful { " perhaps" } else { "" };
            parts.push(format!(
                "enum {}({}){doubt}",
                qualified(own),
                values.join(" ")
            ));
        }
    }
    if catalog.is_open {
        parts.push("open".to_owned());
    }
    parts.join("; ")
}

fn check(cases: &[(&str, &str)]) {
    for (sql, expected) in cases {
        assert_eq!(sketch(&after(sql, "public")), *expected, "{sql}");
    }
}

#[test]
fn tables_come_change_and_go() {
    check(&[
        (
            "CREATE TABLE T (Id serial, \"Name\" varchar(20) NOT NULL, n int[] NULL, PRIMARY KEY (id))",
            "t(id integer!, Name character varying(20)!, n integer[])",
        ),
        (
            "CREATE TABLE t (a int PRIMARY KEY, b bigint GENERATED ALWAYS AS IDENTITY, c int CHECK (c IS NOT NULL) REFERENCES t ON DELETE SET NULL)",
            "t(a integer!, b bigint!, c integer)",
        ),
        (
            "CREATE TABLE t (a int); ALTER TABLE t ADD b text NOT NULL DEFAULT '', DROP a, ADD CONSTRAINT c CHECK (b <> '');; ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME b TO c; ALTER TABLE u ALTER c DROP NOT NULL, ALTER c TYPE varchar(3)",
            "u(c character varying(3))",
        ),
        (
            "CREATE TABLE t (a int); ALTER TABLE t ADD b int, DROP nothing; ALTER TABLE IF EXISTS u ADD b int; ALTER TABLE u ADD c int",
            "t(a integer)",
        ),
        (
            "CREATE TABLE t (a int, b int); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i; ALTER TABLE t ADD PRIMARY KEY (b)",
            "t(a integer!, b integer!)",
        ),
        (
            "CREATE TABLE t (a int NOT NULL); CREATE TABLE u (LIKE t INCLUDING ALL, b int); CREATE TABLE v AS SELECT a, a::text AS b, count(*) FROM t GROUP BY 1; SELECT a AS c INTO w FROM t; DROP TABLE IF EXISTS t, x",
            "u(a integer!, b integer); v(a integer, b text, count bigint); w(c integer)",
        ),
        (
            "CREATE TEMP TABLE t (a int); CREATE TABLE u (a int); DROP TABLE t;; CREATE TEMPORARY TABLE u (b int); ALTER TABLE u ADD c int",
            "u(a integer)",
        ),
        (
            "CREATE TABLE t (a int); BEGIN; ALTER TABLE t ADD b int; SAVEPOINT s; DROP TABLE t; ROLLBACK TO s; COMMIT; BEGIN; DROP TABLE t; ROLLBACK",
            "t(a integer, b integer)",
        ),
    ]);
}

#[test]
fn types_are_printed_as_postgres_prints_them() {
    for (written, printed) in [
        ("INT4", "integer"),
        ("timestamptz(3)", "timestamp(3) with time zone"),
        ("time with time zone", "time with time zone"),
        ("decimal(65, 30)", "numeric(65,30)"),
        ("numeric(5)", "numeric(5,0)"),
        ("char", "character(1)"),
        ("\"char\"", "\"char\""),
        ("character varying", "character varying"),
        ("float(24)", "real"),
        ("double precision[][]", "double precision[]"),
        ("text ARRAY[4]", "text[]"),
        ("bit varying(5)", "bit varying(5)"),
        ("interval day to second(3)", "interval day to second(3)"),
        ("pg_catalog.int8", "bigint"),
        ("vector(1536)", "vector(1536)"),
        ("elsewhere.nobody_knows", "?"),
    ] {
        let sql = format!("CREATE TABLE t (a {written} DEFAULT NULL)");
        let expected = format!("t(a {printed})");
        assert_eq!(sketch(&after(&sql, "public")), expected, "{sql}");
    }
}

#[test]
fn types_come_change_and_go() {
    check(&[
        (
            "CREATE TYPE \"S\" AS ENUM ('a', 'c'); ALTER TYPE \"S\" ADD VALUE 'b' BEFORE 'c'; ALTER TYPE \"S\" ADD VALUE IF NOT EXISTS 'a'; ALTER TYPE \"S\" RENAME VALUE 'a' TO 'it''s'",
            "enum S(it's b c)",
        ),
        (
            "CREATE TYPE s AS ENUM ('a'); CREATE TABLE t (x s, y s[]); ALTER TYPE s RENAME TO old; CREATE TYPE s AS ENUM ('b'); ALTER TABLE t ALTER x TYPE s USING x::text::s",
            "t(x s, y old[]); enum old(a); enum s(b)",
        ),
        (
            "CREATE TYPE s AS ENUM ('a'); CREATE TABLE t (x s, y int); CREATE VIEW v AS SELECT x FROM t; DROP TYPE s; DROP TYPE s CASCADE",
            "t(y integer)",
        ),
        (
            "CREATE TYPE p AS (a int, b text); CREATE TABLE t OF p; CREATE TABLE u (x p); ALTER TYPE p RENAME TO q",
            "t(a integer, b text); u(x q)",
        ),
        (
            "CREATE DOMAIN d AS text NOT NULL; CREATE TABLE t (x d, y int); DROP DOMAIN d CASCADE",
            "t(y integer)",
        ),
    ]);
}

#[test]
fn schemas_hold_what_stands_in_them() {
    check(&[
        (
            "CREATE SCHEMA a; CREATE TYPE a.s AS ENUM ('x'); CREATE TABLE a.t (x a.s); ALTER TABLE a.t SET SCHEMA public; ALTER SCHEMA a RENAME TO \"B\"",
            "schema B; enum B.s(x); t(x \"B\".s)",
        ),
        (
            "CREATE SCHEMA a; SET search_path TO a, public; CREATE TABLE t (x int);; CREATE TABLE t (y int); SELECT set_config('search_path', 'a', false); DROP TABLE t",
            "schema a; t(y integer)",
        ),
        (
            "CREATE SCHEMA a; CREATE TABLE a.t (x int); CREATE VIEW v AS SELECT * FROM a.t; DROP SCHEMA a; DROP SCHEMA a CASCADE; CREATE TABLE a.u (x int)",
            "",
        ),
    ]);
    let own = after(
        "CREATE TABLE t (a int); CREATE TABLE public.u (b int)",
        "loans",
    );
    assert_eq!(
        sketch(&own),
        "schema loans; loans.t(a integer); u(b integer)"
    );
}

#[test]
fn views_have_the_columns_of_their_queries() {
    check(&[
        (
            "CREATE TABLE t (a int NOT NULL, b text); CREATE VIEW v (x) AS SELECT a, b AS y, max(a), 1 + 1 AS two FROM t",
            "t(a integer!, b text); view v(x integer, y text, max ?, two ?)",
        ),
        (
            "CREATE TABLE t (a int); CREATE MATERIALIZED VIEW m AS WITH c AS (SELECT a AS b FROM t) SELECT c.*, s.a FROM c JOIN (SELECT a FROM t) AS s ON true; ALTER MATERIALIZED VIEW m RENAME TO n",
            "materialized view n(b integer, a integer); t(a integer)",
        ),
        (
            "CREATE VIEW v AS SELECT * FROM generate_series(1, 2)",
            "view v(, …)",
        ),
        (
            "CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t DROP a; ALTER TABLE t ALTER a TYPE text; ALTER TABLE t RENAME a TO c; DROP TABLE t; ALTER TABLE t DROP c CASCADE",
            "t(b integer)",
        ),
    ]);
}

#[test]
fn heirs_follow_their_parents() {
    check(&[
        (
            "CREATE TABLE p (a int NOT NULL); CREATE TABLE c (b int, a int) INHERITS (p); ALTER TABLE p ADD d text; ALTER TABLE p RENAME a TO e; ALTER TABLE c DROP d; ALTER TABLE p DROP d",
            "c(e integer!, b integer); p(e integer!)",
        ),
        (
            "CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE c PARTITION OF p FOR VALUES FROM (1) TO (2); CREATE TABLE d (a int); ALTER TABLE p ATTACH PARTITION d DEFAULT; ALTER TABLE p ADD b int; ALTER TABLE p DETACH PARTITION d; DROP TABLE p",
            "d(a integer, b integer)",
        ),
    ]);
}

#[test]
fn conditions_are_decided_or_leave_doubts() {
    check(&[
        (
            "CREATE TYPE s AS ENUM ('a'); DO $$ BEGIN CREATE TYPE s AS ENUM ('b'); EXCEPTION WHEN duplicate_object THEN null; END $$",
            "enum s(a)",
        ),
        (
            "CREATE TABLE t (a int); DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'a') THEN ALTER TABLE t ADD a text; ELSE ALTER TABLE t ADD b text; END IF; END $$",
            "t(a integer, b text)",
        ),
        (
            "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 's') THEN CREATE TYPE s AS ENUM ('a'); END IF; END $$",
            "enum s(a)",
        ),
        (
            "CREATE TABLE t (a int); DO $$ BEGIN IF (SELECT count(*) FROM t) > 0 THEN ALTER TABLE t ADD b int; CREATE TYPE s AS ENUM ('a'); END IF; END $$",
            "t(a integer, b integer perhaps); enum s(a) perhaps",
        ),
        (
            "CREATE TABLE t (a int); DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD b int'; EXECUTE format('ALTER TABLE %I ADD c int', 't'); EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', x, y); END $$",
            "t(a integer, b integer, c integer)",
        ),
        ("DO $$ BEGIN EXECUTE statement; END $$", "open"),
        (
            "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS void AS $$ BEGIN ALTER TABLE t ADD b int; END $$ LANGUAGE plpgsql;; SELECT f()",
            "t(a integer, b integer perhaps)",
        ),
        (
            "CREATE TABLE t (a int); DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 't') THEN RETURN; END IF; DROP TABLE t; END $$",
            "t(a integer)",
        ),
    ]);
}

#[test]
fn a_journal_goes_back_over_what_changed_several_times() {
    check(&[
        (
            "BEGIN; CREATE TABLE t (a int); ALTER TABLE t ADD b int; SAVEPOINT s; ALTER TABLE t ADD c int; ALTER TABLE t ADD d int, ADD e int; ROLLBACK TO s; ALTER TABLE t ADD f int; COMMIT",
            "t(a integer, b integer, f integer)",
        ),
        (
            "CREATE TABLE t (a int); BEGIN; ALTER TABLE t ADD b int, ADD c int; ALTER TABLE t ADD d int, DROP nothing; ALTER TABLE t ADD e int; ROLLBACK; ALTER TABLE t ADD f int",
            "t(a integer, f integer)",
        ),
        (
            "BEGIN; CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE c PARTITION OF p DEFAULT; SAVEPOINT s; DROP TABLE p; ROLLBACK TO s; ALTER TABLE p ADD b int; COMMIT",
            "c(a integer, b integer); p(a integer, b integer)",
        ),
        (
            "CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE c PARTITION OF p DEFAULT; DROP TABLE c; ALTER TABLE p ADD b int; CREATE TABLE c PARTITION OF p DEFAULT; DROP TABLE p; CREATE TABLE p (z int); ALTER TABLE p ADD y int",
            "p(z integer, y integer)",
        ),
    ]);
}

#[test]
fn loops_over_told_elements_are_told_turn_by_turn() {
    let tables = "CREATE TABLE t (a int); CREATE TABLE \"U\" (b int, a int); ";
    let looped = |block: &str| after(&format!("{tables}DO $$ {block} $$"), "public");
    for (block, expected) in [
        (
            "DECLARE names text[] := ARRAY['t', 'U']; n text; BEGIN FOREACH n IN ARRAY names LOOP IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = n AND column_name = 'b') THEN EXECUTE format('ALTER TABLE %I ADD COLUMN b text', n); END IF; END LOOP; END",
            "U(b integer, a integer); t(a integer, b text)",
        ),
        (
            "DECLARE n text; BEGIN FOREACH n IN ARRAY ARRAY['t', 'U']::text[] LOOP EXECUTE 'ALTER TABLE ' || quote_ident(n) || ' DROP a'; END LOOP; END",
            "U(b integer); t()",
        ),
        (
            "DECLARE names text[] := ARRAY['t']; n text; BEGIN names := names || more(); FOREACH n IN ARRAY names LOOP EXECUTE format('ALTER TABLE %I DROP a', n); END LOOP; END",
            "U(b integer, a integer); t(a integer); open",
        ),
        (
            "DECLARE n text; BEGIN FOREACH n IN ARRAY ARRAY['t', 'U'] LOOP EXIT WHEN n = 'U'; EXECUTE format('ALTER TABLE %I DROP a', n); END LOOP; END",
            "U(b integer, a integer); t(a integer); open",
        ),
    ] {
        assert_eq!(sketch(&looped(block)), expected, "{block}");
    }
}

#[test]
fn a_refused_statement_undoes_its_transaction() {
    check(&[
        (
            "CREATE TABLE t (a int); BEGIN; ALTER TABLE t ADD b int; ALTER TABLE t ADD b text; CREATE TABLE u (a int); COMMIT; ALTER TABLE t ADD c int",
            "t(a integer, c integer)",
        ),
        (
            "BEGIN; CREATE TABLE t (a int); SAVEPOINT s; CREATE TABLE t (b int); CREATE TABLE u (a int); ROLLBACK TO s; ALTER TABLE t ADD c int; COMMIT",
            "t(a integer, c integer)",
        ),
        // A table that another database may have had before.
        (
            "BEGIN; ALTER TABLE before ADD a int; CREATE TABLE t (a int); COMMIT",
            "t(a integer)",
        ),
        (
            "BEGIN; CREATE TABLE t (a int); COMMIT AND CHAIN; ALTER TABLE t ADD b int; ROLLBACK AND CHAIN; ALTER TABLE t ADD c int; ROLLBACK",
            "t(a integer)",
        ),
    ]);
}

#[test]
fn a_table_has_no_more_columns_than_postgres_gives_it() {
    let columns = |count| {
        let names: Vec<String> = (0..count).map(|number| format!("c{number} int")).collect();
        format!(
            "CREATE TABLE t ({}); ALTER TABLE t ADD last int",
            names.join(", ")
        )
    };
    let counted = |sql: &str| {
        after(sql, "public")
            .relations()
            .next()
            .map(|it| it.2.columns.len())
    };
    assert_eq!(counted(&columns(1_599)), Some(1_600));
    assert_eq!(counted(&columns(1_600)), Some(1_600));
    assert_eq!(counted(&columns(1_601)), None);
}

#[test]
fn routines_that_call_each_other_over_and_over_come_to_an_end() {
    let body = |next: usize| {
        let calls = format!("PERFORM f{next}(); ").repeat(60);
        format!("BEGIN CREATE TABLE IF NOT EXISTS t (a int); {calls} END")
    };
    let routines = (0..8).map(|number| {
        let body = body(number + 1);
        format!("CREATE FUNCTION f{number}() RETURNS void LANGUAGE plpgsql AS $$ {body} $$; ")
    });
    let sql = routines.collect::<String>() + "SELECT f0()";
    assert!(after(&sql, "public").is_open);
}

#[test]
fn what_is_not_there_is_refused() {
    check(&[
        (
            "CREATE TABLE t (a int, UNIQUE (b)); CREATE TABLE u (a int, FOREIGN KEY (b) REFERENCES u); CREATE TABLE v (a int, UNIQUE NULLS NOT DISTINCT (a)); ALTER TABLE v ADD b int, ADD CONSTRAINT k UNIQUE (c); ALTER TABLE v ADD d int, ADD UNIQUE (d)",
            "v(a integer, d integer)",
        ),
        (
            "CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE c PARTITION OF p DEFAULT; CREATE TABLE d () INHERITS (c)",
            "c(a integer); p(a integer)",
        ),
        (
            "CREATE TABLE p (a int NOT NULL) PARTITION BY RANGE (a); CREATE TABLE c PARTITION OF p DEFAULT; ALTER TABLE c ALTER a DROP NOT NULL",
            "c(a integer!); p(a integer!)",
        ),
    ]);
}
