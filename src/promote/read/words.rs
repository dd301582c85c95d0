//! The words for what a table has: the same, whether the project configures it or the catalogue tells it.

pub(super) fn described(description: &str) -> String {
    format!("the description \"{}\"", one_line(description))
}

pub(super) fn tagged(tag: &str, value: &str) -> String {
    if value.is_empty() { format!("the tag {tag}") } else { format!("the tag {tag}: {value}") }
}

/// A tag of a column, in its words.
pub(super) fn of_column(tag: &str, column: &str) -> String {
    format!("{tag} of its column {column}")
}

pub(super) fn property(key: &str, value: &str) -> String {
    format!("the table property {key} = {}", one_line(value))
}

/// The beginning of a text, for a note.
pub(super) fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[test]
fn a_long_text_is_cut_between_characters() {
    assert_eq!(one_line(" a\n b "), "a b");
    let cut = one_line(&"ä".repeat(70));
    assert_eq!(cut, format!("{}…", "ä".repeat(60)));
}
