//! The real driver of the loop: dbt on the user's project.

use anyhow::Result;
use camino::Utf8PathBuf;
use serde_json::{Value, json};

use super::driver::{Driver, RunRequest};
use super::request::Request;
use crate::dbt::{RunCall, RunReport};
use crate::event::{Emit, notices};
use crate::snowplow::{EventQuestion, FirstEvent, Observation, Reader, Scope, values};
use crate::workspace::{self, GoodRun, OpenTarget, Round};

/// dbt, with everything that is the same from run to run.
#[derive(Debug)]
pub(super) struct DbtDriver<'a> {
    pub(super) target: &'a OpenTarget<'a>,
    pub(super) request: &'a Request,
    pub(super) reader: &'a Reader<'a>,
    pub(super) scope: &'a Scope,
}

impl DbtDriver<'_> {
    /// Text for `--vars`. It is the same for all runs with one limit, down to the order of the keys: dbt
    /// parses the whole project again if the vars differ from those of the last time.
    fn vars(&self, limit_days: u32, round: Round) -> Result<String> {
        let first_run = &self.request.first_run;
        let mut own: Vec<(&str, Value)> =
            vec![("models_to_run", json!(self.scope.models_to_run)), (values::LIMIT, json!(limit_days))];
        if let Some(start_date) = self.request.start_date {
            own.push((values::START_DATE, json!(start_date.to_string())));
        }
        if round == Round::First && first_run.full_refresh {
            own.push(("snowplow__allow_refresh", json!(true)));
        }
        if round == Round::First && !first_run.remove.is_empty() {
            own.push(("models_to_remove", json!(first_run.remove)));
        }
        self.target.dbt().vars().with(&own)
    }

    /// One file for all selections of the same packages, because they share the tables that the file is
    /// about.
    fn last_run(&self) -> Utf8PathBuf {
        let packages = self.scope.packages.iter().map(|touched| touched.package.name.as_str());
        self.target.workspace.last_run(&packages.collect::<Vec<_>>().join("+"))
    }
}

impl Driver for DbtDriver<'_> {
    fn observe(&mut self, emit: Emit<'_>) -> Result<Observation> {
        self.reader.observe(&mut notices(emit))
    }

    fn first_events(&mut self, asked: &[EventQuestion], emit: Emit<'_>) -> Result<Vec<FirstEvent>> {
        self.reader.first_events(asked, &mut notices(emit))
    }

    fn last_good_run(&mut self) -> Option<GoodRun> {
        workspace::read_last_run(&self.last_run(), |limit_days| self.vars(limit_days, Round::Regular).ok())
    }

    fn remember(&mut self, run: &GoodRun) -> Result<()> {
        workspace::write_last_run(&self.last_run(), self.vars(run.limit_days, Round::Regular)?, run)
    }

    fn forget(&mut self) -> Result<()> {
        workspace::forget_last_run(&self.last_run())
    }

    fn run(&mut self, run: RunRequest, emit: Emit<'_>) -> Result<RunReport> {
        let Request { selection, defer, first_run, threads, dbt_args, .. } = self.request;
        let is_first = run.number == 1 && !first_run.is_regular();
        let round = if is_first { Round::First } else { Round::Regular };
        let workspace = &self.target.workspace;
        let call = RunCall {
            number: run.number,
            target: self.target.name.as_deref(),
            selection,
            vars: self.vars(run.limit_days, round)?,
            defer,
            full_refresh: round == Round::First && first_run.full_refresh,
            threads: *threads,
            extra: dbt_args,
            target_path: workspace.run_target(run.limit_days, round),
            log_path: workspace.logs(&format!("run-{:04}", run.number)),
            expected: &self.scope.built,
            tracked: self
                .scope
                .packages
                .iter()
                .flat_map(|touched| &touched.tracked)
                .map(String::as_str)
                .collect(),
        };
        // Another call on this target may be deleting old folders.
        let _in_use = workspace::mark_in_use(&call.target_path);
        self.target.dbt().run(&call, &mut notices(emit))
    }
}
