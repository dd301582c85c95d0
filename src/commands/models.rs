//! `models`: the models_to_run string.

use anyhow::Result;
use serde::Serialize;

use super::output::Output;
use super::prepare::Setup;
use super::stdout;
use crate::backfill::FirstRun;
use crate::cli::{ModelsArgs, OutputFormat};
use crate::dbt::Interrupt;
use crate::event::{PackageScope, StandIn};
use crate::outcome::Outcome;

/// `--format json`.
#[derive(Serialize)]
struct Document<'a> {
    models_to_run: &'a str,
    models: &'a [String],
    packages: &'a [PackageScope],
    stand_ins: &'a [StandIn],
}

/// Runs the command.
///
/// # Errors
/// Usage, configuration, a selection that cannot be backfilled.
pub fn run(args: &ModelsArgs) -> Result<Outcome> {
    let setup = Setup::new(&args.dbt, &args.selection, Interrupt::listen()?)?;
    let mut output = Output::quiet(args.verbose);
    let selected = setup.list(&mut |event| output.emit(event))?;
    let start = selected.start(&setup, 0, &FirstRun::default(), None);
    match args.format {
        OutputFormat::Human => stdout::write(format!("{}\n", start.models_to_run))?,
        OutputFormat::Json => stdout::write_json(&Document {
            models_to_run: &start.models_to_run,
            models: &start.models,
            packages: &start.packages,
            stand_ins: &start.stand_ins,
        })?,
    }
    Ok(Outcome::Done)
}
