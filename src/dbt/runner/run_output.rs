//! What dbt prints while it runs models.

use std::collections::BTreeMap;

use super::notice::ModelFinished;
use super::process::{Line, one_after_the_other};
use super::traceback::without_tracebacks;
use crate::dbt::artifacts::log::{LogEvent, LogLine};

/// What dbt printed, apart from its progress.
#[derive(Debug, Default)]
pub(super) struct RunOutput {
    pub(super) complaints: Vec<String>,
    pub(super) text: Vec<Line>,
    /// Whether the first hook or model has begun.
    pub(super) has_started: bool,
    /// Whether a hook said that it failed.
    pub(super) has_failed_hook: bool,
    /// How many models have said that they finished.
    pub(super) finished: u32,
    /// What was warned of while a model was built, by its `unique_id`.
    pub(super) warnings: BTreeMap<String, String>,
}

impl RunOutput {
    /// Keeps the complaint or the text of a line. Returns its event, if it is one.
    pub(super) fn take(&mut self, line: Line) -> Option<Box<LogEvent>> {
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
    pub(super) fn with_place(&mut self, finished: Finished, models: u32) -> ModelFinished {
        self.finished += 1;
        let Finished { run, place, model, status, seconds } = finished;
        let (index, total) = place.unwrap_or((self.finished, models.max(self.finished)));
        ModelFinished { run, index, total, model, status, seconds }
    }

    /// The complaints if there are any, else all text.
    pub(super) fn most_telling(&self) -> String {
        // dbt 2 tells on stderr where it loads its drivers from.
        let is_telling = |line: &Line| !matches!(line, Line::Err(text) if text.starts_with("WARNING: "));
        let text =
            || one_after_the_other(self.text.iter().filter(|line| is_telling(line)).cloned().collect());
        let lines = if self.complaints.is_empty() { text() } else { self.complaints.clone() };
        without_tracebacks(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// The name in the `unique_id` of a model: `model.package.name`, or `model.package.name.v2`.
pub(super) fn name_in(unique_id: &str) -> &str {
    unique_id.split('.').nth(2).unwrap_or(unique_id)
}

/// What dbt warns of. `is_meant`: whether code of models says so because of what it finds.
pub(super) fn own_warning(event: &LogEvent, is_meant: bool) -> Option<&str> {
    event.warning().filter(|_| is_meant || event.info.name != "JinjaWarn")
}

/// A model of a run that has finished, as dbt says it.
pub(super) struct Finished {
    pub(super) run: u32,
    /// The model's place, from 1, and how many nodes the run has. dbt 2 tells neither.
    pub(super) place: Option<(u32, u32)>,
    pub(super) model: String,
    pub(super) status: String,
    pub(super) seconds: f64,
}

pub(super) fn model_finished(run: u32, event: &LogEvent) -> Option<Finished> {
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
