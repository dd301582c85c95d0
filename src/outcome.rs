//! How a command ended, and the exit code that follows from it: in this one place.

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, FailureKind, Interrupted, Refusal};
use crate::timestamp::Timestamp;

/// An expected ending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The command did what it is for, and there is nothing to say about how.
    Done,
    /// Every tracked model of the selection is caught up.
    CaughtUp,
    /// The frontier reached the time that `--until` gave.
    Reached {
        /// That time.
        until: Timestamp,
    },
    /// `--once`: the one run was good.
    RanOnce {
        /// Whether there is more to do.
        more: bool,
    },
    /// A limit that the user set ended it before it was caught up.
    Stopped {
        /// The flag: `--max-runs`.
        by: String,
    },
    /// `check` found something at error level.
    Findings,
    /// A promotion was executed, but then both sides do not hold the same.
    Differs,
    /// dbt failed.
    DbtFailed,
    /// A safety rule held it back.
    Refused {
        /// What is wrong, and what to do about it.
        reason: String,
    },
    /// A signal ended it.
    Interrupted {
        /// The signal's number.
        signal: i32,
    },
    /// The tool could not do its job: usage, configuration, or tables that do not look as they should.
    Error {
        /// The chain of causes.
        message: String,
    },
}

impl Outcome {
    /// How a command ended that returned an error: some of them are expected endings.
    #[must_use]
    pub fn of_error(error: &anyhow::Error) -> Self {
        if error.downcast_ref::<Failure>().is_some_and(|failure| failure.kind != FailureKind::Target) {
            return Self::DbtFailed;
        }
        if let Some(Interrupted { signal }) = error.downcast_ref() {
            return Self::Interrupted { signal: *signal };
        }
        if let Some(Refusal(reason)) = error.downcast_ref() {
            return Self::Refused { reason: reason.clone() };
        }
        Self::Error { message: format!("{error:#}") }
    }

    /// The exit code, as the README documents it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Done | Self::CaughtUp | Self::Reached { .. } | Self::RanOnce { .. } => 0,
            Self::Findings | Self::Differs | Self::DbtFailed => 1,
            Self::Error { .. } => 2,
            Self::Stopped { .. } => 3,
            Self::Refused { .. } => 4,
            Self::Interrupted { signal } => 128 + u8::try_from(*signal).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_has_its_documented_code() {
        for (outcome, code) in [
            (Outcome::CaughtUp, 0),
            (Outcome::RanOnce { more: true }, 0),
            (Outcome::Findings, 1),
            (Outcome::DbtFailed, 1),
            (Outcome::Differs, 1),
            (Outcome::Stopped { by: "--max-runs".into() }, 3),
            (Outcome::Refused { reason: String::new() }, 4),
            (Outcome::Interrupted { signal: 2 }, 130),
            (Outcome::Interrupted { signal: 15 }, 143),
        ] {
            assert_eq!(outcome.exit_code(), code, "{outcome:?}");
        }
        let code = |error: anyhow::Error| Outcome::of_error(&error).exit_code();
        assert_eq!(code(anyhow::anyhow!("no such flag")), 2);
        assert_eq!(code(anyhow::Error::new(Interrupted { signal: 15 }).context("reading the tables")), 143);
        assert_eq!(code(Refusal("locked".into()).into()), 4);
    }
}
