//! The words by which a source file is told to matter before anything of it is parsed.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// How many words are looked for at once in the fastest way that there is; more take several times as long.
const MOST_AT_ONCE: usize = 16;

/// Whether the text of a source file may hold SQL of a program; most hold none.
pub fn may_hold_sql(text: &str) -> bool {
    static WORDS: LazyLock<Vec<AhoCorasick>> = LazyLock::new(|| automata(&OF_SQL));
    WORDS.iter().any(|words| words.is_match(text))
}

/// Whether the text of a source file may hold SQL that others take from it and run: the value of a name in it
/// begins like a statement.
pub fn may_lend_sql(text: &str) -> bool {
    static WORDS: LazyLock<Vec<AhoCorasick>> = LazyLock::new(|| automata(&OF_STATEMENTS));
    let is_text = |start: usize, end: usize| {
        let before = &text[..start];
        let opened = before.trim_end();
        let quotes: &[char] = match &before[opened.len()..] {
            "" => &['`', '"', '\''],
            space if space.contains('\n') => &['`'],
            _ => &[],
        };
        let is_value = |of: &str| of.trim_end().ends_with(['=', ':']);
        opened.strip_suffix(quotes).is_some_and(is_value)
            && text[end..].starts_with([' ', '\n', '\r', '\t'])
    };
    let mut found = WORDS.iter().flat_map(|words| words.find_iter(text));
    found.any(|it| is_text(it.start(), it.end())) && text.contains("export")
}

/// Whether the text of a source file may say anything about a database, an environment or a service.
pub fn may_matter(text: &str) -> bool {
    static WORDS: LazyLock<Vec<AhoCorasick>> = LazyLock::new(|| automata(&OF_CLIENTS));
    may_hold_sql(text)
        || WORDS.iter().any(|words| words.is_match(text))
        || has_pair(text)
        || may_lend_sql(text)
}

fn has_pair(text: &str) -> bool {
    static WORDS: LazyLock<Vec<AhoCorasick>> = LazyLock::new(|| automata(&IN_PAIRS));
    let mut seen = [false; IN_PAIRS.len()];
    for found in WORDS.iter().flat_map(|words| words.find_iter(text)) {
        let number = found.pattern().as_usize();
        seen[number] = true;
        let [of_url, env, config, module, exports, ..] = seen;
        let is_url = IN_PAIRS[number].ends_with("://");
        if of_url && (env || config)
            || module && exports
            || is_url && may_be_of_service(&text.as_bytes()[found.end()..])
        {
            return true;
        }
    }
    false
}

/// What finds these words.
fn automata(words: &[&str]) -> Vec<AhoCorasick> {
    let automata = words.chunks(MOST_AT_ONCE).map(|words| {
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostFirst).build(words)
    });
    // None is too large: they are a few short words.
    automata.filter_map(Result::ok).collect()
}

/// Whether what follows the scheme of a URL begins like the host and port of a service: without a dot.
fn may_be_of_service(host: &[u8]) -> bool {
    let is_of_host = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let length = host.iter().take_while(is_of_host).count();
    let has_port = host.get(length) == Some(&b':');
    // A host that is put in may be a constant.
    let is_put_in = length == 0 && host.starts_with(b"${");
    &host[..length] != b"localhost" && (has_port && length > 0 || is_put_in)
}

/// What a source file without any of these holds no SQL.
const OF_SQL: [&str; 16] = [
    // The packages whose tag or methods may be called anything.
    "\"postgres\"",
    "'postgres'",
    "\"pg-promise\"",
    "'pg-promise'",
    ".query(",
    ".query<",
    "$queryRaw",
    "$executeRaw",
    "sql`",
    "sql<",
    "sql.",
    "SQL`",
    ".execute(",
    ".execute<",
    ".raw(",
    ".raw<",
];

/// What SQL begins with that a source file holds for others; `with` and `truncate`, by which prose and styles begin,
/// are left out.
const OF_STATEMENTS: [&str; 13] = [
    "SELECT",
    "INSERT INTO",
    "UPDATE",
    "DELETE FROM",
    "CREATE TABLE",
    "TRUNCATE",
    "WITH",
    "select",
    "insert into",
    "update",
    "delete from",
    "create table",
    "truncate table",
];

/// What a source file without any of these opens no database and holds no connection string.
const OF_CLIENTS: [&str; 25] = [
    "postgres://",
    "postgresql://",
    "connectionString",
    "datasourceUrl",
    "datasources",
    "new PrismaClient",
    "extends PrismaClient",
    "new Pool(",
    ".Pool(",
    "new Client(",
    ".Client(",
    "postgres(",
    "knex(",
    "pgp(",
    "new DataSource(",
    "new Sequelize(",
    "drizzle(",
    "createPool(",
    "neon(",
    "PgBoss(",
    "createConnection(",
    "TypeOrmModule.forRoot",
    "SequelizeModule.forRoot",
    "KnexModule.forRoot",
    "MikroO",
];

/// Words that matter together with others alone; [`has_pair`] knows them by their order.
const IN_PAIRS: [&str; 7] = [
    "_URL", "env", "onfig", "@Module(", "exports", "http://", "https://",
];

#[cfg(test)]
mod tests {
    use super::{IN_PAIRS, OF_CLIENTS, OF_SQL, OF_STATEMENTS, may_hold_sql, may_matter};

    #[test]
    fn a_file_matters_by_one_word_or_by_two_that_belong_together() {
        for word in OF_SQL.into_iter().chain(OF_CLIENTS) {
            assert!(may_matter(&format!("const a = 1; {word} b")), "{word}");
        }
        for word in OF_SQL {
            assert!(may_hold_sql(&format!("({word}")), "{word}");
        }
        for word in OF_STATEMENTS {
            for (text, matters) in [
                (format!("export const a = \"{word} b\""), true),
                (format!("export const a = {{ b: '{word} b' }}"), true),
                (format!("exports.a = `\n  {word}\n b`"), true),
                (format!("const a = `{word} b`"), false),
                (format!("export const a = b + ' {word} '"), false),
                (format!("export const a = '{word}'"), false),
                (format!("export const a = b('{word} c')"), false),
                (format!("export // {word} b"), false),
            ] {
                assert_eq!(may_matter(&text), matters, "{text}");
            }
        }
        for word in IN_PAIRS {
            assert!(!may_matter(&format!("{word} {word}")), "{word}");
        }
        for (text, matters) in [
            ("process.env.CATALOG_URL", true),
            ("config.get('CATALOG_URL')", true),
            ("CATALOG_URL exports", false),
            ("@Module({ exports: [] })", true),
            ("@Module({ environment })", false),
            ("`http://catalog:4104`", true),
            ("`https://${host}:4104`", true),
            ("http://localhost:4104 http://catalog:4104", true),
            ("http://localhost:4104", false),
            ("https://example.org:4104", false),
            ("ftp://catalog:21", false),
        ] {
            assert_eq!(may_matter(text), matters, "{text}");
        }
    }
}
