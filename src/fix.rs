//! Edits applied to texts: whole fixes or none.

use std::collections::BTreeMap;

use crate::finding::{Edit, Fix};
use crate::source::{FileId, Sources};

/// The texts that a set of fixes leaves, by file; files without an edit are not in it. A fix that
/// overlaps an earlier one is left out as a whole: the next run can apply it. So is one that overlaps
/// itself.
pub fn apply<'a>(
    sources: &Sources,
    fixes: impl IntoIterator<Item = &'a Fix>,
) -> BTreeMap<FileId, String> {
    let mut accepted: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    for fix in fixes {
        let is_free = fix.edits.iter().enumerate().all(|(number, edit)| {
            let known = accepted.get(&edit.place.file).into_iter().flatten();
            let own = fix.edits[..number].iter();
            let own = own.filter(|other| other.place.file == edit.place.file);
            let mut others = known.copied().chain(own);
            !others.any(|other| overlap(edit, other))
        });
        if is_free {
            for edit in &fix.edits {
                accepted.entry(edit.place.file).or_default().push(edit);
            }
        }
    }
    accepted
        .into_iter()
        .map(|(file, edits)| (file, edited(&sources.file(file).text, edits)))
        .collect()
}

fn overlap(a: &Edit, b: &Edit) -> bool {
    let (a, b) = (a.place.span, b.place.span);
    a == b || a.start < b.end && b.start < a.end
}

fn edited(text: &str, mut edits: Vec<&Edit>) -> String {
    edits.sort_by_key(|edit| edit.place.span);
    let mut result = String::with_capacity(text.len());
    let mut end = 0;
    for edit in edits {
        let range = edit.place.span.range();
        result.push_str(&text[end..range.start]);
        result.push_str(&edit.text);
        end = range.end;
    }
    result.push_str(&text[end..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Safety;
    use crate::source::{Kind, SourceFile, Span};

    fn fix(edits: &[(usize, usize, &str)]) -> Fix {
        let edit = |&(start, end, text): &(usize, usize, &str)| Edit {
            place: Span::new(start, end).in_file(FileId(0)),
            text: text.to_owned(),
        };
        Fix {
            safety: Safety::Safe,
            title: String::new(),
            edits: edits.iter().map(edit).collect(),
        }
    }

    #[test]
    fn a_fix_that_overlaps_an_earlier_one_or_itself_is_left_out_as_a_whole() {
        let file = SourceFile::new("a.env", Kind::Env, "one two three");
        let sources = Sources::new("".into(), vec![file], BTreeMap::new());
        let first = fix(&[(4, 7, "2")]);
        let second = fix(&[(0, 3, "1"), (6, 9, "x")]);
        let third = fix(&[(8, 13, "3")]);
        let fourth = fix(&[(0, 2, "x"), (1, 3, "y")]);
        let texts = apply(&sources, [&first, &second, &third, &fourth]);
        assert_eq!(texts[&FileId(0)], "one 2 3");
    }
}
