//! Connection strings: `scheme://user:password@host:port/database?parameters`, as libpq reads them
//! (PostgreSQL manual, 34.1.1.2 "Connection URIs"), with `${…}` allowed in every part.
//!
//! `${…}` is one opaque piece whatever it holds, and so are `$(…)` of shells and Kubernetes and `{{…}}`
//! of templates.
//!
//! Readers differ on a password whose delimiters are not percent-encoded. For a raw `@` libpq ends the
//! password at the first one; Node's `URL`, which stands below `pg` and Prisma, at the last one before
//! `/`, `?` or `#`. Node's way is taken here, and for `#` as well, which ends the database. A raw `/`, `?`
//! or `#` makes Node refuse the string, because what stands before it is no port; here it is then taken
//! for a part of the password, so that no part of a password passes for a port or a database.

use std::ops::Range;

/// A connection string, taken apart. All ranges are bytes of the text it was read from; a part that is
/// absent is `None`, an empty one an empty range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The whole string.
    pub range: Range<usize>,
    /// The scheme, without `://`; for JDBC both words, `jdbc:postgresql`.
    pub scheme: Range<usize>,
    /// The user.
    pub user: Option<Range<usize>>,
    /// The password.
    pub password: Option<Range<usize>>,
    /// The hosts with their ports; more than one for a libpq fail-over list. Never empty: a string that
    /// names no host, and so means a socket, has one with an empty name.
    pub hosts: Vec<Host>,
    /// The path without its leading `/`, up to `?` or `#`.
    pub database: Option<Range<usize>>,
    /// `name=value` pairs after `?`, or after `;` for `sqlserver`. A name without `=` has an empty value.
    pub parameters: Vec<(Range<usize>, Range<usize>)>,
}

impl Connection {
    /// The text that the connection was read from, to be shown: with other texts in place of some parts, and
    /// no password and no key in it.
    pub fn without_secrets(&self, text: &str, parts: &[(Range<usize>, &str)]) -> Option<String> {
        let is_secret = |name: &Range<usize>| {
            let name = text[name.clone()].to_ascii_lowercase();
            ["password", "key", "token", "secret"]
                .iter()
                .any(|word| name.contains(word))
        };
        let parameters = self.parameters.iter();
        let secrets = parameters.filter(|(name, _)| is_secret(name));
        let mut edits: Vec<(&Range<usize>, &str)> =
            parts.iter().map(|(range, text)| (range, *text)).collect();
        edits.extend(self.password.as_ref().map(|it| (it, "<password>")));
        edits.extend(secrets.map(|(_, secret)| (secret, "<secret>")));
        edits.sort_by_key(|(range, _)| range.start);
        let mut shown = String::new();
        let mut end = 0;
        for (range, with) in edits {
            shown.push_str(text.get(end..range.start)?);
            shown.push_str(with);
            end = range.end;
        }
        shown.push_str(&text[end..]);
        Some(shown)
    }
}

/// One host of a connection string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name or address; brackets of an IPv6 address excluded.
    pub name: Range<usize>,
    /// The port, as written: not always a number.
    pub port: Option<Range<usize>>,
}

/// What [`find`] looks for. Schemes without a host (`sqlite`, `file`) are not among them.
const DATABASE_SCHEMES: [&str; 10] = [
    "postgres",
    "postgresql",
    "prisma",
    "prisma+postgres",
    "mysql",
    "mariadb",
    "mongodb",
    "mongodb+srv",
    "sqlserver",
    "cockroachdb",
];

const MARKER: &str = "://";
const JDBC: &str = "jdbc:";

/// Reads a text that is one connection string and nothing else (white space around it aside). `None`
/// where it has no scheme. `${…}` counts as one opaque piece wherever it stands: `${URL}` alone is
/// `None`, `${SCHEME}://…` is not.
pub fn parse(text: &str) -> Option<Connection> {
    let start = text.len() - text.trim_start().len();
    let end = start + text.trim().len();
    Reader::new(text).connection(start..end)
}

/// Every connection string of a database (`postgres`, `postgresql`, `mysql`, `mongodb`, …) that stands
/// anywhere in a text, such as a script or a JSON file.
///
/// It ends at white space, a quote, a backslash, `<`, `>` or a bracket that closes none of its own, and
/// leaves out the punctuation of a sentence around it. `<password>` between delimiters is a placeholder
/// and belongs to it. A scheme that nothing follows (`url.startsWith("postgres://")`) is passed over.
pub fn find(text: &str) -> Vec<Connection> {
    let mut markers = memchr::memmem::find_iter(text.as_bytes(), MARKER)
        .filter_map(|marker| Some((marker, database_scheme_before(text, marker)?)))
        .peekable();
    if markers.peek().is_none() {
        return Vec::new();
    }
    let reader = Reader::new(text);
    let mut found = Vec::new();
    let mut searched = 0;
    for (marker, start) in markers {
        if start >= searched {
            let rest = marker + MARKER.len();
            searched = reader.end_in_prose(rest);
            if searched > rest {
                found.extend(reader.connection(start..searched));
            }
        }
    }
    found
}

/// A part with its percent escapes resolved (RFC 3986, 2.1); an escape that is none stays as written. A
/// part whose bytes would not be UTF-8 stays as written altogether.
pub fn decode(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = escaped_byte(rest);
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &rest[3..] } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| part.to_owned())
}

/// The byte that `%41` and its like at the start of `text` stand for. `%00` is none: PostgreSQL refuses
/// it.
fn escaped_byte(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    (byte != 0).then_some(byte)
}

/// Where the scheme of a database begins that ends at `end`.
fn database_scheme_before(text: &str, end: usize) -> Option<usize> {
    let before = &text.as_bytes()[..end];
    let scheme = DATABASE_SCHEMES
        .iter()
        .filter(|scheme| ends_with(before, scheme))
        .max_by_key(|scheme| scheme.len())?;
    let before = &before[..end - scheme.len()];
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'_');
    if before.last().is_some_and(goes_on) {
        None
    } else if ends_with(before, JDBC) {
        Some(before.len() - JDBC.len())
    } else {
        Some(before.len())
    }
}

fn ends_with(text: &[u8], word: &str) -> bool {
    let start = text.len().checked_sub(word.len());
    start.is_some_and(|start| text[start..].eq_ignore_ascii_case(word.as_bytes()))
}

fn starts_with(text: &[u8], word: &str) -> bool {
    let start = text.get(..word.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// A bracket that waits for its closing one.
struct Open {
    /// The byte that closes it.
    closing: u8,
    /// Where the piece begins that it opens; `None` for a bracket inside a piece.
    piece: Option<usize>,
}

/// The ranges of `${…}`, `$(…)` and `{{…}}`, sorted by their starts, nested ones included. None spans a
/// line break, and one that is never closed is none.
fn opaque_pieces(text: &[u8]) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut open_braces = 0_usize;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'\n' => {
                open.clear();
                open_braces = 0;
            }
            b'{' | b'(' => {
                let piece = piece_start(text, at);
                if piece.is_some() || !open.is_empty() {
                    open_braces += usize::from(byte == b'{');
                    let closing = if byte == b'{' { b'}' } else { b')' };
                    open.push(Open { closing, piece });
                }
            }
            // A brace closes whatever parentheses stand open inside it: they are text, as in `${A:-:(}`.
            b'}' if open_braces > 0 => {
                while open.pop_if(|last| last.closing == b')').is_some() {}
                open_braces -= 1;
                close(&mut open, at, &mut pieces);
            }
            b')' if open.last().is_some_and(|last| last.closing == b')') => {
                close(&mut open, at, &mut pieces);
            }
            _ => {}
        }
    }
    pieces.sort_unstable_by_key(|piece| piece.start);
    pieces
}

/// Ends the innermost open bracket at byte `at`.
fn close(open: &mut Vec<Open>, at: usize, pieces: &mut Vec<Range<usize>>) {
    let start = open.pop().and_then(|last| last.piece);
    pieces.extend(start.map(|start| start..at + 1));
}

/// Where the piece begins that the bracket at `at` opens.
fn piece_start(text: &[u8], at: usize) -> Option<usize> {
    if at > 0 && text[at - 1] == b'$' {
        Some(at - 1)
    } else {
        text[at..].starts_with(b"{{").then_some(at)
    }
}

/// A text and the pieces in it that are passed over whole. Bytes outside of pieces are called plain.
struct Reader<'a> {
    text: &'a str,
    pieces: Vec<Range<usize>>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            pieces: opaque_pieces(text.as_bytes()),
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// One past the piece that begins at `at`.
    fn piece_end(&self, at: usize) -> Option<usize> {
        if !matches!(self.byte(at), Some(b'$' | b'{')) {
            return None;
        }
        let found = self.pieces.binary_search_by_key(&at, |piece| piece.start);
        Some(self.pieces[found.ok()?].end)
    }

    /// The plain bytes of `range` that are among `wanted`, and where they stand.
    fn plain(&self, range: Range<usize>, wanted: &[u8]) -> impl Iterator<Item = usize> {
        let mut next = range.start;
        std::iter::from_fn(move || {
            while next < range.end {
                let at = next;
                let piece_end = self.piece_end(at);
                next = piece_end.unwrap_or(at + 1);
                if piece_end.is_none() && self.byte(at).is_some_and(|byte| wanted.contains(&byte)) {
                    return Some(at);
                }
            }
            None
        })
    }

    /// Where the first plain byte of `range` stands that is among `wanted`; else the end of `range`.
    fn until(&self, range: Range<usize>, wanted: &[u8]) -> usize {
        let end = range.end;
        self.plain(range, wanted).next().unwrap_or(end)
    }

    /// What stands before the first plain `separator` of `range`, and what after it.
    fn halves(&self, range: Range<usize>, separator: u8) -> (Range<usize>, Option<Range<usize>>) {
        let middle = self.until(range.clone(), &[separator]);
        let second = (middle < range.end).then(|| middle + 1..range.end);
        (range.start..middle, second)
    }

    /// The connection string that is all of `range`.
    fn connection(&self, range: Range<usize>) -> Option<Connection> {
        let bytes = self.text.as_bytes();
        let marker = self
            .plain(range.clone(), b":")
            .find(|&at| bytes[at..range.end].starts_with(MARKER.as_bytes()))?;
        let scheme = range.start..marker;
        if !self.is_scheme(scheme.clone()) {
            return None;
        }
        let ends: &[u8] = if ends_with(&bytes[scheme.clone()], "sqlserver") {
            b"/?#;"
        } else {
            b"/?#"
        };
        let rest = marker + MARKER.len()..range.end;
        let at_sign = self.end_of_password(rest.clone(), ends);
        let (user, password) = match at_sign {
            Some(at) => {
                let (user, password) = self.halves(rest.start..at, b':');
                (Some(user), password)
            }
            None => (None, None),
        };
        let hosts_start = at_sign.map_or(rest.start, |at| at + 1);
        let hosts_end = self.until(hosts_start..rest.end, ends);
        let path_end = self.until(hosts_end..rest.end, &ends[1..]);
        Some(Connection {
            scheme,
            user,
            password,
            hosts: self.hosts(hosts_start..hosts_end),
            database: (hosts_end < path_end).then(|| hosts_end + 1..path_end),
            parameters: self.parameters(path_end..rest.end),
            range,
        })
    }

    /// Whether a range can be a scheme (RFC 3986, 3.1), variables allowed.
    fn is_scheme(&self, range: Range<usize>) -> bool {
        let bytes = self.text.as_bytes();
        let is_jdbc = starts_with(&bytes[range.clone()], JDBC);
        let start = range.start + if is_jdbc { JDBC.len() } else { 0 };
        let mut next = start;
        while next < range.end {
            let byte = bytes[next];
            next = match self.piece_end(next) {
                Some(end) => end,
                None if byte.is_ascii_alphanumeric() || b"+.-_$".contains(&byte) => next + 1,
                None => return false,
            };
        }
        start < range.end
    }

    /// Where the `@` stands that ends user and password; `rest` is what follows `://`.
    fn end_of_password(&self, rest: Range<usize>, ends: &[u8]) -> Option<usize> {
        let last_at = |start: usize| {
            let end = self.until(start..rest.end, ends);
            self.plain(start..end, b"@").last()
        };
        last_at(rest.start).or_else(|| {
            let end = self.until(rest.clone(), ends);
            let hosts = self.hosts(rest.start..end);
            if hosts
                .into_iter()
                .filter_map(|host| host.port)
                .all(|port| self.may_be_port(port))
            {
                return None;
            }
            last_at(self.until(end..rest.end, b"@"))
        })
    }

    fn may_be_port(&self, range: Range<usize>) -> bool {
        let port = &self.text[range];
        port.bytes().all(|byte| byte.is_ascii_digit()) || port.contains(['$', '{', '<'])
    }

    fn hosts(&self, range: Range<usize>) -> Vec<Host> {
        let end = range.end;
        let mut hosts = Vec::new();
        let mut start = range.start;
        loop {
            let bracket = match self.byte(start) {
                Some(b'[') => self.until(start..end, b"]"),
                _ => end,
            };
            let (name, after) = if bracket < end {
                (start + 1..bracket, bracket + 1)
            } else {
                let name_end = self.until(start..end, b":,");
                (start..name_end, name_end)
            };
            let host_end = self.until(after..end, b",");
            // Behind a bracket anything may stand.
            let colon = self.until(after..host_end, b":");
            let port = (colon < host_end).then(|| colon + 1..host_end);
            hosts.push(Host { name, port });
            if host_end == end {
                return hosts;
            }
            start = host_end + 1;
        }
    }

    /// The parameters in a range that begins with their `?` or `;`; a fragment after `#` is left out.
    fn parameters(&self, range: Range<usize>) -> Vec<(Range<usize>, Range<usize>)> {
        let (separator, end) = match self.text.as_bytes()[range.clone()].first() {
            Some(b'?') => (b'&', self.until(range.clone(), b"#")),
            Some(b';') => (b';', range.end),
            _ => return Vec::new(),
        };
        let mut parameters = Vec::new();
        let mut start = range.start + 1;
        while start < end {
            let part = start..self.until(start..end, &[separator]);
            start = part.end + 1;
            if !part.is_empty() {
                let (name, value) = self.halves(part.clone(), b'=');
                parameters.push((name, value.unwrap_or(part.end..part.end)));
            }
        }
        parameters
    }

    /// Where a connection string ends whose part after `://` begins at `start`, with any text around it.
    fn end_in_prose(&self, start: usize) -> usize {
        let mut open = Vec::new();
        let mut next = start;
        while let Some(char) = self.text[next..].chars().next() {
            let after = next + char.len_utf8();
            next = match char {
                _ if self.piece_end(next).is_some() => self.piece_end(next).unwrap_or(after),
                '(' | '[' | '{' => {
                    open.push(char);
                    after
                }
                ')' | ']' | '}' if open.pop() != Some(opening(char)) => break,
                '<' => match self.placeholder_end(next, start) {
                    Some(end) => end,
                    None => break,
                },
                ',' if self.database_scheme_follows(after) => break,
                '\\' if self.byte(after) != Some(b'$') => break,
                '"' | '\'' | '`' | '>' => return next,
                _ if char.is_whitespace() || char.is_control() => break,
                _ => after,
            };
        }
        let text = &self.text[start..next];
        start + text.trim_end_matches(['.', ',', ';', ':', '!']).len()
    }

    /// One past `<password>` at `at`: a word or more in angle brackets that follows a delimiter.
    fn placeholder_end(&self, at: usize, start: usize) -> Option<usize> {
        let follows_delimiter = at == start
            || self
                .byte(at - 1)
                .is_some_and(|byte| b":/@=,".contains(&byte));
        let words = self.text.as_bytes()[at + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"_- .".contains(byte))
            .count();
        let closing = at + 1 + words;
        let is_placeholder = follows_delimiter && words > 0 && self.byte(closing) == Some(b'>');
        is_placeholder.then_some(closing + 1)
    }

    fn database_scheme_follows(&self, at: usize) -> bool {
        let rest = &self.text.as_bytes()[at..];
        DATABASE_SCHEMES.iter().any(|scheme| {
            starts_with(rest, scheme) && rest[scheme.len()..].starts_with(MARKER.as_bytes())
        })
    }
}

fn opening(closing: char) -> char {
    match closing {
        ')' => '(',
        ']' => '[',
        _ => '{',
    }
}

/// The first character of a password that must be escaped in a connection string: libpq ends the password
/// at `@`, Node's `URL` the host at `/`, `?` and `#`, and `%` begins an escape.
pub fn breaking_character(password: &str) -> Option<char> {
    let is_escape = |at: usize| {
        let digits = password.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let mut characters = password.char_indices();
    let found = characters.find(|(at, character)| match character {
        '@' | '/' | '?' | '#' => true,
        '%' => !is_escape(*at),
        _ => false,
    });
    found.map(|(_, character)| character)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a connection string, `·` between them, absent ones left out.
    fn sketch(text: &str, connection: &Connection) -> String {
        let mut parts = vec![text[connection.scheme.clone()].to_owned()];
        let mut add = |label: &str, range: &Option<Range<usize>>| {
            parts.extend(
                range
                    .clone()
                    .map(|range| format!("{label}={}", &text[range])),
            );
        };
        add("user", &connection.user);
        add("password", &connection.password);
        for host in &connection.hosts {
            add("host", &Some(host.name.clone()));
            add("port", &host.port);
        }
        add("database", &connection.database);
        for (name, value) in &connection.parameters {
            add(&text[name.clone()], &Some(value.clone()));
        }
        parts.join(" · ")
    }

    fn parsed(text: &str) -> String {
        parse(text).map_or("none".to_owned(), |connection| sketch(text, &connection))
    }

    fn found(text: &str) -> Vec<&str> {
        find(text)
            .into_iter()
            .map(|connection| &text[connection.range])
            .collect()
    }

    #[test]
    fn parts_are_those_that_libpq_and_node_see() {
        for (text, expected) in [
            (
                "postgresql://u:p@h:5432/d?schema=x&sslmode=require",
                "postgresql · user=u · password=p · host=h · port=5432 · database=d · schema=x · sslmode=require",
            ),
            ("  postgres://h\n", "postgres · host=h"),
            ("postgresql://", "postgresql · host="),
            (
                "postgresql://u@h/",
                "postgresql · user=u · host=h · database=",
            ),
            (
                "postgresql://u:@h:/d",
                "postgresql · user=u · password= · host=h · port= · database=d",
            ),
            (
                "postgresql://:p@h/d",
                "postgresql · user= · password=p · host=h · database=d",
            ),
            (
                "postgresql://u:p:q@h/d",
                "postgresql · user=u · password=p:q · host=h · database=d",
            ),
            (
                "postgresql:///d?host=/var/run/postgresql",
                "postgresql · host= · database=d · host=/var/run/postgresql",
            ),
            (
                "postgresql://%2Ftmp:1/d",
                "postgresql · host=%2Ftmp · port=1 · database=d",
            ),
            (
                "postgresql://a:1,b:2,c/d",
                "postgresql · host=a · port=1 · host=b · port=2 · host=c · database=d",
            ),
            (
                "postgresql://u@[::1]:5,[fe80::1]/d",
                "postgresql · user=u · host=::1 · port=5 · host=fe80::1 · database=d",
            ),
            (
                "postgresql://[::1]é:5/d",
                "postgresql · host=::1 · port=5 · database=d",
            ),
            (
                "postgresql://[::1/d",
                "postgresql · host=[ · port=:1 · database=d",
            ),
            ("postgresql://h/d/e", "postgresql · host=h · database=d/e"),
            ("postgresql://h/c@d", "postgresql · host=h · database=c@d"),
            (
                "postgresql://u@h?sslmode",
                "postgresql · user=u · host=h · sslmode=",
            ),
            (
                "postgresql://h/d?&a=b=c&#f",
                "postgresql · host=h · database=d · a=b=c",
            ),
            (
                "mysql://root@h/d",
                "mysql · user=root · host=h · database=d",
            ),
            (
                "prisma+postgres://accelerate.prisma-data.net/?api_key=k",
                "prisma+postgres · host=accelerate.prisma-data.net · database= · api_key=k",
            ),
            (
                "jdbc:postgresql://h:1/d?user=u",
                "jdbc:postgresql · host=h · port=1 · database=d · user=u",
            ),
            (
                "sqlserver://h:1433;database=d;user=sa;password=p@s/s",
                "sqlserver · host=h · port=1433 · database=d · user=sa · password=p@s/s",
            ),
            ("http://h/", "http · host=h · database="),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
    }

    #[test]
    fn raw_delimiters_stay_inside_the_password() {
        for (text, password) in [
            ("postgresql://u:p@ss@h:1/d", "p@ss"),
            ("postgresql://u:p/w@h:1/d", "p/w"),
            ("postgresql://u:p?w@h:1/d", "p?w"),
            ("postgresql://u:p#w@s@h:1/d?x=@", "p#w@s"),
            ("postgresql://u:${P:-a/b@c:d}@h:1/d", "${P:-a/b@c:d}"),
            ("postgresql://u:${P:-${Q:-}/}@h:1/d", "${P:-${Q:-}/}"),
            (
                "postgresql://u:$(cat /run/secrets/p)@h:1/d",
                "$(cat /run/secrets/p)",
            ),
            (
                "postgresql://u:{{ .Values.p | b64 }}@h:1/d",
                "{{ .Values.p | b64 }}",
            ),
        ] {
            let connection = parse(text).unwrap();
            assert_eq!(&text[connection.password.unwrap()], password, "{text}");
            assert_eq!(&text[connection.user.unwrap()], "u", "{text}");
            assert_eq!(&text[connection.hosts[0].name.clone()], "h", "{text}");
            assert_eq!(&text[connection.database.unwrap()], "d", "{text}");
        }
    }

    #[test]
    fn variables_may_stand_in_every_part() {
        for (text, expected) in [
            ("${URL}", "none"),
            ("${URL:-postgres://u@h/d}", "none"),
            ("h:5432", "none"),
            ("see http://h", "none"),
            ("://h", "none"),
            ("jdbc:://h", "none"),
            (
                "${S:-postgres}://${H:-a:b}:${P:-1}/${D}",
                "${S:-postgres} · host=${H:-a:b} · port=${P:-1} · database=${D}",
            ),
            (
                "$S://$U:$W@$H:$P/$D",
                "$S · user=$U · password=$W · host=$H · port=$P · database=$D",
            ),
            (
                "postgres://h:$P/d?email=a@b",
                "postgres · host=h · port=$P · database=d · email=a@b",
            ),
            ("postgres://${A/d", "postgres · host=${A · database=d"),
            (
                "postgres://${A:-:(}/d",
                "postgres · host=${A:-:(} · database=d",
            ),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
    }

    #[test]
    fn strings_are_found_in_any_text() {
        for (text, expected) in [
            ("url = 'postgres://a/b';", vec!["postgres://a/b"]),
            (
                "A=postgres://a/b # postgresql://c/d.",
                vec!["postgres://a/b", "postgresql://c/d"],
            ),
            (
                "{\"u\":\"postgres://a/b\",\"v\":\"{\\\"w\\\":\\\"mysql://c/d\\\"}\"}",
                vec!["postgres://a/b", "mysql://c/d"],
            ),
            (
                "postgres://a/b,postgres://c/d",
                vec!["postgres://a/b", "postgres://c/d"],
            ),
            (
                "postgres://a:1,b:2/c, and more",
                vec!["postgres://a:1,b:2/c"],
            ),
            (
                "[x](postgres://a/b) (JDBC:postgresql://c/d)!",
                vec!["postgres://a/b", "JDBC:postgresql://c/d"],
            ),
            ("<u>postgres://a/b</u>", vec!["postgres://a/b"]),
            (
                "${U:-postgres://u:${P:-x y}@[::1]/b}",
                vec!["postgres://u:${P:-x y}@[::1]/b"],
            ),
            (
                "${U-prisma+postgres://a/?k=1}",
                vec!["prisma+postgres://a/?k=1"],
            ),
            (
                "`postgres://${c[\"u\"]}:${f({ a: 1 })}@${h}/d`",
                vec!["postgres://${c[\"u\"]}:${f({ a: 1 })}@${h}/d"],
            ),
            (
                "postgres://u:<your password>@[HOST]/<db>",
                vec!["postgres://u:<your password>@[HOST]/<db>"],
            ),
            (
                "psql \"postgres://u:\\${P}@h/d\"",
                vec!["postgres://u:\\${P}@h/d"],
            ),
            ("postgres://é/ü\u{a0}x", vec!["postgres://é/ü"]),
            (
                "startsWith('postgres://') redis://h sqlite://f https://h foo+postgres://h xmysql://h :// postgres://...",
                vec![],
            ),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
        let text = "run `psql postgres://u:p@h:1/d` first";
        assert_eq!(
            sketch(text, &find(text)[0]),
            "postgres · user=u · password=p · host=h · port=1 · database=d"
        );
    }

    #[test]
    fn escapes_are_resolved_where_they_are_escapes() {
        for (part, expected) in [
            ("a%20b%2f", "a b/"),
            ("%C3%A9", "é"),
            ("%zz%4", "%zz%4"),
            ("%00", "%00"),
            ("%FF%41", "%FF%41"),
            ("é+", "é+"),
        ] {
            assert_eq!(decode(part), expected, "{part}");
        }
    }

    #[test]
    fn long_texts_are_no_trouble() {
        let times = 1 << 16;
        for part in [
            "://",
            "postgres://",
            "postgres:// ",
            "postgres://a/b ",
            "postgres://${",
            "postgres://(",
            "postgres://<a",
            "postgres://u:p/",
            "${",
            "{{",
            "$(",
            "(}",
            ",postgres://h,",
            "@:",
        ] {
            let text = part.repeat(times);
            let found = find(&text);
            assert!(found.iter().all(|connection| !connection.range.is_empty()));
            parse(&text);
            parse(&format!("postgres://{text}"));
        }
    }
}
