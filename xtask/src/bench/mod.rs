//! Speed, as ratios within one run: these are no tests, and no number of them is exact.

pub mod check;
mod manifest;
pub mod run_loop;
