//! Parses the command line, dispatches, prints the error with its causes, and sets the exit code.

use std::io::Write;
use std::process::ExitCode;

use crate::commands;
use crate::config::{self, CommandLine, Surroundings};
use crate::failure::{Interrupted, Refusal, Unwritten};
use crate::outcome::Outcome;
use crate::output::Paint;
use anyhow::Result;

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let result = match Surroundings::of_this_process() {
        Err(error) => Err(error),
        Ok(surroundings) => match config::read(&surroundings) {
            Err(config::Error::Usage(error)) => {
                // `--help` is such an error, too, with exit code 0. If the output is closed, nobody reads it.
                let _ = error.print();
                return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
            }
            Err(config::Error::Configuration(error)) => Err(error),
            Ok(request) => carry_out(&request, &surroundings),
        },
    };
    match result {
        Ok(outcome) => outcome.exit_code().into(),
        Err(error) => {
            if error.downcast_ref() != Some(&Interrupted::READER_GONE) {
                print_error(&error);
            }
            Outcome::of_error(&error).exit_code().into()
        }
    }
}

fn carry_out(request: &CommandLine, surroundings: &Surroundings) -> Result<Outcome> {
    match request {
        CommandLine::Command { cli, notes } => {
            for note in notes {
                print_note(note);
            }
            commands::dispatch(cli)
        }
        CommandLine::ShowConfig(shown) => commands::show_config(shown),
        CommandLine::Version(detail) => commands::version(*detail, surroundings),
    }
}

fn print_note(note: &str) {
    let paint = Paint::for_stderr();
    let text = paint.wrapped(&format!("{} {note}", paint.warning("note:"))) + "\n";
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn print_error(error: &anyhow::Error) {
    let paint = Paint::for_stderr();
    let unwritten = error.downcast_ref::<Unwritten>();
    let mut chain = error.chain().skip(usize::from(unwritten.is_some()));
    let told = chain.next().map(ToString::to_string).unwrap_or_default();
    let mut text = match error.downcast_ref::<Refusal>() {
        Some(Refusal(reason)) => format!("{} {reason}", paint.error("refused:")),
        None => format!("{} {told}", paint.error("error:")),
    };
    text.extend(chain.map(|cause| format!("\n  caused by: {cause}")));
    text.extend(unwritten.map(|unwritten| format!("\n{} {unwritten}", paint.warning("warning:"))));
    let text = paint.wrapped(&text) + "\n";
    // If stderr is closed, nobody reads it.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
