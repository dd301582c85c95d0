//! The loop's driver for the real world: dbt on the user's project.

use anyhow::Result;
use camino::Utf8PathBuf;
use serde_json::{Value, json};

use super::driver::{Driver, GoodRun, RunRequest};
use super::last_run;
use super::preflight::FirstRun;
use super::tidy;
use super::workspace::Workspace;
use crate::dbt::{RunCall, RunReport, SelectionArguments};
use crate::event::Emit;
use crate::snowplow::{Observation, Scope};
use crate::timestamp::Timestamp;
use crate::warehouse::{FirstEvent, Reader};

/// dbt, with everything that is the same from run to run.
#[derive(Debug)]
pub struct DbtDriver<'a> {
    /// Reads tables; its `dbt` also runs.
    pub reader: &'a Reader,
    /// Where to write.
    pub workspace: &'a Workspace,
    /// What is built.
    pub scope: &'a Scope,
    /// The user's selection.
    pub selection: &'a SelectionArguments,
    /// `--start-date`.
    pub start_date: Option<Timestamp>,
    /// What the first run does besides.
    pub first_run: &'a FirstRun,
    /// `--threads`.
    pub threads: Option<u32>,
    /// What the user put behind `--`.
    pub extra: &'a [String],
}

impl DbtDriver<'_> {
    /// Text for `--vars`. The same for all runs with one limit: other vars than last time would make dbt parse the whole
    /// project again. The order of the keys is part of that.
    fn vars(&self, limit_days: u32, is_first: bool) -> Result<String> {
        let mut own: Vec<(&str, Value)> = vec![
            ("models_to_run", json!(self.scope.models_to_run)),
            ("snowplow__backfill_limit_days", json!(limit_days)),
        ];
        if let Some(start_date) = self.start_date {
            own.push(("snowplow__start_date", json!(start_date.to_string())));
        }
        if is_first && self.first_run.full_refresh {
            own.push(("snowplow__allow_refresh", json!(true)));
        }
        if is_first && !self.first_run.remove.is_empty() {
            own.push(("models_to_remove", json!(self.first_run.remove)));
        }
        self.reader.vars.with(&own)
    }

    /// One file for all selections of the same packages: these share the tables that the file is about.
    fn last_run(&self) -> Utf8PathBuf {
        let packages = self.scope.packages.iter().map(|touched| touched.package.name.as_str());
        self.workspace.last_run(&packages.collect::<Vec<_>>().join("+"))
    }
}

impl Driver for DbtDriver<'_> {
    fn observe(&mut self, emit: Emit<'_>) -> Result<Observation> {
        self.reader.observe(emit).map(|(observation, _)| observation)
    }

    fn first_events(&mut self, asked: &[(usize, Timestamp)], emit: Emit<'_>) -> Result<Vec<FirstEvent>> {
        self.reader.first_events(asked, emit)
    }

    fn last_good_run(&mut self) -> Option<GoodRun> {
        last_run::read(&self.last_run(), |limit_days| self.vars(limit_days, false).ok())
    }

    fn remember(&mut self, run: Option<&GoodRun>) -> Result<()> {
        match run {
            Some(run) => last_run::write(&self.last_run(), self.vars(run.limit_days, false)?, run),
            None => last_run::forget(&self.last_run()),
        }
    }

    fn run(&mut self, request: RunRequest, emit: Emit<'_>) -> Result<RunReport> {
        let is_first = request.number == 1 && !self.first_run.is_regular();
        let call = RunCall {
            number: request.number,
            selection: self.selection.clone(),
            vars: self.vars(request.limit_days, is_first)?,
            full_refresh: is_first && self.first_run.full_refresh,
            threads: self.threads,
            extra: self.extra.to_vec(),
            target_path: self.workspace.run_target(request.limit_days, is_first),
            log_path: self.workspace.logs(&format!("run-{:04}", request.number)),
            expected: self.scope.built.clone(),
        };
        // Another call of this target may be tidying up.
        let _in_use = tidy::mark(&call.target_path);
        self.reader.dbt.run(&call, emit)
    }
}
