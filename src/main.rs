//! The program. Everything that it does is in the library, which the tests use too.

use std::process::ExitCode;

fn main() -> ExitCode {
    snowplow_backfill::main()
}
