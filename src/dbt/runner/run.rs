//! `dbt run`: builds models, and proves that they were built.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use camino::Utf8PathBuf;

use super::arguments::{DeferArguments, SelectionArguments};
use super::invoke::{Dbt, Invocation, LogFormat, VarsArgument, selects_eagerly};
use super::judge::{judge, not_recorded};
use super::notice::{Listen, Notice, Purpose};
use super::run_output::{RunOutput, model_finished, name_in, own_warning};
use crate::dbt::artifacts::run_results::{NodeResult, RunResults};
use crate::failure::Failure;

/// The variable that marks a run's artifacts, and the name under which dbt records it.
const STAMP_VARIABLE: &str = "DBT_ENV_CUSTOM_ENV_SNOWPLOW_BACKFILL";
const STAMP_NAME: &str = "SNOWPLOW_BACKFILL";

/// What a call of `dbt run` needs.
#[derive(Debug, Clone)]
pub struct RunCall<'a> {
    /// The run's number within the backfill, from 1.
    pub number: u32,
    /// `--target`; none for dbt's default.
    pub target: Option<&'a str>,
    /// The models to build.
    pub selection: &'a SelectionArguments,
    /// The text for `--vars`.
    pub vars: String,
    /// `--defer` and what belongs to it.
    pub defer: &'a DeferArguments,
    /// `--full-refresh`.
    pub full_refresh: bool,
    /// `--threads`.
    pub threads: Option<u32>,
    /// The arguments that the user gave after `--`.
    pub extra: &'a [String],
    /// A target path for runs with these vars alone, so that dbt's parse cache stays valid.
    pub target_path: Utf8PathBuf,
    /// A folder for the log of this run alone.
    pub log_path: Utf8PathBuf,
    /// `unique_id` of every model that the run must build.
    pub expected: &'a BTreeSet<String>,
    /// Names of the tracked ones among them.
    pub tracked: BTreeSet<&'a str>,
}

/// The result of a `dbt run`.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Wall time in seconds.
    pub seconds: f64,
    /// How many models were built.
    pub models: u32,
    /// Rows that the models' last statements touched, if the adapter counts them.
    pub rows: Option<u64>,
    /// Why this is not a good run; none if it is one.
    pub failure: Option<Failure>,
    /// Whether a signal ended it before it was done.
    pub interrupted: bool,
}

impl Dbt {
    /// Runs dbt once. A run that fails gives a report with a failure, not an error.
    ///
    /// # Errors
    /// dbt cannot be started, or its artifacts cannot be read.
    pub fn run(&self, call: &RunCall<'_>, listen: Listen<'_>) -> Result<RunReport> {
        let stamp = new_stamp();
        let dialect = self.dialect(listen)?;
        let invocation = self.invocation(call, &stamp);
        let mut output = RunOutput::default();
        let ended = self.invoke(&invocation, listen, |line, listen| {
            let event = output.take(line);
            let has_started = output.has_started;
            let own = |event| own_warning(event, has_started || !dialect.warns_while_it_parses());
            if let Some(warning) = event.as_deref().and_then(own) {
                let node = event.as_deref().and_then(|event| event.data.node_info.as_ref());
                let node = node.map_or_else(String::new, |node| format!("{}: ", name_in(&node.unique_id)));
                let lines: Vec<_> = warning.lines().map(str::trim).collect();
                self.warn_once(format!("dbt: {node}{}", lines.join("\n  ")), listen);
            }
            let counted = u32::try_from(call.expected.len()).unwrap_or(u32::MAX);
            let finished = event.and_then(|event| model_finished(call.number, &event));
            if let Some(finished) = finished.map(|finished| output.with_place(finished, counted)) {
                listen(Notice::ModelFinished(finished));
            }
        })?;

        let results =
            RunResults::read_stamped(&call.target_path.join("run_results.json"), STAMP_NAME, &stamp)?;
        let results = results.filter(|results| {
            !(dialect.calls_models_errors_after_an_abort() && results.tell_only_of_an_abort())
        });
        let told = results.iter().flat_map(|results| &results.results);
        let told: BTreeMap<_, _> = told.map(|result| (result.unique_id.as_str(), result)).collect();
        let interrupted = self.interrupt.asked().is_some() && !ended.exit.is_success();
        let failure = judge(ended.exit, results.as_ref(), &output, call.expected);
        let mut failure =
            failure.or_else(|| not_recorded(&output, results.as_ref()?, &call.tracked, ended.exit));
        if let Some(failure) = &mut failure {
            failure.log = Some(invocation.log_file());
        }
        let good = || told.values().filter(|result| result.is_built() && result.is_model());
        Ok(RunReport {
            seconds: ended.took.as_secs_f64(),
            models: u32::try_from(good().count()).unwrap_or(u32::MAX),
            rows: sum_rows(good().copied()).filter(|rows| *rows > 0 || dialect.counts_rows()),
            failure,
            interrupted,
        })
    }

    fn invocation<'a>(&'a self, call: &'a RunCall<'_>, stamp: &str) -> Invocation<'a> {
        let mut trailing = call.defer.arguments();
        if call.full_refresh {
            trailing.push("--full-refresh".to_owned());
        }
        if let Some(threads) = call.threads {
            trailing.extend(["--threads".to_owned(), threads.to_string()]);
        }
        trailing.extend(call.extra.iter().cloned());
        Invocation {
            purpose: Purpose::Run,
            subcommand: "run",
            log_format: LogFormat::Json,
            project_directory: &self.project_directory,
            target: call.target,
            target_path: &call.target_path,
            log_path: &call.log_path,
            settings: &[],
            arguments: Vec::new(),
            selection: Some(call.selection),
            vars: VarsArgument::Text(&call.vars),
            trailing,
            variables: vec![(STAMP_VARIABLE, stamp.to_owned()), selects_eagerly()],
        }
    }
}

/// A mark that no other run has, of this process or another.
fn new_stamp() -> String {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let now = chrono::Utc::now().timestamp_micros();
    format!("{now}-{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed))
}

fn sum_rows<'a>(results: impl Iterator<Item = &'a NodeResult>) -> Option<u64> {
    results
        .filter_map(|result| result.adapter_response.rows_affected)
        .filter_map(|rows| u64::try_from(rows).ok())
        .reduce(u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_differ() {
        assert_ne!(new_stamp(), new_stamp());
    }
}
