//! Facts with which a run fails, never gets anywhere, or leaves rows out. `check` looks for them everywhere, a
//! backfill in what its selection touches. Both ask the functions here.

mod hooks;
mod incremental;
mod models;
mod session_timestamp;
mod vars;

pub use hooks::{HooklessLimits, hookless_limits, misses_its_hook};
pub use incremental::{
    IncrementalStrategy, dispatches_to_utils, fails_after_its_first_run, has_no_date, is_empty,
};
pub use models::{
    WhyDropped, are_versions, built_in_batches, dropped_sessions, first_built, is_always_refreshed,
    namesakes, snapshot_before, why_dropped,
};
pub use session_timestamp::{HookClock, mixed_clocks};
pub use vars::{
    NUMBERS, REMOVED, Trouble, number, of_package, removed_models, start_date, unknown, vars_judged,
};
