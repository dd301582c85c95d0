//! One promotion: planned from both sides, and executed where that is asked for.

use std::fs;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;

use super::apply::{self, Application, Applied, Asked, find_unfinished, finish};
use super::output::{details, document};
use super::plan::{Facts, Plan, Wishes, as_if_synced, check_places, short_digest, sync_until};
use super::read::{BothRead, BothTargets, Route, offline_facts, unread_catalogue};
use super::sql::Scripts;
use crate::dbt::SelectionArguments;
use crate::event::{Emit, Event};
use crate::failure::Refusal;
use crate::outcome::Outcome;
use crate::timestamp::Timestamp;
use crate::workspace::{OpenProject, OpenTarget};

/// What the user asks of a promotion.
#[derive(Debug)]
pub struct PromotionRequest<'a> {
    /// From where to where.
    pub route: Route<'a>,
    /// How tables are copied, and what is accepted.
    pub wishes: Wishes,
    /// `--apply`.
    pub mode: Mode,
    /// `--out-dir`.
    pub out_dir: Option<&'a Utf8Path>,
}

/// What becomes of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The user gets it, and nothing is executed.
    Plan,
    /// It is executed at once.
    Apply,
}

/// What became of a promotion.
#[derive(Debug)]
pub enum Promotion {
    /// It is planned, and nothing was executed.
    Planned(Box<Planned>),
    /// It was executed, and both sides were compared.
    Applied(Box<Applied>),
    /// The backfill of `--sync` ended before staging had reached prod's position.
    NotSynced(Outcome),
}

/// A plan and the scripts that carry it out.
#[derive(Debug)]
pub struct Planned {
    pub plan: Plan,
    pub scripts: Scripts,
}

/// Backfills staging up to a time, for `--sync`.
pub type BackfillStaging<'a> = &'a mut dyn FnMut(&OpenTarget<'_>, Timestamp) -> Result<Outcome>;

/// Plans a promotion with both targets as they are now, and executes it in [`Mode::Apply`].
///
/// # Errors
/// Usage; a [`Refusal`]; dbt or a statement fails; a file cannot be written.
pub fn promote(
    project: &OpenProject,
    request: &PromotionRequest<'_>,
    backfill_staging: BackfillStaging<'_>,
    emit: Emit<'_>,
) -> Result<Promotion> {
    let both = BothTargets::list(project, &request.route, emit)?;
    check_places(&both.facts, request.wishes)?;
    let session = OpenPromotion { request, both };
    if request.mode == Mode::Apply
        && let Some(applied) = session.finish_unfinished(emit)?
    {
        return Ok(Promotion::Applied(applied.into()));
    }
    if request.wishes.sync
        && let Some(outcome) = session.sync(backfill_staging, emit)?
    {
        return Ok(Promotion::NotSynced(outcome));
    }
    match request.mode {
        Mode::Plan => Ok(Promotion::Planned(session.plan(emit)?.into())),
        Mode::Apply => Ok(Promotion::Applied(session.apply(emit)?.into())),
    }
}

/// Plans a promotion from two dbt manifests, without dbt. `dialect` is the user's word for the warehouse.
///
/// # Errors
/// Usage; a [`Refusal`]; a dbt manifest cannot be read.
pub fn plan_offline(
    manifests: (&Utf8Path, &Utf8Path),
    selection: &SelectionArguments,
    dialect: Option<&str>,
    wishes: Wishes,
) -> Result<Planned> {
    planned(&offline_facts(manifests, selection, dialect)?, wishes)
}

fn planned(facts: &Facts, wishes: Wishes) -> Result<Planned> {
    let plan = Plan::of(facts, wishes, Timestamp::of_this_machine())?;
    let scripts = Scripts::of(&plan)?;
    Ok(Planned { plan, scripts })
}

/// A request, and both targets as dbt lists them.
struct OpenPromotion<'a, 'p> {
    request: &'a PromotionRequest<'a>,
    both: BothTargets<'p>,
}

impl OpenPromotion<'_, '_> {
    /// Finishes a promotion that this call has begun before.
    fn finish_unfinished(&self, emit: Emit<'_>) -> Result<Option<Applied>> {
        let prod = &self.both.prod.target;
        let Some(unfinished) = find_unfinished(prod, &self.asked()?, emit)? else { return Ok(None) };
        finish(prod, &unfinished, self.request.out_dir, emit).map(Some)
    }

    /// Backfills staging up to prod's position. An outcome, if it did not get there.
    ///
    /// What would be refused in any case is refused before the backfill.
    fn sync(&self, backfill_staging: BackfillStaging<'_>, emit: Emit<'_>) -> Result<Option<Outcome>> {
        let read = self.both.read(emit)?;
        let Some(until) = sync_until(&read.facts) else { return Ok(None) };
        self.planned(&read, &as_if_synced(&read.facts, until))?;
        if let Some(folder) = self.request.out_dir {
            check_out_dir(folder)?;
        }
        let outcome = backfill_staging(&self.both.staging.target, until)?;
        Ok((outcome.exit_code() != 0).then_some(outcome))
    }

    fn plan(&self, emit: Emit<'_>) -> Result<Planned> {
        let read = self.both.read(emit)?;
        if let Some(unread) = &read.unread {
            emit(Event::Warning { message: unread_catalogue(unread) });
        }
        self.planned(&read, &read.facts)
    }

    fn apply(&self, emit: Emit<'_>) -> Result<Applied> {
        // Before anything is read that the plan depends on.
        let _locks = self.both.lock()?;
        let read = self.both.read(emit)?;
        let Planned { plan, scripts } = self.planned(&read, &read.facts)?;
        let application = Application {
            plan: &plan,
            scripts: &scripts,
            details: details(&plan),
            digest: &self.asked()?.digest,
            locks: self.both.lock_names(),
            reviewed: self.request.out_dir,
        };
        apply::apply(&self.both.prod.target, &application, &document(&plan, &scripts), emit)
    }

    /// The plan and its scripts. `facts` are those that were read, or what is to become of them.
    fn planned(&self, read: &BothRead, facts: &Facts) -> Result<Planned> {
        let planned = planned(facts, self.request.wishes)?;
        match &read.unread {
            Some(unread) if self.request.mode == Mode::Apply => bail!(Refusal(format!(
                "{}. --apply would hide what the copy loses. Let the user of {}'s connection read the \
                 catalogue, or write the script without --apply, review it, and execute it with the \
                 warehouse's own client",
                unread_catalogue(unread),
                facts.to
            ))),
            _ => Ok(planned),
        }
    }

    /// What this call is about, by which a later call is known to be the same.
    fn asked(&self) -> Result<Asked<'_>> {
        // How it is compared afterwards does not make it another promotion.
        let Wishes { strategy, replace, resume, sync, verify: _ } = self.request.wishes;
        let facts = &self.both.facts;
        let all = (&facts.from, &facts.to, &facts.selection, &facts.manifests);
        let text =
            serde_json::to_vec(&(all, strategy, replace, resume, sync)).context("cannot write JSON")?;
        Ok(Asked {
            to: &facts.to,
            models: facts.models.iter().map(|model| model.name.as_str()).collect(),
            digest: short_digest(&text),
        })
    }
}

/// Whether `--out-dir` can be written, before anything that takes its time.
fn check_out_dir(folder: &Utf8Path) -> Result<()> {
    fs::create_dir_all(folder)
        .and_then(|()| tempfile::tempfile_in(folder).map(drop))
        .with_context(|| format!("cannot write to --out-dir {folder}"))
}
