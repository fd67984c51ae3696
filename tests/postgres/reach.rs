//! How far a name and a privilege reach: never into another database, and not against `PUBLIC`.

use dbfence::parse::sql;

use crate::server::{Said, Server, server};

/// What the tests of this file find in their database, whose name stands for `OWN`.
const TABLES: &str = "\
CREATE TABLE berth (id int, code text);
CREATE TYPE span AS (low int, high int);
CREATE SCHEMA yard;
CREATE TABLE yard.berth (id int, reach span);
CREATE SCHEMA neighbour;
";

/// The error of a name with the name of another database before schema and table.
const CROSS_DATABASE: &str = "0A000";

/// A database with the tables, and a neighbour that has a table `public.pilot`.
fn databases(server: &Server) -> (String, String) {
    let (own, other) = (server.database(), server.database());
    server.ask(&own, TABLES);
    server.ask(&other, "CREATE TABLE pilot (id int);");
    (own, other)
}

#[test]
fn a_qualified_name_never_reaches_another_database() {
    let Some(server) = server() else { return };
    let (own, other) = databases(server);
    for (text, expected) in [
        // Three parts are legal with the name of the own database.
        ("SELECT * FROM OWN.public.berth", None),
        ("SELECT b.id FROM OWN.yard.berth AS b", None),
        ("SELECT OWN.public.berth.id FROM public.berth", None),
        ("INSERT INTO OWN.public.berth VALUES (1, 'a')", None),
        ("ALTER TABLE OWN.yard.berth ADD COLUMN note text", None),
        ("CREATE TABLE OWN.yard.crane (id int)", None),
        ("SELECT * FROM \"OWN\".public.berth", None),
        // With another's they are not, and nothing else is looked at.
        ("SELECT * FROM OTHER.public.pilot", Some(CROSS_DATABASE)),
        ("SELECT * FROM no_such.public.pilot", Some(CROSS_DATABASE)),
        (
            "INSERT INTO OTHER.public.pilot VALUES (1)",
            Some(CROSS_DATABASE),
        ),
        ("UPDATE OTHER.public.pilot SET id = 1", Some(CROSS_DATABASE)),
        ("DELETE FROM OTHER.public.pilot", Some(CROSS_DATABASE)),
        (
            "CREATE TABLE OTHER.public.crane (id int)",
            Some(CROSS_DATABASE),
        ),
        (
            "ALTER TABLE OTHER.public.pilot ADD COLUMN note text",
            Some(CROSS_DATABASE),
        ),
        ("DROP TABLE OTHER.public.pilot", Some(CROSS_DATABASE)),
        ("TRUNCATE OTHER.public.pilot", Some(CROSS_DATABASE)),
        (
            "CREATE INDEX ON OTHER.public.pilot (id)",
            Some(CROSS_DATABASE),
        ),
        (
            "ALTER TABLE berth ADD FOREIGN KEY (id) REFERENCES OTHER.public.pilot (id)",
            Some(CROSS_DATABASE),
        ),
        (
            "SELECT 1 FROM berth JOIN OTHER.public.pilot ON true",
            Some(CROSS_DATABASE),
        ),
        // A name of two parts is a schema's, whatever databases there are.
        ("SELECT * FROM OTHER.pilot", Some("42P01")),
        ("SELECT * FROM neighbour.pilot", Some("42P01")),
        ("CREATE TABLE OTHER.crane (id int)", Some("3F000")),
        // In the place of a column three parts are schema, table and column.
        ("SELECT public.berth.id FROM public.berth", None),
        ("SELECT yard.berth.reach FROM yard.berth", None),
        ("SELECT (yard.berth.reach).low FROM yard.berth", None),
        ("SELECT b.reach.low FROM yard.berth b", Some("42P01")),
        ("SELECT neighbour.pilot.id FROM berth", Some("42P01")),
        // Elsewhere a dot is none of a name's.
        (
            "SELECT 'OTHER.public.pilot' AS \"OTHER.public.pilot\" -- OTHER.public.pilot",
            None,
        ),
    ] {
        let text = text.replace("OWN", &own).replace("OTHER", &other);
        let said = server.run(&own, &format!("BEGIN;\n{text}\n;\nROLLBACK;"));
        assert_eq!(said.sqlstate(), expected, "{text}");
        let message = "cross-database references are not implemented";
        let is_refused = expected == Some(CROSS_DATABASE);
        assert_eq!(said.errors.contains(message), is_refused, "{text}");
        let references = sql::parse(&text).facts.references;
        let leads_elsewhere = references.iter().any(|reference| {
            let database = reference.name.database();
            database.is_some_and(|database| database.value != own)
        });
        assert_eq!(leads_elsewhere, is_refused, "{text}");
    }
}

#[test]
fn a_grant_on_a_database_keeps_nobody_out() {
    let Some(server) = server() else { return };
    let own = server.database();
    server.ask(
        "postgres",
        &format!(
            "CREATE ROLE {own}_owner LOGIN;\nCREATE ROLE {own}_stranger LOGIN;
GRANT ALL PRIVILEGES ON DATABASE {own} TO {own}_owner;"
        ),
    );
    let connects = |role: &str| -> Said {
        let role = format!("{own}_{role}");
        server.psql(&own, &["-U", &role], "SELECT current_user;")
    };
    assert_eq!(connects("stranger").out, format!("{own}_stranger"));
    server.ask(
        "postgres",
        &format!("REVOKE CONNECT ON DATABASE {own} FROM PUBLIC;"),
    );
    let refused = connects("stranger");
    let why = "User does not have CONNECT privilege";
    assert!(
        !refused.is_well && refused.errors.contains(why),
        "{refused:?}"
    );
    assert_eq!(connects("owner").out, format!("{own}_owner"));
    // Nor does it let anybody in: since PostgreSQL 15 a schema takes tables from its owner alone.
    let create = "CREATE TABLE crane (id int);";
    let refused = server.psql(&own, &["-U", &format!("{own}_owner")], create);
    let expected = (server.version >= 15).then_some("42501");
    assert_eq!(refused.sqlstate(), expected, "{refused:?}");
}

#[test]
fn names_without_a_qualifier_stand_in_the_first_schema_of_the_search_path_that_exists() {
    let Some(server) = server() else { return };
    let own = server.database();
    let place = "SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'crane';";
    for (before, expected) in [
        ("", Ok("public")),
        ("SET search_path = yard;", Err("3F000")),
        ("CREATE SCHEMA yard; SET search_path = yard;", Ok("yard")),
        (
            "CREATE SCHEMA yard; SET search_path TO no_such, yard, public;",
            Ok("yard"),
        ),
        (
            "CREATE SCHEMA yard; SET search_path TO 'yard, public';",
            Err("3F000"),
        ),
        (
            "CREATE SCHEMA yard; SET LOCAL search_path = \"$user\", Yard;",
            Ok("yard"),
        ),
        (
            "CREATE SCHEMA yard; SELECT set_config('search_path', 'yard', false);",
            Ok("yard"),
        ),
        ("SELECT set_config('search_path', '', false);", Err("3F000")),
        ("CREATE SCHEMA yard; SET SCHEMA 'yard';", Ok("yard")),
        ("CREATE SCHEMA postgres;", Ok("postgres")),
        (
            "CREATE SCHEMA yard; SET search_path = yard; RESET search_path;",
            Ok("public"),
        ),
        (
            "CREATE SCHEMA yard; SET search_path = yard; SET search_path TO DEFAULT;",
            Ok("public"),
        ),
        (
            "CREATE SCHEMA yard; SAVEPOINT a; SET search_path = yard; ROLLBACK TO a;",
            Ok("public"),
        ),
    ] {
        let text = format!("BEGIN;\n{before}\nCREATE TABLE crane (id int);\n{place}\nROLLBACK;");
        let said = server.run(&own, &text);
        match expected {
            Ok(schema) => assert_eq!(said.out.lines().last(), Some(schema), "{text}\n{said:?}"),
            Err(sqlstate) => assert_eq!(said.sqlstate(), Some(sqlstate), "{text}"),
        }
    }
}
