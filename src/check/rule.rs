//! What a rule is.

use super::finding::Found;
use super::severity::Severity;
use super::subject::Subject;

/// One way to break incremental Snowplow models.
#[derive(Debug)]
pub struct Rule {
    pub id: &'static str,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// The severity of its findings, unless the configuration sets another.
    pub severity: Severity,
    /// What `run` and `plan` do with what it finds in their selection.
    pub in_runs: InRuns,
    pub why: &'static str,
    pub wrong: Example,
    pub right: Example,
    pub check: Check,
}

impl Rule {
    /// The number that the configuration can set for this rule.
    #[must_use]
    pub fn number(&self) -> Option<&Number> {
        match &self.check {
            Check::Plain(_) => None,
            Check::ByNumber(number, _) => Some(number),
        }
    }

    /// Looks for what the rule is about. A rule without a number ignores `number`.
    #[must_use]
    pub fn find(&self, subject: &Subject, number: u32) -> Vec<Found> {
        match &self.check {
            Check::Plain(check) => check(subject),
            Check::ByNumber(_, check) => check(subject, number),
        }
    }
}

/// What `run` and `plan` do with what a rule finds in their selection, whatever the configuration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InRuns {
    /// Nothing: `check` alone looks for it.
    Ignored,
    /// They warn: runs may fail, never get anywhere, or leave rows out.
    Warned,
    /// They refuse: runs are certain to.
    Refused,
}

impl InRuns {
    /// A verb for it; empty if they do nothing.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Ignored => "",
            Self::Warned => "warn",
            Self::Refused => "refuse",
        }
    }
}

/// How a rule looks for what it is about.
#[derive(Debug)]
pub enum Check {
    Plain(fn(&Subject) -> Vec<Found>),
    /// It compares something with a number that the configuration can set.
    ByNumber(Number, fn(&Subject, u32) -> Vec<Found>),
}

/// A number that the configuration can set.
#[derive(Debug)]
pub struct Number {
    /// Its key in the configuration.
    pub key: &'static str,
    pub default: u32,
    /// What it means, as the end of a sentence.
    pub meaning: &'static str,
}

/// A piece of a dbt project.
#[derive(Debug)]
pub struct Example {
    /// `sql` or `yaml`.
    pub language: &'static str,
    pub text: &'static str,
}

impl Example {
    #[must_use]
    pub const fn sql(text: &'static str) -> Self {
        Self { language: "sql", text }
    }

    #[must_use]
    pub const fn yaml(text: &'static str) -> Self {
        Self { language: "yaml", text }
    }
}
