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

impl Statement {
    /// Begins a transaction; a block of a procedural language, which has several lines, does not.
    fn begins(&self) -> bool {
        self.sql.split(' ').next() == Some("begin") && self.sql.lines().count() == 1
    }

    fn commits(&self) -> bool {
        self.sql == "commit"
    }
}

impl Script {
    /// Adds a statement.
    pub fn add(&mut self, title: impl Into<String>, sql: impl Into<String>) {
        self.statements.push(Statement { title: title.into(), sql: sql.into() });
    }

    /// Where to go on when the statement at this place failed: at itself, or where its transaction begins.
    #[must_use]
    pub fn goes_on_from(&self, failed: usize) -> usize {
        let before = &self.statements[..failed];
        let begin = before.iter().rposition(Statement::begins);
        begin.filter(|&begin| !before[begin..].iter().any(Statement::commits)).unwrap_or(failed)
    }

    /// Whether the statement at this place comes after the last transaction.
    #[must_use]
    pub fn is_committed_before(&self, place: usize) -> bool {
        let (before, after) = self.statements.split_at(place);
        before.iter().any(Statement::commits) && !after.iter().any(Statement::commits)
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
    fn a_transaction_is_gone_into_again_from_its_beginning() {
        let mut script = Script::default();
        for sql in
            ["select 1", "begin transaction", "insert", "commit", "begin\n  select 2;\nend", "select 3"]
        {
            script.add("", sql);
        }
        let places: Vec<_> = (0..6).map(|failed| script.goes_on_from(failed)).collect();
        assert_eq!(places, [0, 1, 1, 1, 4, 5]);
        let committed = (0..6).filter(|&failed| script.is_committed_before(failed));
        assert_eq!(committed.collect::<Vec<_>>(), [4, 5]);
    }

    #[test]
    fn nothing_leaves_a_comment() {
        let mut script =
            Script { header: vec!["a\ndrop table b".into(), String::new()], ..Script::default() };
        script.add("one\nselect 2", "select 1");
        assert_eq!(script.to_text(), "-- a\n-- drop table b\n--\n\n-- 1. one select 2\nselect 1;\n");
    }
}
