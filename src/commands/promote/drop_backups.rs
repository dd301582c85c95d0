//! `--drop-backups`: drops the backups that `--replace` left, or writes the SQL for it.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::cli::{OutputFormat, PromoteArgs};
use crate::commands::{open, quiet};
use crate::outcome::Outcome;
use crate::output::{Paint, say, stdout};
use crate::promote::{self, DropRequest, Mode};

pub(super) fn drop_backups(args: &PromoteArgs) -> Result<Outcome> {
    let to = super::promoted_target(args)?;
    let older_than: Duration = args.older_than.context("--drop-backups needs --older-than")?;
    let project = open::project(&args.dbt)?;
    let prod = project.on(Some(to))?;
    let mut listeners = quiet(args.verbose);
    let mode = if args.apply { Mode::Apply } else { Mode::Plan };
    let request = DropRequest { to, older_than, mode };
    let plan = promote::drop_backups(&prod, &request, &mut |event| listeners.emit(event), &mut super::tell)?;
    let is_executed = args.apply && !plan.drop.is_empty();
    match args.format {
        OutputFormat::Json => stdout::write_json(&promote::drop_document(&plan, is_executed))?,
        OutputFormat::Human if is_executed || plan.drop.is_empty() => {}
        OutputFormat::Human => stdout::write(plan.script().to_text())?,
    }
    if args.format == OutputFormat::Human {
        let paint = Paint::for_stderr();
        say(&if is_executed { promote::dropped(&plan, paint) } else { promote::drops_planned(&plan, paint) });
    }
    Ok(Outcome::Done)
}
