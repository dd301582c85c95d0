//! Errors that end a command as expected: failures of dbt, interruptions, refusals.

use std::fmt;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A selected model failed.
    Model,
    /// An on-run-start or on-run-end hook failed.
    Hook,
    /// A statement of a promotion failed.
    Statement,
    /// A query failed.
    Query,
    /// Tracked models were built, but with a warning, so their packages do not record them.
    NotRecorded,
    /// A `dbt run` failed as a whole: it wrote no results.
    Run,
    /// dbt could not read or compile the project or its configuration, so nothing was run.
    Project,
    /// dbt does not know an argument, or not its value.
    Arguments,
    /// The selection names a selector or a method that does not exist.
    Selection,
    /// What the project needs is missing: a variable, a package, an adapter, the consent to a licence.
    Setup,
    /// The profile or the target does not exist, or is not valid.
    Target,
    /// A file or a folder cannot be written or read: a full disk, missing rights.
    Files,
    /// The warehouse could not be reached.
    Connection,
    /// dbt was killed, or ended without any output.
    Silent,
    /// dbt reported success, but the artifacts do not prove that it built what was selected.
    Unproven,
}

impl FailureKind {
    /// Whether it is a mistake in the project, or in how dbt is called or set up: dbt found it before it did
    /// anything, and calling it again would not help.
    #[must_use]
    pub fn is_usage(self) -> bool {
        matches!(self, Self::Project | Self::Arguments | Self::Selection | Self::Setup | Self::Target)
    }

    /// The text for the place of `…` in "dbt failed: …".
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Model => "a model failed",
            Self::Hook => "a hook failed",
            Self::Statement => "a statement failed",
            Self::Query => "a query failed",
            Self::NotRecorded => {
                "a tracked model was built with a warning, so its package does not record it. Fix the cause of the \
                 warning"
            }
            Self::Run => "dbt wrote no results of the run",
            Self::Project => "the project or its configuration is not valid",
            Self::Arguments => "dbt does not accept its arguments",
            Self::Selection => "the selection is not valid",
            Self::Setup => "something that the project needs is missing",
            Self::Target => "the profile or the target is missing or not valid",
            Self::Files => "a file could not be written or read",
            Self::Connection => "the warehouse could not be reached",
            Self::Silent => "dbt ended without saying why",
            Self::Unproven => "dbt reported success, but did not build what was selected",
        }
    }
}

/// One thing that went wrong, in dbt's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// The node's `unique_id`, if dbt names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// dbt's message. It can have several lines.
    pub message: String,
}

/// A call of dbt that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The call, such as `dbt run`.
    pub call: String,
    /// The kind of failure.
    pub kind: FailureKind,
    /// `exit code 1`, `signal 9`.
    pub exit: String,
    /// dbt's messages, the most important one first.
    pub complaints: Vec<Complaint>,
    /// The path of dbt's log of this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Utf8PathBuf>,
    /// What to do about it, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    /// All of dbt's messages as one text.
    #[must_use]
    pub fn text(&self) -> String {
        let messages: Vec<_> = self.complaints.iter().map(|complaint| complaint.message.as_str()).collect();
        messages.join("\n")
    }

    /// The same in one line.
    #[must_use]
    pub fn in_one_line(&self) -> String {
        let text = self.text();
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join(": ")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed ({}): {}", self.call, self.exit, self.kind.describe())?;
        for complaint in &self.complaints {
            if let Some(node) = &complaint.node {
                write!(f, "\n  {node}")?;
            }
            for line in complaint.message.lines() {
                write!(f, "\n    {line}")?;
            }
        }
        if let Some(log) = &self.log {
            write!(f, "\n  dbt's log: {log}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// A signal ended a call of dbt or the tool itself before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted {
    pub signal: i32,
}

impl Interrupted {
    /// SIGPIPE. It ends most programs when the reader of their output goes away. Rust programs get an error.
    pub const READER_GONE: Self = Self { signal: 13 };
    /// Ctrl-C.
    pub const BY_KEY: Self = Self { signal: 2 };
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted by {}", signal_name(self.signal))
    }
}

impl std::error::Error for Interrupted {}

/// A signal's name for people.
#[must_use]
pub fn signal_name(signal: i32) -> String {
    match signal {
        1 => "SIGHUP".to_owned(),
        2 => "SIGINT".to_owned(),
        15 => "SIGTERM".to_owned(),
        other => format!("signal {other}"),
    }
}

/// A context of an error: not all output of the command could be written either. Holds why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritten(pub String);

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A safety rule held a command back. Holds what is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {}", self.0)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_a_report() {
        let failure = Failure {
            call: "dbt run".into(),
            kind: FailureKind::Model,
            exit: "exit code 1".into(),
            complaints: vec![Complaint {
                node: Some("model.shop.a".into()),
                message: "Runtime Error\n  no such column".into(),
            }],
            log: Some("logs/dbt.log".into()),
            hint: Some("look".into()),
        };
        assert_eq!(
            failure.to_string(),
            "dbt run failed (exit code 1): a model failed\n  model.shop.a\n    Runtime Error\n      no such \
             column\n  dbt's log: logs/dbt.log\n  hint: look"
        );
    }
}
