//! Backfills of the recorded models, and what the warehouse answers meanwhile.

use serde_json::{Value, json};

use crate::support::dbt_2::{dbt_2, recording};
use crate::support::fake::{FakeDbt, next_event, tables};

pub const NOW: &str = "2025-02-20 12:00:00";

/// The tracked models of the recordings.
pub const TRACKED: [&str; 3] = ["engaged_visitors", "page_engagement", "page_engagement_this_run"];

/// What selects them.
pub const RUN: [&str; 9] = [
    "run",
    "--target",
    "staging",
    "--select",
    "+page_engagement+",
    "--start-date",
    "2025-01-01",
    "--limit-days",
    "30",
];

/// All tracked models at one time, and the window of the last run.
pub fn at(time: &str, lower: &str, upper: &str) -> Value {
    tables(NOW, &TRACKED.map(|model| (model, time)), Some((lower, upper)))
}

/// A first run up to here, then a run that is up to date. `runs` are what `dbt run` answers.
pub fn backfill(runs: &[Value]) -> FakeDbt {
    dbt_2(&json!({
        "ls": [recording("ls")],
        "run-operation": [
            tables(NOW, &[], None),
            next_event("2025-01-01 09:00:00"),
            at("2025-01-30 10:00:00", "2025-01-01 00:00:00", "2025-01-31 00:00:00"),
            at("2025-02-20 11:00:00", "2025-01-30 04:00:00", NOW),
        ],
        "run": runs,
    }))
}

/// The same of one run, which does not end well.
pub fn failing(run: &Value) -> FakeDbt {
    backfill(std::slice::from_ref(run))
}
