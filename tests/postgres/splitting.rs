//! Where a statement ends: what `psql` sends to the server, and what dbfence takes for one statement.

use dbfence::parse::sql::{self, StatementKind};

use crate::server::{Server, server};

/// The statements of a script as dbfence cuts it.
fn ours(script: &str) -> Vec<String> {
    let parsed = sql::parse(script);
    assert_eq!(parsed.problems, [], "{script}");
    let statements = parsed.facts.statements.iter();
    let statements = statements.filter(|statement| {
        !matches!(
            statement.kind,
            StatementKind::Meta { .. } | StatementKind::Connect { .. }
        )
    });
    let mut spans: Vec<_> = statements.map(|statement| statement.span).collect();
    spans.dedup();
    let texts = spans
        .into_iter()
        .map(|span| script[span.range()].to_owned());
    texts.collect()
}

/// What `psql` sends for a script, in the order of the script, without what ends each statement.
fn sent(server: &Server, database: &str, script: &str) -> Vec<String> {
    let before = server.log_of(database).len();
    server.ask(database, &format!("SET log_statement = 'all';\n{script}"));
    let sent = server.log_of(database).split_off(before);
    let sent = sent
        .iter()
        .map(|text| text.trim_end_matches([';', '\n', ' ']));
    let sent = sent.filter(|text| !text.is_empty());
    sent.map(str::to_owned).collect()
}

#[test]
fn psql_sends_what_we_take_for_a_statement() {
    let Some(server) = server() else { return };
    let database = server.database();
    server.ask(&database, "CREATE TABLE quay (a text, b text);");
    let scripts: [(&str, &[&str]); 22] = [
        (
            "SELECT 'a;b', \"c;d\" FROM (SELECT 1 AS \"c;d\") x;",
            &["SELECT 'a;b', \"c;d\" FROM (SELECT 1 AS \"c;d\") x"],
        ),
        (
            "SELECT 'it''s;' ; SELECT E'it\\'s;' ;",
            &["SELECT 'it''s;'", "SELECT E'it\\'s;'"],
        ),
        (
            "SELECT 'a\\'; SELECT 'b\\';",
            &["SELECT 'a\\'", "SELECT 'b\\'"],
        ),
        (
            "SELECT $$a;b$$, $x$ $$;' $x$, $_1$;$_1$;",
            &["SELECT $$a;b$$, $x$ $$;' $x$, $_1$;$_1$"],
        ),
        (
            "SELECT 1 /* ; /* ; */ ' */ + 1; -- ; '\nSELECT 2",
            &["SELECT 1 /* ; /* ; */ ' */ + 1", "SELECT 2"],
        ),
        (
            "SELECT 1 AS a$b$c; SELECT 2 AS a$b$c;",
            &["SELECT 1 AS a$b$c", "SELECT 2 AS a$b$c"],
        ),
        (
            "SELECT U&'\\0041;', U&'!0041;' UESCAPE '!', B'01', X'1F', N';';",
            &["SELECT U&'\\0041;', U&'!0041;' UESCAPE '!', B'01', X'1F', N';'"],
        ),
        (
            "SELECT 'a;'\n  'b;'; SELECT 1",
            &["SELECT 'a;'\n  'b;'", "SELECT 1"],
        ),
        (";;\n;SELECT 1;;", &["SELECT 1"]),
        ("\\echo ; no statement\nSELECT 1;", &["SELECT 1"]),
        (
            "SELECT 1 \\g\nSELECT 2 \\gx\nSELECT 3 AS c \\gset\nSELECT 4;",
            &["SELECT 1", "SELECT 2", "SELECT 3 AS c", "SELECT 4"],
        ),
        (
            "SELECT (ARRAY[1,2,3])[1:2], 1::text::int;",
            &["SELECT (ARRAY[1,2,3])[1:2], 1::text::int"],
        ),
        (
            "COPY quay FROM stdin;\na;b\t'$$\nSELECT\t1;\n\\.\nSELECT 1;",
            &["COPY quay FROM stdin", "SELECT 1"],
        ),
        (
            "COPY quay (a) FROM STDIN WITH (FORMAT csv);\n\"a;\n'\"\n\\.\nSELECT 1;",
            &["COPY quay (a) FROM STDIN WITH (FORMAT csv)", "SELECT 1"],
        ),
        (
            "CREATE FUNCTION f1() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; SELECT f1();",
            &[
                "CREATE FUNCTION f1() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
                "SELECT f1()",
            ],
        ),
        (
            "CREATE RULE r1 AS ON INSERT TO quay DO ALSO (SELECT 1; SELECT 2); SELECT 1;",
            &[
                "CREATE RULE r1 AS ON INSERT TO quay DO ALSO (SELECT 1; SELECT 2)",
                "SELECT 1",
            ],
        ),
        (
            "CREATE FUNCTION f2() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END; $f$; SELECT f2();",
            &[
                "CREATE FUNCTION f2() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END; $f$",
                "SELECT f2()",
            ],
        ),
        (
            "DO 'BEGIN PERFORM 1; END'; DO $$ BEGIN PERFORM ';'; END $$;",
            &[
                "DO 'BEGIN PERFORM 1; END'",
                "DO $$ BEGIN PERFORM ';'; END $$",
            ],
        ),
        ("BEGIN; SELECT 1; COMMIT;", &["BEGIN", "SELECT 1", "COMMIT"]),
        ("SELECT 'a' \\r\nSELECT 'b';", &["SELECT 'b'"]),
        ("\\connect -\nSELECT 'quiet';", &[]),
        ("SELECT 1 -- no; end\n;", &["SELECT 1 -- no; end"]),
    ];
    for (script, expected) in scripts {
        assert_eq!(sent(server, &database, script), expected, "{script}");
        let mut ours = ours(script);
        if expected.is_empty() {
            // Another session does not log.
            ours.clear();
        }
        let is_same = |(ours, sent): (&String, &&str)| sent.starts_with(ours.as_str());
        assert_eq!(ours.len(), expected.len(), "{script}\n{ours:#?}");
        assert!(
            ours.iter().zip(expected).all(is_same),
            "{script}\n{ours:#?}"
        );
    }
}

/// Where `psql` changes a text before it sends it.
#[test]
fn psql_fills_in_variables_and_takes_its_own_commands_out() {
    let Some(server) = server() else { return };
    let database = server.database();
    let scripts: [(&str, &[&str], &[&str]); 5] = [
        (
            "SELECT 1 \\echo in the middle\n+ 1; SELECT 2;",
            &["SELECT 1 \\echo in the middle\n+ 1", "SELECT 2"],
            &["SELECT 1 \n+ 1", "SELECT 2"],
        ),
        (
            "\\set name 'a;b'\nSELECT :'name', 1 AS :\"name\";",
            &["SELECT :'name', 1 AS :\"name\""],
            &["SELECT 'a;b', 1 AS \"a;b\""],
        ),
        (
            "SELECT 1\\; SELECT 2;",
            &["SELECT 1", "SELECT 2"],
            &["SELECT 1; SELECT 2"],
        ),
        (
            "SELECT 'CREATE ROLE gx_1' WHERE true \\gexec\nSELECT 1;",
            &["SELECT 'CREATE ROLE gx_1' WHERE true", "SELECT 1"],
            &[
                "SELECT 'CREATE ROLE gx_1' WHERE true",
                "CREATE ROLE gx_1",
                "SELECT 1",
            ],
        ),
        (
            "SELECT 'CREATE ROLE gx_2';\n\\gexec\n",
            &["SELECT 'CREATE ROLE gx_2'"],
            &[
                "SELECT 'CREATE ROLE gx_2'",
                "SELECT 'CREATE ROLE gx_2'",
                "CREATE ROLE gx_2",
            ],
        ),
    ];
    for (script, read, expected) in scripts {
        assert_eq!(sent(server, &database, script), expected, "{script}");
        assert_eq!(ours(script), read, "{script}");
        let parsed = sql::parse(script);
        let creates = |statement: &sql::Statement| matches!(&statement.kind, StatementKind::CreateRole { name } if name.value.starts_with("gx_"));
        let expected = script.contains("gexec");
        assert_eq!(
            parsed.facts.statements.iter().any(creates),
            expected,
            "{script}"
        );
    }
}

/// Pieces of a list of values, each with something in it that looks like the end of something else.
const VALUES: [&str; 40] = [
    "1",
    "'it''s;'",
    "'\\'",
    "E'\\';'",
    "e'\\\\'",
    "E'a''b\\'c;'",
    "';--'",
    "'/*'",
    "'*/'",
    "'\"'",
    "'$$'",
    "$$;$$",
    "$$'$$",
    "$q$ $$ ; ' $q$",
    "$_$\\;$_$",
    "$q1$ /* $q1$",
    "$é$ -- $é$",
    "U&'\\003B;'",
    "B'01'",
    "X'1F'",
    "N';'",
    "1 AS \"a;b\"",
    "1 AS \"a\"\"b;\"",
    "1 AS \"'\"",
    "1 AS \"$$\"",
    "1 AS \"--\"",
    "1 AS a$b$c",
    "1 AS é",
    "/* ; */ 1",
    "/* /* ' */ ; */ 1",
    "1 /**/",
    "1 -- ; '\n",
    "2 - -1",
    "2 -/* ; */- 1",
    "3 % -2",
    "'a;'\n'b;'",
    "(ARRAY[1,2,3])[1:2]",
    "'1'::text::int",
    "CASE WHEN true THEN ';' END",
    "(SELECT (VALUES (';')))",
];

/// What stands between statements, and is none.
const BETWEEN: [&str; 12] = [
    "\n",
    " ",
    "\n\n",
    "-- ; '\n",
    "/* ; */",
    "/* /* $$ */ ' */\n",
    ";",
    " ; ;\n",
    "\n\\echo ; ' '\n",
    "\n\\set v 'a;b' \";\"\n",
    "\n\\echo a \\\\ ",
    "\n\\pset null ';'\n",
];

/// Numbers that look random and are the same every time (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    /// A statement with what ends it.
    fn statement(&mut self) -> String {
        let values = |dice: &mut Self| {
            let count = 1 + dice.below(4);
            let values: Vec<&str> = (0..count).map(|_| dice.pick(&VALUES)).collect();
            values.join(", ")
        };
        let list = values(self);
        let end = self.pick(&[";", " ;", "\n;", " \\g\n", "\\;", " -- ;\n;"]);
        match self.below(12) {
            0 => format!("DO $do$ BEGIN PERFORM {list}; END $do${end}"),
            1 => format!("DO LANGUAGE plpgsql E'BEGIN NULL; /* \\' */ END;'{end}"),
            2 => format!(
                "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN PERFORM {list}; END; $f${end}"
            ),
            3 => "CREATE OR REPLACE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 ELSE 3 END; END;".to_owned(),
            4 => "CREATE OR REPLACE RULE r AS ON UPDATE TO quay DO ALSO (SELECT ';'; SELECT 2);".to_owned(),
            5 => format!("COPY quay (a) FROM stdin;\n{}\n\\.\n", self.pick(&["';", "$$", "/*", "\\\\;", "SELECT 1;", ""])),
            6 => "INSERT INTO quay VALUES ('a;', $$b;$$), (E'\\';', ';');".to_owned(),
            7 => format!("COMMENT ON TABLE quay IS 'it''s; /* $$'{end}"),
            8 => format!("SELECT ';' AS v1 \\gset\nSELECT {list}{end}"),
            _ => format!("SELECT {list}{end}"),
        }
    }
}

#[test]
fn psql_and_we_agree_on_thousands_of_odd_statements() {
    let Some(server) = server() else { return };
    let database = server.database();
    server.ask(&database, "CREATE TABLE quay (a text, b text);");
    for seed in 1..=10 {
        let mut dice = Dice(seed);
        let mut script = String::new();
        for _ in 0..250 {
            let statement = dice.statement();
            script.push_str(&statement);
            // A bare `;` behind the data of a `COPY` makes `psql` 15 read what follows as more data.
            if !statement.ends_with("\\.\n") {
                script.push_str(dice.pick(&BETWEEN));
            }
        }
        let sent = sent(server, &database, &script);
        let ours = ours(&script);
        let mut sent = sent.iter();
        let mut rest = "";
        for statement in &ours {
            // What `\;` holds together is sent as one.
            if !rest.contains(statement.as_str()) {
                assert!(
                    sql::parse(rest).facts.statements.is_empty(),
                    "{seed}: {rest}"
                );
                rest = sent.next().map_or("", String::as_str);
            }
            let Some((before, behind)) = rest.split_once(statement.as_str()) else {
                panic!("{seed}: {statement}\nis not what is sent:\n{rest}");
            };
            assert!(
                sql::parse(before).facts.statements.is_empty(),
                "{seed}: {before}"
            );
            rest = behind;
        }
        assert_eq!(sent.next(), None, "{seed}");
        assert!(ours.len() > 250, "{seed}: {}", ours.len());
    }
}
