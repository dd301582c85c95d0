//! The main job. A session opens, forecasts and runs a backfill; the loop makes the runs; pure functions
//! decide.

mod beginnings;
mod dbt_driver;
mod driver;
mod engine;
mod forecast;
mod judge;
mod limits;
mod manifest_preflight;
mod options;
mod preflight;
mod remarks;
mod request;
mod selected;
mod session;
mod sources;
mod stall;
#[cfg(test)]
mod testing;
mod verdict;
mod window_origin;

pub use driver::{Driver, RunRequest};
pub use engine::Loop;
pub use options::Options;
pub use preflight::FirstRun;
pub use request::Request;
pub use selected::Selected;
pub use session::{Backfill, FirstRunAhead, NextRuns};
