//! What a rule is.

use serde::Serialize;

use super::finding::Found;
use super::subject::Subject;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It costs time, or is likely to be an oversight.
    Warn,
    /// Wrong or missing rows, a backfill that never ends, or a run that fails.
    Error,
}

impl Severity {
    /// In output and in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// One way to break incremental Snowplow models.
#[derive(Debug)]
pub struct Rule {
    /// Its stable name.
    pub id: &'static str,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// Unless the configuration says otherwise.
    pub severity: Severity,
    /// Why it matters, in a sentence.
    pub why: &'static str,
    /// An example of it.
    pub wrong: Example,
    /// How to do it instead.
    pub right: Example,
    /// A number that the configuration can give it.
    pub number: Option<Number>,
    /// Looks for it.
    pub check: fn(&Subject) -> Vec<Found>,
}

/// A piece of a dbt project.
#[derive(Debug)]
pub struct Example {
    /// `sql` or `yaml`.
    pub language: &'static str,
    /// The text.
    pub text: &'static str,
}

impl Example {
    /// Of a model.
    #[must_use]
    pub const fn sql(text: &'static str) -> Self {
        Self { language: "sql", text }
    }

    /// Of a configuration file.
    #[must_use]
    pub const fn yaml(text: &'static str) -> Self {
        Self { language: "yaml", text }
    }
}

/// A number that a rule goes by.
#[derive(Debug)]
pub struct Number {
    /// Its key in the configuration.
    pub key: &'static str,
    /// Its value without one.
    pub default: u32,
    /// What it means.
    pub meaning: &'static str,
}
