//! Black-box tests of the binary: on real dbt and real databases, and on a scripted dbt for what those will
//! not do on demand.

mod backfill;
mod bad_input;
mod calls;
mod check;
mod check_input;
mod config;
mod contract;
mod dbt_2;
mod dbt_flags;
mod demands;
mod examples;
mod github;
mod interruption;
mod jobs;
mod left_out;
mod packaging;
mod project_flags;
mod promotion;
mod promotion_input;
mod reference;
mod rules;
mod selection;
mod shell;
mod stalls;
mod state;
mod support;
mod terminal;
mod trouble;
mod vars;
