//! For a person: each finding with the lines that explain it, then what was looked at.
//!
//! miette draws the lines of source; nothing else of it is used, and its types stay in this file.
//! It escapes nothing and knows no limits, so it only ever sees an [`Excerpt`].

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};

use super::excerpt::{self, Excerpt, Excerpts, Mark};
use super::groups::by_service;
use super::visible::{columns, escaped};
use super::{Paint, Style, concise, coverage, document_url, summary};
use crate::finding::{Finding, Fix, Label, Outcome, Safety, Severity};
use crate::source::{Place, Sources};

/// A paragraph of more lines than about this is cropped: a value of the scanned tree may be of any length.
const PARAGRAPH: usize = 8;

/// The most columns of a finding that is one line.
const LINE: usize = 600;

/// Where there are more findings than this, only the first of each rule is shown with its lines.
const IN_FULL: usize = 50;

/// Every finding, then notes on what was not judged, then one line that sums up.
pub(super) fn render(sources: &Sources, outcome: &Outcome, style: &Style) -> String {
    let mut out = String::new();
    if outcome.findings.len() > IN_FULL {
        write_groups(&mut out, sources, outcome, style);
    } else {
        for finding in &outcome.findings {
            write_finding(&mut out, sources, finding, style);
            out.push('\n');
        }
    }
    if let Some(judged) = &outcome.coverage {
        out.push_str(&coverage::render(sources, judged, style));
    }
    if style.only_findings {
        return out;
    }
    for note in summary::notes(sources, outcome) {
        write_paragraph(&mut out, style, "", "note", &note);
    }
    out.push_str(&style.paint(overall(outcome), &summary::sentence(outcome)));
    out.push('\n');
    out
}

/// The lines around a place, with the place underlined.
pub(super) fn underline(sources: &Sources, place: Place, style: &Style) -> String {
    let mut out = String::new();
    let drawn = excerpt::excerpts(sources, place, &[], style.columns());
    write_drawing(&mut out, &drawn.excerpts, Severity::Error, style);
    out
}

/// The lines around some places, each with its remark; none of them is wrong.
pub(super) fn labelled(sources: &Sources, labels: &[Label], style: &Style) -> String {
    let Some(first) = labels.first() else {
        return String::new();
    };
    let mut drawn = excerpt::excerpts(sources, first.place, labels, style.columns());
    let marks = drawn.excerpts.iter_mut().flat_map(|it| &mut it.marks);
    marks.for_each(|mark| mark.primary = false);
    let mut out = String::new();
    write_drawing(&mut out, &drawn.excerpts, Severity::Warning, style);
    if drawn.left_out > 0 {
        let note = format!("{} more places; `--format json` lists them", drawn.left_out);
        write_paragraph(&mut out, style, "  ", "note", &note);
    }
    out
}

fn overall(outcome: &Outcome) -> Paint {
    outcome
        .findings
        .iter()
        .map(|finding| finding.severity)
        .min()
        .map_or(Paint::Clean, Paint::of)
}

/// The findings by service. The first of each rule explains itself, the others are a line each.
fn write_groups(out: &mut String, sources: &Sources, outcome: &Outcome, style: &Style) {
    let mut explained = BTreeSet::new();
    for group in by_service(&outcome.findings) {
        let head = format!("{}: {}", group.title(), group.count());
        let _ = writeln!(out, "{}\n", style.paint(Paint::Strong, &head));
        let (first, others): (Vec<_>, Vec<_>) = group
            .findings
            .into_iter()
            .partition(|finding| explained.insert(finding.rule));
        for finding in first {
            write_finding(out, sources, finding, style);
            out.push('\n');
        }
        for finding in &others {
            let plain = concise::text(sources, finding);
            match excerpt::cut(&plain, LINE) {
                Cow::Borrowed(_) => out.push_str(&concise::line(sources, finding, style)),
                Cow::Owned(cropped) => out.push_str(&(cropped + "\n")),
            }
        }
        if !others.is_empty() {
            out.push('\n');
        }
    }
}

fn write_finding(out: &mut String, sources: &Sources, finding: &Finding, style: &Style) {
    write_title(out, finding, style);
    let Excerpts { excerpts, left_out } =
        excerpt::excerpts(sources, finding.place, &finding.labels, style.columns());
    write_drawing(out, &excerpts, finding.severity, style);
    if left_out > 0 {
        let note = format!("{left_out} more places; `--format json` lists them");
        write_paragraph(out, style, "  ", "note", &note);
    }
    write_paragraph(out, style, "  ", "help", &escaped(&finding.help));
    if let Some(fix) = &finding.fix {
        write_paragraph(out, style, "   ", "fix", &fix_sentence(&finding.help, fix));
    }
}

fn write_title(out: &mut String, finding: &Finding, style: &Style) {
    let severity = finding.severity.as_str();
    let rule = style.link(&document_url(finding), finding.rule);
    let kind = style.paint(Paint::of(finding.severity), &format!("{severity}[{rule}]"));
    let taken = severity.len() + finding.rule.len() + "[]: ".len();
    let message = escaped(&finding.message);
    let message = excerpt::cut(&message, PARAGRAPH * style.columns());
    for (number, line) in wrap(&message, taken, 2, style.columns()).iter().enumerate() {
        if number == 0 {
            out.push_str(&kind);
            out.push_str(": ");
        } else {
            out.push_str("  ");
        }
        out.push_str(&style.paint(Paint::Strong, line));
        out.push('\n');
    }
}

/// What the fix does, unless the help said so, and how safe it is.
fn fix_sentence(help: &str, fix: &Fix) -> String {
    let how = match fix.safety {
        Safety::Safe => "safe",
        Safety::Unsafe => "unsafe: decide first",
    };
    if fix.title.eq_ignore_ascii_case(help) {
        how.to_owned()
    } else {
        format!("{} ({how})", escaped(&fix.title))
    }
}

/// `head: text`, wrapped, with what follows hanging below the text's beginning.
fn write_paragraph(out: &mut String, style: &Style, indent: &str, head: &str, text: &str) {
    let hanging = indent.len() + head.len() + ": ".len();
    let text = excerpt::cut(text, PARAGRAPH * style.columns());
    let lines = wrap(&text, hanging, hanging, style.columns());
    for (number, line) in lines.iter().enumerate() {
        if number == 0 {
            out.push_str(indent);
            out.push_str(&style.paint(Paint::Help, &format!("{head}:")));
            out.push(' ');
        } else {
            out.push_str(&" ".repeat(hanging));
        }
        out.push_str(line);
        out.push('\n');
    }
}

/// `text` in lines that fit into `width` beside the columns already `taken` on the first line and
/// `hanging` on the others. Lines break at spaces outside of backticks only: a path or a value is there
/// to be copied.
fn wrap(text: &str, taken: usize, hanging: usize, width: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut left = width.saturating_sub(taken);
    for (space, word) in words(text) {
        let line_so_far = columns(&text[start..space], 1);
        if space > start && line_so_far + columns(word, 1) + 1 > left {
            lines.push(&text[start..space]);
            start = space + 1;
            left = width.saturating_sub(hanging);
        }
    }
    lines.push(&text[start..]);
    lines
}

/// The words of `text`, each with the offset of the space before it.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut in_code = false;
    let spaces: Vec<usize> = text
        .char_indices()
        .filter(|&(_, c)| {
            in_code ^= c == '`';
            c == ' ' && !in_code
        })
        .map(|(at, _)| at)
        .collect();
    let ends = spaces.iter().skip(1).copied().chain([text.len()]);
    spaces
        .iter()
        .zip(ends)
        .map(|(&space, end)| (space, &text[space + 1..end]))
        .collect()
}

/// The excerpts in one frame, their line numbers below each other.
fn write_drawing(out: &mut String, excerpts: &[Excerpt], severity: Severity, style: &Style) {
    let digits = |excerpt: &Excerpt| (excerpt.last_line + 1).to_string().len();
    let widest = excerpts.iter().map(digits).max().unwrap_or(0);
    for (number, excerpt) in excerpts.iter().enumerate() {
        let indent = " ".repeat(widest - digits(excerpt));
        let drawing = draw(excerpt, severity, style);
        let mut lines: Vec<&str> = drawing.trim_start_matches('\n').lines().collect();
        if number + 1 < excerpts.len() {
            // The next header closes this part of the frame.
            lines.pop();
        }
        for (row, line) in lines.iter().enumerate() {
            out.push_str(&indent);
            if number > 0 && row == 0 {
                out.push_str(&line.replacen('╭', "├", 1));
            } else {
                out.push_str(line.trim_end());
            }
            out.push('\n');
        }
    }
}

fn draw(excerpt: &Excerpt, severity: Severity, style: &Style) -> String {
    let mut drawing = String::new();
    let handler = GraphicalReportHandler::new_themed(theme(excerpt, severity, style))
        .with_urls(false)
        .with_wrap_lines(false)
        .with_context_lines(1)
        .tab_width(excerpt::TAB)
        .without_syntax_highlighting();
    // Reading an excerpt does not fail, and neither does writing to a string.
    let _ = handler.render_report(&mut drawing, &Drawing(excerpt));
    drawing
}

/// The finding's own place in the colour of its severity, what explains it in that of help.
fn theme(excerpt: &Excerpt, severity: Severity, style: &Style) -> GraphicalTheme {
    let mut theme = if style.color {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let own = match severity {
        Severity::Error => theme.styles.error,
        Severity::Warning => theme.styles.warning,
    };
    let other = theme.styles.help;
    let highlight = |mark: &Mark| if mark.primary { own } else { other };
    theme.styles.highlights = excerpt.marks.iter().map(highlight).collect();
    theme
}

/// An excerpt as miette wants it: a diagnostic without a word of its own, whose source is the excerpt.
#[derive(Debug)]
struct Drawing<'a>(&'a Excerpt);

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Drawing<'_> {}

impl Diagnostic for Drawing<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.0.marks.iter().map(|mark| {
            let span = SourceSpan::from(mark.span.clone());
            if mark.primary {
                LabeledSpan::new_primary_with_span(mark.message.clone(), span)
            } else {
                LabeledSpan::new_with_span(mark.message.clone(), span)
            }
        })))
    }
}

impl SourceCode for Drawing<'_> {
    /// All of the excerpt, whatever lines are asked for. A span without lines around it is asked for
    /// to learn where it stands: the answer is the place that the header names.
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        lines_before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let excerpt = self.0;
        let (line, column) = if lines_before == 0 {
            let at = excerpt.position;
            (at.line as usize - 1, at.column as usize - 1)
        } else {
            (excerpt.first_line, 0)
        };
        Ok(Box::new(MietteSpanContents::new_named(
            excerpt.path.clone(),
            excerpt.text.as_bytes(),
            SourceSpan::from(0..excerpt.text.len()),
            line,
            column,
            excerpt.last_line - excerpt.first_line + 1,
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_outside_of_backticks() {
        assert_eq!(
            wrap("write `GRANT ALL ON x` into it now", 0, 0, 12),
            ["write", "`GRANT ALL ON x`", "into it now"]
        );
    }

    #[test]
    fn a_long_path_is_not_broken() {
        let path = "products/athenaeum/infra/service-registry.ts:4:2";
        let text = format!("see {path}");
        assert_eq!(wrap(&text, 6, 6, 20), ["see", path]);
        assert_eq!(wrap(path, 6, 6, 20), [path]);
    }

    #[test]
    fn the_first_line_leaves_room_for_what_stands_before_it() {
        assert_eq!(wrap("one two three", 8, 2, 12), ["one", "two three"]);
    }
}
