//! One backfill of one target: open, forecast, run. Every command that backfills or looks ahead uses it.

use std::cell::Cell;

use anyhow::{Result, bail};
use camino::Utf8Path;

use super::dbt_driver::DbtDriver;
use super::engine::Loop;
use super::forecast;
use super::limits::{self, First, Limits};
use super::manifest_preflight::{self, Look};
use super::preflight;
use super::remarks;
use super::request::Request;
use super::selected::Selected;
use super::sources::{self, Troubles};
use crate::event::{Emit, Event, LimitRaised, PackageState, Start, notices};
use crate::failure::Refusal;
use crate::outcome::Outcome;
use crate::snowplow::{Observation, Reader};
use crate::warehouse::Dialect;
use crate::workspace::OpenTarget;

/// A backfill that is open: dbt has listed its selection, and no table has been read.
#[derive(Debug)]
pub struct Backfill<'a> {
    target: &'a OpenTarget<'a>,
    request: &'a Request,
    selected: Selected,
    reader: Reader<'a>,
    /// What is wrong with the vars of each package.
    troubles: Troubles,
}

/// What would happen next.
#[derive(Debug)]
pub struct NextRuns {
    /// The tables as they are.
    pub observation: Observation,
    /// What each package does next.
    pub states: Vec<PackageState>,
    /// Whether the preflight lets it run.
    pub preflight: Result<()>,
}

impl NextRuns {
    /// There is no next run.
    fn forget_windows(&mut self) {
        self.states.iter_mut().for_each(|state| state.window = None);
    }
}

/// What the first run would be.
#[derive(Debug)]
pub struct FirstRunAhead {
    pub next: NextRuns,
    /// Its `snowplow__backfill_limit_days`.
    pub limit_days: u32,
    /// Why that is more than the user's.
    pub raised: Option<LimitRaised>,
}

impl<'a> Backfill<'a> {
    /// Asks dbt what the selection holds, and finds the tables of its packages.
    ///
    /// # Errors
    /// dbt fails; the selection cannot be backfilled; an unsupported warehouse; a folder that cannot be
    /// written.
    pub fn open(target: &'a OpenTarget<'a>, request: &'a Request, emit: Emit<'_>) -> Result<Self> {
        let selected = Selected::list(target, &request.selection, &request.dbt_args, emit)?;
        selected.check_defer(&request.defer)?;
        selected.check_refresh(&request.first_run)?;
        let look =
            Look { scope: &selected.scope, manifest: &selected.listing.manifest, project: target.project() };
        manifest_preflight::check(look, emit)?;
        selected.warn_of_protected(&request.first_run, emit);
        let dialect: Dialect = selected.listing.manifest.metadata.adapter_type.parse()?;
        let touched = selected.scope.packages.iter();
        let read =
            |touched| sources::read(target, &selected, touched, dialect, request.start_date, &mut *emit);
        let (packages, troubles): (Vec<_>, Vec<_>) =
            touched.map(read).collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let troubles = troubles.into_iter().flatten().collect();
        let reader = Reader { querier: target.querier()?, dialect, packages, told: Cell::new(false) };
        Ok(Self { target, request, selected, reader, troubles })
    }

    /// The first event of the backfill.
    #[must_use]
    pub fn start(&self, journal: Option<&Utf8Path>) -> Start {
        let Request { options, first_run, .. } = self.request;
        self.selected.start(self.target, options.limit_days, first_run, journal.map(Utf8Path::to_owned))
    }

    /// Reads the tables, and works out what happens next.
    ///
    /// # Errors
    /// The tables cannot be read. Usage: an incremental manifest does not exist, and nothing would create it.
    pub fn forecast(&self, emit: Emit<'_>) -> Result<NextRuns> {
        let Request { options, first_run, .. } = self.request;
        let observation = self.reader.observe(&mut notices(emit))?;
        self.require_manifests(&observation)?;
        let found = first_run.applied_to(&observation);
        let states = forecast::first_states(&found, options.limit_days, options.until);
        let preflight = preflight::refuse_troubles(&self.troubles, &states)
            .and_then(|()| preflight::check(&observation, first_run));
        if preflight.is_ok() {
            let ahead = found.packages.iter().filter_map(|it| preflight::rows_ahead(it, observation.now));
            ahead.for_each(|message| emit(Event::Warning { message }));
        }
        Ok(NextRuns { observation, states, preflight })
    }

    /// The same with the limit of the first run, which may need to know where events are. Changes nothing.
    ///
    /// # Errors
    /// As [`Self::forecast`].
    pub fn look_ahead(&self, emit: Emit<'_>) -> Result<FirstRunAhead> {
        let Request { options, first_run, .. } = self.request;
        let next = self.forecast(emit)?;
        let mut ahead = FirstRunAhead { next, limit_days: options.limit_days, raised: None };
        if ahead.next.preflight.is_err() {
            return Ok(ahead);
        }
        let found = first_run.applied_to(&ahead.next.observation);
        if let Some(until) = options.until
            && found.packages.iter().all(|tables| tables.has_reached(until))
        {
            return Ok(ahead);
        }
        let raised = &mut ahead.raised;
        let emit: Emit<'_> = &mut |event| match event {
            Event::LimitRaised(limit) => *raised = Some(limit),
            other => emit(other),
        };
        match (Limits { driver: &mut self.driver(), options, first_run }).at_start(&found, &mut *emit) {
            Ok(First::NothingUntil(refusal)) if !limits::has_begun(&found) => {
                ahead.next.preflight = Err(refusal.into());
                ahead.next.forget_windows();
            }
            Ok(First::NothingUntil(_) | First::ReachedBefore { .. }) => ahead.next.forget_windows(),
            Ok(First::Limit(limit)) => {
                if let Some(until) = options.until {
                    remarks::report_past_until(&found, until, emit);
                }
                ahead.limit_days = limit.days;
                let with_limit = forecast::states(&found, limit.days);
                for (state, with_limit) in ahead.next.states.iter_mut().zip(with_limit) {
                    state.window = with_limit.window;
                }
            }
            Err(error) if error.is::<Refusal>() => ahead.next.preflight = Err(error),
            Err(error) => return Err(error),
        }
        Ok(ahead)
    }

    fn driver(&self) -> DbtDriver<'_> {
        DbtDriver {
            target: self.target,
            request: self.request,
            reader: &self.reader,
            scope: &self.selected.scope,
        }
    }

    /// Whether no model is selected, so that the whole project is run.
    #[must_use]
    pub fn is_whole_project(&self) -> bool {
        self.selected.is_whole_project
    }

    /// Warns of the parts of the selection that match nothing.
    pub fn warn_of_unmatched(&self, emit: Emit<'_>) {
        self.selected.warn_of_unmatched(emit);
    }

    /// Runs until the selection is caught up, or something ends it. Emits everything from the start to the
    /// end.
    ///
    /// # Errors
    /// A [`Refusal`] of the preflight or the lock. The tables cannot be read. Usage:
    /// a part of the selection matches nothing.
    pub fn run(&self, journal: Option<&Utf8Path>, emit: Emit<'_>) -> Result<Outcome> {
        self.selected.listing.require_matches()?;
        self.warn_of_unmatched(emit);
        emit(Event::BackfillStarted(self.start(journal)));
        let _lock = self.target.lock([self.selected.lock_name()])?;
        self.target.workspace.forget_old_limits();
        let NextRuns { observation, states, preflight } = self.forecast(emit)?;
        emit(Event::StateRead { now: observation.now, packages: states });
        preflight?;
        Loop {
            driver: &mut self.driver(),
            options: &self.request.options,
            first_run: &self.request.first_run,
            interrupt: self.target.dbt().interrupt(),
        }
        .run(&observation, emit)
    }

    /// dbt has to create the incremental manifests that do not exist yet: the first model that is built reads
    /// them.
    fn require_manifests(&self, observation: &Observation) -> Result<()> {
        for touched in &self.selected.scope.packages {
            let id = &touched.package.incremental_manifest;
            let is_there = observation.package(&touched.package.name).is_some_and(|it| it.has_manifest);
            let manifest = &self.selected.listing.manifest;
            let name = manifest.node(id).map_or(id.as_str(), |node| &node.name);
            // The hook runs even if the model of the incremental manifest fails, and then writes into the other one.
            let may_be_missing = !is_there || self.request.first_run.full_refresh;
            if self.request.defer.defer
                && may_be_missing
                && let Some(model) = self.selected.apart_from_manifest(touched)
            {
                bail!(Refusal(format!(
                    "with --defer, the row of {model} could be written into the environment that --state \
                     describes, because {model} is not built from {name}, which has no table here yet. Run once \
                     without --defer first"
                )));
            }
            if !is_there && self.request.defer.defer && !self.request.first_run.remove.is_empty() {
                bail!(Refusal(format!(
                    "with --defer, --remove-from-manifest would remove rows of the environment that --state \
                     describes, because this target has no {name} yet. Leave out --remove-from-manifest: \
                     there is nothing to remove"
                )));
            }
            if !is_there && !self.selected.scope.built.contains(id) {
                bail!(
                    "the incremental manifest {name} does not exist yet and is not selected, so nothing \
                     would create it. Select the model with its ancestors, as in --select +my_model, and do \
                     not exclude it"
                );
            }
        }
        Ok(())
    }
}
