//! `promote`: finished models go from staging to prod, as SQL or executed.

mod list;
mod sync;

use std::fs;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;

use super::{open, quiet};
use crate::cli::{OutputFormat, PromoteArgs};
use crate::dbt::SelectionArguments;
use crate::event::{Emit, Event};
use crate::failure::Refusal;
use crate::outcome::Outcome;
use crate::output::{Paint, say, stdout};
use crate::promote::{
    self, Application, Applied, Asked, BothRead, BothTargets, Comparison, Facts, News, Plan, Route, Scripts,
    Wishes,
};
use crate::timestamp::Timestamp;

/// Runs the command.
///
/// # Errors
/// Usage, configuration, a refusal, and whatever kept it from doing its job.
pub(super) fn run(args: &PromoteArgs) -> Result<Outcome> {
    if args.rollback {
        return roll_back(args);
    }
    if args.list {
        return list::list(args);
    }
    if args.manifest.is_some() {
        return offline(args);
    }
    online(args)
}

fn wishes(args: &PromoteArgs) -> Wishes {
    Wishes { strategy: args.strategy, replace: args.replace, resume: args.resume, sync: args.sync }
}

fn tell(news: &News<'_>) {
    say(&promote::news(news, Paint::for_stderr()));
}

/// Takes back the last promotion.
fn roll_back(args: &PromoteArgs) -> Result<Outcome> {
    let Some(to) = &args.to else {
        bail!("--to is missing: give the target that was promoted to, as in --to prod")
    };
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
            "--replace needs a connection, because it is guarded by the rows that prod has now: give --target and --to"
        );
    }
    let (Some(from), Some(to)) = (&args.manifest, &args.to_manifest) else {
        bail!("--manifest and --to-manifest go together")
    };
    let selection = open::selection(&args.selection);
    let facts = promote::offline_facts((from, to), &selection, args.dialect.as_deref())?;
    let plan = Plan::of(&facts, wishes(args), Timestamp::of_this_machine())?;
    write(args, &plan, &Scripts::of(&plan)?)
}

/// Plans with both targets as they are now, and executes the plan with `--apply`.
fn online(args: &PromoteArgs) -> Result<Outcome> {
    let Some(to) = args.to.as_deref() else {
        bail!("--to is missing: give the target to promote to, as in --to prod")
    };
    let mut listeners = quiet(args.verbose);
    let emit = &mut |event| listeners.emit(event);
    let project = open::project(&args.dbt)?;
    let selection = open::selection(&args.selection);
    let from = args.dbt.target.as_deref();
    let route = Route { selection: &selection, from, to, dialect: args.dialect.as_deref() };
    let both = BothTargets::list(&project, &route, emit)?;
    promote::check_places(&both.facts, wishes(args))?;
    let asked = asked(args, &both.facts)?;
    let prod = &both.prod.target;
    if args.apply
        && let Some(unfinished) = promote::find_unfinished(prod, &asked, emit, &mut tell)?
    {
        let applied = promote::go_on(prod, &unfinished, args.out_dir.as_deref(), emit, &mut tell)?;
        return conclude(args, &applied, &both);
    }
    if args.sync
        && let Some(unfinished) = sync(args, &both, &selection, emit)?
    {
        return Ok(unfinished);
    }
    // Before anything is read that the plan depends on.
    let _locks = if args.apply { both.lock()? } else { Vec::new() };
    let read = both.read(emit)?;
    if !args.apply
        && let Some(unread) = &read.unread
    {
        emit(Event::Warning { message: promote::unread_catalogue(unread) });
    }
    let (plan, scripts) = plan(args, &read, &read.facts)?;
    if !args.apply {
        return write(args, &plan, &scripts);
    }
    let application = Application {
        plan: &plan,
        scripts: &scripts,
        digest: &asked.digest,
        locks: both.lock_names(),
        reviewed: args.out_dir.as_deref(),
    };
    let applied = promote::apply(prod, &application, &promote::document(&plan, &scripts), emit, &mut tell)?;
    conclude(args, &applied, &both)
}

/// What this call is about, by which a later one is known to be the same.
fn asked<'f>(args: &PromoteArgs, facts: &'f Facts) -> Result<Asked<'f>> {
    let Wishes { strategy, replace, resume, sync } = wishes(args);
    let all = (&facts.from, &facts.to, &facts.selection, &facts.manifests);
    let text = serde_json::to_vec(&(all, strategy, replace, resume, sync)).context("cannot write JSON")?;
    Ok(Asked {
        to: &facts.to,
        models: facts.models.iter().map(|model| model.name.as_str()).collect(),
        digest: promote::short(&text),
    })
}

/// The plan and its scripts. `facts` are those that were read, or what is to become of them.
fn plan(args: &PromoteArgs, read: &BothRead, facts: &Facts) -> Result<(Plan, Scripts)> {
    let plan = Plan::of(facts, wishes(args), Timestamp::of_this_machine())?;
    let scripts = Scripts::of(&plan)?;
    match &read.unread {
        Some(unread) if args.apply => bail!(Refusal(format!(
            "{}. --apply would hide what the copy loses. Let the user of {}'s connection read the catalogue, or write the \
             script without --apply, review it, and execute it with the warehouse's own client",
            promote::unread_catalogue(unread),
            facts.to
        ))),
        _ => Ok((plan, scripts)),
    }
}

/// Backfills staging until it is where prod is; an outcome, if it did not get there. What would be refused in any case is
/// refused first.
fn sync(
    args: &PromoteArgs,
    both: &BothTargets<'_>,
    selection: &SelectionArguments,
    emit: Emit<'_>,
) -> Result<Option<Outcome>> {
    let read = both.read(emit)?;
    let Some(until) = promote::sync_until(&read.facts) else { return Ok(None) };
    plan(args, &read, &promote::as_if_synced(&read.facts, until))?;
    if let Some(folder) = &args.out_dir {
        check_out_dir(folder)?;
    }
    let outcome = sync::run(args, &both.staging.target, selection, until)?;
    Ok((outcome.exit_code() != 0).then_some(outcome))
}

/// Shows what became of a promotion that was executed.
fn conclude(args: &PromoteArgs, applied: &Applied, both: &BothTargets<'_>) -> Result<Outcome> {
    let Applied { folder, comparisons, .. } = applied;
    if args.format == OutputFormat::Json {
        let mut document = promote::kept_document(folder)?;
        document["applied"] = true.into();
        document["comparisons"] = serde_json::to_value(comparisons).context("cannot write JSON")?;
        stdout::write_json(&document)?;
    }
    let is_equal = comparisons.iter().all(Comparison::is_equal);
    if args.format == OutputFormat::Human || !is_equal {
        let shown = folder.strip_prefix(&both.prod.target.open.directory).unwrap_or(folder);
        say(&promote::promoted(applied, shown.as_str(), Paint::for_stderr()));
    }
    Ok(if is_equal { Outcome::Done } else { Outcome::Differs })
}

/// Writes a plan that is not executed: its SQL on stdout or in files; on stderr what it does.
fn write(args: &PromoteArgs, plan: &Plan, scripts: &Scripts) -> Result<Outcome> {
    if let Some(folder) = &args.out_dir {
        promote::write_files(folder, scripts).with_context(|| cannot_write(folder))?;
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

/// Whether `--out-dir` can be written, before anything that takes its time.
fn check_out_dir(folder: &Utf8Path) -> Result<()> {
    fs::create_dir_all(folder)
        .and_then(|()| tempfile::tempfile_in(folder).map(drop))
        .with_context(|| cannot_write(folder))
}

fn cannot_write(folder: &Utf8Path) -> String {
    format!("cannot write to --out-dir {folder}")
}
