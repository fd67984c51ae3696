//! Types as scripts name them, in the words of `format_type` (PostgreSQL 15, `src/backend/utils/adt/format_type.c`
//! and `gram.y`).

use super::words::Words;
use super::{BaseType, TypeName};
use crate::parse::sql::split::TokenKind;

/// A type, and whether it is a `serial`.
pub(super) struct WrittenType {
    pub(super) type_name: TypeName,
    pub(super) is_serial: bool,
}

/// Types of `pg_catalog` whose name is what `format_type` prints.
const PLAIN: [&str; 66] = [
    "text",
    "uuid",
    "json",
    "jsonb",
    "bytea",
    "date",
    "money",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "xml",
    "oid",
    "name",
    "tsvector",
    "tsquery",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "tsmultirange",
    "tstzmultirange",
    "datemultirange",
    "regclass",
    "regtype",
    "regproc",
    "regprocedure",
    "regoper",
    "regoperator",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regrole",
    "regcollation",
    "pg_lsn",
    "pg_snapshot",
    "txid_snapshot",
    "jsonpath",
    "xid",
    "xid8",
    "cid",
    "tid",
    "void",
    "record",
    "trigger",
    "int2vector",
    "oidvector",
    "refcursor",
    "aclitem",
    "gtsvector",
    "pg_node_tree",
    "anyelement",
    "unknown",
    "cstring",
];

/// Reads a type with its parameters and brackets.
pub(super) fn read(words: &mut Words) -> Option<WrittenType> {
    let _ = words.eat("setof");
    let mut is_serial = false;
    let base = if let Some(name) = key_word(words) {
        BaseType::BuiltIn(name)
    } else {
        {
            let is_quoted = words.rest().first()?.kind == TokenKind::QuotedName;
            let name = words.object()?;
            if words.cursor.is_symbol(0, b'%') && words.cursor.is_word(1, &["type", "rowtype"]) {
                words.skip(2);
                BaseType::Unknown
            } else {
                let modifiers = modifiers(words);
                let own = name.name().value.as_str();
                let is_own = name.parts.len() == 1
                    || name.schema().is_some_and(|it| it.value == "pg_catalog");
                let serial = match own {
                    _ if is_quoted || name.parts.len() > 1 => None,
                    "serial" | "serial4" => Some("integer"),
                    "bigserial" | "serial8" => Some("bigint"),
                    "smallserial" | "serial2" => Some("smallint"),
                    _ => None,
                };
                is_serial = serial.is_some();
                let built_in = serial.map(str::to_owned);
                match built_in.or_else(|| {
                    if is_own {
                        of_catalog(words, own, &modifiers)
                    } else {
                        None
                    }
                }) {
                    Some(name) => BaseType::BuiltIn(name),
                    None => BaseType::Named { name, modifiers },
                }
            }
        }
    };
    let mut is_array = words.eat("array");
    while words.eat_symbol(b'[') {
        is_array = true;
        if !words.cursor.is_symbol(0, b']') {
            words.skip(1);
        }
        words.eat_symbol(b']');
    }
    Some(WrittenType {
        type_name: TypeName { base, is_array },
        is_serial,
    })
}

/// Parameters with their parentheses, without blanks.
fn modifiers(words: &mut Words) -> String {
    let Some(group) = words.group() else {
        return String::new();
    };
    let inner: String = group
        .rest()
        .iter()
        .map(|token| group.written(token))
        .collect();
    format!("({inner})")
}

/// A type that the grammar has key words for.
fn key_word(words: &mut Words) -> Option<String> {
    let mut name = if words.eat("int") || words.eat("integer") {
        "integer".to_owned()
    } else if words.eat("bigint") {
        "bigint".to_owned()
    } else if words.eat("smallint") {
        "smallint".to_owned()
    } else if words.eat("real") {
        "real".to_owned()
    } else if words.eat("double precision") {
        "double precision".to_owned()
    } else if words.eat("boolean") {
        "boolean".to_owned()
    } else if words.eat("float") {
        let digits = modifiers(words);
        let digits: u32 = digits.trim_matches(['(', ')']).parse().unwrap_or(53);
        if digits < 25 {
            "real"
        } else {
            "double precision"
        }
        .to_owned()
    } else if words.eat("decimal") || words.eat("dec") || words.eat("numeric") {
        numeric(&modifiers(words))
    } else if words.eat("varchar") {
        format!("character varying{}", modifiers(words))
    } else if words.eat("character")
        || words.eat("char")
        || words.eat("nchar")
        || words.eat("national character")
        || words.eat("national char")
    {
        if words.eat("varying") {
            format!("character varying{}", modifiers(words))
        } else {
            format!("character{}", or_one(modifiers(words)))
        }
    } else if words.eat("bit") {
        if words.eat("varying") {
            format!("bit varying{}", modifiers(words))
        } else {
            format!("bit{}", or_one(modifiers(words)))
        }
    } else if words.eat("timestamp") {
        with_zone(words, "timestamp")
    } else if words.eat("time") {
        with_zone(words, "time")
    } else if words.eat("interval") {
        interval(words)
    } else {
        return None;
    };
    if words.at("character set") {
        words.skip(3);
    }
    name.shrink_to_fit();
    Some(name)
}

fn or_one(modifiers: String) -> String {
    if modifiers.is_empty() {
        "(1)".to_owned()
    } else {
        modifiers
    }
}

/// `numeric(10)` is `numeric(10,0)`.
fn numeric(modifiers: &str) -> String {
    match modifiers.strip_suffix(')') {
        Some(precision) if !modifiers.contains(',') => format!("numeric{precision},0)"),
        _ => format!("numeric{modifiers}"),
    }
}

fn with_zone(words: &mut Words, name: &str) -> String {
    let modifiers = modifiers(words);
    let zone = if words.eat("with time zone") {
        "with"
    } else {
        words.eat("without time zone");
        "without"
    };
    format!("{name}{modifiers} {zone} time zone")
}

fn interval(words: &mut Words) -> String {
    const FIELDS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];
    let mut name = "interval".to_owned();
    let field = |words: &Words| {
        let found = FIELDS.into_iter().find(|field| words.at(field));
        // A column may be followed by a constraint, never by such a word.
        found
    };
    if let Some(first) = field(words) {
        words.skip(1);
        name = format!("{name} {first}");
        if words.eat("to")
            && let Some(last) = field(words)
        {
            words.skip(1);
            name = format!("{name} to {last}");
        }
    }
    name + &modifiers(words)
}

/// One of `pg_catalog`, as `format_type` prints it.
fn of_catalog(words: &mut Words, name: &str, modifiers: &str) -> Option<String> {
    let plain = |text: &str| Some(text.to_owned());
    match name {
        "int4" => plain("integer"),
        "int8" => plain("bigint"),
        "int2" => plain("smallint"),
        "float4" => plain("real"),
        "float8" => plain("double precision"),
        "bool" => plain("boolean"),
        "numeric" => Some(numeric(modifiers)),
        "varchar" => Some(format!("character varying{modifiers}")),
        "bpchar" if modifiers.is_empty() => plain("bpchar"),
        "bpchar" => Some(format!("character{modifiers}")),
        "char" => plain("\"char\""),
        "name" => plain("name"),
        "bit" => Some(format!("bit{modifiers}")),
        "varbit" => Some(format!("bit varying{modifiers}")),
        "timestamptz" => Some(format!("timestamp{modifiers} with time zone")),
        "timetz" => Some(format!("time{modifiers} with time zone")),
        "timestamp" => Some(format!("timestamp{modifiers} without time zone")),
        "time" => Some(format!("time{modifiers} without time zone")),
        "interval" => {
            let _ = words;
            Some(format!("interval{modifiers}"))
        }
        _ => PLAIN.contains(&name).then(|| name.to_owned()),
    }
}
