//! The project's chores: `cargo xtask --help`.

mod bench;
mod demo;
mod deny;
mod fixtures;
mod lab;
mod msrv;
mod pages;
mod paths;
mod test;
mod venv;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's chores. Each installs what it needs. It takes only cargo and Python from the system.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Show a backfill and a promotion on embedded DuckDB
    Demo {
        /// Days of events: fewer days take less time
        #[arg(long, default_value_t = demo::DAYS, value_parser = clap::value_parser!(u64).range(100..))]
        days: u64,
    },
    /// Measure speed and memory, and print ratios
    Bench {
        /// What to measure
        #[command(subcommand)]
        what: Bench,
    },
    /// Check licences, duplicates and sources of the dependencies
    Deny,
    /// Write the golden SQL
    Fixtures {
        /// Only check whether it is up to date
        #[arg(long)]
        check: bool,
    },
    /// Check that the dependencies and the code work with the declared Rust version
    Msrv,
    /// Write the generated parts of the reference pages
    Pages {
        /// Only check whether they are up to date
        #[arg(long)]
        check: bool,
    },
    /// Run all tests, with real dbt and real databases
    Test {
        /// Only what a real dbt 2 can show: SNOWPLOW_BACKFILL_TEST_DBT2 is its path
        #[arg(long)]
        dbt2: bool,
        /// Arguments for `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Create the virtual environments that tests and demo use
    Venv {
        /// Only check whether they exist and are up to date
        #[arg(long)]
        check: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Ten runs of the documented one-liner, of bare dbt with a warm parse cache, and of this tool
    Loop,
    /// `check`, dbt-bouncer, jq and Python's json on a large dbt manifest
    Check,
}

fn main() -> Result<()> {
    match Cli::parse().chore {
        Chore::Demo { days } => demo::run(days),
        Chore::Bench { what: Bench::Check } => bench::check::run(),
        Chore::Bench { what: Bench::Loop } => bench::run_loop::run(),
        Chore::Deny => deny::run(),
        Chore::Fixtures { check } => fixtures::run(check),
        Chore::Msrv => msrv::run(),
        Chore::Pages { check } => pages::run(check),
        Chore::Test { dbt2: false, arguments } => test::run(&arguments),
        Chore::Test { dbt2: true, arguments } => test::run_with_dbt_2(&arguments),
        Chore::Venv { check } => venv::ensure_all(check),
    }
}
