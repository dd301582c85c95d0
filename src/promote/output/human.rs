//! A promotion as lines of text. Pure.

use std::fmt::Write as _;

use super::backups::size_text;
use super::drops;
use super::lines::lines;
use crate::output::Paint;
use crate::promote::apply::{Applied, Comparison, News, PromotionRecord, Stage};
use crate::promote::plan::{Action, Plan, Verification};
use crate::promote::sql::{forecast_lines, room_lines};

/// A step of a promotion, as it happens.
#[must_use]
pub fn news(news: &News<'_>, paint: Paint) -> String {
    match news {
        News::Begins(plan) => begins(plan, paint),
        News::Finishes(record) => finishes(record, paint),
        News::StatementDone { number, total, title } => statement_done(*number, *total, title, paint),
        News::LeftNothing(record) => left_nothing(record, paint),
        News::RollbackBegins(record) => rollback_begins(record, paint),
        News::RolledBack(record) => rolled_back(record, paint),
        News::DropsBackups(plan) => drops::begins(plan, paint),
    }
}

/// What a promotion does, and what to do with its script.
#[must_use]
pub fn planned(plan: &Plan, out_dir: Option<&str>, paint: Paint) -> String {
    let next = match out_dir {
        Some(folder) => {
            format!("promote.sql, rollback.sql and verify.sql are in {folder}; nothing was executed")
        }
        None => "nothing was executed; add --apply to execute it".to_owned(),
    };
    begins(plan, paint) + &lines(&next, paint)
}

/// What is promoted, and what is to be known before it is executed.
fn begins(plan: &Plan, paint: Paint) -> String {
    let mut text = format!(
        "{} {}\n",
        paint.bold(&format!("promotion {} → {}", plan.from, plan.to)),
        paint.dim(&format!("({}, {})", plan.dialect, plan.strategy))
    );
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "  {}  {value}", paint.dim(&format!("{label:<8}")));
    };
    for made in room_lines(plan) {
        line("first", &made);
    }
    for table in &plan.tables {
        line(
            "table",
            &match &table.action {
                Action::Create => table.facts.prod.to_string(),
                Action::Replace { backup } => {
                    format!("{} replaced, kept as {}", table.facts.prod, backup.identifier())
                }
                Action::Keep => format!("{} exists already", table.facts.prod),
            },
        );
    }
    for ledger in &plan.ledgers {
        let at = ledger.recorded().map_or_else(|| "as in staging".to_owned(), |time| format!("at {time}"));
        let names: Vec<_> = ledger.models().collect();
        line("rows", &format!("{} {at} in {}", names.join(", "), ledger.package));
    }
    if !plan.left_alone.is_empty() {
        line("as it is", &format!("{} (already runs in {})", plan.left_alone.join(", "), plan.to));
    }
    for forecast in forecast_lines(plan) {
        line("then", &forecast);
    }
    line("compared", &verification(plan));
    for note in &plan.notes {
        line("note", note);
    }
    lines(&text, paint)
}

/// How both sides are compared afterwards, and what that costs.
fn verification(plan: &Plan) -> String {
    if plan.verify == Some(Verification::None) {
        return "nothing afterwards".to_owned();
    }
    let of = |how| {
        let tables = plan.tables.iter().filter(move |table| plan.verification_of(table) == how);
        tables.map(|table| table.model.as_str()).collect::<Vec<_>>().join(", ")
    };
    let mut parts = Vec::new();
    for (what, how) in [("all rows of", Verification::Full), ("the number of rows of", Verification::Counts)]
    {
        let models = of(how);
        if !models.is_empty() {
            parts.push(format!("{what} {models}"));
        }
    }
    parts.push("the incremental manifests".to_owned());
    let mut text = parts.join("; ");
    if let Some(bytes) = plan.bytes_to_verify() {
        let _ = write!(text, ". That reads about {}; --verify counts reads less", size_text(bytes));
    }
    text
}

/// A statement that was executed.
fn statement_done(number: usize, of: usize, title: &str, paint: Paint) -> String {
    lines(&format!("  {} {title}", paint.dim(&format!("{number:>3}/{of}"))), paint)
}

/// A promotion that was stopped and is finished now.
fn finishes(record: &PromotionRecord, paint: Paint) -> String {
    let stopped = match &record.stage {
        Stage::Failed { statement, .. } => format!("which stopped at statement {}", statement + 1),
        _ => "which was stopped".to_owned(),
    };
    let what = paint.bold(&format!("promotion {} → {}", record.from, record.to));
    let text = format!(
        "{what} of {}, planned at {} UTC, {stopped}; it continues now",
        record.models.join(", "),
        record.at.to_the_second()
    );
    lines(&text, paint)
}

/// A promotion that was stopped, and of which prod holds nothing.
fn left_nothing(record: &PromotionRecord, paint: Paint) -> String {
    let text = format!(
        "the promotion of {} at {} UTC was stopped and left nothing in {}",
        record.models.join(", "),
        record.at.to_the_second(),
        record.to
    );
    lines(&text, paint)
}

/// The end of a promotion that was executed. `folder` is the place of its record, as it is shown.
#[must_use]
pub fn promoted(applied: &Applied, folder: &str, paint: Paint) -> String {
    let Applied { record, comparisons, .. } = applied;
    let differing: Vec<_> = comparisons.iter().filter(|comparison| !comparison.is_equal()).collect();
    let is_equal = differing.is_empty();
    let mut text = String::new();
    for Comparison { what, staging, prod } in &differing {
        let _ = writeln!(
            text,
            "  {} {what}: {} in staging, {} in prod",
            paint.error("differs"),
            staging.as_deref().unwrap_or("nothing"),
            prod.as_deref().unwrap_or("nothing")
        );
    }
    let _ = match comparisons.len() {
        0 => writeln!(text, "{}: nothing was compared with staging", paint.good("promoted")),
        all => writeln!(
            text,
            "{}: {} of {all} comparisons with staging are equal",
            if is_equal { paint.good("promoted") } else { paint.error("executed, but both sides differ") },
            all - differing.len(),
        ),
    };
    let back = format!("`snowplow-backfill promote --to {} --rollback` takes the promotion back", record.to);
    let next = if is_equal {
        for forecast in &record.forecast {
            let _ = writeln!(text, "  {forecast}");
        }
        format!("merge the branch before prod runs again; {back}")
    } else {
        format!("find out what else wrote to staging or {0} before {0} runs again; {back}", record.to)
    };
    let _ = writeln!(text, "  {} {next}", paint.dim("next:"));
    let _ = writeln!(text, "  {} {folder}", paint.dim("record:"));
    lines(&text, paint)
}

/// A rollback that begins.
fn rollback_begins(record: &PromotionRecord, paint: Paint) -> String {
    let text = format!(
        "{} of the promotion of {} to {} at {} UTC",
        paint.bold("rollback"),
        record.models.join(", "),
        record.to,
        record.at.to_the_second()
    );
    lines(&text, paint)
}

/// A rollback that was executed.
fn rolled_back(record: &PromotionRecord, paint: Paint) -> String {
    let (before, new): (Vec<_>, Vec<_>) = record.models.iter().map(String::as_str).partition(|model| {
        record.recorded_before.iter().any(|recorded| recorded == model)
            || record.witnesses.tables.iter().any(|table| table.is_backup && table.model == *model)
    });
    let (kept, new): (Vec<_>, Vec<_>) =
        new.into_iter().partition(|model| record.kept.iter().any(|kept| kept == model));
    let mut said = Vec::new();
    if !new.is_empty() {
        said.push(format!("{} no longer has the rows and copies of {}", record.to, new.join(", ")));
    }
    if !kept.is_empty() {
        said.push(format!(
            "{} no longer records {}; the tables existed before and stay",
            record.to,
            kept.join(", ")
        ));
    }
    if !before.is_empty() {
        said.push(format!("{} has {} as before", record.to, before.join(", ")));
    }
    lines(&format!("{}: {}", paint.good("taken back"), said.join("; ")), paint)
}
