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
#[serde(from = "Recorded")]
pub struct Statement {
    /// What it is for.
    pub title: String,
    /// Without the semicolon at its end.
    pub sql: String,
    /// What it does to transactions, if it does anything.
    pub kind: StatementKind,
    /// The model whose table it puts into prod, or takes out again, outside of any transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

/// What a statement does to transactions, if it does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    /// Begins one.
    Begin,
    /// Ends one, and keeps what it did.
    Commit,
    /// Only looks, and stops the script where something is not as it must be.
    Check,
    /// Changes nothing but the session.
    Setting,
    /// None of these. A block of a procedural language may hold a whole transaction.
    Plain,
}

impl Statement {
    /// One that neither begins nor ends a transaction.
    #[must_use]
    pub fn plain(title: impl Into<String>, sql: impl Into<String>) -> Self {
        Self { title: title.into(), sql: sql.into(), kind: StatementKind::Plain, table: None }
    }

    /// The same as what puts a model's table into prod by itself, or takes it out.
    #[must_use]
    pub fn of_table(self, model: &str) -> Self {
        Self { table: Some(model.to_owned()), ..self }
    }
}

/// A statement as a record has it. Earlier versions wrote no kind: there the text tells.
#[derive(Deserialize)]
struct Recorded {
    title: String,
    sql: String,
    kind: Option<StatementKind>,
    #[serde(default)]
    table: Option<String>,
}

impl From<Recorded> for Statement {
    fn from(Recorded { title, sql, kind, table }: Recorded) -> Self {
        let by_text = || match sql.as_str() {
            "begin" | "begin transaction" | "begin isolation level read committed" => StatementKind::Begin,
            "commit" => StatementKind::Commit,
            _ => StatementKind::Plain,
        };
        Self { kind: kind.unwrap_or_else(by_text), title, sql, table }
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

    /// Where to go on when the statement at this place failed: at itself, or where its transaction begins.
    #[must_use]
    pub fn goes_on_from(&self, failed: usize) -> usize {
        let before = &self.statements[..failed];
        let begin = before.iter().rposition(|statement| statement.kind == StatementKind::Begin);
        begin.filter(|&begin| !Self::has(&before[begin..], StatementKind::Commit)).unwrap_or(failed)
    }

    /// Whether the statement at this place comes after the last transaction.
    #[must_use]
    pub fn is_committed_before(&self, place: usize) -> bool {
        let (before, after) = self.statements.split_at(place);
        Self::has(before, StatementKind::Commit) && !Self::has(after, StatementKind::Commit)
    }

    /// Where it commits its last transaction.
    #[must_use]
    pub fn commit(&self) -> Option<usize> {
        self.statements.iter().rposition(|statement| statement.kind == StatementKind::Commit)
    }

    /// Whether the first statements, so many, leave nothing behind.
    #[must_use]
    pub fn changes_nothing_in(&self, first: usize) -> bool {
        let harmless =
            |kind| matches!(kind, StatementKind::Begin | StatementKind::Check | StatementKind::Setting);
        self.statements.iter().take(first).all(|statement| harmless(statement.kind))
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
    fn records_say_what_begins_and_commits_and_older_ones_are_understood() {
        let kinds = |json: &str| -> Vec<StatementKind> {
            let read: Vec<Statement> = serde_json::from_str(json).expect("statements");
            read.into_iter().map(|statement| statement.kind).collect()
        };
        let older = r#"[
            {"title": "", "sql": "begin isolation level read committed"},
            {"title": "", "sql": "begin\n  begin transaction;\nend"},
            {"title": "", "sql": "commit"}
        ]"#;
        assert_eq!(kinds(older), [StatementKind::Begin, StatementKind::Plain, StatementKind::Commit]);
        // What it is counts, and not what it looks like.
        let now = [
            Statement::plain("", "commit"),
            Statement { kind: StatementKind::Commit, ..Statement::plain("", "end") },
        ];
        let written = serde_json::to_string(&now).expect("JSON");
        assert_eq!(kinds(&written), [StatementKind::Plain, StatementKind::Commit]);
    }

    #[test]
    fn nothing_leaves_a_comment() {
        let mut script =
            Script { header: vec!["a\ndrop table b".into(), String::new()], ..Script::default() };
        script.add("one\nselect 2", "select 1");
        assert_eq!(script.to_text(), "-- a\n-- drop table b\n--\n\n-- 1. one select 2\nselect 1;\n");
    }
}
