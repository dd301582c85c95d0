//! `promote`: finished models go from staging to prod, as SQL or executed.

mod drop_backups;
mod list;
mod sync;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;

use super::{open, quiet};
use crate::cli::{OutputFormat, PromoteArgs};
use crate::outcome::Outcome;
use crate::output::{Paint, say, stdout};
use crate::promote::{
    self, Applied, Comparison, Mode, News, Planned, Promotion, PromotionRequest, Route, Wishes,
};

pub(super) fn run(args: &PromoteArgs) -> Result<Outcome> {
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
    let mut listeners = quiet(args.verbose);
    promote::roll_back(&prod, to, &mut |event| listeners.emit(event), &mut tell)?;
    Ok(Outcome::Done)
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
    let mut listeners = quiet(args.verbose);
    let project = open::project(&args.dbt)?;
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
        &mut |staging, until| sync::run(args, staging, &selection, until),
        &mut |event| listeners.emit(event),
        &mut tell,
    )?;
    match promotion {
        Promotion::Planned(planned) => write_plan(args, &planned),
        Promotion::Applied(applied) => show_applied(args, &applied, &project.directory),
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

fn tell(news: &News<'_>) {
    say(&promote::news(news, Paint::for_stderr()));
}

/// Shows a promotion that was executed. Paths are shown from the working directory.
fn show_applied(args: &PromoteArgs, applied: &Applied, directory: &Utf8Path) -> Result<Outcome> {
    let Applied { folder, comparisons, .. } = applied;
    if args.format == OutputFormat::Json {
        let mut document = promote::kept_document(folder)?;
        document["applied"] = true.into();
        document["comparisons"] = serde_json::to_value(comparisons).context("cannot write JSON")?;
        stdout::write_json(&document)?;
    }
    let is_equal = comparisons.iter().all(Comparison::is_equal);
    if args.format == OutputFormat::Human || !is_equal {
        let shown = folder.strip_prefix(directory).unwrap_or(folder);
        say(&promote::promoted(applied, shown.as_str(), Paint::for_stderr()));
    }
    Ok(if is_equal { Outcome::Done } else { Outcome::Differs })
}

/// Writes a plan that is not executed: its SQL on stdout or in files; on stderr what it does.
fn write_plan(args: &PromoteArgs, Planned { plan, scripts }: &Planned) -> Result<Outcome> {
    if let Some(folder) = &args.out_dir {
        promote::write_files(folder, scripts)
            .with_context(|| format!("cannot write to --out-dir {folder}"))?;
    }
    match args.format {
        OutputFormat::Json => stdout::write_json(&promote::document(plan, scripts))?,
        OutputFormat::Human if args.out_dir.is_none() => stdout::write(scripts.promote.to_text())?,
        OutputFormat::Human => {}
    }
    if args.format == OutputFormat::Human {
        let files = args.out_dir.as_deref().map(Utf8Path::as_str);
        say(&promote::planned(plan, files, Paint::for_stderr()));
    }
    Ok(Outcome::Done)
}
