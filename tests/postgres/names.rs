//! Names: which words need quotes, what PostgreSQL stores, and how far a qualifier reaches.

use std::collections::BTreeSet;

use dbfence::model::keywords;
use dbfence::parse::sql::{self, StatementKind};

use crate::server::server;

/// Words that later versions refuse as well: the first such version and the word.
const REFUSED_LATER: [(u32, &str); 1] = [(16, "system_user")];

#[test]
fn exactly_the_key_words_of_our_list_are_refused_as_names_of_databases() {
    let Some(server) = server() else { return };
    let words = server.ask(
        "postgres",
        "SELECT word, catcode FROM pg_get_keywords() ORDER BY word",
    );
    let words = words.lines().map(|line| line.split_once('|').unwrap());
    let words: Vec<(&str, &str)> = words.collect();
    // A template that is missing is an error of its own, which comes after those of the parser.
    let tries = words.iter().map(|(word, _)| {
        format!("CREATE DATABASE {word} TEMPLATE no_such;\n\\echo {word} :SQLSTATE\n")
    });
    let said = server.psql("postgres", &[], &tries.collect::<String>()).out;
    let with = |sqlstate: &str| -> BTreeSet<&str> {
        let lines = said.lines().map(|line| line.split_once(' ').unwrap());
        let lines = lines.filter(|(_, found)| *found == sqlstate);
        lines.map(|(word, _)| word).collect()
    };
    let refused = with("42601");
    assert_eq!(refused.len() + with("3D000").len(), words.len(), "{said}");
    let reserved = words.iter().filter(|(_, code)| matches!(*code, "R" | "T"));
    let reserved: BTreeSet<&str> = reserved.map(|(word, _)| *word).collect();
    assert_eq!(refused, reserved, "categories R and T");
    let later = REFUSED_LATER.iter();
    let later = later.filter(|(since, _)| *since <= server.version);
    let later = later.map(|(_, word)| *word);
    let ours: BTreeSet<&str> = keywords::REFUSED.iter().copied().chain(later).collect();
    assert_eq!(ours, reserved, "PostgreSQL {}", server.version);
}

/// Databases and roles are named by the same rules, and roles are created faster.
#[test]
fn names_are_stored_as_we_say() {
    let Some(server) = server() else { return };
    let long = "Quay".repeat(20);
    let umlauts = "ä".repeat(40);
    let behind_a_letter = format!("x{umlauts}");
    for name in [
        "Loans",
        "LOANS_2",
        "_loans$1",
        "\"Loans\"",
        "\"loan \"\"desk\"\"\"",
        "\"LOANS.DESK\"",
        "Ärzte",
        "ÉTÉ",
        "\"Ärzte\"",
        "naïve_Été",
        long.as_str(),
        &format!("\"{long}\""),
        &umlauts,
        &behind_a_letter,
        &format!("\"{behind_a_letter}\""),
        "U&\"d\\0061ta\"",
        "U&\"d!0061ta\" UESCAPE '!'",
        "U&\"\\+01F30A wave\"",
        "coalesce",
        "\"order\"",
        "/* no */ Loans -- name",
    ] {
        let create = format!("CREATE ROLE {name}");
        let ask = format!(
            "BEGIN;\n{create}\n;\nSELECT rolname FROM pg_roles ORDER BY oid DESC LIMIT 1;\nROLLBACK;"
        );
        let stored = server.ask("postgres", &ask);
        let parsed = sql::parse(&create);
        let ours = parsed.facts.statements.first().map(|first| &first.kind);
        let ours = match ours {
            Some(StatementKind::CreateRole { name }) => Some(name.value.as_str()),
            _ => None,
        };
        // Escapes are not resolved: what such a name is, nobody says.
        let expected = (!name.starts_with("U&")).then_some(stored.as_str());
        assert_eq!(ours, expected, "{create}");
        assert_eq!(parsed.problems, [], "{create}");
    }
}

/// Two names that differ only behind their 63rd byte are one.
#[test]
fn long_names_collide() {
    let Some(server) = server() else { return };
    let stem = "customs_clearance_of_goods_that_arrive_by_sea_and_leave_by_rail";
    assert_eq!(stem.len(), 63);
    let texts = [
        format!("CREATE DATABASE {stem}_north;"),
        format!("CREATE DATABASE {stem}_south;"),
    ];
    let first = server.run("postgres", &texts[0]);
    assert!(first.is_well && first.errors.contains("42622"), "{first:?}");
    assert_eq!(
        server.run("postgres", &texts[1]).sqlstate(),
        Some("42P04"),
        "a database of that name exists"
    );
    for text in &texts {
        let parsed = sql::parse(text);
        assert!(
            matches!(&parsed.facts.statements[0].kind, StatementKind::CreateDatabase { name, .. } if name.value == stem),
            "{text}"
        );
    }
}
