//! How far a backfill goes.

use std::time::Duration;

use crate::timestamp::Timestamp;

/// How far to go.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--limit-days`: at least 1.
    pub limit_days: u32,
    /// `--until`.
    pub until: Option<Timestamp>,
    /// `--once`.
    pub once: bool,
    /// `--max-runs`.
    pub max_runs: Option<u32>,
    /// `--max-duration`.
    pub max_duration: Option<Duration>,
    /// `--max-limit-days`: how far a stall may raise the limit.
    pub max_limit_days: Option<u32>,
}

impl Options {
    /// The flags that can stop a backfill before it is up to date, with their values.
    #[must_use]
    pub fn stops(&self) -> Vec<String> {
        let flags = [
            self.until.map(|until| format!("--until {until}")),
            self.once.then(|| "--once".to_owned()),
            self.max_runs.map(|most| format!("--max-runs {most}")),
            self.max_duration.map(|most| format!("--max-duration {}", humantime::format_duration(most))),
        ];
        flags.into_iter().flatten().collect()
    }
}
