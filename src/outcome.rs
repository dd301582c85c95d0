//! How a command ended, and its exit code. No other module knows exit codes.

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Interrupted, Refusal};
use crate::timestamp::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The command did its job, and no other ending says more.
    Done,
    /// Every tracked model in the selection is up to date.
    CaughtUp,
    /// Every window was processed, and no event was found in any of them.
    NoEvents,
    /// The frontier reached the time of `--until`.
    Reached {
        until: Timestamp,
    },
    /// The only run of `--once` was good.
    RanOnce {
        /// Whether there is more to do.
        more: bool,
    },
    /// A flag stopped the backfill before it was caught up.
    Stopped {
        /// The flag, such as `--max-runs`.
        by: String,
    },
    /// `check` found something at error level.
    Findings,
    /// A promotion was executed, but staging and prod differ afterwards.
    Differs,
    DbtFailed,
    /// A safety rule held the command back.
    Refused {
        /// What is wrong, and what to do about it.
        reason: String,
    },
    /// A signal ended the command.
    Interrupted {
        signal: i32,
    },
    /// The tool could not do its job: its arguments, the configuration or the tables are not as expected.
    Error {
        /// The error with its causes.
        message: String,
    },
}

impl Outcome {
    /// How a command ended that returned an error. Some errors are expected endings.
    #[must_use]
    pub fn of_error(error: &anyhow::Error) -> Self {
        if let Some(failure) = error.downcast_ref() {
            return Self::of_failure(failure);
        }
        if let Some(Interrupted { signal }) = error.downcast_ref() {
            return Self::Interrupted { signal: *signal };
        }
        if let Some(Refusal(reason)) = error.downcast_ref() {
            return Self::Refused { reason: reason.clone() };
        }
        Self::Error { message: format!("{error:#}") }
    }

    /// How a command ended in which dbt failed. A mistake in the project or in how dbt is called is the user's,
    /// and not a failed run.
    #[must_use]
    pub fn of_failure(failure: &Failure) -> Self {
        if failure.kind.is_usage() { Self::Error { message: failure.to_string() } } else { Self::DbtFailed }
    }

    /// One of each ending, in the order of their exit codes; several where the code depends on a signal.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::Done,
            Self::CaughtUp,
            Self::NoEvents,
            Self::Reached { until: Timestamp::of_this_machine() },
            Self::RanOnce { more: true },
            Self::Findings,
            Self::Differs,
            Self::DbtFailed,
            Self::Stopped { by: String::new() },
            Self::Refused { reason: String::new() },
            Self::Error { message: String::new() },
            Self::Interrupted { signal: 1 },
            Self::Interrupted { signal: 2 },
            Self::Interrupted { signal: Interrupted::READER_GONE.signal },
            Self::Interrupted { signal: 15 },
        ];
        all.sort_by_key(Self::exit_code);
        all
    }

    /// The exit code. [`Self::meaning`] explains it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Done | Self::CaughtUp | Self::Reached { .. } | Self::RanOnce { .. } => 0,
            Self::Findings | Self::Differs | Self::DbtFailed => 1,
            Self::Error { .. } => 2,
            Self::Stopped { .. } => 3,
            Self::Refused { .. } => 4,
            Self::NoEvents => 5,
            Self::Interrupted { signal } => 128 + u8::try_from(*signal).unwrap_or(0),
        }
    }

    /// What this ending means, for the page of exit codes.
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Done => "The command did its job.",
            Self::CaughtUp => "Every tracked model in the selection is up to date.",
            Self::NoEvents => {
                "The backfill found no event for any package, so it processed nothing. Check the vars that say which events the \
                 package reads, and the start date."
            }
            Self::Reached { .. } => "Everything up to the time that `--until` names is processed.",
            Self::RanOnce { .. } => "`--once`: the run was good. `more` says whether there is more to do.",
            Self::Findings => "`check` has findings at error level.",
            Self::Differs => {
                "`promote --apply` executed the promotion, but staging and prod differ afterwards."
            }
            Self::DbtFailed => {
                "dbt failed: a model, a hook, a query or a statement did, the warehouse could not be reached, a \
                 file could not be written, or dbt was killed. The tool shows dbt's message and the path of its \
                 log."
            }
            Self::Error { .. } => {
                "The command line, the configuration or the project's setup is wrong, or the tool cannot do \
                 its job. dbt finds some of these mistakes before it does anything: a project that does not \
                 parse; an unknown flag, selector or method; a missing profile, target, package or environment \
                 variable; a licence that is not accepted."
            }
            Self::Stopped { .. } => {
                "The backfill stopped as asked before it was up to date: `--max-runs`, `--max-duration`."
            }
            Self::Refused { .. } => {
                "A safety rule held the command back: the backfill would never end or would lose rows, it \
                 stalled at the maximum limit, a promotion failed its preflight, or another backfill or \
                 promotion uses the same target. The message says what to do."
            }
            Self::Interrupted { signal } if *signal == Interrupted::READER_GONE.signal => {
                "The reader of stdout closed the pipe, as `| head` does. A `run` continues and ends with its \
                 own code."
            }
            Self::Interrupted { .. } => {
                "A signal ended the command. The code is 128 plus the signal's number."
            }
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
            (Outcome::NoEvents, 5),
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
