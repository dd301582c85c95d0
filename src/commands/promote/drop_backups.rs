//! `--drop-backups`: drops the backups that `--replace` left, or writes the SQL for it.

use std::time::Duration;

use anyhow::{Context, Result};

use super::told::Told;
use crate::cli::{OutputFormat, PromoteArgs, PromoteFormat};
use crate::commands::open;
use crate::event::PromotionTask;
use crate::outcome::Outcome;
use crate::output::{Paint, say, stdout};
use crate::promote::{self, DropRequest, Mode};

pub(super) fn drop_backups(args: &PromoteArgs) -> Result<Outcome> {
    let to = super::promoted_target(args)?;
    let older_than: Duration = args.older_than.context("--drop-backups needs --older-than")?;
    let project = open::project(&args.dbt)?;
    let prod = project.on(Some(to))?;
    let told = Told::open(args, PromotionTask::DropBackups, &project.directory)?;
    let mode = if args.apply { Mode::Apply } else { Mode::Plan };
    let request = DropRequest { to, older_than, mode };
    let plan = promote::drop_backups(&prod, &request, &mut |event| told.emit(event));
    let plan = told.finish(plan)?;
    let is_executed = args.apply && !plan.drop.is_empty();
    match args.format.of_plan() {
        OutputFormat::Json => stdout::write_json(&promote::drop_document(&plan, is_executed))?,
        OutputFormat::Human if is_executed || plan.drop.is_empty() => {}
        OutputFormat::Human => stdout::write(plan.script().to_text())?,
    }
    // Its events have told the rest.
    let is_shown = args.format == PromoteFormat::Events || is_executed;
    if args.format.of_plan() == OutputFormat::Human && !is_shown {
        say(&promote::drops_planned(&plan, Paint::for_stderr()));
    }
    Ok(Outcome::Done)
}
