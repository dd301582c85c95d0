//! What the loop warns about: it ends nothing, and decides nothing.

use super::decision::Verdict;
use super::driver::Driver;
use crate::event::{Emit, Event};
use crate::snowplow::{EventQuestion, Frontier, Observation};

/// Events that a window which reached now has left behind, for packages that did not move. Most are of no concern to the
/// package, but it looks the same where its base models hold what an earlier run left there.
pub(super) fn report_events_left(driver: &mut impl Driver, verdicts: &[Verdict], emit: Emit<'_>) {
    let stays = verdicts.iter().filter_map(|verdict| {
        let at = verdict.after.frontier().time()?;
        (verdict.before.frontier() == verdict.after.frontier()).then_some((verdict, at))
    });
    let stays: Vec<_> = stays.collect();
    if stays.is_empty() {
        return;
    }
    let question = |&(verdict, at): &(&Verdict, crate::timestamp::Timestamp)| EventQuestion {
        package: verdict.package.clone(),
        from: at.plus_micros(1),
    };
    let asked: Vec<_> = stays.iter().map(question).collect();
    // The backfill is done: a warehouse that does not answer any more changes nothing about that.
    let Ok(answers) = driver.first_events(&asked, emit) else { return };
    for ((verdict, at), answer) in stays.into_iter().zip(answers) {
        let Some(event) = answer.time().filter(|&event| event <= verdict.window.upper) else {
            continue;
        };
        let message = format!(
            "{} stays at {at}, although the events relation has a later event, at {event}: either the package leaves it out \
             (snowplow__app_id, its own event names, events that come too late), or its base models were not built anew",
            verdict.package.name
        );
        emit(Event::Warning { message });
    }
}

/// Only runs of these models should write these tables while the backfill runs.
pub(super) fn report_foreign_rows(before: &Observation, after: &Observation, emit: Emit<'_>) {
    for new in &after.packages {
        let Some(old) = before.package(&new.package.name) else { continue };
        let moved: Vec<_> = new
            .rows
            .iter()
            .filter(|row| !new.package.tracks(&row.model) && !old.rows.contains(row))
            .map(|row| row.model.as_str())
            .collect();
        if !moved.is_empty() {
            let message = format!(
                "someone else moved rows of the incremental manifest of {} during this run: {}",
                new.package.name,
                moved.join(", ")
            );
            emit(Event::Warning { message });
        }
    }
}

/// Packages that are caught up without any row have found no event.
pub(super) fn report_no_event(observation: &Observation, emit: Emit<'_>) {
    for tables in &observation.packages {
        if tables.standing().frontier() == Frontier::Nothing {
            let message = format!(
                "{} found no event at all: is it pointed at the right events (snowplow__atomic_schema, \
                 snowplow__events_table, snowplow__app_id), and is the start date right?",
                tables.package.name
            );
            emit(Event::Warning { message });
        }
    }
}
