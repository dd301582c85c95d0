//! The statement that stops a script where a condition does not hold.

use anyhow::Result;
use serde::Serialize;

use crate::promote::templates::{Sql, render};
use crate::warehouse::Dialect;

/// Short enough to be a name on every warehouse.
const LONGEST_LABEL: usize = 120;

/// A condition, which is never null, and what is said where it does not hold.
#[derive(Serialize)]
struct Check<'a> {
    condition: &'a Sql,
    message: &'a str,
    /// The message as the name of a column.
    label: String,
}

/// Stops with the message unless the condition holds.
pub(super) fn check_statement(dialect: Dialect, condition: &Sql, message: &str) -> Result<Sql> {
    render(dialect, "check.sql", &Check { condition, message, label: label(message) })
}

/// A message as the name of a column: relations without their schema, and only letters, digits and
/// underscores.
fn label(message: &str) -> String {
    let words = message.split_whitespace().map(|word| match word.rsplit_once('.') {
        Some((_, name)) if !name.is_empty() => name,
        _ => word,
    });
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let words: Vec<String> = words.map(|word| word.chars().filter(plain).collect()).collect();
    words.join("_").chars().take(LONGEST_LABEL).collect()
}
