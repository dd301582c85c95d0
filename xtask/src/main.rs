//! The project's chores: `cargo xtask --help`.

mod bench;
mod demo;
mod fixtures;
mod lab;
mod paths;
mod rules;
mod test;
mod venv;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Run a chore of the project. Each sets up what it needs; only cargo and Python must be installed.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Backfill and promote a model on embedded DuckDB
    Demo {
        /// Generate this many days of events
        #[arg(long, default_value_t = demo::DAYS, value_parser = clap::value_parser!(u64).range(100..))]
        days: u64,
    },
    /// Measure speed and memory, and print ratios
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
    /// Write the golden SQL
    Fixtures {
        /// Only check that it is up to date
        #[arg(long)]
        check: bool,
    },
    /// Write the page about the rules of `check`
    Rules {
        /// Only check that it is up to date
        #[arg(long)]
        check: bool,
    },
    /// Run all tests, on real dbt and real databases
    Test {
        /// Pass these arguments to `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Create the virtual environments of the tests and the demo
    Venv {
        /// Only check that they are there and up to date
        #[arg(long)]
        check: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Compare ten runs: the documented one-liner, bare dbt with a warm parse cache, this tool
    Loop,
    /// Compare how a dbt manifest of 65 MB is read: `check`, dbt-bouncer, jq, Python's json
    Check,
}

fn main() -> Result<()> {
    match Cli::parse().chore {
        Chore::Demo { days } => demo::run(days),
        Chore::Bench { what: Bench::Check } => bench::check::run(),
        Chore::Bench { what: Bench::Loop } => bench::run_loop::run(),
        Chore::Fixtures { check } => fixtures::run(check),
        Chore::Rules { check } => rules::run(check),
        Chore::Test { arguments } => test::run(&arguments),
        Chore::Venv { check } => venv::ensure_all(check),
    }
}
