//! nginx configuration as directives (nginx, beginner's guide, "Configuration File's Structure"; what ends
//! a word is as in its `ngx_conf_read_token`).

use crate::parse::{Parsed, Problem};
use crate::source::{At, Span};

/// What one configuration file says.
#[derive(Debug, Default)]
pub struct NginxFile {
    /// The directives outside of every block, in order.
    pub directives: Vec<Directive>,
}

/// A directive: `listen 80;` or `server { … }`.
#[derive(Debug)]
pub struct Directive {
    /// Its name.
    pub name: At<String>,
    /// What stands behind its name, quotes and escapes resolved.
    pub words: Vec<At<String>>,
    /// The directives in its block, if it has one. Code of other languages is an empty block.
    pub block: Option<Vec<Directive>>,
}

impl Directive {
    /// The only word behind its name.
    pub fn word(&self) -> Option<&At<String>> {
        match self.words.as_slice() {
            [word] => Some(word),
            _ => None,
        }
    }

    /// The directives in its block.
    pub fn inner(&self) -> &[Directive] {
        self.block.as_deref().unwrap_or_default()
    }
}

/// Levels of blocks that are read; nginx itself has use for six.
const DEEPEST: usize = 64;

/// Reads one file. What nginx would have nothing to do in is not looked at: files of many programs end in
/// `.conf`.
pub fn parse(text: &str) -> Parsed<NginxFile> {
    let is_proxy = ["proxy_pass", "upstream"]
        .iter()
        .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some());
    if !is_proxy {
        return Parsed::default();
    }
    let mut reader = Reader {
        text,
        at: if text.starts_with('\u{feff}') { 3 } else { 0 },
        comments: Vec::new(),
        problems: Vec::new(),
    };
    let directives = reader.directives();
    Parsed {
        facts: NginxFile { directives },
        problems: reader.problems,
        comments: reader.comments,
        unbroken: Vec::new(),
    }
}

enum Token {
    Word(At<String>),
    End(Span),
    Open(Span),
    Close(Span),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    comments: Vec<Span>,
    problems: Vec<Problem>,
}

/// A block whose end was not read yet: the directive that it belongs to, and those before it.
struct Open {
    words: Vec<At<String>>,
    before: Vec<Directive>,
}

impl Reader<'_> {
    fn directives(&mut self) -> Vec<Directive> {
        let mut open: Vec<Open> = Vec::new();
        let mut done: Vec<Directive> = Vec::new();
        let mut words: Vec<At<String>> = Vec::new();
        let mut unclosed: Option<Span> = None;
        while let Some(token) = self.token() {
            match token {
                Token::Word(word) => words.push(word),
                Token::End(span) => {
                    if words.is_empty() {
                        self.problem(span, "this `;` ends nothing", "remove it");
                    }
                    done.extend(self.directive(&mut words, None));
                }
                Token::Open(_) if is_code(&words) => {
                    self.skip_code();
                    done.extend(self.directive(&mut words, Some(Vec::new())));
                }
                Token::Open(span) => {
                    if words.is_empty() {
                        self.problem(span, "this block has no name", "write one before the `{`");
                    }
                    if open.len() == DEEPEST {
                        let help = "nest fewer blocks";
                        self.problem(span, "blocks are nested too deeply", help);
                        break;
                    }
                    // A block that is not further in than the one around it probably stands behind it.
                    if let (Some(outer), Some(inner)) = (open.last(), words.first())
                        && let Some(outer) = outer.words.first().map(|name| name.span)
                        && self.column(inner.span) <= self.column(outer)
                    {
                        unclosed = unclosed.or(Some(outer));
                    }
                    open.push(Open {
                        words: std::mem::take(&mut words),
                        before: std::mem::take(&mut done),
                    });
                }
                Token::Close(span) => {
                    self.not_ended(&words);
                    done.extend(self.directive(&mut words, None));
                    match open.pop() {
                        Some(mut block) => {
                            let inner = std::mem::replace(&mut done, block.before);
                            done.extend(self.directive(&mut block.words, Some(inner)));
                        }
                        None => self.problem(span, "this `}` closes nothing", "remove it"),
                    }
                }
            }
        }
        self.not_ended(&words);
        done.extend(self.directive(&mut words, None));
        if let Some(name) = open.last().and_then(|block| block.words.first()) {
            let span = unclosed.unwrap_or(name.span);
            self.problem(span, "this block is never closed", "add the missing `}`");
        }
        while let Some(mut block) = open.pop() {
            let inner = std::mem::replace(&mut done, block.before);
            done.extend(self.directive(&mut block.words, Some(inner)));
        }
        done
    }

    /// Makes a directive of the words that were read.
    fn directive(
        &mut self,
        words: &mut Vec<At<String>>,
        block: Option<Vec<Directive>>,
    ) -> Option<Directive> {
        if words.is_empty() {
            return None;
        }
        let mut words = std::mem::take(words).into_iter();
        let name = words.next()?;
        let words: Vec<_> = words.collect();
        // Without its end it takes the next directive for its words.
        if let [first, _, ..] = words.as_slice()
            && name.value == "proxy_pass"
        {
            self.not_ended(std::slice::from_ref(first));
        }
        Some(Directive { name, words, block })
    }

    fn not_ended(&mut self, words: &[At<String>]) {
        if let Some(last) = words.last() {
            let (span, help) = (last.span, "add the missing `;`");
            self.problem(span, "this directive is not ended", help);
        }
    }

    fn problem(&mut self, span: Span, message: &str, help: &str) {
        self.problems.push(Problem {
            span,
            message: message.to_owned(),
            help: help.to_owned(),
        });
    }

    /// How many bytes stand before a place in its line.
    fn column(&self, span: Span) -> usize {
        let before = &self.text[..span.start as usize];
        before.len() - before.rfind('\n').map_or(0, |at| at + 1)
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn token(&mut self) -> Option<Token> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            if !self.rest().starts_with('#') {
                break;
            }
            let line = self.rest().lines().next().unwrap_or_default().len();
            let comment = Span::new(self.at, self.at + line);
            self.comments.push(comment);
            self.at += line;
        }
        let start = self.at;
        let mark = |end: usize| Span::new(start, end);
        match self.rest().chars().next()? {
            ';' => {
                self.at += 1;
                Some(Token::End(mark(self.at)))
            }
            '{' => {
                self.at += 1;
                Some(Token::Open(mark(self.at)))
            }
            '}' => {
                self.at += 1;
                Some(Token::Close(mark(self.at)))
            }
            quote @ ('"' | '\'') => Some(Token::Word(self.quoted(quote))),
            _ => Some(Token::Word(self.unquoted())),
        }
    }

    /// A word in quotes; its span is what stands between them.
    fn quoted(&mut self, quote: char) -> At<String> {
        let start = self.at + 1;
        let mut value = String::new();
        let mut letters = self.text[start..].char_indices();
        while let Some((at, letter)) = letters.next() {
            if letter == quote {
                self.at = start + at + 1;
                return At::new(value, Span::new(start, start + at));
            }
            match letter {
                '\\' => push_escaped(&mut value, letters.next().map(|it| it.1)),
                _ => value.push(letter),
            }
        }
        let line = self.rest().lines().next().unwrap_or_default().len();
        let span = Span::new(self.at, self.at + line);
        self.problem(span, "this string is never closed", "add the missing quote");
        self.at = self.text.len();
        At::new(value, span)
    }

    fn unquoted(&mut self) -> At<String> {
        let start = self.at;
        let mut value = String::new();
        let mut end = self.text.len();
        let mut letters = self.text[start..].char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            match letter {
                ' ' | '\t' | '\r' | '\n' | ';' | '{' => {
                    end = start + at;
                    break;
                }
                '\\' => push_escaped(&mut value, letters.next().map(|it| it.1)),
                '$' => {
                    value.push(letter);
                    // The brace of `${name}` opens no block.
                    value.extend(letters.next_if(|(_, next)| *next == '{').map(|it| it.1));
                }
                _ => value.push(letter),
            }
        }
        self.at = end;
        At::new(value, Span::new(start, end))
    }

    /// Passes over code of another language up to the brace that closes its block.
    fn skip_code(&mut self) {
        let mut depth = 1_usize;
        for (at, letter) in self.rest().char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.at += at + 1;
                return;
            }
        }
        self.at = self.text.len();
    }
}

/// A backslash hides quotes and itself, and stays before any other letter, as regular expressions need it.
fn push_escaped(value: &mut String, letter: Option<char>) {
    if !matches!(letter, Some('"' | '\'' | '\\')) {
        value.push('\\');
    }
    value.extend(letter);
}

/// Whether a block holds Lua and no directives.
fn is_code(words: &[At<String>]) -> bool {
    words
        .first()
        .is_some_and(|name| name.value.ends_with("_by_lua_block"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(directives: &[Directive]) -> String {
        let one = |directive: &Directive| {
            let words = std::iter::once(&directive.name).chain(&directive.words);
            let words: Vec<&str> = words.map(|word| word.value.as_str()).collect();
            match &directive.block {
                Some(inner) => format!("{}{{{}}}", words.join(" "), shown(inner)),
                None => words.join(" "),
            }
        };
        directives.iter().map(one).collect::<Vec<_>>().join("; ")
    }

    fn read(text: &str) -> String {
        let parsed = parse(text);
        assert_eq!(parsed.problems, [], "{text}");
        shown(&parsed.facts.directives)
    }

    fn problems(text: &str) -> Vec<(&str, String)> {
        let problems = parse(text).problems.into_iter();
        problems
            .map(|problem| (&text[problem.span.range()], problem.message))
            .collect()
    }

    #[test]
    fn directives_blocks_and_comments_are_read() {
        let text = "# one\nupstream a { server b:1; } # two\nserver{listen 80;location ~ \"^/x{2}$\" {proxy_pass http://${h}:1;}}";
        assert_eq!(
            read(text),
            "upstream a{server b:1}; server{listen 80; location ~ ^/x{2}${proxy_pass http://${h}:1}}"
        );
        let comments = parse(text).comments;
        let shown: Vec<&str> = comments.iter().map(|span| &text[span.range()]).collect();
        assert_eq!(shown, ["# one", "# two"]);
    }

    #[test]
    fn words_know_where_they_stand() {
        let text = "set $x \"auth:3003\"; proxy_pass http://a\\'b;";
        let parsed = parse(text);
        let words = parsed.facts.directives.iter().flat_map(|it| &it.words);
        let read: Vec<_> = words
            .map(|word| (word.value.as_str(), &text[word.span.range()]))
            .collect();
        assert_eq!(
            read,
            [
                ("$x", "$x"),
                ("auth:3003", "auth:3003"),
                ("http://a'b", "http://a\\'b")
            ]
        );
    }

    #[test]
    fn code_of_another_language_is_passed_over() {
        let text = "content_by_lua_block { if a then b{1} end }\nproxy_pass http://a;";
        assert_eq!(read(text), "content_by_lua_block{}; proxy_pass http://a");
    }

    #[test]
    fn what_is_broken_is_told() {
        let told = |text| problems(text).into_iter().next().unwrap();
        let [unclosed, ended, closes] = [
            "this block is never closed",
            "this directive is not ended",
            "this `}` closes nothing",
        ];
        assert_eq!(
            told("server { location / { proxy_pass http://a; }"),
            ("server", unclosed.into())
        );
        assert_eq!(
            told("server {\n  location /a {\n    proxy_pass http://a;\n  location /b {\n  }\n}"),
            ("location", unclosed.into())
        );
        assert_eq!(
            told("server { proxy_pass http://a }"),
            ("http://a", ended.into())
        );
        assert_eq!(
            told("proxy_pass http://a\nlisten 80;"),
            ("http://a", ended.into())
        );
        assert_eq!(told("upstream a {} }"), ("}", closes.into()));
        assert_eq!(told("proxy_pass \"http://a;\nlisten 80;").0, "\"http://a;");
    }

    #[test]
    fn hostile_texts_are_survived() {
        for text in [
            "{",
            "}",
            "a {",
            ";",
            "\"",
            "\\",
            "$",
            "${",
            "a_by_lua_block {",
        ] {
            parse(&format!("upstream {}", text.repeat(100_000)));
        }
    }
}
