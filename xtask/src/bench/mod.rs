//! Speed, as ratios within one run. These are not tests, and their numbers are not exact.

pub mod check;
mod manifest;
pub mod run_loop;
