//! What statements name, in a sketch: `r` reads, `w` writes, `d` defines, `a` alters, `x` drops, `f`
//! references; `?` if optional; `@` before the `search_path`; the text of a part in `<>` where it is not the
//! name.

use std::fmt::Write;

use crate::parse::sql::{Access, TableReference, parse};
use crate::source::At;

fn sketch(text: &str, reference: &TableReference) -> String {
    let access = match reference.access {
        Access::Reads => "r",
        Access::Writes => "w",
        Access::Defines => "d",
        Access::Alters => "a",
        Access::Drops => "x",
        Access::References => "f",
    };
    let part = |part: &At<String>| match &text[part.span.range()] {
        slice if *slice == part.value => part.value.clone(),
        slice => format!("{}<{slice}>", part.value),
    };
    let parts: Vec<String> = reference.name.parts.iter().map(part).collect();
    let mut sketch = format!("{access} {}", parts.join("."));
    if reference.is_optional {
        sketch.push('?');
    }
    if let Some(path) = &reference.search_path {
        write!(sketch, " @{}", path.join(",")).unwrap();
    }
    sketch
}

fn references(text: &str) -> String {
    let references = parse(text).facts.references;
    let sketches = references.iter().map(|reference| sketch(text, reference));
    sketches.collect::<Vec<_>>().join("; ")
}

fn check(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(references(text), *expected, "{text}");
    }
}

#[test]
fn tables_stand_where_queries_name_them() {
    check(&[
        (
            "SELECT * FROM a, b.c AS d, LATERAL (SELECT * FROM e) f",
            "r a; r b.c; r e",
        ),
        (
            "SELECT * FROM x.y.z JOIN ONLY (q) USING (r)",
            "r x.y.z; r q",
        ),
        (
            "SELECT a.b.c, d.e FROM f WHERE EXISTS (TABLE g)",
            "r f; r g",
        ),
        (
            "SELECT * FROM (a LEFT JOIN b ON true) c, ((SELECT * FROM d)) e",
            "r a; r b; r d",
        ),
        (
            "INSERT INTO a (b) SELECT c FROM d ON CONFLICT (b) DO UPDATE SET b = excluded.b",
            "w a; r d",
        ),
        (
            "UPDATE ONLY a SET b = c.d FROM c WHERE a.e = c.e RETURNING a.*",
            "w a; r c",
        ),
        (
            "DELETE FROM ONLY a USING b, c d WHERE true",
            "w a; r b; r c",
        ),
        (
            "MERGE INTO a USING b ON true WHEN MATCHED THEN UPDATE SET c = 1",
            "w a; r b",
        ),
        (
            "TRUNCATE a, ONLY b RESTART IDENTITY; LOCK TABLE c, d IN SHARE MODE",
            "w a; w b; w c; w d",
        ),
        ("TABLE a; VALUES (1), ((SELECT b FROM c))", "r a; r c"),
        (
            "COPY a (b) TO STDOUT; COPY (SELECT * FROM c) TO STDOUT; COPY d FROM '/x'",
            "r a; r c; w d",
        ),
        (
            "COPY a FROM stdin;\nb FROM c\n\\.\nSELECT * FROM d",
            "w a; r d",
        ),
    ]);
}

#[test]
fn tables_stand_where_definitions_name_them() {
    check(&[
        (
            "CREATE TABLE a (b int REFERENCES c (d), FOREIGN KEY (e) REFERENCES f, LIKE g) INHERITS (h, i)",
            "d a; f c; f f; f g; f h; f i",
        ),
        (
            "CREATE TABLE a PARTITION OF b FOR VALUES FROM (1) TO (2)",
            "d a; f b",
        ),
        (
            "CREATE TABLE IF NOT EXISTS a AS SELECT * FROM b; SELECT 1 INTO c FROM d",
            "d a; r b; d c; r d",
        ),
        (
            "CREATE FOREIGN TABLE a (b int) SERVER s; DROP FOREIGN TABLE IF EXISTS a",
            "d a; x a?",
        ),
        (
            "ALTER TABLE IF EXISTS ONLY a ADD COLUMN b int REFERENCES c",
            "a a?; f c",
        ),
        (
            "ALTER TABLE a INHERIT b; ALTER TABLE a ATTACH PARTITION c DEFAULT",
            "a a; f b; a a; a c",
        ),
        ("ALTER TABLE IF EXISTS a DETACH PARTITION b", "a a?; a b"),
        (
            "ALTER TABLE a RENAME TO b; ALTER VIEW s.a RENAME TO b",
            "a a; d b; a s.a; d s.b",
        ),
        (
            "ALTER TABLE a RENAME COLUMN b TO c; ALTER TABLE a SET SCHEMA s",
            "a a; a a",
        ),
        (
            "DROP TABLE IF EXISTS a, b.c CASCADE; DROP VIEW d; DROP MATERIALIZED VIEW e",
            "x a?; x b.c?; x d; x e",
        ),
        (
            "CREATE OR REPLACE VIEW a AS SELECT * FROM b; CREATE MATERIALIZED VIEW c AS TABLE d",
            "d a; r b; d c; r d",
        ),
        (
            "REFRESH MATERIALIZED VIEW CONCURRENTLY a; VACUUM b (c); ANALYZE d; CLUSTER e; REINDEX TABLE f",
            "w a; a b; a d; a e; a f",
        ),
        (
            "CREATE UNIQUE INDEX i ON ONLY a USING gin (b) WHERE c; DROP INDEX i; ALTER INDEX i RENAME TO j",
            "a a",
        ),
    ]);
}

#[test]
fn tables_stand_where_what_belongs_to_them_is_told() {
    check(&[
        (
            "CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON a FROM c FOR EACH ROW EXECUTE FUNCTION f()",
            "a a; f c",
        ),
        (
            "DROP TRIGGER IF EXISTS t ON a; ALTER TRIGGER t ON a RENAME TO u",
            "a a?; a a",
        ),
        (
            "CREATE POLICY p ON a USING (b IN (SELECT c FROM d)); DROP POLICY IF EXISTS p ON a",
            "a a; r d; a a?",
        ),
        (
            "CREATE RULE r AS ON INSERT TO a DO INSTEAD INSERT INTO b VALUES (NEW.c)",
            "a a; w b",
        ),
        (
            "CREATE STATISTICS s ON b, c FROM a; CREATE SEQUENCE s OWNED BY a.b; ALTER SEQUENCE s OWNED BY t.a.b",
            "a a; f a; f t.a",
        ),
        (
            "CREATE PUBLICATION p FOR TABLE a, b (c) WHERE (d), TABLES IN SCHEMA e, f",
            "a a; a b",
        ),
        (
            "ALTER PUBLICATION p ADD TABLE a; ALTER PUBLICATION p SET TABLES IN SCHEMA b, TABLE c",
            "a a; a c",
        ),
        (
            "COMMENT ON TABLE a IS 'FROM z'; COMMENT ON COLUMN s.a.b IS NULL; COMMENT ON CONSTRAINT c ON d IS ''",
            "a a; a s.a; a d",
        ),
        (
            "SECURITY LABEL ON COLUMN a.b IS 'x'; COMMENT ON TRIGGER t ON c IS ''",
            "a a; a c",
        ),
        (
            "GRANT SELECT (b) ON a, TABLE_b TO c; REVOKE ALL ON TABLE d FROM e; GRANT USAGE ON SEQUENCE f TO g",
            "a a; a table_b<TABLE_b>; a d",
        ),
        (
            "GRANT SELECT ON ALL TABLES IN SCHEMA a TO b; GRANT USAGE ON SCHEMA a TO b; GRANT a TO b",
            "",
        ),
        (
            "EXPLAIN ANALYZE SELECT * FROM a; PREPARE p AS DELETE FROM b; DECLARE c CURSOR FOR TABLE d",
            "r a; w b; r d",
        ),
        (
            "FETCH NEXT FROM c; MOVE c; CLOSE c; SET CONSTRAINTS a DEFERRED; NOTIFY a; LISTEN b",
            "",
        ),
        (
            "CREATE SCHEMA s CREATE TABLE a (b int) CREATE VIEW c AS TABLE a; TABLE a",
            "d a @s; d c @s; r a @s; r a",
        ),
        (
            "IMPORT FOREIGN SCHEMA a LIMIT TO (b) FROM SERVER c INTO d",
            "",
        ),
        (
            "\\copy a FROM 'b.csv' csv\n\\copy (SELECT * FROM c) TO 'd'\n",
            "w a; r c",
        ),
    ]);
}

#[test]
fn what_looks_like_a_table_is_set_apart() {
    check(&[
        // Functions.
        (
            "SELECT * FROM a(1), ROWS FROM (b(), c()) d, LATERAL unnest(e.f) WITH ORDINALITY",
            "",
        ),
        (
            "SELECT * FROM current_date, \"current_date\"",
            "r current_date",
        ),
        (
            "SELECT * FROM XMLTABLE('/a' PASSING b COLUMNS c int) x, JSON_TABLE(d, '$' COLUMNS (e int)) y",
            "",
        ),
        (
            "SELECT extract(day FROM a), substring(b FROM 2), trim(both FROM c), overlay(d PLACING e FROM 2)",
            "",
        ),
        (
            "SELECT a IS DISTINCT FROM b, position(c IN d) FROM e",
            "r e",
        ),
        (
            "SELECT 'FROM a', $$ JOIN b $$, \"FROM c\" /* FROM d */ -- JOIN e\nFROM f",
            "r f",
        ),
        ("SELECT * FROM a x WHERE x.b = 1 FOR UPDATE OF x", "r a"),
        // `WITH`: each sees those before it, and itself only if recursive.
        (
            "WITH a AS (SELECT * FROM a), b AS (TABLE a) SELECT * FROM b, a, s.a",
            "r a; r s.a",
        ),
        (
            "WITH RECURSIVE a AS (TABLE b), b AS (TABLE a) TABLE a; TABLE A",
            "r a<A>",
        ),
        (
            "WITH a AS (SELECT 1) SELECT * FROM b UNION SELECT * FROM a",
            "r b",
        ),
        (
            "(WITH a AS (SELECT 1) SELECT 1) UNION SELECT * FROM a",
            "r a",
        ),
        ("SELECT * FROM (WITH a AS (SELECT 1) TABLE a) b, a", "r a"),
        (
            "SELECT 1 UNION (WITH a AS (SELECT 1) TABLE a) UNION TABLE a",
            "r a",
        ),
        (
            "WITH a AS (DELETE FROM b RETURNING *) INSERT INTO a SELECT * FROM a",
            "w b; w a",
        ),
        ("WITH a AS (SELECT 1) UPDATE a SET b = 1 FROM a c", "w a"),
        (
            "WITH a AS (SELECT 1) MERGE INTO b USING a ON true WHEN MATCHED THEN DELETE",
            "w b",
        ),
        ("INSERT INTO b WITH a AS (SELECT 1) TABLE a", "w b"),
        ("WITH \"A\" AS (SELECT 1) SELECT * FROM a, \"A\"", "r a"),
        (
            "CREATE RECURSIVE VIEW a (b) AS SELECT 1 UNION SELECT b FROM a",
            "d a",
        ),
        // Temporary tables.
        (
            "CREATE TEMP TABLE a (b int REFERENCES c); INSERT INTO a TABLE d; TABLE s.a",
            "f c; r d; r s.a",
        ),
        (
            "SELECT 1 INTO TEMP a; DROP TABLE IF EXISTS a; TABLE a; TABLE pg_temp.b",
            "r a",
        ),
        ("CREATE LOCAL TEMPORARY VIEW a AS TABLE b; TABLE a", "r b"),
        ("TABLE a; CREATE TABLE pg_temp.a (); TABLE pg_temp.a", "r a"),
        // Names that the text does not tell.
        ("SELECT * FROM :a, b", "r b"),
        ("SELECT * FROM :\"a\", b", "r b"),
        ("DROP TABLE :\"schema\".a; TABLE b", "r b"),
    ]);
}

#[test]
fn names_are_as_postgres_stores_them() {
    let long = "x".repeat(70);
    check(&[
        (
            "SELECT * FROM \"Users\", Users, ÄB",
            "r Users; r users<Users>; r Äb<ÄB>",
        ),
        ("SELECT * FROM \"a\"\"b\".\"c.d\"", "r a\"b<a\"\"b>.c.d"),
        (
            "SELECT * FROM U&\"d\\0061t\", U&\"d!0061t\" UESCAPE '!'",
            "r dat<d\\0061t>; r dat<d!0061t>",
        ),
        (
            &format!("TABLE {long}"),
            &format!("r {}<{long}>", "x".repeat(63)),
        ),
    ]);
}

#[test]
fn literals_name_relations_only_where_they_must() {
    check(&[
        (
            "SELECT 'a'::regclass, regclass 'S.\"B\"', CAST('c' AS pg_catalog.regclass)",
            "f a?; f s<S>.B?; f c?",
        ),
        (
            "SELECT to_regclass('a'), pg_get_serial_sequence('\"B\"', 'id'), nextval('c'), 'd'::text",
            "f a?; f B",
        ),
        (
            "SELECT nextval('a'::regclass), setval('b'::regclass, 1), 'a b'::regclass, '1'::regclass",
            "",
        ),
    ]);
}

#[test]
fn search_paths_hold_until_they_are_set_again() {
    check(&[
        (
            "SET search_path TO a, \"B\"; TABLE c; SET SESSION search_path = DEFAULT; TABLE c",
            "r c @a,B; r c",
        ),
        (
            "SET search_path = 'A', b; TABLE c; RESET search_path; TABLE c",
            "r c @A,b; r c",
        ),
        (
            "SET SCHEMA 'a'; TABLE c; RESET ALL; TABLE c; SET schema 'b'; DISCARD ALL; TABLE c",
            "r c @a; r c; r c",
        ),
        (
            "SELECT pg_catalog.set_config('search_path', '', false); TABLE c",
            "r c @",
        ),
        (
            "SELECT set_config('search_path', 'a, \"B\"', true); TABLE c; COMMIT; TABLE c",
            "r c @a,B; r c",
        ),
        (
            "SELECT set_config('search_path', x, false), set_config('a.b', 'c', false); TABLE c",
            "r c @\u{fffc}",
        ),
        (
            "BEGIN; SET LOCAL search_path = a; TABLE c; COMMIT; TABLE c",
            "r c @a; r c",
        ),
        (
            "SET search_path = a; CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = b AS 'SELECT 1 FROM c'; TABLE d",
            "r c @b; r d @a",
        ),
        (
            "SET search_path = a; CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path FROM CURRENT AS 'TABLE c'",
            "r c @a",
        ),
        (
            "DO $$ BEGIN PERFORM set_config('search_path', 'a', false); END $$; TABLE b",
            "r b @a",
        ),
        ("SET work_mem = '1MB'; SET LOCAL ROLE a; TABLE b", "r b"),
    ]);
}

#[test]
fn bodies_are_read() {
    let block = |body: &str| {
        format!(
            "DO $$ DECLARE v a%ROWTYPE; w s.b.c%TYPE; r record; x r.y%TYPE; BEGIN {body} END $$"
        )
    };
    for (body, expected) in [
        (
            "SELECT a, b INTO STRICT v.c, w FROM d; SELECT INTO v * FROM e;",
            "r d; r e",
        ),
        (
            "INSERT INTO d SELECT * FROM e RETURNING f INTO v; DELETE FROM d RETURNING 1 INTO w;",
            "w d; r e; w d",
        ),
        (
            "UPDATE d SET e = 1 RETURNING f INTO v; CREATE TABLE g AS SELECT 1;",
            "w d; d g",
        ),
        (
            "FOR r IN SELECT * FROM d LOOP NULL; END LOOP; PERFORM f(1) FROM e;",
            "r d; r e",
        ),
        (
            "IF EXISTS (SELECT FROM d) THEN DROP TABLE IF EXISTS e; ELSE TRUNCATE f; END IF;",
            "r d; x e?; w f",
        ),
        (
            "v := (SELECT count(*) FROM d); w = count(*) FROM e; RETURN QUERY SELECT 1 FROM f;",
            "r d; r e; r f",
        ),
        (
            "OPEN r FOR SELECT * FROM d; FETCH NEXT FROM r INTO v; CLOSE r; GET DIAGNOSTICS x = ROW_COUNT;",
            "r d",
        ),
        (
            "RAISE NOTICE 'FROM d %', (SELECT 1 FROM e) USING HINT = 'UPDATE f SET'; ASSERT (SELECT true FROM g);",
            "r e; r g",
        ),
        (
            "EXECUTE 'SELECT * FROM d' INTO v USING w; EXECUTE 'DELETE FROM ' || quote_ident('E');",
            "r d; w E",
        ),
        (
            "EXECUTE format('INSERT INTO %I.%I SELECT %L FROM %s', 's', 'T', 'x', 'd');",
            "w s.T; r d",
        ),
        (
            "EXECUTE format('SELECT * FROM %I JOIN e ON %s', v, w); EXECUTE 'DROP TABLE d' || w; EXECUTE v;",
            "r e",
        ),
        (
            "FOR r IN EXECUTE 'SELECT * FROM ' || v || ', d' LOOP NULL; END LOOP;",
            "r d",
        ),
        ("EXECUTE 'DO ''BEGIN DELETE FROM d; END''';", "w d"),
        (
            "CREATE TEMP TABLE d ON COMMIT DROP AS SELECT 1 AS a; INSERT INTO d SELECT * FROM e; DROP TABLE d;",
            "r e",
        ),
    ] {
        let expected = format!("f a; f s.b; {expected}");
        assert_eq!(references(&block(body)), expected, "{body}");
    }
    // What passes over errors makes do without any of its tables.
    let caught = block("EXCEPTION WHEN others THEN INSERT INTO d VALUES (1);");
    assert_eq!(references(&caught), "f a?; f s.b?; w d?");
    check(&[
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ DELETE FROM a; SELECT 1 FROM \"B\" $f$", "w a; r B"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT ''x'' FROM \"B\"'", "r B"),
        ("CREATE FUNCTION f() RETURNS int RETURN (SELECT 1 FROM a)", "r a"),
        ("CREATE PROCEDURE f() BEGIN ATOMIC DELETE FROM a; INSERT INTO b SELECT 1 FROM c; END", "w a; w b; r c"),
        ("CREATE OR REPLACE PROCEDURE f(p a.b%TYPE) LANGUAGE plpgsql AS 'BEGIN DELETE FROM c; END'", "f a; w c"),
        ("CREATE FUNCTION f() RETURNS int AS 'SELECT * FROM a' LANGUAGE plpython3u", ""),
        ("DO LANGUAGE plperl $$ FROM a $$; DO 'BEGIN DELETE FROM b; END' LANGUAGE plpgsql", "w b"),
        ("DO E'BEGIN\\n DELETE FROM b; END'", "w b"),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE n new.x%TYPE; BEGIN INSERT INTO a TABLE rows; RETURN NEW; END $$;
             CREATE TRIGGER t AFTER INSERT ON b REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION f(); TABLE rows",
            "w a; a b; r rows",
        ),
        ("SELECT format('DROP TABLE %I', 'A') \\gexec", "x A"),
    ]);
}

#[test]
fn tokens_tell_where_the_tree_does_not() {
    // The first word of each keeps squawk from reading it.
    check(&[
        (
            "SELECT ] * FROM a b, c JOIN d.e ON f, g WHERE h = extract(day FROM i), j",
            "r a; r c; r d.e; r g",
        ),
        (
            "SELECT ] FROM (a JOIN b USING (c)), (SELECT 1 FROM d) e, f(g), LATERAL h",
            "r a; r b; r d; r h",
        ),
        (
            "WITH a AS (SELECT ]), b (c) AS NOT MATERIALIZED (TABLE d) SELECT * FROM a, b, e",
            "r d; r e",
        ),
        (
            "INSERT INTO a (b) VALUES ([) ON CONFLICT DO UPDATE SET c = 1",
            "w a",
        ),
        (
            "UPDATE ONLY a b SET c = ] FROM d WHERE e IS DISTINCT FROM f",
            "w a; r d",
        ),
        ("DELETE FROM a USING b WHERE ]", "w a; r b"),
        (
            "CREATE TEMP TABLE a (]); INSERT INTO a SELECT ] FROM b",
            "r b",
        ),
        (
            "CREATE TABLE a (b int REFERENCES c, ]) INHERITS (d)",
            "d a; f c; f d",
        ),
        (
            "ALTER TABLE IF EXISTS a ]; ALTER TABLE b RENAME TO c ]; DROP TABLE IF EXISTS d, e ]",
            "a a?; a b; d c; x d?; x e?",
        ),
        (
            "CREATE INDEX i ON a (b) ]; CREATE TRIGGER t AFTER UPDATE ON b ]; COMMENT ON COLUMN a.b IS ]",
            "a a; a b; a a",
        ),
        (
            "TRUNCATE TABLE a, b ]; COPY a FROM stdin ]\n\\.\nSELECT ] FROM c",
            "w a; w b; w a; r c",
        ),
        (
            "DO $$ BEGIN ] SELECT a INTO b FROM c; INSERT INTO d VALUES (1); END $$",
            "r c; w d",
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT ] FROM a $$",
            "r a",
        ),
        ("SELECT :a FROM b, :c JOIN d ON e", "r b; r d"),
        (
            "REVOKE ALL ] FROM a; ALTER DEFAULT PRIVILEGES ] FROM a; FETCH ] FROM c",
            "",
        ),
    ]);
}

#[test]
fn depth_and_length_cost_no_reference() {
    let block = |open: &str, close: &str, times| {
        let (open, close) = (open.repeat(times), close.repeat(times));
        format!("DO $$ BEGIN {open} DELETE FROM a; {close} END $$")
    };
    for times in [100, 200, 2_000, 8_000] {
        for (open, close) in [
            ("IF b THEN NULL; ", "END IF; "),
            ("LOOP NULL; ", "END LOOP; "),
            ("CASE WHEN b THEN NULL; ", "END CASE; "),
            ("BEGIN NULL; ", "END; "),
            ("END; BEGIN IF b THEN ", ""),
        ] {
            let text = block(open, close, times);
            assert_eq!(references(&text), "w a", "{times} {open}");
        }
    }
    let nested = |times| format!("SELECT {}1{} FROM a", "(".repeat(times), ")".repeat(times));
    for times in [10, 400, 8_000] {
        let query = nested(times);
        for text in [
            query.clone(),
            format!("DO 'BEGIN PERFORM {}; END'", &query["SELECT ".len()..]),
            format!("DO E'BEGIN\\nPERFORM {}; END'", &query["SELECT ".len()..]),
            format!("DO 'BEGIN EXECUTE ''{query}''; END'"),
            format!("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS '{query}'"),
        ] {
            assert_eq!(references(&text), "r a", "{times} {text:.60}");
        }
    }
    let within = (0..60).fold("TABLE a".to_owned(), |inner, level| {
        format!("DO $a{level}$ BEGIN {inner}; END $a{level}$")
    });
    assert_eq!(references(&within), "");
    let union = " UNION TABLE b".repeat(4_000);
    assert!(references(&format!("TABLE a{union}")).starts_with("r a; r b"));
    let list = ", b".repeat(4_000);
    for statement in [
        "TRUNCATE a",
        "SELECT FROM a",
        "DROP TABLE a",
        "SELECT ] FROM a",
    ] {
        let count = parse(&format!("{statement}{list}")).facts.references.len();
        assert_eq!(count, 4_001, "{statement}");
    }
    for hostile in [
        "begin create index ",
        "begin copy a ",
        "begin drop table a,",
        "with a as (",
        "from (",
        "a as (b) as (",
        "select dblink(",
        "'postgres://a/b',",
        "into a,",
    ] {
        parse(&hostile.repeat(4_000));
        parse(&format!("DO $$ BEGIN {} END $$", hostile.repeat(4_000)));
    }
}
