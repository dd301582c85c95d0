//! Parse, dispatch, print the error with its causes, exit.

use std::io::Write;
use std::process::ExitCode;

use snowplow_backfill::failure::Refusal;
use snowplow_backfill::outcome::Outcome;
use snowplow_backfill::report::Paint;
use snowplow_backfill::{cli, commands};

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(error) => {
            // `--help` and `--version` are such errors too, with exit code 0. With the output gone nobody is left to tell.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match commands::dispatch(&cli) {
        Ok(outcome) => outcome.exit_code().into(),
        Err(error) => {
            print_error(&error);
            Outcome::of_error(&error).exit_code().into()
        }
    }
}

fn print_error(error: &anyhow::Error) {
    let paint = Paint::for_stderr();
    let mut text = match error.downcast_ref::<Refusal>() {
        Some(Refusal(reason)) => format!("{} {reason}", paint.error("refused:")),
        None => format!("{} {error}", paint.error("error:")),
    };
    text.extend(error.chain().skip(1).map(|cause| format!("\n  caused by: {cause}")));
    let text = paint.wrapped(&text) + "\n";
    // With stderr gone nobody is left to tell.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
