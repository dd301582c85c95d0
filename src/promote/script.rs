//! A script: statements in order, each with what it is for.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// A script.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// What stands above it, without comment signs.
    pub header: Vec<String>,
    /// In the order of execution.
    pub statements: Vec<Statement>,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// What it is for.
    pub title: String,
    /// Without the semicolon at its end.
    pub sql: String,
}

impl Script {
    /// Adds a statement.
    pub fn add(&mut self, title: impl Into<String>, sql: impl Into<String>) {
        self.statements.push(Statement { title: title.into(), sql: sql.into() });
    }

    /// As the text of a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for line in &self.header {
            // A line of a header is a comment whatever names stand in it.
            for part in line.lines() {
                let _ = writeln!(text, "{}", format!("-- {part}").trim_end());
            }
            if line.is_empty() {
                text.push_str("--\n");
            }
        }
        for (place, statement) in self.statements.iter().enumerate() {
            let title = statement.title.replace(['\n', '\r'], " ");
            let _ = write!(text, "\n-- {}. {title}\n{};\n", place + 1, statement.sql);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_a_comment() {
        let mut script =
            Script { header: vec!["a\ndrop table b".into(), String::new()], ..Script::default() };
        script.add("one\nselect 2", "select 1");
        assert_eq!(script.to_text(), "-- a\n-- drop table b\n--\n\n-- 1. one select 2\nselect 1;\n");
    }
}
