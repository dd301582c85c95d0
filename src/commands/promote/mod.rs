//! `promote`: finished models go from staging to prod, as SQL or executed.

mod drop_backups;
mod list;
mod sync;
mod told;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;

use self::told::Told;
use super::open;
use crate::cli::{OutputFormat, PromoteArgs};
use crate::event::{Comparison, PromotionTask};
use crate::outcome::Outcome;
use crate::output::{Paint, say, stdout};
use crate::promote::{self, Applied, Mode, Planned, Promotion, PromotionRequest, Route, Wishes};

pub(super) fn run(args: &PromoteArgs) -> Result<Outcome> {
    told::check_format(args)?;
    if args.rollback {
        return roll_back(args);
    }
    if args.list {
        return list::list(args);
    }
    if args.drop_backups {
        return drop_backups::drop_backups(args);
    }
    if args.manifest.is_some() {
        return offline(args);
    }
    online(args)
}

/// Takes back the last promotion.
fn roll_back(args: &PromoteArgs) -> Result<Outcome> {
    let to = promoted_target(args)?;
    let project = open::project(&args.dbt)?;
    let prod = project.on(Some(to))?;
    let told = Told::open(args, PromotionTask::Rollback, &project.directory)?;
    let rolled_back = promote::roll_back(&prod, to, &mut |event| told.emit(event));
    told.finish(rolled_back).map(|()| Outcome::Done)
}

/// Plans from two dbt manifests, without dbt.
fn offline(args: &PromoteArgs) -> Result<Outcome> {
    if args.apply {
        bail!("--apply needs a connection: give --target and --to instead of two dbt manifests");
    }
    if args.replace {
        bail!(
            "--replace needs a connection, because it must check the rows that prod has now: give \
             --target and --to"
        );
    }
    let (Some(from), Some(to)) = (&args.manifest, &args.to_manifest) else {
        bail!("--manifest and --to-manifest go together")
    };
    let selection = open::selection(&args.selection);
    let planned = promote::plan_offline((from, to), &selection, args.dialect.as_deref(), wishes(args))?;
    write_plan(args, &planned)
}

/// Plans with both targets as they are now, and executes the plan with `--apply`.
fn online(args: &PromoteArgs) -> Result<Outcome> {
    let Some(to) = args.to.as_deref() else {
        bail!("--to is missing: give the target to promote to, as in --to prod")
    };
    let project = open::project(&args.dbt)?;
    let told = Told::open(args, PromotionTask::Promotion, &project.directory)?;
    let selection = open::selection(&args.selection);
    let (from, dialect) = (args.dbt.target.as_deref(), args.dialect.as_deref());
    let request = PromotionRequest {
        route: Route { selection: &selection, from, to, dialect },
        wishes: wishes(args),
        mode: if args.apply { Mode::Apply } else { Mode::Plan },
        out_dir: args.out_dir.as_deref(),
    };
    let promotion = promote::promote(
        &project,
        &request,
        &mut |staging, until| told.paused(|| sync::run(args, staging, &selection, until)),
        &mut |event| told.emit(event),
    );
    match told.finish(promotion)? {
        Promotion::Planned(planned) => write_plan(args, &planned),
        Promotion::Applied(applied) => show_applied(args, &applied),
        Promotion::NotSynced(outcome) => Ok(outcome),
    }
}

fn wishes(args: &PromoteArgs) -> Wishes {
    let PromoteArgs { strategy, replace, resume, sync, verify, .. } = *args;
    Wishes { strategy, replace, resume, sync, verify }
}

/// The target whose promotions `--list`, `--rollback` and `--drop-backups` are about.
fn promoted_target(args: &PromoteArgs) -> Result<&str> {
    args.to.as_deref().context("--to is missing: give the target that was promoted to, as in --to prod")
}

/// The document of a promotion that was executed, where that is asked for. Its events are shown already.
fn show_applied(args: &PromoteArgs, Applied { folder, comparisons }: &Applied) -> Result<Outcome> {
    if args.format.of_plan() == OutputFormat::Json {
        let mut document = promote::kept_document(folder)?;
        document["applied"] = true.into();
        document["comparisons"] = serde_json::to_value(comparisons).context("cannot write JSON")?;
        stdout::write_json(&document)?;
    }
    let is_equal = comparisons.iter().all(Comparison::is_equal);
    Ok(if is_equal { Outcome::Done } else { Outcome::Differs })
}

/// Writes a plan that is not executed: its SQL on stdout or in files; on stderr what it does.
fn write_plan(args: &PromoteArgs, Planned { plan, scripts }: &Planned) -> Result<Outcome> {
    if let Some(folder) = &args.out_dir {
        promote::write_files(folder, scripts)
            .with_context(|| format!("cannot write to --out-dir {folder}"))?;
    }
    match args.format.of_plan() {
        OutputFormat::Json => stdout::write_json(&promote::document(plan, scripts))?,
        OutputFormat::Human if args.out_dir.is_none() => stdout::write(scripts.promote.to_text())?,
        OutputFormat::Human => {}
    }
    if args.format.of_plan() == OutputFormat::Human {
        let files = args.out_dir.as_deref().map(Utf8Path::as_str);
        say(&promote::planned(plan, files, Paint::for_stderr()));
    }
    Ok(Outcome::Done)
}
