//! A script: statements in order, each with what it is for.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// Statements, and what stands above them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// What stands above the statements, without comment signs.
    pub header: Vec<String>,
    /// The statements, in the order of execution.
    pub statements: Vec<Statement>,
}

/// A statement of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// What it is for.
    pub title: String,
    /// Its SQL, without the semicolon at the end.
    pub sql: String,
    /// What it does to transactions, and whether it changes anything.
    pub kind: StatementKind,
    /// The model whose table it puts into prod, or takes out of it, outside of any transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

/// What a statement does to transactions, and whether it changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    Begin,
    Commit,
    /// Changes nothing, and stops the script where something is not as it must be.
    Check,
    /// Changes only the session.
    Setting,
    /// Anything else. A block of code may contain a whole transaction.
    Plain,
}

impl Statement {
    /// A statement that neither begins nor ends a transaction.
    #[must_use]
    pub fn plain(title: impl Into<String>, sql: impl Into<String>) -> Self {
        Self { title: title.into(), sql: sql.into(), kind: StatementKind::Plain, table: None }
    }

    /// Marks it as what puts a model's table into prod, or takes it out, outside of any transaction.
    #[must_use]
    pub fn of_table(self, model: &str) -> Self {
        Self { table: Some(model.to_owned()), ..self }
    }
}

impl Script {
    /// Adds a statement that neither begins nor ends a transaction.
    pub fn add(&mut self, title: impl Into<String>, sql: impl Into<String>) {
        self.statements.push(Statement::plain(title, sql));
    }

    fn has(statements: &[Statement], kind: StatementKind) -> bool {
        statements.iter().any(|statement| statement.kind == kind)
    }

    /// Where to continue when the statement at this place failed: there, or where its transaction begins.
    #[must_use]
    pub fn goes_on_from(&self, failed: usize) -> usize {
        let before = &self.statements[..failed];
        let begin = before.iter().rposition(|statement| statement.kind == StatementKind::Begin);
        begin.filter(|&begin| !Self::has(&before[begin..], StatementKind::Commit)).unwrap_or(failed)
    }

    /// Whether the last transaction is committed before the statement at this place.
    #[must_use]
    pub fn is_committed_before(&self, place: usize) -> bool {
        let (before, after) = self.statements.split_at(place);
        Self::has(before, StatementKind::Commit) && !Self::has(after, StatementKind::Commit)
    }

    /// The place where the last transaction is committed.
    #[must_use]
    pub fn commit(&self) -> Option<usize> {
        self.statements.iter().rposition(|statement| statement.kind == StatementKind::Commit)
    }

    /// Whether this many statements from the beginning leave nothing behind.
    #[must_use]
    pub fn changes_nothing_in(&self, first: usize) -> bool {
        let harmless =
            |kind| matches!(kind, StatementKind::Begin | StatementKind::Check | StatementKind::Setting);
        self.statements.iter().take(first).all(|statement| harmless(statement.kind))
    }

    /// The text of a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for line in &self.header {
            // A name may contain a line break, and its rest has to stay a comment.
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
    fn a_failed_transaction_is_repeated_from_its_beginning() {
        let kinds = [
            StatementKind::Plain,
            StatementKind::Begin,
            StatementKind::Plain,
            StatementKind::Commit,
            StatementKind::Plain,
            StatementKind::Plain,
        ];
        let statements = kinds.map(|kind| Statement { kind, ..Statement::plain("", "") }).to_vec();
        let script = Script { statements, ..Script::default() };
        let places: Vec<_> = (0..6).map(|failed| script.goes_on_from(failed)).collect();
        assert_eq!(places, [0, 1, 1, 1, 4, 5]);
        let committed = (0..6).filter(|&failed| script.is_committed_before(failed));
        assert_eq!(committed.collect::<Vec<_>>(), [4, 5]);
    }

    #[test]
    fn records_keep_what_a_statement_is_and_not_what_it_looks_like() {
        let statements = [
            Statement::plain("", "commit"),
            Statement { kind: StatementKind::Commit, ..Statement::plain("", "end") },
        ];
        let written = serde_json::to_string(&statements).expect("JSON");
        let read: Vec<Statement> = serde_json::from_str(&written).expect("statements");
        let kinds: Vec<_> = read.into_iter().map(|statement| statement.kind).collect();
        assert_eq!(kinds, [StatementKind::Plain, StatementKind::Commit]);
    }

    #[test]
    fn nothing_leaves_a_comment() {
        let mut script =
            Script { header: vec!["a\ndrop table b".into(), String::new()], ..Script::default() };
        script.add("one\nselect 2", "select 1");
        assert_eq!(script.to_text(), "-- a\n-- drop table b\n--\n\n-- 1. one select 2\nselect 1;\n");
    }
}
