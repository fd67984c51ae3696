//! Prisma's types as PostgreSQL names them.

use crate::parse::prisma::Field;

/// Prisma's scalar types with the types that they become on PostgreSQL.
const SCALARS: [(&str, &str); 9] = [
    ("BigInt", "bigint"),
    ("Boolean", "boolean"),
    ("Bytes", "bytea"),
    ("DateTime", "timestamp(3) without time zone"),
    ("Decimal", "numeric(65,30)"),
    ("Float", "double precision"),
    ("Int", "integer"),
    ("Json", "jsonb"),
    ("String", "text"),
];

/// Native types without arguments (`@db.Uuid`).
const PLAIN: [(&str, &str); 18] = [
    ("BigInt", "bigint"),
    ("Boolean", "boolean"),
    ("ByteA", "bytea"),
    ("Citext", "citext"),
    ("Date", "date"),
    ("DoublePrecision", "double precision"),
    ("Inet", "inet"),
    ("Int", "integer"),
    ("Integer", "integer"),
    ("Json", "json"),
    ("JsonB", "jsonb"),
    ("Money", "money"),
    ("Oid", "oid"),
    ("Real", "real"),
    ("SmallInt", "smallint"),
    ("Text", "text"),
    ("Uuid", "uuid"),
    ("Xml", "xml"),
];

/// Types of PostgreSQL that only `Unsupported("…")` names, and that print as they are written.
const OTHERS: [&str; 22] = [
    "box",
    "cidr",
    "circle",
    "daterange",
    "int4range",
    "int8range",
    "interval",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "name",
    "numrange",
    "path",
    "pg_lsn",
    "point",
    "polygon",
    "tsquery",
    "tsrange",
    "tstzrange",
    "tsvector",
    "txid_snapshot",
];

/// Whether a name is that of a type that Prisma has by itself.
pub(super) fn is_scalar(name: &str) -> bool {
    SCALARS.iter().any(|(scalar, _)| *scalar == name)
}

/// The type of a scalar field's column, a list's element.
pub(super) fn of_field(field: &Field) -> Option<String> {
    let Some(native) = field.native_type() else {
        let known = SCALARS.iter();
        let mut known = known.filter(|(name, _)| *name == field.type_name.value);
        return known.next().map(|(_, type_name)| (*type_name).to_owned());
    };
    let (name, arguments) = native;
    let arguments = arguments.replace(char::is_whitespace, "");
    let with = |name: &str| {
        if arguments.is_empty() {
            name.to_owned()
        } else {
            format!("{name}({arguments})")
        }
    };
    let time = |name: &str, zone: &str| format!("{} {zone} time zone", with(name));
    Some(match name {
        "Char" | "Bit" => {
            let name = if name == "Char" { "character" } else { "bit" };
            let length = if arguments.is_empty() {
                "1"
            } else {
                &arguments
            };
            format!("{name}({length})")
        }
        "VarChar" => with("character varying"),
        "VarBit" => with("bit varying"),
        "Decimal" if !arguments.is_empty() && !arguments.contains(',') => {
            format!("numeric({arguments},0)")
        }
        "Decimal" => with("numeric"),
        "Timestamp" => time("timestamp", "without"),
        "Timestamptz" => time("timestamp", "with"),
        "Time" => time("time", "without"),
        "Timetz" => time("time", "with"),
        _ => {
            let mut known = PLAIN.iter().filter(|(own, _)| *own == name);
            known.next()?.1.to_owned()
        }
    })
}

/// A type as `Unsupported("…")` has it, where it is one that prints as it is written.
pub(super) fn of_postgres(written: &str) -> Option<String> {
    let name = written.trim().to_ascii_lowercase();
    OTHERS.contains(&name.as_str()).then_some(name)
}
