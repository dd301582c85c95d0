//! `dbt run`: builds models, and proves that they were built.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use camino::Utf8PathBuf;

use super::diagnosis;
use super::invoke::{
    Dbt, DeferArguments, Invocation, LogFormat, SelectionArguments, VarsArgument, selects_eagerly,
};
use super::notice::{Listen, ModelFinished, Notice, Purpose};
use super::process::{Exit, Line, one_after_the_other};
use super::traceback::without_tracebacks;
use crate::dbt::artifacts::log::{LogEvent, LogLine};
use crate::dbt::artifacts::run_results::{NodeResult, RunResults, Status};
use crate::failure::{Complaint, Failure, FailureKind};

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
            failure.or_else(|| output.not_recorded(results.as_ref()?, &call.tracked, ended.exit));
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

/// What dbt printed, apart from its progress.
#[derive(Debug, Default)]
struct RunOutput {
    complaints: Vec<String>,
    text: Vec<Line>,
    /// Whether the first hook or model has begun.
    has_started: bool,
    /// Whether a hook said that it failed.
    has_failed_hook: bool,
    /// How many models have said that they finished.
    finished: u32,
    /// What was warned of while a model was built, by its `unique_id`.
    warnings: BTreeMap<String, String>,
}

impl RunOutput {
    /// Keeps the complaint or the text of a line. Returns its event, if it is one.
    fn take(&mut self, line: Line) -> Option<Box<LogEvent>> {
        match line {
            Line::Out(line) => match LogLine::parse(&line) {
                LogLine::Event(event) => {
                    // Some are told once for each batch of a model.
                    let complaint =
                        event.complaint().filter(|said| !self.complaints.iter().any(|it| it == said));
                    self.complaints.extend(complaint.map(str::to_owned));
                    self.has_started |= event.is_a_start();
                    self.has_failed_hook |= event.is_failed_hook();
                    if let (Some(node), Some(warning)) = (&event.data.node_info, event.warning()) {
                        self.warnings.insert(node.unique_id.clone(), warning.to_owned());
                    }
                    return Some(event);
                }
                LogLine::Text(text) => self.text.push(Line::Out(text)),
            },
            Line::Err(_) => self.text.push(line),
        }
        None
    }

    /// A model that finished, with its place among the models of the run if dbt does not tell that.
    fn with_place(&mut self, finished: Finished, models: u32) -> ModelFinished {
        self.finished += 1;
        let Finished { run, place, model, status, seconds } = finished;
        let (index, total) = place.unwrap_or((self.finished, models.max(self.finished)));
        ModelFinished { run, index, total, model, status, seconds }
    }

    /// The tracked models that were built, but with a warning: Snowplow's packages do not record them, so no run can
    /// bring them up to date.
    fn not_recorded(&self, results: &RunResults, tracked: &BTreeSet<&str>, exit: Exit) -> Option<Failure> {
        let warned = results.results.iter().filter(|result| {
            result.is_model() && result.status == Status::Warn && tracked.contains(name_in(&result.unique_id))
        });
        let complaints: Vec<_> = warned
            .map(|result| {
                let told = self.warnings.get(&result.unique_id);
                let message = told.map_or("dbt does not say what it warns of", String::as_str);
                Complaint { node: Some(result.unique_id.clone()), message: message.to_owned() }
            })
            .collect();
        (!complaints.is_empty()).then(|| failure(exit, FailureKind::NotRecorded, complaints))
    }

    /// The complaints if there are any, else all text.
    fn most_telling(&self) -> String {
        // dbt 2 tells on stderr where it loads its drivers from.
        let is_telling = |line: &Line| !matches!(line, Line::Err(text) if text.starts_with("WARNING: "));
        let text =
            || one_after_the_other(self.text.iter().filter(|line| is_telling(line)).cloned().collect());
        let lines = if self.complaints.is_empty() { text() } else { self.complaints.clone() };
        without_tracebacks(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// The name in the `unique_id` of a model: `model.package.name`, or `model.package.name.v2`.
fn name_in(unique_id: &str) -> &str {
    unique_id.split('.').nth(2).unwrap_or(unique_id)
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

/// What dbt warns of. `is_meant`: whether code of models says so because of what it finds.
fn own_warning(event: &LogEvent, is_meant: bool) -> Option<&str> {
    event.warning().filter(|_| is_meant || event.info.name != "JinjaWarn")
}

/// A model of a run that has finished, as dbt says it.
struct Finished {
    run: u32,
    /// The model's place, from 1, and how many nodes the run has. dbt 2 tells neither.
    place: Option<(u32, u32)>,
    model: String,
    status: String,
    seconds: f64,
}

fn model_finished(run: u32, event: &LogEvent) -> Option<Finished> {
    if !matches!(event.info.name.as_str(), "LogModelResult" | "SkippingDetails") {
        return None;
    }
    let node = event.data.node_info.as_ref()?;
    Some(Finished {
        run,
        place: event.data.index.zip(event.data.total),
        model: node.node_name.clone(),
        status: node.node_status.clone(),
        seconds: event.data.execution_time.unwrap_or(0.0),
    })
}

/// Why the run was not good. A good run has exit code 0, and artifacts of this very call in which every
/// expected model is a success, and no other model.
fn judge(
    exit: Exit,
    results: Option<&RunResults>,
    output: &RunOutput,
    expected: &BTreeSet<String>,
) -> Option<Failure> {
    let Some(results) = results else {
        return Some(if exit.is_success() {
            unproven(exit, "dbt wrote no run_results.json".into())
        } else {
            // `dbt ls` has read this project before, so it is not the project alone.
            let usual = if output.has_failed_hook { FailureKind::Hook } else { FailureKind::Run };
            diagnosis::from_output("dbt run", exit, &output.most_telling(), usual, None)
        });
    };
    let models = complaints(results, NodeResult::is_model);
    if !models.is_empty() {
        return Some(failure(exit, FailureKind::Model, models));
    }
    let hooks = complaints(results, NodeResult::is_hook);
    if !hooks.is_empty() {
        return Some(failure(exit, kind_of_hooks(&hooks), hooks));
    }
    if let Exit::Signal(_) = exit {
        return Some(diagnosis::from_output(
            "dbt run",
            exit,
            &output.most_telling(),
            FailureKind::Silent,
            None,
        ));
    }
    if !exit.is_success() {
        // No model failed, so it was a hook: one that does not compile, or any hook of dbt 1.8 and older.
        let complaint = Complaint { node: None, message: output.most_telling() };
        return Some(failure(exit, kind_of_hooks(std::slice::from_ref(&complaint)), vec![complaint]));
    }
    let missing = not_built(results, expected);
    if !missing.is_empty() {
        let message = format!("dbt reports no success for these selected models: {}", missing.join(", "));
        return Some(unproven(exit, message));
    }
    let surplus = not_selected(results, expected);
    let message = || {
        format!(
            "dbt built models that are not in the selection as dbt ls listed it, so their packages do not know \
             of them: {}",
            surplus.join(", ")
        )
    };
    (!surplus.is_empty()).then(|| unproven(exit, message()))
}

/// A hook can say that the project is not set up: the packages' hooks ask for the consent to their licence.
fn kind_of_hooks(complaints: &[Complaint]) -> FailureKind {
    let usage = complaints.iter().find_map(|complaint| diagnosis::usage_by_words(&complaint.message));
    usage.unwrap_or(FailureKind::Hook)
}

fn failure(exit: Exit, kind: FailureKind, complaints: Vec<Complaint>) -> Failure {
    let hint = complaints.iter().find_map(|complaint| diagnosis::hint(kind, &complaint.message));
    Failure { call: "dbt run".into(), kind, exit: exit.to_string(), complaints, log: None, hint }
}

fn unproven(exit: Exit, message: String) -> Failure {
    failure(exit, FailureKind::Unproven, vec![Complaint { node: None, message }])
}

/// What dbt says about the nodes of one kind that failed.
fn complaints(results: &RunResults, is_of_kind: fn(&NodeResult) -> bool) -> Vec<Complaint> {
    let failed = results.results.iter().filter(|result| result.status == Status::Error && is_of_kind(result));
    failed
        .map(|result| Complaint {
            node: Some(result.unique_id.clone()),
            message: result.message.clone().unwrap_or_default(),
        })
        .collect()
}

/// The expected models that are no success in the artifacts, with dbt's word for what they are.
fn not_built(results: &RunResults, expected: &BTreeSet<String>) -> Vec<String> {
    let told: BTreeMap<_, _> = results.results.iter().map(|result| (&result.unique_id, result)).collect();
    let missing = expected.iter().filter(|id| !told.get(id).is_some_and(|result| result.is_built()));
    let status = |id: &String| match told.get(id).map(|result| &result.status) {
        None | Some(Status::Success | Status::Warn | Status::Error) => String::new(),
        Some(Status::Skipped) => " (skipped)".to_owned(),
        Some(Status::Other(word)) => format!(" ({word})"),
    };
    missing.map(|id| format!("{id}{}", status(id))).collect()
}

/// The models that were built without being expected.
fn not_selected<'r>(results: &'r RunResults, expected: &BTreeSet<String>) -> Vec<&'r str> {
    let built = results.results.iter().filter(|result| result.status != Status::Skipped && result.is_model());
    built.map(|result| result.unique_id.as_str()).filter(|id| !expected.contains(*id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(nodes: &[(&str, &str)]) -> RunResults {
        let results: Vec<_> = nodes
            .iter()
            .map(|(id, status)| serde_json::json!({"unique_id": id, "status": status, "message": format!("{id}: \
                                                                                                          {status}")}))
            .collect();
        serde_json::from_value(serde_json::json!({"metadata": {}, "results": results})).expect("run results")
    }

    fn kind(exit: i32, nodes: Option<&[(&str, &str)]>, complaint: &str) -> Option<FailureKind> {
        let output = RunOutput { complaints: vec![complaint.to_owned()], ..RunOutput::default() };
        let expected = BTreeSet::from(["model.p.a".to_owned(), "model.p.b".to_owned()]);
        judge(Exit::Code(exit), nodes.map(results).as_ref(), &output, &expected).map(|failure| failure.kind)
    }

    #[test]
    fn a_good_run_needs_proof() {
        let both = [("model.p.a", "success"), ("model.p.b", "success"), ("operation.p.h", "success")];
        assert_eq!(kind(0, Some(&both), ""), None);
        assert_eq!(kind(0, None, ""), Some(FailureKind::Unproven));
        assert_eq!(kind(0, Some(&both[..1]), ""), Some(FailureKind::Unproven));
        let surplus = ("model.p.c", "success");
        assert_eq!(kind(0, Some(&[both[0], both[1], surplus]), ""), Some(FailureKind::Unproven));
        assert_eq!(
            kind(0, Some(&[("model.p.a", "success"), ("model.p.b", "skipped")]), ""),
            Some(FailureKind::Unproven)
        );
    }

    #[test]
    fn tells_models_hooks_project_and_connection_apart() {
        let both = [("model.p.a", "success"), ("model.p.b", "success")];
        assert_eq!(
            kind(1, Some(&[("model.p.a", "error"), ("model.p.b", "skipped")]), ""),
            Some(FailureKind::Model)
        );
        assert_eq!(
            kind(1, Some(&[both[0], both[1], ("operation.p.h", "error")]), ""),
            Some(FailureKind::Hook)
        );
        assert_eq!(kind(2, Some(&both), "No enabled models identified."), Some(FailureKind::Hook));
        assert_eq!(
            kind(2, Some(&both), "Please set snowplow__license_accepted to true"),
            Some(FailureKind::Setup)
        );
        assert_eq!(kind(2, None, "Compilation Error"), Some(FailureKind::Run));
        assert_eq!(kind(2, None, "Invalid selector spec"), Some(FailureKind::Selection));
        assert_eq!(kind(2, None, "could not connect to server"), Some(FailureKind::Connection));
    }

    #[test]
    fn stamps_differ() {
        assert_ne!(new_stamp(), new_stamp());
    }
}
