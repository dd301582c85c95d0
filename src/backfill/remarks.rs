//! What the loop remarks. Remarks end nothing and decide nothing.

use super::driver::Driver;
use super::verdict::Verdict;
use crate::event::{Emit, Event};
use crate::snowplow::{EventQuestion, Frontier, Observation, PackageTables};
use crate::timestamp::Timestamp;

/// Notes events that lie in a window up to now, although the package did not move. Most of them do not
/// concern the package, but it looks the same if its base models still hold what an earlier run left there.
pub(super) fn report_events_left(driver: &mut impl Driver, verdicts: &[Verdict], emit: Emit<'_>) {
    let stays = verdicts.iter().filter_map(|verdict| {
        let at = verdict.after.frontier().time()?;
        (verdict.before.frontier() == verdict.after.frontier()).then_some((verdict, at))
    });
    let stays: Vec<_> = stays.collect();
    if stays.is_empty() {
        return;
    }
    let question = |&(verdict, at): &(&Verdict, Timestamp)| EventQuestion {
        package: verdict.package.clone(),
        from: at.plus_micros(1),
    };
    let asked: Vec<_> = stays.iter().map(question).collect();
    // The backfill is done, even if the warehouse no longer answers.
    let Ok(answers) = driver.first_events(&asked, emit) else { return };
    for ((verdict, at), answer) in stays.into_iter().zip(answers) {
        let Some(event) = answer.time().filter(|&event| event <= verdict.window.upper) else {
            continue;
        };
        let message = format!(
            "the last event of {} is at {at}, and its events relation has a later one, at {event}. Usually \
             the package's own filters leave it out (snowplow__app_id, event names, late events)",
            verdict.package.name
        );
        emit(Event::Note { message });
    }
}

/// Warns of packages that have reached `until` while others have not: a run builds all of them. Whether there are any.
pub(super) fn report_past_until(observation: &Observation, until: Timestamp, emit: Emit<'_>) -> bool {
    let (past, behind): (Vec<_>, Vec<_>) =
        observation.packages.iter().partition(|tables| tables.has_reached(until));
    if past.is_empty() || behind.is_empty() {
        return false;
    }
    let names = |packages: &[&PackageTables]| {
        packages.iter().map(|it| it.package.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let message = format!(
        "{} has reached --until {until} and goes on with the runs that {} still needs. To keep it there, backfill the \
         packages in selections of their own",
        names(&past),
        names(&behind)
    );
    emit(Event::Warning { message });
    true
}

/// Warns of rows that something else wrote: only this backfill should change these tables while it runs.
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
                "something else changed rows of the incremental manifest of {} during this run: {}",
                new.package.name,
                moved.join(", ")
            );
            emit(Event::Warning { message });
        }
    }
}

/// Warns of packages that are caught up without any row: they have found no event.
pub(super) fn report_no_event(observation: &Observation, emit: Emit<'_>) {
    for tables in &observation.packages {
        if tables.standing().frontier() == Frontier::Nothing {
            let message = format!(
                "{} found no events. Check the vars that say which events it reads (snowplow__atomic_schema, \
                 snowplow__events_table, snowplow__app_id), and the start date",
                tables.package.name
            );
            emit(Event::Warning { message });
        }
    }
}
