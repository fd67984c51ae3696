use super::syntax::LONGEST;
use super::*;
use crate::parse::Problem;

/// What a statement does, with the text that each of its spans covers.
fn sketch(text: &str, kind: &StatementKind) -> String {
    let part = |at: &At<String>| match &text[at.span.range()] {
        slice if slice.eq_ignore_ascii_case(&at.value) => at.value.clone(),
        slice => format!("{} <{slice}>", at.value),
    };
    let parts = |list: &[At<String>]| list.iter().map(part).collect::<Vec<_>>().join(", ");
    match kind {
        StatementKind::CreateDatabase { name, owner } => {
            let owner = owner.iter().map(|owner| format!(" owner {}", part(owner)));
            format!("create {}{}", part(name), owner.collect::<String>())
        }
        StatementKind::DropDatabase { name } => format!("drop {}", part(name)),
        StatementKind::AlterDatabase { name, owner } => {
            let owner = owner.iter().map(|owner| format!(" owner {}", part(owner)));
            format!("alter {}{}", part(name), owner.collect::<String>())
        }
        StatementKind::GrantOnDatabase {
            all,
            databases,
            roles,
        } => {
            let all = if *all { " all" } else { "" };
            format!("grant{all} on {} to {}", parts(databases), parts(roles))
        }
        StatementKind::RevokeOnDatabase { databases } => {
            format!("revoke on {}", parts(databases))
        }
        StatementKind::CreateRole { name } => format!("role {}", part(name)),
        StatementKind::Connect { database } => {
            format!("connect {}", database.as_ref().map_or("-".to_owned(), part))
        }
        StatementKind::Meta { command } => format!("\\{}", part(command)),
        StatementKind::Begin => "begin".to_owned(),
        StatementKind::EndTransaction => "end".to_owned(),
        StatementKind::Other { words } => part(words),
    }
}

fn kinds(text: &str) -> Vec<String> {
    let statements = parse(text).facts.statements;
    let kinds = statements
        .iter()
        .map(|statement| sketch(text, &statement.kind));
    kinds.collect()
}

fn spans(text: &str) -> Vec<&str> {
    let statements = parse(text).facts.statements.into_iter();
    statements
        .map(|statement| &text[statement.span.range()])
        .collect()
}

fn problems(text: &str) -> Vec<(&str, String)> {
    let problems = parse(text).problems.into_iter();
    problems
        .map(|problem| (&text[problem.span.range()], problem.message))
        .collect()
}

#[test]
fn databases_and_roles_are_told_by_their_names() {
    for (text, expected) in [
        ("CREATE DATABASE loans OWNER app;", "create loans owner app"),
        (
            "create database loans with encoding 'UTF8' owner = \"App\" template template0",
            "create loans owner App",
        ),
        ("CREATE DATABASE loans OWNER CURRENT_USER", "create loans"),
        ("create database Loan_Desk", "create loan_desk"),
        (
            r#"CREATE DATABASE "Loan ""Desk""""#,
            r#"create Loan "Desk" <Loan ""Desk"">"#,
        ),
        ("CREATE DATABASE ÄÖü", "create ÄÖü"),
        ("CREATE DATABASE U&\"loans\"", "create loans"),
        ("CREATE DATABASE U&\"d\\0061t\"", "CREATE DATABASE"),
        ("CREATE DATABASE :db", "CREATE DATABASE"),
        ("CREATE DATABASE :\"db\"", "CREATE DATABASE"),
        ("DROP DATABASE IF EXISTS loans WITH (FORCE)", "drop loans"),
        (
            "ALTER DATABASE loans OWNER TO \"App\"",
            "alter loans owner App",
        ),
        ("ALTER DATABASE loans OWNER TO CURRENT_USER", "alter loans"),
        ("ALTER DATABASE loans SET work_mem = '1MB'", "alter loans"),
        (
            "GRANT ALL PRIVILEGES ON DATABASE loans, Fines TO GROUP app, PUBLIC, CURRENT_USER WITH GRANT OPTION",
            "grant all on loans, fines to app, public",
        ),
        (
            "GRANT CONNECT, TEMP ON DATABASE loans TO app",
            "grant on loans to app",
        ),
        ("GRANT CONNECT ON DATABASE :db TO app", "GRANT"),
        (
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app",
            "GRANT",
        ),
        ("GRANT reader TO app", "GRANT"),
        (
            "REVOKE CONNECT ON DATABASE loans FROM PUBLIC",
            "revoke on loans",
        ),
        (
            "REVOKE GRANT OPTION FOR ALL ON DATABASE a, b FROM c",
            "revoke on a, b",
        ),
        ("CREATE ROLE app LOGIN PASSWORD :'password'", "role app"),
        ("CREATE USER \"App\" WITH PASSWORD 'x'", "role App"),
        (
            "CREATE USER MAPPING FOR app SERVER s",
            "CREATE USER MAPPING",
        ),
    ] {
        assert_eq!(kinds(text), [expected], "{text}");
        assert_eq!(problems(text), [], "{text}");
    }
    let long = format!("CREATE DATABASE {}éx;", "x".repeat(61));
    let stored = format!("create {0}é <{0}éx>", "x".repeat(61));
    assert_eq!(kinds(&long), [stored]);
}

#[test]
fn other_statements_are_told_by_their_words() {
    for (text, expected) in [
        (
            "BEGIN; START TRANSACTION; COMMIT; END WORK; ROLLBACK; ABORT",
            "begin begin end end end end",
        ),
        (
            "ROLLBACK TO SAVEPOINT a; COMMIT AND CHAIN; PREPARE TRANSACTION 'x'",
            "ROLLBACK COMMIT end",
        ),
        (
            "create or replace view a as select 1",
            "CREATE VIEW <create or replace view>",
        ),
        (
            "CREATE UNIQUE INDEX ON a (b)",
            "CREATE INDEX <CREATE UNIQUE INDEX>",
        ),
        ("CREATE TABLE a ()", "CREATE TABLE"),
        ("CREATE EXTENSION IF NOT EXISTS citext", "CREATE EXTENSION"),
        (
            "CREATE MATERIALIZED VIEW a AS SELECT 1",
            "CREATE MATERIALIZED VIEW",
        ),
        ("INSERT INTO a VALUES (1)", "INSERT INTO"),
        ("(SELECT 1)", "SELECT"),
        ("DO $$ BEGIN NULL; END $$", "DO"),
    ] {
        assert_eq!(kinds(text).join(" "), expected, "{text}");
        assert_eq!(problems(text), [], "{text}");
    }
    assert_eq!(kinds("1;"), [" <1>"]);
}

#[test]
fn statements_end_where_psql_ends_them() {
    for (text, expected) in [
        (" ;; SELECT 1 ; ", vec!["SELECT 1"]),
        (
            "SELECT ';' -- ;\n, \";\" /* ; /* ; */ ; */; SELECT 2",
            vec!["SELECT ';' -- ;\n, \";\"", "SELECT 2"],
        ),
        (
            r"SELECT E'\';' ; SELECT 'a\'; SELECT 'b''; c'",
            vec![r"SELECT E'\';'", r"SELECT 'a\'", "SELECT 'b''; c'"],
        ),
        (
            "SELECT $$;$$, $a$;$$;$a$, a$b$ ; SELECT $1",
            vec!["SELECT $$;$$, $a$;$$;$a$, a$b$", "SELECT $1"],
        ),
        ("SELECT (1; SELECT 2", vec!["SELECT (1", "SELECT 2"]),
        (
            "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3",
            vec![
                "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)",
                "SELECT 3",
            ],
        ),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; SELECT 5",
            vec![
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END",
                "SELECT 5",
            ],
        ),
        (
            "COPY t (a) FROM stdin;\nx;y\n\\.z\nit's\n\\.\nSELECT 1;",
            vec!["COPY t (a) FROM stdin", "SELECT 1"],
        ),
        (
            "COPY t FROM STDIN; SELECT 1;\r\nx\r\n\\.\r\nSELECT 2;",
            vec!["COPY t FROM STDIN", "SELECT 1", "SELECT 2"],
        ),
        (
            "COPY t FROM stdin;\nnever ; ended",
            vec!["COPY t FROM stdin"],
        ),
        (
            "\\copy t from stdin\n';\n\\.\nSELECT 1;",
            vec!["\\copy t from stdin", "SELECT 1"],
        ),
        (
            "SELECT 1 \\g\nSELECT 2 \\gset x_\nSELECT 3 \\gx (format=csv) f.csv\nSELECT 4\\; SELECT 5",
            vec!["SELECT 1", "SELECT 2", "SELECT 3", "SELECT 4", "SELECT 5"],
        ),
        (
            "SELECT 1 \\echo ';'\n + 1; SELECT 2 \\r\nSELECT 3",
            vec!["SELECT 1 \\echo ';'\n + 1", "\\echo ';'", "\\r", "SELECT 3"],
        ),
        (
            "\\echo a \\echo b \\\\ SELECT 1;\n\\! echo \\c x",
            vec!["\\echo a", "\\echo b", "SELECT 1", "\\! echo \\c x"],
        ),
        (
            "\u{feff}SELECT 1;\r\nSELECT 2;\r\n",
            vec!["SELECT 1", "SELECT 2"],
        ),
    ] {
        assert_eq!(spans(text), expected, "{text}");
    }
}

#[test]
fn connections_go_where_psql_goes() {
    for (text, expected) in [
        (r"\c loans", "connect loans"),
        (r"\connect Loans;", "connect Loans"),
        (r#"\c "Loan Desk" app"#, "connect Loan Desk"),
        (r"\c 'loans' ;", "connect loans"),
        (r"\c", "connect -"),
        (r"\c - app", "connect -"),
        (
            r#"\c -reuse-previous=on "host=h dbname=loans""#,
            "connect loans",
        ),
        (r#"\c "dbname='loan desk' user=u""#, "connect loan desk"),
        (
            r"\c postgresql://u:p@h:5432/loans?sslmode=require",
            "connect loans",
        ),
        (
            r"\c postgresql://h/loan%20desk",
            "connect loan desk <loan%20desk>",
        ),
        (r#"\c "host=h user=u""#, r"\c"),
        (r"\c :db", r"\c"),
        (r#"\c :"db""#, r"\c"),
        (r"\c `cat db`", r"\c"),
        (r"\cloans", r"\cloans"),
        (r"\set db loans", r"\set"),
        (r"\i other.sql", r"\i"),
    ] {
        assert_eq!(kinds(text), [expected], "{text}");
    }
}

#[test]
fn what_gexec_executes_is_read() {
    for (text, expected) in [
        (
            r"SELECT 'CREATE DATABASE loans' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'loans')\gexec",
            vec!["create loans"],
        ),
        (
            "SELECT 'CREATE DATABASE loans';\n\\gexec\n",
            vec!["create loans"],
        ),
        (
            r#"SELECT $$CREATE DATABASE "Loans"$$ AS sql \gexec"#,
            vec!["create Loans"],
        ),
        (
            r"SELECT format('CREATE DATABASE %I OWNER %s', 'Loans', 'app') \gexec",
            vec!["create Loans owner app"],
        ),
        (
            r"SELECT format('CREATE %s %I'::text, 'DATABASE', 'loans'::text) \gexec",
            vec!["create loans"],
        ),
        (
            r"SELECT 'CREATE DATABASE ' || quote_ident('loans') \gexec",
            vec!["create loans"],
        ),
        (
            r"SELECT 'CREATE DATABASE loan' || '_desk' \gexec",
            vec!["create loan_desk <loan' || '_desk>"],
        ),
        (
            r"SELECT 'CREATE DATABASE a', NULL UNION ALL SELECT 'CREATE ROLE b', 'GRANT ALL ON DATABASE a TO b' \gexec",
            vec!["create a", "role b", "grant all on a to b"],
        ),
        (
            r"SELECT 'CREATE EXTENSION citext' \gexec",
            vec!["CREATE EXTENSION"],
        ),
        (
            r"SELECT 'COMMENT ON TABLE a IS ''b''' \gexec",
            vec!["COMMENT ON"],
        ),
        (
            r"SELECT format('CREATE DATABASE %I', name) FROM wanted \gexec",
            vec!["SELECT", r"\gexec"],
        ),
        (
            r"SELECT 'CREATE DATABASE ' || :'db' \gexec",
            vec!["SELECT", r"\gexec"],
        ),
        (
            r#"SELECT 'CREATE DATABASE "' || db || '"' FROM wanted \gexec"#,
            vec!["SELECT", r"\gexec"],
        ),
        (r"SELECT sql FROM wanted \gexec", vec!["SELECT", r"\gexec"]),
        (
            r"SELECT 'CREATE ' || kind || ' a' FROM wanted \gexec",
            vec!["SELECT", r"\gexec"],
        ),
        (r"SELECT 'CREATE DATABASE loans' \g", vec!["SELECT"]),
    ] {
        assert_eq!(kinds(text), expected, "{text}");
        assert_eq!(problems(text), [], "{text}");
    }
}

#[test]
fn roles_that_a_do_creates_are_read() {
    for (text, expected) in [
        (
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles) THEN CREATE ROLE App LOGIN; END IF; END $$",
            vec!["role app"],
        ),
        (
            "DO LANGUAGE plpgsql 'BEGIN CREATE USER a; CREATE USER b; END'",
            vec!["role a", "role b"],
        ),
        (
            "DO $$ BEGIN EXECUTE 'CREATE ROLE app'; END $$",
            vec!["role app"],
        ),
        (
            "DO $$ BEGIN EXECUTE format('CREATE ROLE %I PASSWORD %L', 'App', 'x'); END $$",
            vec!["role App"],
        ),
        (
            "DO $$ BEGIN EXECUTE format('CREATE ROLE %I', wanted); END $$",
            vec!["DO"],
        ),
    ] {
        assert_eq!(kinds(text), expected, "{text}");
    }
}

#[test]
fn an_error_costs_one_statement() {
    for (text, marked, message, others) in [
        (
            "SELECT 1;\nCREATE TABEL a (\n  b int);\nCREATE ROLE c;",
            "CREATE",
            "PostgreSQL cannot read this: no statement begins with `CREATE TABEL`",
            vec!["SELECT", "CREATE TABEL", "role c"],
        ),
        (
            "CREATE TABLE a (b int;\nSELECT 1;",
            "int",
            "PostgreSQL cannot read this: expected `)`",
            vec!["CREATE TABLE", "SELECT"],
        ),
        (
            "COMMIT\nDROP TABLE b;",
            "COMMIT",
            "PostgreSQL cannot read this: missing semicolon between statements",
            vec!["end"],
        ),
        (
            "SELECT \0;",
            "\0",
            "PostgreSQL cannot read this: unexpected character that is none of SQL's",
            vec!["SELECT"],
        ),
        (
            "CREATE DATABASE IF NOT EXISTS loans;",
            "IF NOT EXISTS",
            "PostgreSQL has no `CREATE DATABASE IF NOT EXISTS`",
            vec!["create loans"],
        ),
        (
            "ALTER TABLE ONLY a ADD COLUMN IF NOT EXISTS b int, ADD COLUMN Order int;",
            "Order",
            "PostgreSQL cannot read this: `Order` is a reserved keyword",
            vec!["ALTER TABLE"],
        ),
        (
            "ALTER TABLE public.a RENAME COLUMN b TO user;",
            "user",
            "PostgreSQL cannot read this: `user` is a reserved keyword",
            vec!["ALTER TABLE"],
        ),
        (
            "ALTER TABLE a RENAME b TO limit;",
            "limit",
            "PostgreSQL cannot read this: `limit` is a reserved keyword",
            vec!["ALTER TABLE"],
        ),
        (
            "CREATE TABLE IF NOT EXISTS like (id int);",
            "like",
            "PostgreSQL cannot read this: `like` is a reserved keyword",
            vec!["CREATE TABLE"],
        ),
        (
            "CREATE TABLE a (b int DEFAULT NOT NULL, c int REFERENCES b ON DELETE SET DEFAULT NOT DEFERRABLE);",
            "NOT",
            "PostgreSQL cannot read this: `DEFAULT` has no value",
            vec!["CREATE TABLE"],
        ),
        (
            "INSERT INTO a VALUES ('it's');\nSELECT 1;",
            "');",
            "this quote is never closed",
            vec!["INSERT INTO", "SELECT"],
        ),
        (
            "SELECT $a$ x\n; SELECT 1;",
            "$a$ x",
            "this quote is never closed",
            vec!["SELECT", "SELECT"],
        ),
        (
            "SELECT 1; /* x\nSELECT 2;",
            "/* x",
            "this comment is never closed",
            vec!["SELECT", "SELECT"],
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 FROM; $$;",
            "FROM",
            "PostgreSQL cannot read this: expected from item, got `;`",
            vec!["CREATE FUNCTION"],
        ),
    ] {
        assert_eq!(problems(text), [(marked, message.to_owned())], "{text}");
        assert_eq!(kinds(text), others, "{text}");
    }
}

#[test]
fn psql_variables_are_no_errors() {
    for text in [
        "SELECT :n, :'n', :\"n\", :{?n};",
        "ALTER ROLE app PASSWORD :'password';",
        "SELECT a[1:2], a[:n], b::int FROM :\"schema\".t;",
        "SELECT 1 \\echo in between\n + 1;",
        "CREATE TABLE a (b varchar(:length));",
    ] {
        assert_eq!(problems(text), [], "{text}");
    }
}

#[test]
fn what_is_filled_in_later_is_no_error() {
    for text in [
        "CREATE TABLE IF NOT EXISTS {{ index .Options \"Namespace\" }}.crates (id int);",
        "{% if with_audit %} CREATE TABLE audit (id int) {% endif %};",
        "ALTER TABLE ${schema}.crates ADD COLUMN weight int;",
        "DELETE FROM #{schema}.crates WHERE id IN (<%= ids %>);",
        "CREATE INDEX ON {schema}.crates (id);",
        "CREATE INDEX IF NOT EXISTS crates_id ON \"{{ index .Options \"Namespace\" }}\".crates (id);",
        "CREATE INDEX IF NOT EXISTS crates_id ON {{ schema }}.crates (id);",
    ] {
        let parsed = parse(text);
        assert_eq!(problems(text), [], "{text}");
        assert_eq!(parsed.facts.changes, [Change::Unknown], "{text}");
    }
    // No template has such braces.
    for text in ["CREATE TABLE crates { id int };", "SELECT { };"] {
        assert_eq!(problems(text).len(), 1, "{text}");
    }
}

#[test]
fn the_header_is_the_comment_that_comes_first() {
    for (text, expected) in [
        (
            "-- a\r\n  -- b\r\n\r\n-- c\r\nSELECT 1;",
            Some("-- a\r\n  -- b"),
        ),
        ("\u{feff}\n\n/* a\n b */\n-- c\n", Some("/* a\n b */")),
        ("-- a\n/* b */", Some("-- a")),
        ("SELECT 1; -- a", None),
        ("\\set a b\n-- c", None),
        ("", None),
    ] {
        let header = parse(text).facts.header;
        assert_eq!(header.map(|span| &text[span.range()]), expected, "{text}");
    }
    let text = "-- a\nSELECT '-- b' /* c */ -- d\r\n;\\echo -- e";
    let comments = parse(text).comments.into_iter();
    let comments: Vec<_> = comments.map(|span| &text[span.range()]).collect();
    assert_eq!(comments, ["-- a", "/* c */", "-- d"]);
}

#[test]
fn other_dialects_are_left_alone() {
    use Dialect::{ClickHouse, MySql, Postgres, SqlServer, Sqlite};
    for (text, expected) in [
        ("CREATE TABLE `a` (id INT);", MySql),
        ("CREATE TABLE a (id INT AUTO_INCREMENT);", MySql),
        ("CREATE TABLE a (id INT) ENGINE=InnoDB;", MySql),
        (
            "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 'it\\'s'; END//",
            MySql,
        ),
        (
            "CREATE TABLE `a` (id UInt64) ENGINE = ReplacingMergeTree(v) ORDER BY id",
            ClickHouse,
        ),
        (
            "ALTER TABLE a ADD COLUMN b LowCardinality(String)",
            ClickHouse,
        ),
        ("ALTER TABLE a ON CLUSTER default DROP COLUMN b", ClickHouse),
        (
            "CREATE MATERIALIZED VIEW IF NOT EXISTS d.v TO d.t AS SELECT 1",
            ClickHouse,
        ),
        ("ALTER TABLE a DROP INDEX IF EXISTS b", ClickHouse),
        (
            "CREATE TABLE \"a\" (\"id\" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT);",
            Sqlite,
        ),
        ("PRAGMA foreign_keys=OFF;", Sqlite),
        ("CREATE TABLE a (id TEXT) WITHOUT ROWID;", Sqlite),
        (
            "ALTER TABLE [dbo].[a] ADD [b] NVARCHAR(1000) NOT NULL",
            SqlServer,
        ),
        ("SELECT a[dbo] FROM b WHERE pragma = 1;", Postgres),
        ("CREATE TABLE a (autoincrement INT);", Postgres),
        ("UPDATE cars SET engine = diesel, note = '`x`';", Postgres),
        ("COPY a TO STDOUT DELIMITER ',';", Postgres),
        ("DROP INDEX IF EXISTS a;", Postgres),
        ("GRANT SELECT ON cluster TO app;", Postgres),
    ] {
        let parsed = parse(text);
        assert_eq!(parsed.facts.dialect, expected, "{text}");
        let is_read = !parsed.facts.statements.is_empty();
        assert_eq!(is_read, expected == Postgres, "{text}");
        assert_eq!(parsed.problems, [], "{text}");
    }
}

#[test]
fn deep_nesting_is_refused_before_it_is_parsed() {
    let nested = |open: &str, close: &str, times| {
        format!("SELECT {}1{};", open.repeat(times), close.repeat(times))
    };
    let function = |body: &str| format!("CREATE FUNCTION f() LANGUAGE sql AS {body};");
    for (text, is_read) in [
        (nested("(", ")", 400), true),
        (nested("(SELECT ", ")", 300), true),
        (nested("NOT ", "", 1_000), true),
        (nested("", "+1", 1_000), true),
        (nested("", ",1", 20_000), true),
        (nested("(", "", 1 << 20), false),
        (nested("(", ")", 8_000), false),
        (nested("CASE WHEN true THEN ", " END", 4_000), false),
        (nested("(SELECT ", ")", 2_000), false),
        (nested("NOT ", "", 100_000), false),
        (nested("", "+1", 200_000), false),
        (nested("", " OR 1", 100_000), false),
        (nested("", "::int", 100_000), false),
        (nested("", "[1]", 100_000), false),
        (
            function(&format!("$$ {} $$", nested("(", ")", 8_000))),
            false,
        ),
        (
            format!(
                "SELECT 1 {}",
                function(&format!("$${}$$", "(".repeat(8_000)))
            ),
            false,
        ),
        (
            function(&format!("'{}'\n", "(".repeat(100)).repeat(9)),
            false,
        ),
        (function(&format!("E'{}'", "\\x28".repeat(8_000))), true),
        (format!("SELECT '{}'", "x".repeat(LONGEST)), false),
    ] {
        let parsed = parse(&text);
        let is_refusal = |problem: &Problem| problem.message.ends_with("to be read");
        let is_refused = parsed.problems.iter().any(is_refusal);
        assert_eq!(
            is_refused,
            !is_read,
            "{} {:?}",
            &text[..40],
            parsed.problems
        );
        assert_eq!(parsed.facts.statements.len(), 1);
    }
    let deep = format!("CREATE DATABASE a {}", "(".repeat(8_000));
    assert_eq!(kinds(&deep), ["create a"]);
}

#[test]
fn long_texts_are_no_trouble() {
    parse(&"/*".repeat(500_000));
    for part in [
        "/*\n",
        "'\n",
        "\"\n",
        "$",
        "\\",
        "\\c a\n",
        "\\gexec\n",
        ";",
        "`a` ",
        ":a ",
        ":'a' ",
        "a ",
        "\0",
        "create or replace ",
        "grant on ",
        "copy a from stdin;\n",
        "{",
        "[",
        ")",
        "é",
        "$a$\n",
        "E'\\'\n",
        "U&\"",
        "do ''",
        "select 'x'||",
    ] {
        parse(&part.repeat(20_000));
    }
    let tags: Vec<_> = (0..20_000).map(|number| format!("$a{number}$\n")).collect();
    parse(&tags.concat());
    for repeated in ["||'x'", ",'create role a'", " union select 'create role a'"] {
        parse(&format!("SELECT 'x' {}\\gexec", repeated.repeat(10_000)));
    }
    parse(&format!(
        "DO $$ {} $$",
        "execute 'create role a'; ".repeat(10_000)
    ));
}
