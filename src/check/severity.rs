//! How bad a finding is.

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It is right with the dbt in use, and will not be with a newer one.
    Hint,
    /// It costs time, or is probably an oversight.
    Warn,
    /// Wrong or missing rows, a backfill that never ends, or a run that fails.
    Error,
}

impl Severity {
    /// As output and configuration spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}
