//! A promotion as lines of text. Pure, but for [`say`].

use std::fmt::Write as _;
use std::io::Write as _;

use super::paint::Paint;
use crate::promote::{Action, Plan, forecast_lines};

/// Writes to stderr. With stderr gone nobody is left to tell.
pub fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn lines(text: &str, paint: Paint) -> String {
    paint.wrapped(text.trim_end()) + "\n"
}

/// What a promotion does, and what to do with its script.
#[must_use]
pub fn promotion(plan: &Plan, out_dir: Option<&str>, paint: Paint) -> String {
    let mut text = promotion_begins(plan, paint);
    for note in &plan.notes {
        let _ = writeln!(text, "  {}      {note}", paint.dim("note"));
    }
    let next = match out_dir {
        Some(folder) => {
            format!("{folder}/promote.sql, rollback.sql and verify.sql are written; nothing was executed")
        }
        None => "nothing was executed; --apply executes it".to_owned(),
    };
    let _ = writeln!(text, "{next}");
    lines(&text, paint)
}

/// What is promoted.
#[must_use]
pub fn promotion_begins(plan: &Plan, paint: Paint) -> String {
    let mut text = format!(
        "{} {}\n",
        paint.bold(&format!("promotion {} → {}", plan.from, plan.to)),
        paint.dim(&format!("({}, {})", plan.dialect, plan.strategy))
    );
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "  {}  {value}", paint.dim(&format!("{label:<8}")));
    };
    for table in &plan.tables {
        line(
            "table",
            &match &table.action {
                Action::Create => table.facts.prod.to_string(),
                Action::Replace { backup } => {
                    format!("{} replaced, kept as {}", table.facts.prod, backup.identifier())
                }
                Action::Keep => format!("{} is there already", table.facts.prod),
            },
        );
    }
    for ledger in &plan.ledgers {
        let at = ledger.recorded().map_or_else(|| "as in staging".to_owned(), |time| format!("at {time}"));
        let names: Vec<_> = ledger.models().collect();
        line("rows", &format!("{} {at} in {}", names.join(", "), ledger.package));
    }
    if !plan.left_alone.is_empty() {
        line("as it is", &format!("{} (runs in {} already)", plan.left_alone.join(", "), plan.to));
    }
    for forecast in forecast_lines(plan) {
        line("then", &forecast);
    }
    lines(&text, paint)
}

/// A statement that was executed.
#[must_use]
pub fn statement_done(number: usize, of: usize, title: &str, paint: Paint) -> String {
    format!("  {} {title}\n", paint.dim(&format!("{number:>3}/{of}")))
}

/// The end of a promotion that was executed: what was compared, staging's value, prod's value.
#[must_use]
pub fn promoted(
    plan: &Plan,
    comparisons: &[(&str, Option<&str>, Option<&str>)],
    record: &str,
    paint: Paint,
) -> String {
    let equal = comparisons.iter().filter(|(_, staging, prod)| staging == prod).count();
    let mut text = String::new();
    for (what, staging, prod) in comparisons.iter().filter(|(_, staging, prod)| staging != prod) {
        let _ = writeln!(
            text,
            "  {} {what}: {} in staging, {} in prod",
            paint.error("differs"),
            staging.unwrap_or("nothing"),
            prod.unwrap_or("nothing")
        );
    }
    let _ = writeln!(
        text,
        "{}: {equal} of {} comparisons with staging are equal",
        if equal == comparisons.len() { paint.good("promoted") } else { paint.warning("promoted") },
        comparisons.len()
    );
    for forecast in forecast_lines(plan) {
        let _ = writeln!(text, "  {forecast}");
    }
    let _ = writeln!(
        text,
        "  {} merge the branch before prod runs again; `snowplow-backfill promote --to {} --rollback` takes the promotion back",
        paint.dim("next:"),
        plan.to
    );
    let _ = writeln!(text, "  {} {record}", paint.dim("record:"));
    lines(&text, paint)
}

/// A rollback that begins.
#[must_use]
pub fn rollback_begins(models: &str, at: &str, to: &str, paint: Paint) -> String {
    let text = format!("{} of the promotion of {models} to {to} at {at} UTC", paint.bold("rollback"));
    lines(&text, paint)
}

/// A rollback that was executed.
#[must_use]
pub fn rolled_back(models: &str, to: &str, paint: Paint) -> String {
    paint.wrapped(&format!(
        "{}: {to} is without {models}, or with what it had before",
        paint.good("taken back")
    )) + "\n"
}
