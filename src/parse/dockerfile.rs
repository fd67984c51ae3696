//! Dockerfiles, as far as the image they build on and the ports they expose are concerned (Dockerfile
//! reference, "FROM" and "EXPOSE").

use crate::parse::Parsed;
use crate::source::{At, Span};

/// What one Dockerfile says.
#[derive(Debug, Default)]
pub struct Dockerfile {
    /// The stages, in order; the last one is what an unnamed target builds.
    pub stages: Vec<Stage>,
    /// The words of every `EXPOSE`, of all stages.
    pub exposed: Vec<At<String>>,
}

/// One `FROM`.
#[derive(Debug)]
pub struct Stage {
    /// The image or the earlier stage that it begins with, as written.
    pub image: At<String>,
    /// The name after `AS`.
    pub name: Option<String>,
}

/// Reads one Dockerfile.
pub fn parse(text: &str) -> Parsed<Dockerfile> {
    let mut parsed = Parsed::<Dockerfile>::default();
    let mut start = 0;
    let mut is_exposing = false;
    for line in text.split_inclusive('\n') {
        // BuildKit passes over a byte order mark as well.
        let content =
            line.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
        let indent = line.len() - content.len();
        let content = content.trim_end();
        if content.starts_with('#') {
            let from = start + indent;
            parsed.comments.push(Span::new(from, from + content.len()));
        } else if let Some(stage) = stage(content, start + indent) {
            parsed.facts.stages.push(stage);
        } else {
            let all = words(content, start + indent);
            let is_first = all
                .first()
                .is_some_and(|word| word.value.eq_ignore_ascii_case("expose"));
            if is_exposing || is_first {
                let ports = all.into_iter().skip(usize::from(!is_exposing));
                let ports = ports.filter(|word| word.value != "\\");
                parsed.facts.exposed.extend(ports);
                is_exposing = content.ends_with('\\');
            }
        }
        start += line.len();
    }
    parsed
}

/// The words of a line that begins at `start`, comments behind them left out.
fn words(line: &str, start: usize) -> Vec<At<String>> {
    let at = |word: &str| word.as_ptr().addr() - line.as_ptr().addr() + start;
    line.split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .map(|word| At::new(word.to_owned(), Span::new(at(word), at(word) + word.len())))
        .collect()
}

fn stage(line: &str, start: usize) -> Option<Stage> {
    let offset = |word: &str| word.as_ptr().addr() - line.as_ptr().addr() + start;
    let mut words = line.split_whitespace();
    words
        .next()
        .filter(|word| word.eq_ignore_ascii_case("from"))?;
    let mut words = words.skip_while(|word| word.starts_with("--"));
    let image = words.next()?;
    let name = match (words.next(), words.next()) {
        (Some(keyword), Some(name)) if keyword.eq_ignore_ascii_case("as") => Some(name.to_owned()),
        _ => None,
    };
    let from = offset(image);
    Some(Stage {
        image: At::new(image.to_owned(), Span::new(from, from + image.len())),
        name,
    })
}

impl Dockerfile {
    /// The image below the stage that is built: the last one, or the one named `target`, followed
    /// through earlier stages.
    pub fn base_image(&self, target: Option<&str>) -> Option<&At<String>> {
        let named = |name: &str, before: usize| {
            self.stages[..before].iter().rposition(|stage| {
                stage
                    .name
                    .as_deref()
                    .is_some_and(|own| own.eq_ignore_ascii_case(name))
            })
        };
        let mut index = match target {
            Some(target) => named(target, self.stages.len())?,
            None => self.stages.len().checked_sub(1)?,
        };
        while let Some(earlier) = named(&self.stages[index].image.value, index) {
            index = earlier;
        }
        Some(&self.stages[index].image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposed_ports_are_read_with_their_places() {
        let text = "FROM node:22\nEXPOSE 4211 9229/tcp\nRUN x\n expose $PORT \\\n  80-90\nRUN 5\n";
        let parsed = parse(text);
        let exposed = parsed.facts.exposed.iter();
        let read: Vec<_> = exposed
            .map(|port| (port.value.as_str(), &text[port.span.range()]))
            .collect();
        let all = ["4211", "9229/tcp", "$PORT", "80-90"];
        assert_eq!(read, all.map(|port| (port, port)));
    }

    #[test]
    fn the_base_image_is_found_through_the_stages() {
        let text = "\u{feff}FROM --platform=linux/amd64 postgis/postgis:16 AS base\n# x\nFROM base\nRUN x\n";
        let parsed = parse(text);
        let image = parsed.facts.base_image(None).unwrap();
        assert_eq!(image.value, "postgis/postgis:16");
        assert_eq!(&text[image.span.range()], "postgis/postgis:16");
    }
}
