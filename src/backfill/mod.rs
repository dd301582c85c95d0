//! The main job: a session that opens, forecasts and runs a backfill; the loop; what decides in it.

mod dbt_driver;
mod decision;
mod driver;
mod engine;
mod preflight;
mod remarks;
mod request;
mod selected;
mod session;

pub use driver::{Driver, RunRequest};
pub use engine::{Loop, Options};
pub use preflight::FirstRun;
pub use request::Request;
pub use selected::Selected;
pub use session::{Backfill, Forecast};
