//! Benchmarks. They compare within one run, so only ratios count.

pub mod check;
mod manifest;
pub mod run_loop;
