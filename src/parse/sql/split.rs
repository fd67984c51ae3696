//! A script cut into statements and meta-commands, as `psql` cuts it, and statements cut into tokens
//! (PostgreSQL manual, 4.1 "Lexical Structure", and the page of `psql`, "Meta-Commands"). Nothing here
//! recurses, and everything is linear in the text.

use crate::parse::Problem;
use crate::source::{At, Span};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A key word or an unquoted name.
    Word,
    /// `"name"` or `U&"name"`.
    QuotedName,
    /// A string constant of any form, its quotes included.
    Literal,
    /// A number or a parameter (`$1`).
    Number,
    /// `:name` of psql, which may stand for any text.
    BareVariable,
    /// `:'name'` of psql, which stands for a string constant.
    LiteralVariable,
    /// `:"name"` of psql, which stands for a name.
    NameVariable,
    /// `::` or `:=`.
    Colons,
    /// Any other character.
    Symbol(u8),
}

/// A token and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// A statement, not yet understood.
#[derive(Debug, Default)]
pub(super) struct RawStatement {
    /// Never empty; comments and the closing `;` are not among them.
    pub(super) tokens: Vec<Token>,
    /// Meta-commands that stand inside the statement.
    pub(super) interruptions: Vec<Span>,
    /// The `gexec` that executes what the statement returns.
    pub(super) gexec: Option<At<String>>,
    /// Whether a quote in it is never closed.
    pub(super) is_cut_off: bool,
}

impl RawStatement {
    /// Whether something else fills this in before PostgreSQL sees it: `{{ name }}`, `{% if %}`, `${name}`,
    /// `#{name}`, `<%= name %>` or `{name}`. PostgreSQL itself has no braces outside of quotes.
    pub(super) fn is_template(&self, text: &str) -> bool {
        use TokenKind::{QuotedName, Symbol, Word};
        let opens = |name: &str| {
            ["{{", "{%", "${", "#{", "<%="]
                .iter()
                .any(|it| name.contains(it))
        };
        self.tokens.iter().enumerate().any(|(at, token)| {
            let ahead = |far: usize| self.tokens.get(at + far);
            // The token ahead if nothing stands between it and the one before.
            let touching = |far: usize| {
                let (before, token) = (ahead(far - 1)?, ahead(far)?);
                (before.span.end == token.span.start).then_some(token.kind)
            };
            match token.kind {
                QuotedName => opens(&text[token.span.range()]),
                Symbol(b'$' | b'#') => touching(1) == Some(Symbol(b'{')),
                Symbol(b'<') => {
                    touching(1) == Some(Symbol(b'%')) && touching(2) == Some(Symbol(b'='))
                }
                Symbol(b'{') => match touching(1) {
                    Some(Symbol(b'{' | b'%')) => true,
                    Some(Word) => touching(2) == Some(Symbol(b'}')),
                    _ => false,
                },
                _ => false,
            }
        })
    }

    /// From the first token to the last.
    pub(super) fn span(&self) -> Span {
        match self.tokens.as_slice() {
            [] => Span::default(),
            [first, .., last] => first.span.cover(last.span),
            [only] => only.span,
        }
    }
}

/// A meta-command.
#[derive(Debug)]
pub(super) struct Meta {
    /// The word behind `\`.
    pub(super) command: At<String>,
    /// What follows the word.
    pub(super) arguments: Span,
}

/// A piece of a script.
#[derive(Debug)]
pub(super) enum Item {
    Statement(RawStatement),
    Meta(Meta),
}

/// A script in pieces.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) items: Vec<Item>,
    pub(super) comments: Vec<Span>,
    pub(super) problems: Vec<Problem>,
}

/// Who reads a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// `psql`, which knows meta-commands and variables.
    Psql,
    /// The server itself.
    Server,
}

/// The tokens of a text that the server reads, `;` included.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer::new(text, Reader::Server);
    let mut tokens = Vec::new();
    loop {
        match lexer.read() {
            Read::Token(token) => tokens.push(token),
            Read::Unclosed | Read::Backslash(_) => {}
            Read::End => return tokens,
        }
    }
}

/// Cuts a script into its pieces.
pub(super) fn split(text: &str, reader: Reader) -> Script {
    let mut splitter = Splitter {
        lexer: Lexer::new(text, reader),
        current: RawStatement::default(),
        nesting: Nesting::default(),
        items: Vec::new(),
        last_statement: None,
    };
    splitter.run();
    Script {
        items: splitter.items,
        comments: splitter.lexer.comments,
        problems: splitter.lexer.problems,
    }
}

/// Meta-commands that send the statement before them to the server.
const SENDING_COMMANDS: [&str; 7] = ["g", "gx", "gexec", "gset", "gdesc", "crosstabview", "watch"];

/// Meta-commands that take the rest of the line as it is.
const WHOLE_LINE_COMMANDS: [&str; 8] = ["!", "copy", "h", "help", "ef", "ev", "sf", "sv"];

struct Splitter<'a> {
    lexer: Lexer<'a>,
    current: RawStatement,
    nesting: Nesting,
    items: Vec<Item>,
    /// The number of the last statement among the items.
    last_statement: Option<usize>,
}

impl Splitter<'_> {
    fn run(&mut self) {
        loop {
            match self.lexer.read() {
                Read::Token(token) => self.token(token),
                Read::Backslash(start) => self.backslash(start),
                Read::Unclosed => {
                    self.current.is_cut_off = true;
                    self.finish(None);
                }
                Read::End => {
                    self.finish(None);
                    return;
                }
            }
        }
    }

    fn token(&mut self, token: Token) {
        if token.kind == TokenKind::Symbol(b';') && !self.nesting.holds_semicolons() {
            self.finish(None);
            return;
        }
        self.nesting.note(token, self.lexer.text);
        self.current.tokens.push(token);
    }

    /// Ends the statement.
    fn finish(&mut self, gexec: Option<At<String>>) {
        self.nesting = Nesting::default();
        self.lexer.open_squares = 0;
        let mut statement = std::mem::take(&mut self.current);
        if statement.tokens.is_empty() {
            return;
        }
        statement.gexec = gexec;
        if copies_from_stdin(self.lexer.text, &statement.tokens) {
            self.lexer.expect_data();
        }
        self.last_statement = Some(self.items.len());
        self.items.push(Item::Statement(statement));
    }

    /// Reads the meta-command whose `\` stands at `start`; the lexer stands behind it.
    fn backslash(&mut self, start: usize) {
        match self.lexer.byte(0) {
            Some(b';') => {
                self.lexer.next += 1;
                self.finish(None);
                return;
            }
            Some(b':' | b'\\') => {
                self.lexer.next += 1;
                return;
            }
            _ => {}
        }
        let meta = self.lexer.meta_command();
        let name = meta.command.value.as_str();
        let interrupts = !self.current.tokens.is_empty();
        if SENDING_COMMANDS.contains(&name) {
            let gexec = (name == "gexec").then_some(meta.command);
            if interrupts {
                self.finish(gexec);
            } else if gexec.is_some()
                && let Some(last) = self.last_statement
                && let Some(Item::Statement(last)) = self.items.get_mut(last)
            {
                // With nothing before it, `\gexec` runs the statement before once more.
                last.gexec = gexec;
            }
            return;
        }
        if matches!(name, "r" | "reset") {
            self.current = RawStatement::default();
            self.nesting = Nesting::default();
        } else if interrupts {
            let end = self.lexer.next;
            self.current.interruptions.push(Span::new(start, end));
        }
        if name == "copy" && copies_from_stdin_by_meta(&self.lexer.text[meta.arguments.range()]) {
            self.lexer.expect_data();
        }
        self.items.push(Item::Meta(meta));
    }
}

/// What of a statement decides whether a `;` ends it: the parentheses of a rule, and the `BEGIN ATOMIC`
/// of a function's body. `psql` heeds every parenthesis; here one that is never closed should cost its
/// own statement only.
#[derive(Default)]
struct Nesting {
    stage: Stage,
    parentheses: usize,
    blocks: usize,
    /// Whether the last token was `BEGIN`.
    after_begin: bool,
}

/// How much of a statement's beginning was recognised.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Start,
    Create,
    Or,
    Routine,
    Rule,
    Other,
}

impl Nesting {
    fn holds_semicolons(&self) -> bool {
        self.parentheses > 0 || self.blocks > 0
    }

    fn note(&mut self, token: Token, text: &str) {
        let word = match token.kind {
            TokenKind::Word => &text[token.span.range()],
            _ => "",
        };
        let is = |expected: &str| word.eq_ignore_ascii_case(expected);
        match self.stage {
            Stage::Start => {
                self.stage = if is("create") {
                    Stage::Create
                } else {
                    Stage::Other
                }
            }
            Stage::Create if is("or") => self.stage = Stage::Or,
            Stage::Or if is("replace") => self.stage = Stage::Create,
            Stage::Create if is("function") || is("procedure") => self.stage = Stage::Routine,
            Stage::Create if is("rule") => self.stage = Stage::Rule,
            Stage::Create | Stage::Or => self.stage = Stage::Other,
            Stage::Rule => match token.kind {
                TokenKind::Symbol(b'(') => self.parentheses += 1,
                TokenKind::Symbol(b')') => self.parentheses = self.parentheses.saturating_sub(1),
                _ => {}
            },
            Stage::Routine if self.after_begin && is("atomic") => self.blocks += 1,
            Stage::Routine if self.blocks > 0 && is("case") => self.blocks += 1,
            Stage::Routine if is("end") => self.blocks = self.blocks.saturating_sub(1),
            Stage::Routine | Stage::Other => {}
        }
        self.after_begin = is("begin");
    }
}

/// Whether a text of tokens is `COPY … FROM STDIN …`.
fn copies_from_stdin(text: &str, tokens: &[Token]) -> bool {
    let is = |token: &Token, word: &str| {
        token.kind == TokenKind::Word && text[token.span.range()].eq_ignore_ascii_case(word)
    };
    tokens.first().is_some_and(|first| is(first, "copy"))
        && tokens
            .windows(2)
            .any(|pair| is(&pair[0], "from") && is(&pair[1], "stdin"))
}

fn copies_from_stdin_by_meta(arguments: &str) -> bool {
    let words: Vec<&str> = arguments.split_ascii_whitespace().collect();
    words.windows(2).any(|pair| {
        pair[0].eq_ignore_ascii_case("from")
            && pair[1].trim_end_matches(';').eq_ignore_ascii_case("stdin")
    })
}

/// What the lexer came upon.
enum Read {
    Token(Token),
    /// A quote or comment that is never closed; what stands on its line is passed over.
    Unclosed,
    /// A `\` at that byte, outside of quotes.
    Backslash(usize),
    End,
}

/// After so many quotes that are never closed the rest of the text is given up: each of them was looked
/// for to the end of the text.
const MOST_UNCLOSED: usize = 20;

struct Lexer<'a> {
    text: &'a str,
    reader: Reader,
    /// The first byte that was not read yet.
    next: usize,
    /// Where the data of a `COPY … FROM stdin` begins.
    data: Option<usize>,
    /// Open `[` of the statement: in `a[1:n]` the colon begins no variable.
    open_squares: usize,
    comments: Vec<Span>,
    problems: Vec<Problem>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str, reader: Reader) -> Self {
        let next = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self {
            text,
            reader,
            next,
            data: None,
            open_squares: 0,
            comments: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The byte that many bytes ahead.
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.next + ahead).copied()
    }

    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.next..]
    }

    /// The end of the line that holds byte `at`, its line break excluded.
    fn line_end(&self, at: usize) -> usize {
        let rest = &self.text.as_bytes()[at..];
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        at + length
    }

    fn read(&mut self) -> Read {
        loop {
            self.skip_white_space();
            let start = self.next;
            let Some(first) = self.byte(0) else {
                return Read::End;
            };
            let kind = match (first, self.byte(1)) {
                (b'-', Some(b'-')) => {
                    self.next = self.line_end(start);
                    self.comments.push(Span::new(start, self.next));
                    continue;
                }
                (b'/', Some(b'*')) => {
                    if self.block_comment() {
                        continue;
                    }
                    return self.unclosed(start, "comment", "*/");
                }
                (b'\\', _) if self.reader == Reader::Psql => {
                    self.next += 1;
                    return Read::Backslash(start);
                }
                _ => match self.token(first) {
                    Ok(kind) => kind,
                    Err(closing) => return self.unclosed(start, "quote", &closing),
                },
            };
            match kind {
                TokenKind::Symbol(b'[') => self.open_squares += 1,
                TokenKind::Symbol(b']') => self.open_squares = self.open_squares.saturating_sub(1),
                _ => {}
            }
            return Read::Token(Token {
                kind,
                span: Span::new(start, self.next),
            });
        }
    }

    fn skip_white_space(&mut self) {
        loop {
            if self.data.is_some_and(|data| self.next >= data) {
                self.skip_data();
            }
            match self.byte(0) {
                Some(b' ' | b'\t' | b'\n' | b'\r' | b'\x0b' | b'\x0c') => self.next += 1,
                _ => return,
            }
        }
    }

    /// Data of a `COPY` begin on the next line.
    fn expect_data(&mut self) {
        if self.reader == Reader::Psql {
            let line_break = memchr::memchr(b'\n', self.rest());
            self.data = line_break.map(|length| self.next + length + 1);
        }
    }

    /// Passes over the lines up to `\.`, without which the data reach to the end of the text.
    fn skip_data(&mut self) {
        let Some(data) = self.data.take() else {
            return;
        };
        let bytes = self.text.as_bytes();
        let line_break = data - 1;
        let end = memchr::memmem::find_iter(&bytes[line_break..], "\n\\.")
            .map(|at| line_break + at + "\n\\.".len())
            .find(|&end| self.text[end..].is_empty() || self.text[end..].starts_with(['\r', '\n']));
        self.next = end.unwrap_or(bytes.len());
    }

    /// Reads one token; `Err` with what would close it.
    fn token(&mut self, first: u8) -> Result<TokenKind, String> {
        match first {
            b'\'' => self.quoted(0, b'\'', false),
            b'"' => self.quoted(0, b'"', false),
            b'$' => self.dollar(),
            b':' => Ok(self.colon()),
            b'0'..=b'9' => {
                self.skip_while(|byte| is_of_word(byte) || byte == b'.');
                Ok(TokenKind::Number)
            }
            _ if is_start_of_word(first) => match (first.to_ascii_lowercase(), self.byte(1)) {
                (b'e', Some(b'\'')) => self.quoted(1, b'\'', true),
                (b'b' | b'x' | b'n', Some(b'\'')) => self.quoted(1, b'\'', false),
                (b'u', Some(b'&')) => match self.byte(2) {
                    Some(quote @ (b'\'' | b'"')) => self.quoted(2, quote, false),
                    _ => Ok(self.word()),
                },
                _ => Ok(self.word()),
            },
            _ => {
                self.next += 1;
                Ok(TokenKind::Symbol(first))
            }
        }
    }

    fn skip_while(&mut self, belongs: impl Fn(u8) -> bool) {
        let rest = self.rest().iter();
        self.next += rest.take_while(|&&byte| belongs(byte)).count();
    }

    fn word(&mut self) -> TokenKind {
        self.skip_while(is_of_word);
        TokenKind::Word
    }

    /// Reads a constant or name whose opening quote stands `ahead` bytes ahead.
    fn quoted(&mut self, ahead: usize, quote: u8, has_escapes: bool) -> Result<TokenKind, String> {
        let bytes = self.text.as_bytes();
        let escape = if has_escapes { b'\\' } else { quote };
        let mut at = self.next + ahead + 1;
        while let Some(length) = memchr::memchr2(quote, escape, &bytes[at.min(bytes.len())..]) {
            at += length;
            if bytes[at] != quote || bytes.get(at + 1) == Some(&quote) {
                at += 2;
                continue;
            }
            self.next = at + 1;
            return Ok(if quote == b'"' {
                TokenKind::QuotedName
            } else {
                TokenKind::Literal
            });
        }
        Err(char::from(quote).to_string())
    }

    /// Reads `$tag$…$tag$`, `$1` or a lone `$`.
    fn dollar(&mut self) -> Result<TokenKind, String> {
        let rest = &self.rest()[1..];
        let length = rest
            .iter()
            .take_while(|&&byte| is_of_word(byte) && byte != b'$')
            .count();
        let is_tag = rest.first().is_none_or(|byte| !byte.is_ascii_digit());
        if rest.get(length) == Some(&b'$') && is_tag {
            let tag_end = self.next + length + 2;
            let tag = &self.text[self.next..tag_end];
            let body = &self.text.as_bytes()[tag_end..];
            let Some(length) = memchr::memmem::find(body, tag.as_bytes()) else {
                return Err(tag.to_owned());
            };
            self.next = tag_end + length + tag.len();
            return Ok(TokenKind::Literal);
        }
        self.next += 1;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.next += digits;
        Ok(if digits > 0 {
            TokenKind::Number
        } else {
            TokenKind::Symbol(b'$')
        })
    }

    /// Reads `::`, `:=`, a variable of psql or a lone `:`.
    fn colon(&mut self) -> TokenKind {
        let start = self.next;
        self.next += 1;
        let may_be_variable = self.reader == Reader::Psql && self.open_squares == 0;
        match self.byte(0) {
            Some(b':' | b'=') => {
                self.next += 1;
                return TokenKind::Colons;
            }
            Some(quote @ (b'\'' | b'"')) if may_be_variable => {
                self.next += 1;
                self.skip_while(is_of_variable);
                if self.byte(0) == Some(quote) && self.next > start + 2 {
                    self.next += 1;
                    return if quote == b'"' {
                        TokenKind::NameVariable
                    } else {
                        TokenKind::LiteralVariable
                    };
                }
            }
            Some(b'{') if may_be_variable && self.byte(1) == Some(b'?') => {
                self.next += 2;
                self.skip_while(is_of_variable);
                if self.byte(0) == Some(b'}') {
                    self.next += 1;
                    return TokenKind::BareVariable;
                }
            }
            Some(byte) if may_be_variable && is_of_variable(byte) => {
                self.skip_while(is_of_variable);
                return TokenKind::BareVariable;
            }
            _ => {}
        }
        self.next = start + 1;
        TokenKind::Symbol(b':')
    }

    /// Reads `/* … */`, which nests; `false` where it is never closed.
    fn block_comment(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let start = self.next;
        let mut at = start;
        let mut depth = 0_usize;
        while let Some(length) = memchr::memchr2(b'/', b'*', &bytes[at..]) {
            at += length;
            if bytes[at..].starts_with(b"/*") {
                depth += 1;
                at += 2;
            } else if bytes[at..].starts_with(b"*/") {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    self.comments.push(Span::new(start, at));
                    self.next = at;
                    return true;
                }
            } else {
                at += 1;
            }
        }
        false
    }

    /// Reports what begins at `start` and is never closed, and passes over its line: more often than not
    /// it was meant to end there.
    fn unclosed(&mut self, start: usize, what: &str, closing: &str) -> Read {
        let end = self.line_end(start);
        self.problems.push(Problem {
            span: Span::new(start, end),
            message: format!("this {what} is never closed"),
            help: format!("add the missing `{closing}`"),
        });
        self.next = if self.problems.len() < MOST_UNCLOSED {
            end
        } else {
            self.text.len()
        };
        Read::Unclosed
    }

    /// Reads a meta-command behind its `\`. Arguments end at the end of the line or at the next `\`
    /// outside of quotes; `\\` hands the rest of the line back to SQL.
    fn meta_command(&mut self) -> Meta {
        let start = self.next;
        self.skip_while(|byte| !byte.is_ascii_whitespace() && byte != b'\\');
        let name = &self.text[start..self.next];
        let command = At::new(name.to_owned(), Span::new(start, self.next));
        let line_end = self.line_end(self.next);
        let arguments = self.next..if WHOLE_LINE_COMMANDS.contains(&name) {
            line_end
        } else {
            self.end_of_arguments(line_end)
        };
        self.next = arguments.end;
        if self.text[self.next..].starts_with("\\\\") {
            self.next += 2;
        }
        let arguments = Span::new(arguments.start, arguments.end);
        Meta { command, arguments }
    }

    fn end_of_arguments(&self, line_end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut quote = None;
        let mut at = self.next;
        while at < line_end {
            match (quote, bytes[at]) {
                (None, b'\\') => return at,
                (None, byte @ (b'\'' | b'"' | b'`')) => quote = Some(byte),
                (Some(b'\''), b'\\') => at += 1,
                (Some(open), byte) if open == byte => quote = None,
                _ => {}
            }
            at += 1;
        }
        line_end
    }
}

/// An argument of a meta-command.
pub(super) struct Argument {
    /// The argument without its quotes.
    pub(super) value: At<String>,
    /// Whether it holds a variable, the output of a command or an escape: text that is not resolved here.
    pub(super) is_variable: bool,
}

/// The arguments of a meta-command that are not empty, as `psql` reads those that are names: quotes may
/// stand anywhere in one, letters keep their case, and a `;` at the end belongs to none.
pub(super) fn arguments(text: &str, span: Span) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let mut next = span.start as usize;
    let end = span.end as usize;
    loop {
        next += text[next..end].len() - text[next..end].trim_start().len();
        if next == end {
            return arguments;
        }
        let (argument, after) = argument(&text[..end], next);
        if !argument.value.value.is_empty() {
            arguments.push(argument);
        }
        next = after;
    }
}

/// The argument that begins at `start`, and where it ends.
fn argument(text: &str, start: usize) -> (Argument, usize) {
    let mut value = String::new();
    let mut quote = None;
    let mut is_variable = false;
    let mut end = text.len();
    for (at, char) in text[start..].char_indices() {
        match (quote, char) {
            (None, _) if char.is_whitespace() => {
                end = start + at;
                break;
            }
            (None, '\'' | '"' | '`') => {
                quote = Some(char);
                is_variable |= char == '`';
            }
            (Some(open), _) if open == char => quote = None,
            _ => {
                is_variable |= quote == Some('\'') && char == '\\';
                is_variable |= quote.is_none() && begins_variable(&text[start + at..], &value);
                value.push(char);
            }
        }
    }
    let raw = text[start..end].trim_end_matches(';');
    if raw.len() < end - start {
        value.truncate(value.trim_end_matches(';').len());
    }
    let quotes = raw.find(&value).unwrap_or_default();
    let span = if raw[quotes..].starts_with(&value) {
        Span::new(start + quotes, start + quotes + value.len())
    } else {
        Span::new(start, start + raw.len())
    };
    let value = At::new(value, span);
    (Argument { value, is_variable }, end)
}

/// Whether a variable begins here, behind that part of an argument. `psql` leaves a `:name` alone that is
/// not set, and so are those of a connection URL here.
fn begins_variable(text: &str, before: &str) -> bool {
    let Some(behind) = text.strip_prefix(':') else {
        return false;
    };
    let may_begin = |char: char| char.is_alphabetic() || matches!(char, '_' | '\'' | '"' | '{');
    behind.starts_with(may_begin) && !before.contains("://")
}

fn is_start_of_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_of_word(byte: u8) -> bool {
    is_start_of_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn is_of_variable(byte: u8) -> bool {
    is_start_of_word(byte) || byte.is_ascii_digit()
}
