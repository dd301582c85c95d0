//! Reading a `create table` statement as a warehouse writes it: its columns, and the clauses after them, one
//! on each line.

use regex::Regex;

/// DuckDB: the columns and keys between the brackets.
pub(super) fn columns(statement: &str) -> Option<Vec<&str>> {
    let masked = masked(statement, Backslash::Plain);
    let (begin, end) = (masked.find('(')? + 1, end_of_columns(&masked)? - 1);
    let mut columns = Vec::new();
    let (mut depth, mut from) = (0_usize, begin);
    for (place, character) in masked[begin..end].char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                columns.push(statement[from..begin + place].trim());
                from = begin + place + 1;
            }
            _ => {}
        }
    }
    columns.push(statement[from..end].trim());
    Some(columns)
}

/// Whether this is the definition of a column of that name, and the table computes the column.
pub(super) fn is_generated(column: &str, name: &str) -> bool {
    let quoted = format!("\"{}\" ", name.replace('"', "\"\""));
    let is_it = column.starts_with(&quoted) || column.starts_with(&format!("{name} "));
    is_it && masked(column, Backslash::Plain).contains(" GENERATED ALWAYS AS")
}

/// The clauses after the columns.
pub(super) struct Clauses<'a> {
    text: &'a str,
    /// The same text, byte for byte, with blanks for everything in quotes.
    masked: String,
}

impl<'a> Clauses<'a> {
    /// None where the list of columns has no end.
    pub(super) fn of(statement: &'a str) -> Option<Self> {
        let masked = masked(statement, Backslash::Escapes);
        let end = end_of_columns(&masked)?;
        Some(Self { text: &statement[end..], masked: masked[end..].to_owned() })
    }

    /// The rest of the line that begins with these words.
    pub(super) fn line(&self, words: &str) -> Option<String> {
        let pattern = Regex::new(&format!(r"(?im)^\s*{words}\s+(.+?)\s*;?\s*$")).ok()?;
        let found = pattern.captures(&self.masked)?.get(1)?;
        Some(self.text[found.range()].to_owned())
    }

    /// Everything after these words, which begin a line.
    pub(super) fn rest(&self, words: &str) -> Option<&'a str> {
        let pattern = Regex::new(&format!(r"(?im)^\s*{words}\b")).ok()?;
        Some(&self.text[pattern.find(&self.masked)?.end()..])
    }

    /// The text in quotes after these words, which begin a line.
    pub(super) fn quoted(&self, words: &str) -> Option<String> {
        let literal = Regex::new(r"^\s*'((?:[^'\\]|\\.)*)'").ok()?;
        Some(unescaped(&literal.captures(self.rest(words)?)?[1]))
    }
}

/// A text in quotes as it is without escapes.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(other) => other,
                None => '\\',
            }),
            other => plain.push(other),
        }
    }
    plain
}

/// What a backslash does in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backslash {
    /// It escapes the next character.
    Escapes,
    Plain,
}

/// The statement with blanks for everything in quotes, so that no word or bracket in there counts.
fn masked(statement: &str, backslash: Backslash) -> String {
    let mut masked = String::with_capacity(statement.len());
    let mut within = None;
    let mut is_escaped = false;
    for character in statement.chars() {
        match within {
            None => {
                within = matches!(character, '\'' | '"' | '`').then_some(character);
                masked.push(character);
            }
            Some(quote) if character == quote && !is_escaped => {
                within = None;
                masked.push(character);
            }
            Some(quote) => {
                let may_escape = backslash == Backslash::Escapes && character == '\\' && quote != '`';
                is_escaped = may_escape && !is_escaped;
                masked.extend(std::iter::repeat_n(' ', character.len_utf8()));
            }
        }
    }
    masked
}

/// The place after the bracket that ends the columns; the beginning where there are no columns.
fn end_of_columns(masked: &str) -> Option<usize> {
    let Some(begin) = masked.find('(') else { return Some(0) };
    let mut depth = 0_usize;
    for (place, character) in masked[begin..].char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(begin + place + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_duckdb_computes() {
        let statement = "CREATE TABLE s.t(a VARCHAR DEFAULT(', \\'), \"b c\" STRUCT(x INTEGER, y INTEGER), d \
                         INTEGER GENERATED ALWAYS AS((b + 1)), e VARCHAR DEFAULT(' GENERATED ALWAYS AS'), \
                         PRIMARY KEY(a, e));";
        let found = columns(statement).expect("columns");
        assert_eq!(found.len(), 5, "{found:?}");
        let generated = |name: &str| found.iter().any(|column| is_generated(column, name));
        assert_eq!(["a", "b c", "d", "e"].map(generated), [false, false, true, false]);
    }

    #[test]
    fn quotes_hide_words_and_brackets() {
        let statement =
            "CREATE TABLE `ä(` (a STRING COMMENT 'ö) \\' USING')\nCOMMENT 'it\\'s\\n(ours)'\nLOCATION 'x'";
        let clauses = Clauses::of(statement).expect("columns");
        assert_eq!(clauses.quoted("COMMENT").as_deref(), Some("it's\n(ours)"));
        assert_eq!(clauses.line("LOCATION").as_deref(), Some("'x'"));
        assert_eq!(clauses.line("USING"), None);
        assert!(Clauses::of("CREATE TABLE t (a STRING").is_none());
    }
}
