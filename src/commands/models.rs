//! `models`: the models_to_run string.

use anyhow::Result;
use serde::Serialize;

use super::{open, waiting};
use crate::backfill::{FirstRun, Selected};
use crate::cli::{ModelsArgs, OutputFormat};
use crate::event::PackageScope;
use crate::outcome::Outcome;
use crate::output::stdout;
use crate::snowplow::StandIn;

/// `--format json`.
#[derive(Serialize)]
struct ModelsDocument<'a> {
    models_to_run: &'a str,
    models: &'a [String],
    packages: &'a [PackageScope],
    stand_ins: &'a [StandIn],
}

pub(super) fn run(args: &ModelsArgs) -> Result<Outcome> {
    let project = open::project(&args.dbt)?;
    let target = project.on(args.dbt.target.as_deref())?;
    let mut listeners = waiting(args.verbose);
    let selection = open::selection(&args.selection);
    let emit = &mut |event| listeners.emit(event);
    let selected = Selected::list(&target, &selection, &[], emit)?;
    selected.warn_of_unmatched(emit);
    let start = selected.start(&target, 0, &FirstRun::default(), None);
    // A bar must be gone before the string is shown.
    drop(listeners);
    match args.format {
        OutputFormat::Human => stdout::write(format!("{}\n", start.models_to_run))?,
        OutputFormat::Json => stdout::write_json(&ModelsDocument {
            models_to_run: &start.models_to_run,
            models: &start.models,
            packages: &start.packages,
            stand_ins: &start.stand_ins,
        })?,
    }
    Ok(Outcome::Done)
}
