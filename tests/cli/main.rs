//! Black-box tests of the binary: on real dbt and real databases, and on a scripted dbt for what those will not do on demand.

mod backfill;
mod bad_input;
mod check;
mod check_input;
mod interruption;
mod jobs;
mod support;
mod trouble;
