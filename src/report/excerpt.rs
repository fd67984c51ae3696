//! Which lines of which files explain a finding, and how much of each line is shown.
//!
//! An excerpt is a small text of its own, cut from one file: a few lines, long ones cropped around what
//! is underlined, hidden characters replaced. Whoever draws it never sees the file, so a file of any
//! size and a line of any length cost the same.

use std::borrow::Cow;
use std::ops::Range;

use super::visible::{char_columns, columns, escaped, same_length};
use crate::finding::Label;
use crate::source::{FileId, Place, Position, SourceFile, Sources, Span};

/// The widest that a tab is drawn.
pub(super) const TAB: usize = 4;

/// Lines shown above and below what is underlined.
const CONTEXT: usize = 1;

/// Marks at most this many lines apart share an excerpt: a second header would cost as much.
const NEAR: usize = 5;

/// A mark over more lines than this is cut after its first.
const TALL: usize = 8;

/// Places shown of one finding; what is left out is counted.
const MARKS: usize = 12;

/// Columns kept free beside what is underlined on a line that is cropped.
const MARGIN: usize = 8;

/// The most columns of a label's remark.
const LABEL: usize = 120;

/// Stands where a text was cropped.
const CROPPED: char = '…';

/// A few lines of one file, ready to draw.
#[derive(Debug)]
pub(super) struct Excerpt {
    /// The file's path, safe to print.
    pub path: String,
    /// Where the first mark stands in the file.
    pub position: Position,
    /// 0-based number of the first line.
    pub first_line: usize,
    /// 0-based number of the last line.
    pub last_line: usize,
    /// The lines, safe to print, each with a `\n`. Empty where the file has no text to show.
    pub text: String,
    /// What is underlined, in the order of the text.
    pub marks: Vec<Mark>,
}

/// Something underlined in an [`Excerpt`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bytes of the excerpt's text.
    pub span: Range<usize>,
    /// What is written under it, safe to print, on one line.
    pub message: Option<String>,
    /// Whether this is the place of the finding itself.
    pub primary: bool,
}

/// The excerpts of one finding, in the order in which they should be read.
#[derive(Debug)]
pub(super) struct Excerpts {
    /// The first holds the finding's own place.
    pub excerpts: Vec<Excerpt>,
    /// How many places were left out.
    pub left_out: usize,
}

/// The excerpts that show a place and what explains it, for a drawing of `width` columns.
pub(super) fn excerpts(
    sources: &Sources,
    place: Place,
    labels: &[Label],
    width: usize,
) -> Excerpts {
    let mut marks = file_marks(sources, place, labels);
    let left_out = marks.len().saturating_sub(MARKS);
    marks.truncate(MARKS);
    let room = room_for_text(&marks, width);
    let mut groups: Vec<Group> = Vec::new();
    for mark in marks {
        match groups.iter_mut().find(|group| group.takes(&mark, room)) {
            Some(group) => group.marks.push(mark),
            None => groups.push(Group {
                file: mark.file,
                source: sources.file(mark.file),
                marks: vec![mark],
            }),
        }
    }
    Excerpts {
        excerpts: groups.iter().map(|group| group.excerpt(room)).collect(),
        left_out,
    }
}

/// Columns left for source text beside the line numbers and the lines that enclose tall marks.
fn room_for_text(marks: &[FileMark], width: usize) -> usize {
    let last = marks.iter().map(|mark| mark.last).max().unwrap_or(0) + CONTEXT + 1;
    let line_numbers = last.to_string().len() + 4;
    let tall = marks.iter().filter(|mark| !mark.on_one_line()).count();
    let gutter = if tall == 0 { 0 } else { tall + 3 };
    width.saturating_sub(line_numbers + gutter).max(4 * MARGIN)
}

/// Something to underline, in its file.
#[derive(Debug, PartialEq, Eq)]
struct FileMark {
    file: FileId,
    /// Whole characters, inside the text.
    span: Span,
    /// 0-based line of the first character.
    first: usize,
    /// 0-based line of the last character.
    last: usize,
    /// 0-based line up to which a mark went that was cut after its first.
    cut_from: Option<usize>,
    message: Option<String>,
    primary: bool,
}

/// The finding's own place and its labels, each once. A label on the finding's own place is what is
/// written under it.
fn file_marks(sources: &Sources, place: Place, labels: &[Label]) -> Vec<FileMark> {
    let mut marks = vec![file_mark(sources, place, None, true)];
    for label in labels {
        let message = Some(cut(&escaped(&label.message), LABEL).into_owned());
        let mark = file_mark(sources, label.place, message, false);
        let mut here = marks.iter_mut().filter(|known| known.is_at(&mark));
        match here.find(|known| known.message.is_none() || known.message == mark.message) {
            Some(known) => known.message = mark.message,
            None => marks.push(mark),
        }
    }
    marks
}

fn file_mark(sources: &Sources, place: Place, message: Option<String>, primary: bool) -> FileMark {
    let file = sources.file(place.file);
    let span = whole_characters(&file.text, place.span);
    let first = file.line_of(span.start);
    let last = file.line_of(span.end.saturating_sub(1).max(span.start));
    let mut mark = FileMark {
        file: place.file,
        span,
        first,
        last,
        cut_from: None,
        message,
        primary,
    };
    if last - first >= TALL {
        mark.cut_after_first_line(file);
    }
    mark
}

/// `span` inside `text`, widened to whole characters.
fn whole_characters(text: &str, span: Span) -> Span {
    let mut start = (span.start as usize).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (span.end as usize).clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    Span::new(start, end)
}

impl FileMark {
    fn on_one_line(&self) -> bool {
        self.first == self.last
    }

    fn is_at(&self, other: &FileMark) -> bool {
        let place = |mark: &FileMark| (mark.file, mark.span, mark.cut_from);
        place(self) == place(other)
    }

    fn cut_after_first_line(&mut self, file: &SourceFile) {
        self.cut_from = Some(self.last);
        self.last = self.first;
        let line_end = file.line_span(self.first).end;
        self.span.end = line_end.max(self.span.start);
    }

    /// The message, and where the mark ends if that is not drawn.
    fn remark(&self) -> Option<String> {
        let Some(last) = self.cut_from else {
            return self.message.clone();
        };
        let up_to = format!("up to line {}", last + 1);
        Some(match &self.message {
            Some(message) => format!("{message} ({up_to})"),
            None => up_to,
        })
    }

    /// Whether both can be underlined in one drawing without hiding each other: side by side on one
    /// line that need not be cropped between them, or enclosing different lines.
    fn fits_beside(&self, other: &FileMark, file: &SourceFile, room: usize) -> bool {
        match (self.on_one_line(), other.on_one_line()) {
            (true, true) if self.first == other.first => {
                let both = self.span.cover(other.span);
                !self.overlaps(other) && fits(file.slice(both), room - 2 * MARGIN)
            }
            (false, false) => self.last < other.first || other.last < self.first,
            // The end of the tall one would be drawn twice where both end on one line.
            _ => self.last != other.last,
        }
    }

    /// An empty span is drawn one column wide.
    fn overlaps(&self, other: &FileMark) -> bool {
        let end = |span: Span| span.end.max(span.start + 1);
        self.span.start < end(other.span) && other.span.start < end(self.span)
    }
}

/// Marks that are drawn together.
struct Group<'a> {
    file: FileId,
    source: &'a SourceFile,
    marks: Vec<FileMark>,
}

impl Group<'_> {
    fn takes(&self, mark: &FileMark, room: usize) -> bool {
        self.file == mark.file
            && self.is_near(mark)
            && self
                .marks
                .iter()
                .all(|known| known.fits_beside(mark, self.source, room))
    }

    fn is_near(&self, mark: &FileMark) -> bool {
        let (first, last) = self.lines();
        mark.first <= last + NEAR && first <= mark.last + NEAR
    }

    /// 0-based numbers of the first and the last line with a mark.
    fn lines(&self) -> (usize, usize) {
        let first = self.marks.iter().map(|mark| mark.first).min();
        let last = self.marks.iter().map(|mark| mark.last).max();
        (first.unwrap_or(0), last.unwrap_or(0))
    }

    /// The same with the lines around them that say something.
    fn lines_with_context(&self) -> (usize, usize) {
        let (mut first, mut last) = self.lines();
        let end = self.source.line_starts().len();
        for _ in 0..CONTEXT {
            if first > 0 && !self.is_blank(first - 1) {
                first -= 1;
            }
            if last + 1 < end && !self.is_blank(last + 1) {
                last += 1;
            }
        }
        (first, last)
    }

    fn is_blank(&self, line: usize) -> bool {
        let span = self.source.line_span(line);
        self.source.slice(span).trim().is_empty()
    }

    fn excerpt(&self, room: usize) -> Excerpt {
        let (first_line, last_line) = self.lines_with_context();
        let mut text = String::new();
        let lines: Vec<ShownLine> = (first_line..=last_line)
            .map(|line| self.show(line, room, &mut text))
            .collect();
        let shown = |line: usize, offset: u32| offset_in(&lines[line - first_line], offset);
        let mut marks: Vec<Mark> = self
            .marks
            .iter()
            .map(|mark| Mark {
                span: shown(mark.first, mark.span.start)..shown(mark.last, mark.span.end),
                message: self.remark(mark),
                primary: mark.primary,
            })
            .collect();
        marks.sort_by_key(|mark| (mark.span.start, mark.span.end));
        if self.has_nothing_to_show() {
            text.clear();
        }
        Excerpt {
            path: escaped(&self.source.path).into_owned(),
            position: self.source.position(self.head()),
            first_line,
            last_line,
            text,
            marks,
        }
    }

    /// Under a mark without a remark, those of its neighbours would hang from nothing.
    fn remark(&self, mark: &FileMark) -> Option<String> {
        let mut neighbours = self.marks.iter().filter(|&other| other != mark);
        let alone = !neighbours.any(|other| other.first == mark.first && other.on_one_line());
        let fallback = (!alone && mark.on_one_line()).then(|| "here".to_owned());
        mark.remark().or(fallback)
    }

    fn head(&self) -> u32 {
        self.marks.first().map_or(0, |mark| mark.span.start)
    }

    fn has_nothing_to_show(&self) -> bool {
        self.source.text.is_empty() && self.marks.iter().all(|mark| mark.message.is_none())
    }

    /// Appends line `line` to `text`.
    fn show(&self, line: usize, room: usize, text: &mut String) -> ShownLine {
        let span = text_of_line(self.source, line);
        let window = crop(&self.source.text, span, self.focus(line, span), room);
        if window.start > span.start {
            text.push(CROPPED);
        }
        let start = text.len();
        text.push_str(&same_length(self.source.slice(window)));
        let cropped = window.end < span.end;
        if cropped {
            text.push(CROPPED);
        }
        text.push('\n');
        ShownLine {
            window,
            start,
            cropped,
        }
    }

    /// The bytes of a line that have to be seen.
    fn focus(&self, line: usize, span: Span) -> Option<Span> {
        let inside = |offset: u32| offset.clamp(span.start, span.end);
        self.marks
            .iter()
            .filter(|mark| mark.on_one_line() && mark.first == line)
            .map(|mark| Span {
                start: inside(mark.span.start),
                end: inside(mark.span.end),
            })
            .reduce(Span::cover)
    }
}

/// A line as it stands in an excerpt.
struct ShownLine {
    /// The bytes of the file that are shown.
    window: Span,
    /// Where they begin in the excerpt's text.
    start: usize,
    /// Whether the line goes on after them.
    cropped: bool,
}

/// Where byte `offset` of the file stands in the excerpt's text.
fn offset_in(line: &ShownLine, offset: u32) -> usize {
    if line.cropped && offset > line.window.end {
        return line.start + line.window.len() + CROPPED.len_utf8();
    }
    let inside = offset.clamp(line.window.start, line.window.end);
    line.start + (inside - line.window.start) as usize
}

/// The bytes of a line that are text: a byte order mark is none.
fn text_of_line(file: &SourceFile, line: usize) -> Span {
    let span = file.line_span(line);
    let mark = if line == 0 && file.text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    Span::new(span.start as usize + mark, span.end as usize)
}

/// The part of `line` that fits into `room` columns and shows as much of `focus` as can be.
fn crop(text: &str, line: Span, focus: Option<Span>, room: usize) -> Span {
    let (start, end) = (line.start as usize, line.end as usize);
    if fits(&text[start..end], room) {
        return line;
    }
    // A mark of a cropped end on either side.
    let room = room - 2;
    let focus = focus.map_or(start..start, Span::range);
    if fits(&text[start..focus.end], room - MARGIN) {
        return Span::new(start, start + prefix(&text[start..end], room));
    }
    let wanted = columns_up_to(&text[focus.clone()], room) + MARGIN;
    let right = wanted.clamp(room * 2 / 3, room - MARGIN);
    let window_end = focus.start + prefix(&text[focus.start..end], right);
    let left = room - columns(&text[focus.start..window_end], TAB);
    let window_start = focus.start - suffix(&text[start..focus.start], left);
    Span::new(window_start, window_end)
}

/// `text`, cropped to `room` columns.
pub(super) fn cut(text: &str, room: usize) -> Cow<'_, str> {
    if fits(text, room) {
        return Cow::Borrowed(text);
    }
    let shown = &text[..prefix(text, room - 1)];
    Cow::Owned(format!("{shown}{CROPPED}"))
}

fn fits(text: &str, room: usize) -> bool {
    columns_up_to(text, room + 1) <= room
}

/// The columns of `text`, counted no further than `limit`, so that a long text costs nothing.
fn columns_up_to(text: &str, limit: usize) -> usize {
    let mut sum = 0;
    for c in text.chars() {
        if sum >= limit {
            break;
        }
        sum += char_columns(c, TAB);
    }
    sum.min(limit)
}

/// The bytes of the longest beginning of `text` that fits into `room` columns.
fn prefix(text: &str, room: usize) -> usize {
    fitting(text.chars(), room)
}

/// The bytes of the longest end of `text` that fits into `room` columns.
fn suffix(text: &str, room: usize) -> usize {
    fitting(text.chars().rev(), room)
}

fn fitting(characters: impl Iterator<Item = char>, room: usize) -> usize {
    let mut left = room;
    let mut bytes = 0;
    for c in characters {
        let Some(rest) = left.checked_sub(char_columns(c, TAB)) else {
            break;
        };
        left = rest;
        bytes += c.len_utf8();
    }
    bytes
}
