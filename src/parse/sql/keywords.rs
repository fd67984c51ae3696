//! Key words of PostgreSQL that cannot name a database, a table or a column without quotes.

/// The words of categories R and T of `pg_get_keywords()` in PostgreSQL 15 (its manual, appendix C),
/// sorted. Words of category C work unquoted as names of databases, tables and columns.
pub const REFUSED: [&str; 100] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

/// Whether PostgreSQL refuses the word as such a name unless it is quoted. Words are compared in
/// lower case, as PostgreSQL folds them.
pub fn is_refused_unquoted(word: &str) -> bool {
    REFUSED
        .binary_search(&word.to_ascii_lowercase().as_str())
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_knows_what_postgresql_refuses() {
        assert!(REFUSED.is_sorted());
        assert!(is_refused_unquoted("ORDER") && is_refused_unquoted("authorization"));
        assert!(!is_refused_unquoted("coalesce") && !is_refused_unquoted("loans"));
    }
}
