//! The events of a promotion as lines of text. Pure.

use std::fmt::Write as _;

use super::paint::Paint;
use super::text::{seconds, size, thousands};
use crate::event::{
    Comparison, PromotionCompared, PromotionDetail, PromotionFinished, PromotionLeftNothing,
    PromotionStarted, PromotionTask, StatementFinished,
};
use crate::timestamp::Timestamp;

/// What is about to be executed.
pub(super) fn started(started: &PromotionStarted, paint: Paint) -> String {
    let PromotionStarted { to, models, planned_at, details, .. } = started;
    let planned_at = planned_at.map(Timestamp::to_the_second);
    let at = |words: &str| planned_at.as_ref().map_or(String::new(), |at| format!("{words} at {at} UTC"));
    let models = models.join(", ");
    let title = title(started);
    match started.task {
        PromotionTask::Promotion if started.continues => {
            let stopped = match started.stopped_at {
                Some(statement) => format!("which stopped at statement {statement}"),
                None => "which was stopped".to_owned(),
            };
            format!("{} of {models}{}, {stopped}; it continues now", paint.bold(&title), at(", planned"))
        }
        PromotionTask::Promotion => {
            let how = [&started.adapter, &started.strategy].into_iter().flatten();
            let how = how.map(String::as_str).collect::<Vec<_>>().join(", ");
            head(&title, Some(how.as_str()).filter(|how| !how.is_empty()), details, paint)
        }
        PromotionTask::Rollback => {
            format!("{} of the promotion of {models} to {to}{}", paint.bold(&title), at(""))
        }
        PromotionTask::DropBackups => head(&title, None, details, paint),
    }
}

/// What it is, in a few words.
pub(super) fn title(started: &PromotionStarted) -> String {
    let PromotionStarted { task, from, to, .. } = started;
    match (task, from) {
        (PromotionTask::Promotion, Some(from)) => format!("promotion {from} → {to}"),
        (PromotionTask::Promotion, None) => format!("promotion → {to}"),
        (PromotionTask::Rollback, _) => "rollback".to_owned(),
        (PromotionTask::DropBackups, _) => format!("backups in {to}"),
    }
}

/// A title, and a line for each detail.
pub fn head(title: &str, how: Option<&str>, details: &[PromotionDetail], paint: Paint) -> String {
    let how = how.map_or(String::new(), |how| format!(" {}", paint.dim(&format!("({how})"))));
    let mut text = format!("{}{how}\n", paint.bold(title));
    let width = details.iter().map(|detail| detail.label.chars().count()).max().unwrap_or(0);
    for PromotionDetail { label, text: detail } in details {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {}  {detail}", paint.dim(&format!("{label:<width$}")));
    }
    text.trim_end().to_owned()
}

/// A statement that was executed, with what the adapter tells of it.
pub(super) fn statement_finished(finished: &StatementFinished, paint: Paint) -> String {
    let StatementFinished { statement, total, title, .. } = finished;
    let place = paint.dim(&format!("{statement:>3}/{total}"));
    let told = told(finished).map_or(String::new(), |told| format!("  {told}"));
    format!("  {place} {title}{told}  {}", paint.dim(&seconds(finished.seconds)))
}

/// Rows and bytes of a statement; none where the adapter does not tell.
fn told(finished: &StatementFinished) -> Option<String> {
    let rows =
        finished.rows.map(|rows| format!("{} row{}", thousands(rows), if rows == 1 { "" } else { "s" }));
    let bytes = finished.bytes.map(|bytes| format!("{} read", size(bytes)));
    let told: Vec<_> = [rows, bytes].into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// Whether both sides agree, and where not.
pub(super) fn compared(compared: &PromotionCompared, paint: Paint) -> String {
    let mut text = String::new();
    for comparison in compared.differing() {
        let _ = writeln!(text, "  {} {}", paint.error("differs"), difference(comparison));
    }
    text + &verdict(compared, paint)
}

/// How many comparisons are equal.
pub(super) fn verdict(compared: &PromotionCompared, paint: Paint) -> String {
    let all = compared.comparisons.len();
    let equal = all - compared.differing().count();
    if all == 0 {
        return format!("{}: nothing was compared with staging", paint.good("promoted"));
    }
    let verdict = if compared.is_equal() {
        paint.good("promoted")
    } else {
        paint.error("executed, but both sides differ")
    };
    format!("{verdict}: {equal} of {all} comparisons with staging are equal")
}

pub(super) fn difference(comparison: &Comparison) -> String {
    let Comparison { what, staging, prod } = comparison;
    let or_nothing = |value: &Option<String>| value.as_deref().unwrap_or("nothing").to_owned();
    format!("{what}: {} in staging, {} in prod", or_nothing(staging), or_nothing(prod))
}

/// A promotion that was stopped before, and of which prod holds nothing.
pub(super) fn left_nothing(left: &PromotionLeftNothing) -> String {
    format!(
        "the promotion of {} at {} UTC was stopped and left nothing in {}",
        left.models.join(", "),
        left.planned_at.to_the_second(),
        left.to
    )
}

/// The end; none of one that an error stopped: the command shows that.
pub(super) fn finished(finished: &PromotionFinished, paint: Paint) -> Option<String> {
    if finished.error.is_some() {
        return None;
    }
    let PromotionFinished { result, next, folder, .. } = finished;
    let mut text = String::new();
    match finished.task {
        PromotionTask::Promotion => {
            for line in result {
                let _ = writeln!(text, "  {line}");
            }
            if let Some(next) = next {
                let _ = writeln!(text, "  {} {next}", paint.dim("next:"));
            }
            if let Some(folder) = folder {
                let _ = writeln!(text, "  {} {folder}", paint.dim("record:"));
            }
        }
        PromotionTask::Rollback => {
            let _ = write!(text, "{}: {}", paint.good("taken back"), result.join("; "));
        }
        PromotionTask::DropBackups => {
            let _ = write!(text, "{}: {}", paint.good("dropped"), result.join("; "));
        }
    }
    Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executed(rows: Option<u64>, bytes: Option<u64>) -> StatementFinished {
        StatementFinished {
            statement: 2,
            total: 12,
            title: "copy visits".into(),
            sql: "select 1".into(),
            rows,
            bytes,
            query_id: None,
            seconds: 0.44,
        }
    }

    #[test]
    fn a_statement_has_what_the_adapter_tells() {
        for (rows, bytes, told) in [
            (None, None, ""),
            (Some(1), None, "1 row  "),
            (Some(12_345), Some(3_400_000_000), "12,345 rows, 3.4 GB read  "),
            (None, Some(0), "0 B read  "),
        ] {
            let line = statement_finished(&executed(rows, bytes), Paint::default());
            assert_eq!(line, format!("    2/12 copy visits  {told}0.4s"));
        }
    }

    #[test]
    fn nothing_compared_is_no_difference() {
        let of = |sides: &[(&str, &str)]| PromotionCompared {
            comparisons: sides
                .iter()
                .map(|(staging, prod)| Comparison {
                    what: "visits: rows".into(),
                    staging: Some((*staging).to_owned()),
                    prod: Some((*prod).to_owned()),
                })
                .collect(),
        };
        let text = |sides| compared(&of(sides), Paint::default());
        assert_eq!(text(&[]), "promoted: nothing was compared with staging");
        assert_eq!(text(&[("1", "1")]), "promoted: 1 of 1 comparisons with staging are equal");
        assert_eq!(
            text(&[("1", "1"), ("2", "3")]),
            "  differs visits: rows: 2 in staging, 3 in prod\nexecuted, but both sides differ: 1 of 2 \
             comparisons with staging are equal"
        );
    }

    #[test]
    fn an_error_is_left_to_the_command() {
        let failed = PromotionFinished { error: Some("refused".into()), ..Default::default() };
        assert_eq!(finished(&failed, Paint::default()), None);
    }
}
