//! The loop: decision (pure), engine, journal, lock, and what it needs of the outside world.

mod dbt_driver;
mod decision;
mod driver;
mod engine;
mod journal;
mod last_run;
mod lock;
mod preflight;
mod tidy;
mod workspace;

pub use dbt_driver::DbtDriver;
pub use decision::{Tracked, Verdict, states};
pub use driver::{Driver, GoodPackageRun, GoodRun, RunRequest};
pub use engine::{Backfill, Options};
pub use journal::Journal;
pub use lock::Lock;
pub use preflight::{FirstRun, check};
pub use workspace::Workspace;
