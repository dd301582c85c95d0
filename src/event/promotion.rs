//! What happens in a promotion, its rollback, and the dropping of backups. Fields that journals of earlier
//! versions lack have a default.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// What the statements are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromotionTask {
    #[default]
    Promotion,
    Rollback,
    DropBackups,
}

/// What is about to be executed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PromotionStarted {
    pub task: PromotionTask,
    /// What staging is called; none where only prod is concerned.
    pub from: Option<String>,
    /// What prod is called.
    pub to: String,
    /// dbt's adapter type, if it is known.
    pub adapter: Option<String>,
    /// How tables are copied.
    pub strategy: Option<String>,
    /// The models that it is about.
    pub models: Vec<String>,
    /// When the promotion was planned.
    pub planned_at: Option<Timestamp>,
    /// Whether a promotion that was stopped is finished.
    pub continues: bool,
    /// The statement at which that stopped, from 1, if it is known.
    pub stopped_at: Option<usize>,
    /// How many statements there are.
    pub total: usize,
    /// What it does, for people.
    pub details: Vec<PromotionDetail>,
    /// The folder of its record.
    pub folder: Utf8PathBuf,
}

/// One line about what is going to happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionDetail {
    /// One word or two: `table`, `rows`, `note`.
    pub label: String,
    pub text: String,
}

/// A statement that is about to be executed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatementStarted {
    /// Its place, from 1.
    pub statement: usize,
    /// How many statements there are.
    pub total: usize,
    /// What it is for.
    pub title: String,
}

/// A statement that was executed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatementFinished {
    /// Its place, from 1.
    pub statement: usize,
    /// How many statements there are.
    pub total: usize,
    /// What it is for.
    pub title: String,
    pub sql: String,
    /// Rows that it wrote, if the adapter tells.
    #[serde(default)]
    pub rows: Option<u64>,
    /// Bytes that it read, if the adapter tells.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Its name in the warehouse's own history, if the adapter tells.
    #[serde(default)]
    pub query_id: Option<String>,
    /// Wall time, in seconds.
    #[serde(default)]
    pub seconds: f64,
}

/// Both sides of a promotion, compared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PromotionCompared {
    pub comparisons: Vec<Comparison>,
}

/// One value, as it is on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    pub what: String,
    pub staging: Option<String>,
    pub prod: Option<String>,
}

impl Comparison {
    /// Whether both sides agree.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.staging == self.prod
    }
}

impl PromotionCompared {
    /// Where both sides do not agree.
    pub fn differing(&self) -> impl Iterator<Item = &Comparison> {
        self.comparisons.iter().filter(|comparison| !comparison.is_equal())
    }

    /// Whether both sides agree in all that was compared.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differing().next().is_none()
    }
}

/// A promotion that was stopped before, and of which prod holds nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PromotionLeftNothing {
    /// What prod is called.
    pub to: String,
    pub models: Vec<String>,
    pub planned_at: Timestamp,
}

/// The end of a promotion.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PromotionFinished {
    #[serde(default)]
    pub task: PromotionTask,
    /// How many statements were executed.
    pub executed: usize,
    /// What stopped it; none if all statements were executed.
    pub error: Option<String>,
    /// Whether both sides were equal afterwards; none if they were not compared.
    #[serde(default)]
    pub is_equal: Option<bool>,
    /// What follows from it, for people.
    #[serde(default)]
    pub result: Vec<String>,
    /// What to do next, for people.
    #[serde(default)]
    pub next: Option<String>,
    /// The folder of the record.
    #[serde(default)]
    pub folder: Option<Utf8PathBuf>,
    /// Wall time, in seconds.
    #[serde(default)]
    pub seconds: f64,
}

#[cfg(test)]
mod tests {
    use crate::event::{Envelope, Event};

    #[test]
    fn journals_of_earlier_versions_are_read() {
        let read = |event: &str| -> Envelope {
            let line = format!("{{\"version\":1,\"time\":\"2024-01-02T03:04:05Z\",{event}}}");
            serde_json::from_str(&line).expect("an event")
        };
        let statement =
            read(r#""event":"statement_finished","statement":1,"total":2,"title":"t","sql":"select 1""#);
        assert!(matches!(statement.event, Event::StatementFinished(statement) if statement.rows.is_none()));
        let finished = read(r#""event":"promotion_finished","executed":2,"error":null"#);
        assert!(matches!(finished.event, Event::PromotionFinished(finished) if finished.executed == 2));
    }
}
