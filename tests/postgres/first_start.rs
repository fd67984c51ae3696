//! Init scripts as the image's entrypoint runs them: at the first error `psql` stops. dbfence has to name
//! the same statement, or none.

use crate::server::{Server, server};
use crate::support::Files;

/// The superuser that the image creates in these tests, and a database of that name.
const SUPERUSER: &str = "harbour";

const COMPOSE: &str = "\
services:
  postgres:
    image: postgres:16
    environment:
      POSTGRES_USER: harbour
      POSTGRES_PASSWORD: ${HARBOUR_PASSWORD:?}
    volumes:
      - ./init.sql:/docker-entrypoint-initdb.d/init.sql:ro
";

/// The numbers of the lines at which dbfence says that the first start stops.
fn our_lines(script: &str) -> Vec<usize> {
    let files = Files::empty()
        .add("compose.yaml", COMPOSE)
        .add("init.sql", script);
    let (sources, outcome) = files.check();
    let findings = outcome.findings.iter();
    let findings = findings.filter(|finding| finding.rule == "init-sql-aborts");
    findings
        .map(|finding| {
            let file = sources.file(finding.place.file);
            assert_eq!(file.path, "init.sql");
            file.position(finding.place.span.start).line as usize
        })
        .collect()
}

/// The number of the line at which `psql` stops, and why.
fn line_of_the_server(server: &Server, script: &str) -> Option<(usize, String)> {
    let said = server.psql(
        SUPERUSER,
        &["-U", SUPERUSER, "-v", "ON_ERROR_STOP=1", "--no-password"],
        script,
    );
    let sqlstate = said.sqlstate().map(str::to_owned);
    let mut errors = said.errors.lines();
    let error = errors.rfind(|line| line.contains("ERROR:  "))?;
    let line = error.split(':').nth(2).unwrap();
    Some((line.parse().unwrap(), sqlstate.unwrap()))
}

/// Scripts with the line at which `psql` stops, and why.
const SCRIPTS: &[(&str, Option<(usize, &str)>)] = &[
    (
        "CREATE DATABASE a1;\nGRANT ALL PRIVILEGES ON DATABASE a1 TO harbour;",
        None,
    ),
    (
        "CREATE DATABASE a2;\nCREATE DATABASE a2;",
        Some((2, "42P04")),
    ),
    (
        "CREATE DATABASE a3;\nCREATE DATABASE A3;",
        Some((2, "42P04")),
    ),
    ("CREATE DATABASE a4;\nCREATE DATABASE \"A4\";", None),
    (
        "CREATE DATABASE a5;\nDROP DATABASE a5;\nCREATE DATABASE a5;",
        None,
    ),
    ("CREATE DATABASE harbour;", Some((1, "42P04"))),
    ("CREATE DATABASE postgres;", Some((1, "42P04"))),
    ("CREATE DATABASE template1;", Some((1, "42P04"))),
    (
        "CREATE DATABASE b1;\nGRANT ALL ON DATABASE b1 TO pilot1;",
        Some((2, "42704")),
    ),
    (
        "CREATE ROLE pilot2 LOGIN;\nCREATE DATABASE b2 OWNER pilot2;\nGRANT ALL ON DATABASE b2 TO pilot2, harbour;",
        None,
    ),
    (
        "CREATE DATABASE b3;\nGRANT ALL ON DATABASE b3 TO Pilot3;\nCREATE ROLE pilot3;",
        Some((2, "42704")),
    ),
    (
        "CREATE DATABASE b4;\nGRANT CONNECT ON DATABASE b4 TO PUBLIC, pg_monitor, CURRENT_USER;",
        None,
    ),
    (
        "GRANT CONNECT ON DATABASE b5 TO harbour;",
        Some((1, "3D000")),
    ),
    (
        "REVOKE CONNECT ON DATABASE b6 FROM PUBLIC;\nCREATE DATABASE b6;",
        Some((1, "3D000")),
    ),
    (
        "CREATE ROLE pilot7;\nCREATE USER pilot7;",
        Some((2, "42710")),
    ),
    ("CREATE ROLE harbour;", Some((1, "42710"))),
    ("BEGIN;\nCREATE DATABASE c1;\nCOMMIT;", Some((2, "25001"))),
    (
        "START TRANSACTION;\nCREATE DATABASE c2;\nEND;",
        Some((2, "25001")),
    ),
    ("BEGIN;\nSELECT 1;\nCOMMIT;\nCREATE DATABASE c3;", None),
    (
        "BEGIN;\nSELECT 1;\nCOMMIT AND CHAIN;\nCREATE DATABASE c4;\nCOMMIT;",
        Some((4, "25001")),
    ),
    (
        "BEGIN;\nSAVEPOINT s;\nROLLBACK TO SAVEPOINT s;\nCREATE DATABASE c5;",
        Some((4, "25001")),
    ),
    ("BEGIN;\nROLLBACK;\nCREATE DATABASE c6;", None),
    (
        "SELECT 'CREATE DATABASE d1' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'd1')\\gexec\nGRANT ALL ON DATABASE d1 TO harbour;",
        None,
    ),
    (
        "SELECT 'CREATE DATABASE harbour' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'harbour')\\gexec",
        None,
    ),
    (
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pilot8') THEN CREATE ROLE pilot8; END IF; END $$;\nCREATE DATABASE d2 OWNER pilot8;",
        None,
    ),
    (
        "CREATE DATABASE e3;\n\\c e3\nCREATE TABLE berth (id int);\n\\connect harbour\nCREATE DATABASE e4;",
        None,
    ),
    ("DROP DATABASE IF EXISTS e5;\nCREATE DATABASE e5;", None),
    (
        "ALTER DATABASE e7 OWNER TO harbour;\nCREATE DATABASE e7;",
        Some((1, "3D000")),
    ),
    (
        "CREATE DATABASE e8;\nALTER DATABASE e8 OWNER TO pilot9;",
        Some((2, "42704")),
    ),
];

#[test]
fn a_first_start_stops_where_we_say() {
    let Some(server) = server() else { return };
    server.ask(
        "postgres",
        "CREATE ROLE harbour LOGIN SUPERUSER;\nCREATE DATABASE harbour;",
    );
    for (script, stop) in SCRIPTS.iter().copied() {
        let at_the_server = line_of_the_server(server, script);
        let expected = stop.map(|(line, sqlstate)| (line, sqlstate.to_owned()));
        assert_eq!(at_the_server, expected, "{script}");
        let expected: Vec<usize> = stop.map(|(line, _)| line).into_iter().collect();
        assert_eq!(our_lines(script), expected, "{script}");
    }
    // What a variable stands for is not followed, a database that is dropped is not missed, and `psql` goes on
    // after an error where it is told to.
    for (script, line, sqlstate) in [
        (
            "\\set name f1\nCREATE DATABASE :name;\nCREATE DATABASE :\"name\";",
            3,
            "42P04",
        ),
        ("DROP DATABASE f3;\nCREATE DATABASE f3;", 1, "3D000"),
        (
            "\\set ON_ERROR_STOP off\nCREATE DATABASE harbour;\nCREATE DATABASE f2;",
            2,
            "42P04",
        ),
    ] {
        let at_the_server = line_of_the_server(server, script);
        assert_eq!(at_the_server, Some((line, sqlstate.to_owned())), "{script}");
        assert!(our_lines(script).is_empty(), "{script}");
    }
    assert_eq!(
        server.ask(
            "postgres",
            "SELECT count(*) FROM pg_database WHERE datname = 'f2'"
        ),
        "1"
    );
}
