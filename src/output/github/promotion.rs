//! A promotion in a workflow: annotations on what went wrong, and its part of the step's summary.

use std::fmt::Write as _;

use super::paths::RepositoryPaths;
use super::workflow::{Annotation, Level};
use crate::event::{
    PromotionCompared, PromotionFinished, PromotionStarted, PromotionTask, StatementFinished,
};
use crate::output::markdown::{code, escaped};
use crate::output::paint::Paint;
use crate::output::{promotion, text};

pub(super) const STATEMENTS_HEAD: &str = "\
| | statement | rows | bytes read | time |
|--:|---|--:|--:|--:|
";

/// Where both sides do not agree; none if they do.
pub(super) fn differences(compared: &PromotionCompared) -> Option<String> {
    let differences: Vec<_> = compared.differing().map(promotion::difference).collect();
    (!differences.is_empty()).then(|| differences.join("\n"))
}

/// An annotation of what went wrong.
pub(super) fn error<'a>(title: &'a str, message: &'a str) -> Annotation<'a> {
    Annotation { level: Level::Error, file: None, line: None, title, message }
}

/// What has failed.
pub(super) fn failed(task: PromotionTask) -> &'static str {
    match task {
        PromotionTask::Promotion => "promotion failed",
        PromotionTask::Rollback => "rollback failed",
        PromotionTask::DropBackups => "backups were not dropped",
    }
}

/// The head of the summary: what is executed.
pub(super) fn summary_head(started: &PromotionStarted) -> String {
    let title = promotion::title(started);
    let mut text = format!("## {}\n\n", escaped(&capitalized(&title)));
    if started.task != PromotionTask::DropBackups {
        let continues = if started.continues { " (continued)" } else { "" };
        let _ = write!(text, "{}{continues}\n\n", escaped(&started.models.join(", ")));
    }
    for detail in &started.details {
        let _ = writeln!(text, "- {}: {}", escaped(&detail.label), escaped(&detail.text));
    }
    if !started.details.is_empty() {
        text.push('\n');
    }
    text
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

/// The row of a statement.
pub(super) fn summary_row(finished: &StatementFinished) -> String {
    let StatementFinished { statement, total, title, rows, bytes, seconds, .. } = finished;
    let rows = rows.map_or(String::new(), text::thousands);
    let bytes = bytes.map_or(String::new(), text::size);
    format!("| {statement}/{total} | {} | {rows} | {bytes} | {} |\n", escaped(title), text::seconds(*seconds))
}

/// Whether both sides agree, and where not.
pub(super) fn summary_comparison(compared: &PromotionCompared) -> String {
    let mut text = format!("\n**{}**\n", escaped(&promotion::verdict(compared, Paint::default())));
    if let Some(differences) = differences(compared) {
        let _ = write!(text, "\n{}", code(&differences));
    }
    text
}

/// How it ended, and what to do next.
pub(super) fn summary_end(finished: &PromotionFinished, paths: &RepositoryPaths) -> String {
    if let Some(error) = &finished.error {
        let failed = failed(finished.task);
        return format!("\n**{failed}**\n\n{}", code(&paths.shortened(error)));
    }
    let mut text = String::from("\n");
    for line in &finished.result {
        let _ = writeln!(text, "- {}", escaped(line));
    }
    if let Some(next) = &finished.next {
        let _ = write!(text, "\nnext: {}\n", escaped(next));
    }
    text
}
