use super::file::{BLOCK, BYTE_ORDER_MARK};
use super::*;

#[test]
fn a_folder_holds_what_is_below_it_and_nothing_that_only_begins_alike() {
    assert!(is_below("a/b", "a") && is_below("a", "") && is_within("a", "a"));
    assert!(!is_below("a", "a") && !is_below("ab/c", "a") && !is_within("ab", "a"));
}

fn file(text: &str) -> SourceFile {
    SourceFile::new("a.sql", Kind::Sql, text)
}

#[test]
fn positions_on_a_line_that_never_ends_are_those_of_a_short_one() {
    let letters = "\u{feff}".to_owned() + &"aé𝄞".repeat(3 * BLOCK);
    let file = file(&format!("{letters}\nb{letters}"));
    let (mut line, mut column, mut unit) = (1, 0, 0);
    for (offset, letter) in file.text.char_indices() {
        let at = Span::new(offset, 0).start;
        let expected = Position {
            line,
            column: (column + 1).max(1),
        };
        assert_eq!(file.position(at), expected, "{offset}");
        let editor = file.utf16_position(at);
        assert_eq!((editor.line, editor.character), (line - 1, unit));
        match letter {
            '\n' => (line, column, unit) = (line + 1, 0, 0),
            BYTE_ORDER_MARK if offset == 0 => {}
            _ => {
                column += 1;
                unit += u32::try_from(letter.len_utf16()).unwrap();
            }
        }
    }
}

#[test]
fn positions_count_code_points_for_people_and_utf16_units_for_editors() {
    let file = file("\u{feff}é𝄞x\r\ny\rz\n");
    let x = Span::new(file.text.find('x').unwrap(), 0).start;
    assert_eq!(file.position(x), Position { line: 1, column: 3 });
    let editor = file.utf16_position(x);
    assert_eq!((editor.line, editor.character), (0, 3));
    let y = Span::new(file.text.find('y').unwrap(), 0).start;
    assert_eq!(file.position(y), Position { line: 2, column: 1 });
    let z = Span::new(file.text.find('z').unwrap(), 0).start;
    assert_eq!(file.position(z), Position { line: 3, column: 1 });
    assert_eq!(file.slice(file.line_span(0)), "\u{feff}é𝄞x");
    assert_eq!(file.slice(file.line_span(1)), "y");
}

#[test]
fn a_part_of_a_value_has_a_span_only_where_nothing_was_escaped() {
    let plain = At::new("loan_desk".to_owned(), Span::new(10, 19));
    assert_eq!(plain.part(5..9), Span::new(15, 19));
    let escaped = At::new("loan_desk".to_owned(), Span::new(10, 25));
    assert_eq!(escaped.part(5..9), escaped.span);
}

#[test]
fn what_lies_below_a_folder_that_was_not_entered_is_unknown() {
    let seen = BTreeMap::from([
        ("modules".to_owned(), Seen::Folder),
        ("modules/gen".to_owned(), Seen::FolderNotEntered),
    ]);
    let sources = Sources::new(PathBuf::new(), vec![], seen);
    assert_eq!(
        sources.existence("modules/x/Dockerfile"),
        Existence::Missing
    );
    assert_eq!(sources.existence("modules/gen/a.sql"), Existence::Unknown);
    assert_eq!(sources.existence("modules/gen"), Existence::Folder);
}

#[test]
fn paths_join_inside_the_root_only() {
    assert_eq!(join("a/b", "../c/./d/").as_deref(), Some("a/c/d"));
    assert_eq!(join("a", ".."), Some(String::new()));
    assert_eq!(join("a", "../.."), None);
    assert_eq!(join("a", "/etc"), None);
}

#[test]
fn paths_are_seen_from_folders() {
    assert_eq!(relative("", "a/b"), "a/b");
    assert_eq!(relative("a", "a"), ".");
    assert_eq!(relative("a/c", "a/b/D"), "../b/D");
    assert_eq!(relative("p/q", "a"), "../../a");
    assert_eq!(relative("ab", "a"), "../a");
}

#[test]
fn the_root_is_none_of_the_folders_above() {
    assert_eq!(
        ancestors("a/b/c").collect::<Vec<_>>(),
        ["a/b/c", "a/b", "a"]
    );
    assert_eq!(ancestors("").count(), 0);
}
