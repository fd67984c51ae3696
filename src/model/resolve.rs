//! Texts with their variables resolved, where every byte still knows the chain of places it came from.

use std::collections::HashMap;
use std::ops::Range;

use crate::connection::{self, Connection};
use crate::interpolation::{self, Fallback, Segment};
use crate::parse::compose::Written;
use crate::source::{At, FileId, Place};

/// A text as a program will see it.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// The text. A variable of unknown value stands in it as it was written.
    pub text: String,
    /// The whole scalar, nearest its user first: the aliases that lead to it, then the scalar.
    written: Vec<Place>,
    pieces: Vec<Piece>,
}

/// A part of a resolved text that came from one place.
#[derive(Clone, Debug)]
struct Piece {
    range: Range<usize>,
    chain: Vec<Link>,
    /// The variable whose value is not known.
    unknown: Option<String>,
    from_example: bool,
}

/// One place on the way from a user to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The text that stands there, or the part of it that was asked for.
    pub place: Place,
    /// The whole text of that link: what its users share.
    pub shared: Place,
    /// Whether the text there stands for the part that was asked for and for nothing else, so that the
    /// part can be replaced there.
    pub is_part: bool,
    /// Whether bytes of the resolved text are bytes of the file.
    exact: bool,
}

impl Link {
    /// A place that is named as a whole.
    pub(super) fn opaque(place: Place) -> Self {
        Self {
            place,
            shared: place,
            is_part: false,
            exact: false,
        }
    }
}

/// The variables of a compose project, or of a service.
#[derive(Clone, Debug, Default)]
pub struct Variables<'a> {
    values: HashMap<&'a str, Value<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Value<'a> {
    text: &'a At<String>,
    file: FileId,
    interpolates: bool,
    from_example: bool,
}

impl<'a> Variables<'a> {
    /// Adds a variable, unless it is there already.
    pub fn add(
        &mut self,
        file: FileId,
        entry: &'a crate::parse::dotenv::Entry,
        from_example: bool,
    ) {
        self.values.entry(&entry.name.value).or_insert(Value {
            text: &entry.value,
            file,
            interpolates: entry.interpolates,
            from_example,
        });
    }

    /// The text of a variable as it is written, unless it is only an example.
    pub fn own_text(&self, name: &str) -> Option<&'a str> {
        let value = self.values.get(name).filter(|value| !value.from_example)?;
        Some(&value.text.value)
    }

    /// Adds a variable in place of an earlier one of that name.
    pub fn set(&mut self, file: FileId, entry: &'a crate::parse::dotenv::Entry) {
        self.values.remove(entry.name.value.as_str());
        self.add(file, entry, false);
    }
}

/// A resolved text longer than this is cut short: nothing that is judged here is that long, and
/// variables that multiply each other would be.
const LONGEST: usize = 64 * 1024;
const DEEPEST: usize = 16;

/// Resolves a scalar of a compose file that is reached through the given places.
pub fn written(
    written: &Written,
    file: FileId,
    through: &[Place],
    variables: &Variables,
) -> Resolved {
    let aliases = written.via.iter().map(|alias| alias.in_file(file));
    let prefix: Vec<Link> = through
        .iter()
        .copied()
        .chain(aliases)
        .map(Link::opaque)
        .collect();
    scalar(&written.text, file, true, &prefix, variables)
}

/// Resolves a value that is reached through the given places.
pub fn value(
    text: &At<String>,
    file: FileId,
    interpolates: bool,
    through: &[Place],
    variables: &Variables,
) -> Resolved {
    let prefix: Vec<Link> = through.iter().copied().map(Link::opaque).collect();
    scalar(text, file, interpolates, &prefix, variables)
}

/// Resolves a variable that is passed on by its name alone; `None` where it has no known value.
pub fn passed_on(name: &str, through: &[Place], variables: &Variables) -> Option<Resolved> {
    let found = variables.values.get(name)?;
    let prefix: Vec<Link> = through.iter().copied().map(Link::opaque).collect();
    let mut resolved = scalar(
        found.text,
        found.file,
        found.interpolates,
        &prefix,
        variables,
    );
    if found.from_example {
        resolved
            .pieces
            .iter_mut()
            .for_each(|piece| piece.from_example = true);
    }
    Some(resolved)
}

fn scalar(
    text: &At<String>,
    file: FileId,
    interpolates: bool,
    prefix: &[Link],
    variables: &Variables,
) -> Resolved {
    let mut written: Vec<Place> = prefix.iter().map(|link| link.place).collect();
    written.push(text.span.in_file(file));
    let mut resolver = Resolver {
        variables,
        resolved: Resolved {
            written,
            ..Resolved::default()
        },
        inside: Vec::new(),
        is_cut_short: false,
    };
    let origin = Origin {
        text,
        file,
        from_example: false,
    };
    let range = 0..text.value.len();
    if interpolates {
        resolver.interpolate(origin, range, prefix, 0);
    } else {
        resolver.literal(origin, range, prefix);
    }
    resolver.resolved
}

#[derive(Clone, Copy)]
struct Origin<'a> {
    text: &'a At<String>,
    file: FileId,
    from_example: bool,
}

impl Origin<'_> {
    fn link(&self, range: Range<usize>) -> Link {
        let place = self.text.part(range).in_file(self.file);
        Link {
            place,
            shared: place,
            is_part: false,
            exact: self.text.value.len() == self.text.span.len(),
        }
    }

    fn token(&self, range: Range<usize>) -> Link {
        Link::opaque(self.text.part(range).in_file(self.file))
    }
}

struct Resolver<'a> {
    variables: &'a Variables<'a>,
    resolved: Resolved,
    /// The variables whose values are being read. In its own value a variable has none (`A=${A:-x}`).
    inside: Vec<String>,
    is_cut_short: bool,
}

impl Resolver<'_> {
    fn push(&mut self, text: &str, chain: Vec<Link>, unknown: Option<String>, from_example: bool) {
        let start = self.resolved.text.len();
        let text = match LONGEST.checked_sub(start) {
            Some(space) if unknown.is_none() => &text[..text.floor_char_boundary(space)],
            Some(space) if text.len() <= space => text,
            // Nothing behind what was cut off moves up.
            _ => {
                self.is_cut_short = true;
                return;
            }
        };
        if text.is_empty() || self.is_cut_short {
            return;
        }
        self.resolved.text.push_str(text);
        self.resolved.pieces.push(Piece {
            range: start..start + text.len(),
            chain,
            unknown,
            from_example,
        });
    }

    fn literal(&mut self, origin: Origin, range: Range<usize>, prefix: &[Link]) {
        let text = &origin.text.value[range.clone()];
        let chain = [prefix, &[origin.link(range)]].concat();
        self.push(text, chain, None, origin.from_example);
    }

    /// Resolves `range` of a text. `depth` counts the variables that led here.
    fn interpolate(&mut self, origin: Origin, range: Range<usize>, prefix: &[Link], depth: usize) {
        let text = &origin.text.value[range.clone()];
        for segment in interpolation::segments(text) {
            match segment {
                Segment::Literal(part) => self.literal(origin, shifted(&part, range.start), prefix),
                Segment::Dollar(part) => {
                    let link = origin.token(shifted(&part, range.start));
                    self.push("$", [prefix, &[link]].concat(), None, origin.from_example);
                }
                Segment::Variable(variable) => {
                    self.variable(origin, range.start, &variable, prefix, depth);
                }
            }
        }
    }

    fn variable(
        &mut self,
        origin: Origin,
        offset: usize,
        variable: &interpolation::Variable,
        prefix: &[Link],
        depth: usize,
    ) {
        let range = shifted(&variable.range, offset);
        let name = &origin.text.value[shifted(&variable.name, offset)];
        let chain = [prefix, &[origin.token(range.clone())]].concat();
        let found = self.variables.values.get(name).copied();
        let found = found.filter(|_| !self.inside.iter().any(|outer| outer == name));
        let is_empty = found.is_some_and(|value| value.text.value.is_empty());
        match (&variable.fallback, found) {
            (Fallback::Replacement { argument, or_empty }, found) => {
                if found.is_some() && !(*or_empty && is_empty) {
                    self.deeper(origin, shifted(argument, offset), &chain, depth);
                }
            }
            (Fallback::Default { argument, or_empty }, found)
                if found.is_none() || *or_empty && is_empty =>
            {
                self.deeper(origin, shifted(argument, offset), &chain, depth);
            }
            (_, Some(value)) if depth < DEEPEST => {
                let inner = Origin {
                    text: value.text,
                    file: value.file,
                    from_example: value.from_example,
                };
                let all = 0..value.text.value.len();
                if value.interpolates {
                    self.inside.push(name.to_owned());
                    self.interpolate(inner, all, &chain, depth + 1);
                    self.inside.pop();
                } else {
                    self.literal(inner, all, &chain);
                }
            }
            _ => {
                let text = &origin.text.value[range];
                self.push(text, chain, Some(name.to_owned()), origin.from_example);
            }
        }
    }

    fn deeper(&mut self, origin: Origin, argument: Range<usize>, chain: &[Link], depth: usize) {
        if depth < DEEPEST {
            self.interpolate(origin, argument, chain, depth + 1);
        }
    }
}

fn shifted(range: &Range<usize>, offset: usize) -> Range<usize> {
    range.start + offset..range.end + offset
}

impl Resolved {
    fn overlapping(&self, range: &Range<usize>) -> impl Iterator<Item = &Piece> {
        self.pieces
            .iter()
            .filter(move |piece| piece.range.start < range.end && range.start < piece.range.end)
    }

    /// Whether the value of every byte in `range` is known.
    pub fn is_known(&self, range: &Range<usize>) -> bool {
        self.overlapping(range).all(|piece| piece.unknown.is_none())
    }

    /// Whether every byte is known.
    pub fn is_all_known(&self) -> bool {
        self.pieces.iter().all(|piece| piece.unknown.is_none())
    }

    /// The variables in `range` whose value is not known, each with the place where it is named.
    pub fn unknown(&self, range: &Range<usize>) -> Vec<(&str, Place)> {
        self.overlapping(range)
            .filter_map(|piece| {
                let name = piece.unknown.as_deref()?;
                Some((name, piece.chain.last()?.place))
            })
            .collect()
    }

    /// Whether a byte of `range` comes from an example file rather than from the one in use.
    pub fn is_from_example(&self, range: &Range<usize>) -> bool {
        self.overlapping(range).any(|piece| piece.from_example)
    }

    /// Whether a piece is the value of a variable, and not written in the scalar itself.
    fn is_put_in(&self, piece: &Piece) -> bool {
        piece.unknown.is_none() && piece.chain.len() > self.written.len()
    }

    /// The text with `x` for every byte that the value of a variable put in: what the scalar itself says.
    pub fn without_values(&self) -> String {
        let mut text = self.text.clone().into_bytes();
        for piece in self.pieces.iter().filter(|piece| self.is_put_in(piece)) {
            text[piece.range.clone()].fill(b'x');
        }
        String::from_utf8(text).unwrap_or_else(|_| self.text.clone())
    }

    /// What the text says as a connection string. A password that a variable puts in ends where its variable
    /// ends, whatever it holds, so that no part of it passes for a host or a database.
    pub fn connection(&self) -> Option<Connection> {
        let plain = connection::parse(&self.text);
        let written = || {
            let connection = connection::parse(&self.without_values())?;
            let password = connection.password.clone()?;
            let mut values = self.values_in(&password).into_iter();
            let breaks = values.any(|(text, ..)| connection::breaking_character(text).is_some());
            breaks.then_some(connection)
        };
        if plain.is_some() && self.text.contains(['@', '/', '#', '?', '%']) {
            written().or(plain)
        } else {
            plain
        }
    }

    /// Whether the value of a variable gives any byte of `range`.
    pub fn holds_values(&self, range: &Range<usize>) -> bool {
        self.overlapping(range).any(|piece| self.is_put_in(piece))
    }

    /// The values of variables that stand wholly in `range`, each with the place where it is put in and the
    /// one where it stands.
    pub fn values_in(&self, range: &Range<usize>) -> Vec<(&str, Place, Place)> {
        let is_within =
            |piece: &&Piece| range.start <= piece.range.start && piece.range.end <= range.end;
        let pieces = self.overlapping(range).filter(is_within);
        pieces
            .filter(|piece| self.is_put_in(piece))
            .filter_map(|piece| {
                let put_in = piece.chain.get(self.written.len() - 1)?;
                let text = &self.text[piece.range.clone()];
                Some((text, put_in.place, piece.chain.last()?.place))
            })
            .collect()
    }

    /// The scalar as a whole, as its user names it: an alias, or the scalar itself.
    pub fn place(&self) -> Place {
        self.written[0]
    }

    /// The places through which its user reaches the whole scalar, nearest first.
    pub fn way(&self) -> &[Place] {
        &self.written
    }

    /// Every link of every piece: who resolves this text uses all of them.
    pub fn links(&self) -> impl Iterator<Item = Place> {
        let pieces = self.pieces.iter().flat_map(|piece| &piece.chain);
        pieces
            .map(|link| link.shared)
            .chain(self.written.iter().copied())
    }

    /// The places where bytes `range` of the text stand, nearest the user first. A part glued from
    /// several pieces stands on all of them, in the text where they are glued.
    pub fn chain(&self, range: &Range<usize>) -> Vec<Link> {
        let pieces: Vec<&Piece> = self.overlapping(range).collect();
        let mut chain = match pieces.as_slice() {
            [] => self.written.iter().copied().map(Link::opaque).collect(),
            [piece] => clipped_chain(piece, range),
            [first, .., last] => self.glued_chain(first, last, range),
        };
        for link in &mut chain {
            link.is_part |= self.stands_within(link.place, range);
        }
        chain
    }

    /// Whether what stands at a place gives only bytes of `range`.
    fn stands_within(&self, place: Place, range: &Range<usize>) -> bool {
        let is_from_there = |piece: &&Piece| piece.chain.iter().any(|link| link.place == place);
        let mut pieces = self.pieces.iter().filter(is_from_there).peekable();
        pieces.peek().is_some()
            && pieces.all(|piece| range.start <= piece.range.start && piece.range.end <= range.end)
    }

    /// The links that the pieces of `range` share, then what stands from the first piece to the last.
    fn glued_chain(&self, first: &Piece, last: &Piece, range: &Range<usize>) -> Vec<Link> {
        let shared = first
            .chain
            .iter()
            .zip(&last.chain)
            .take_while(|(a, b)| a.place == b.place)
            .count();
        let mut chain = first.chain[..shared].to_vec();
        let end_of = |piece: &Piece| {
            let link = piece.chain.get(shared).or(piece.chain.last())?;
            let is_deepest = shared + 1 >= piece.chain.len();
            Some(if is_deepest {
                clipped(link, piece, range)
            } else {
                Link {
                    is_part: self.stands_within(link.place, range),
                    ..*link
                }
            })
        };
        if let (Some(from), Some(to)) = (end_of(first), end_of(last))
            && from.place.file == to.place.file
        {
            chain.push(Link {
                place: from
                    .place
                    .span
                    .cover(to.place.span)
                    .in_file(from.place.file),
                shared: from.shared,
                is_part: from.is_part && to.is_part,
                exact: false,
            });
        }
        chain
    }
}

/// The chain of one piece, its deepest link cut to `range`.
fn clipped_chain(piece: &Piece, range: &Range<usize>) -> Vec<Link> {
    let mut chain = piece.chain.clone();
    if let Some(deepest) = chain.last_mut() {
        *deepest = clipped(deepest, piece, range);
    }
    chain
}

fn clipped(link: &Link, piece: &Piece, range: &Range<usize>) -> Link {
    if !link.exact {
        return *link;
    }
    let start = range.start.max(piece.range.start) - piece.range.start;
    let end = range.end.min(piece.range.end) - piece.range.start;
    let base = link.place.span.start as usize;
    Link {
        place: crate::source::Span::new(base + start, base + end).in_file(link.place.file),
        is_part: true,
        ..*link
    }
}
