//! Refuses what would never end or do harm, by the tables as they are before anything runs. Pure.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::event::PackageState;
use crate::failure::Refusal;
use crate::snowplow::facts::Trouble;
use crate::snowplow::{Family, Observation, PackageTables, State};
use crate::suggest;
use crate::timestamp::Timestamp;

/// What the first run does besides building the selection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstRun {
    /// `--full-refresh`.
    pub full_refresh: bool,
    /// `--remove-from-manifest`: node names.
    pub remove: Vec<String>,
}

impl FirstRun {
    /// Whether the first run does nothing in addition.
    #[must_use]
    pub fn is_regular(&self) -> bool {
        !self.full_refresh && self.remove.is_empty()
    }

    /// The flags that ask for it.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let flags =
            [(self.full_refresh, "--full-refresh"), (!self.remove.is_empty(), "--remove-from-manifest")];
        flags.iter().filter(|(given, _)| *given).map(|(_, flag)| (*flag).to_owned()).collect()
    }

    /// The tables as the first run finds them, after dbt has dropped and deleted what it was asked to.
    #[must_use]
    pub fn applied_to(&self, observation: &Observation) -> Observation {
        let mut observation = observation.clone();
        for tables in &mut observation.packages {
            tables.rows.retain(|row| !self.full_refresh && !self.remove.contains(&row.model));
        }
        observation
    }
}

/// Checks the tables as they are, then as the first run will find them.
///
/// # Errors
/// A [`Refusal`] that says why and what to do. Usage: `--remove-from-manifest` names a model that it cannot
/// remove.
pub fn check(observation: &Observation, first_run: &FirstRun) -> Result<()> {
    for tables in &observation.packages {
        if let Some(refusal) = duplicates(tables) {
            bail!(refusal);
        }
        if first_run.full_refresh {
            refuse_lost_rows(tables)?;
        }
    }
    check_removal(observation, &first_run.remove)?;
    for tables in &first_run.applied_to(observation).packages {
        refuse_rows_without_time(tables)?;
        refuse_rows_in_the_future(tables, observation.now)?;
        match tables.package.family {
            Family::Session => refuse_start_after_rows(tables)?,
            Family::Load => refuse_load_family_traps(tables)?,
        }
    }
    Ok(())
}

/// Refuses values of vars with which a run fails or never gets anywhere. `states` is what the packages do
/// first.
///
/// # Errors
/// A [`Refusal`].
pub fn refuse_troubles(troubles: &[(String, Trouble)], states: &[PackageState]) -> Result<()> {
    let begins = |package: &str| {
        let state = states.iter().find(|state| state.package == package);
        state.is_some_and(|state| state.state.begins())
    };
    let matters = |(package, trouble): &&(String, Trouble)| !trouble.at_start_only || begins(package);
    match troubles.iter().find(matters) {
        None => Ok(()),
        Some((package, Trouble { message, advice, .. })) => {
            bail!(Refusal(format!(
                "{message}: for {package}, a run would fail or never get anywhere. {advice}"
            )))
        }
    }
}

/// With two rows of one model, models fail in every run, or a missing row is hidden and a new model is never
/// backfilled.
///
/// A refusal, if there are any.
#[must_use]
pub fn duplicates(tables: &PackageTables) -> Option<Refusal> {
    let duplicates = tables.duplicates();
    let &(model, count) = duplicates.iter().find(|(model, _)| tables.package.tracks(model))?;
    Some(Refusal(format!(
        "the incremental manifest of {} holds {model} {count} times. Models fail because of this, and it can \
         hide a model that has no row. Delete all of its rows but the one with the smallest last_success, \
         then run the same command again",
        tables.package.name
    )))
}

/// A window ends at now at the latest, so it never reaches such a row: a package whose rows are all there reads
/// nothing and looks up to date, and one with a row there never gets in step.
fn refuse_rows_in_the_future(tables: &PackageTables, now: Timestamp) -> Result<()> {
    // The package's clock can be that of another time zone. Whether it is, a run shows.
    let ahead = rows_after(tables, now);
    if ahead.iter().all(|(_, at)| *at <= now.plus_days(1)) {
        return Ok(());
    }
    bail!(ahead_of_clock(tables, &ahead, &format!("the warehouse's clock says {now}")))
}

/// What to tell of rows that are ahead of the warehouse's clock, where they may be right by that of their package.
#[must_use]
pub fn rows_ahead(tables: &PackageTables, now: Timestamp) -> Option<String> {
    let ahead = rows_after(tables, now);
    (!ahead.is_empty()).then(|| {
        format!(
            "{}, and the warehouse's clock says {now}: unless the package's clock is ahead, too, no window gets there",
            recorded(tables, &ahead)
        )
    })
}

/// The rows of tracked models that say that later events than these have been processed.
pub(super) fn rows_after(tables: &PackageTables, time: Timestamp) -> Vec<(&str, Timestamp)> {
    let tracked = tables.rows.iter().filter(|row| tables.package.tracks(&row.model));
    let at = tracked.filter_map(|row| Some((row.model.as_str(), row.last_success?)));
    at.filter(|(_, at)| *at > time).collect()
}

/// No window gets to these rows.
pub(super) fn ahead_of_clock(tables: &PackageTables, ahead: &[(&str, Timestamp)], clock: &str) -> Refusal {
    let models: Vec<_> = ahead.iter().map(|(model, _)| *model).collect();
    Refusal(format!(
        "{}, and {clock}: no window would get there before that time. Set last_success to the time of the model's last \
         event, or restart with --remove-from-manifest {}",
        recorded(tables, ahead),
        models.join(" ")
    ))
}

fn recorded(tables: &PackageTables, ahead: &[(&str, Timestamp)]) -> String {
    let mut by_time = BTreeMap::<Timestamp, Vec<&str>>::new();
    for &(model, at) in ahead {
        by_time.entry(at).or_default().push(model);
    }
    let rows: Vec<_> = by_time.iter().map(|(at, models)| format!("{} up to {at}", names(models))).collect();
    let package = &tables.package.name;
    format!("the incremental manifest of {package} says that events were processed by {}", rows.join("; "))
}

/// The packages count such a row, and take the time of the others for it. As text, an infinite time is none, too.
fn refuse_rows_without_time(tables: &PackageTables) -> Result<()> {
    let without =
        tables.rows.iter().filter(|row| row.last_success.is_none() && tables.package.tracks(&row.model));
    let without: Vec<_> = without.map(|row| row.model.as_str()).collect();
    if without.is_empty() {
        return Ok(());
    }
    bail!(Refusal(format!(
        "the incremental manifest of {} does not say how far {} came: last_success is null or infinite. Set it to the \
         time of the model's last event, or restart with --remove-from-manifest {}",
        tables.package.name,
        names(&without),
        without.join(" ")
    )))
}

fn refuse_lost_rows(tables: &PackageTables) -> Result<()> {
    let models = tables.rows.iter().map(|row| row.model.as_str());
    let lost: Vec<_> = models.filter(|model| !tables.package.tracks(model)).collect();
    if lost.is_empty() {
        return Ok(());
    }
    bail!(Refusal(format!(
        "--full-refresh would drop the incremental manifest of {} with the rows of models that are not \
         selected ({}). These models would start again from the start date. Select the whole package, or use \
         --remove-from-manifest instead",
        tables.package.name,
        lost.join(", ")
    )))
}

fn check_removal(observation: &Observation, remove: &[String]) -> Result<()> {
    for model in remove {
        if !observation.packages.iter().any(|tables| tables.package.tracks(model)) {
            let tracked = observation.packages.iter().flat_map(|tables| &tables.package.models);
            let meant = suggest::question(model, tracked.map(String::as_str));
            let advice = match meant.as_str() {
                "" => {
                    ". Its row would be removed, but the model would not be built again. Add it to the \
                     selection, or leave it out"
                }
                question => question,
            };
            bail!("--remove-from-manifest {model}: the selection has no tracked model of that name{advice}");
        }
    }
    Ok(())
}

/// The window of a new model ends where the other models are. With a later start date, it is always empty.
fn refuse_start_after_rows(tables: &PackageTables) -> Result<()> {
    let (standing, start_date) = (tables.standing(), tables.package.settings.start_date);
    let (State::NewModel, Some((_, max)), Some(start)) = (standing.state, standing.span, start_date) else {
        return Ok(());
    };
    if start <= max {
        return Ok(());
    }
    bail!(Refusal(format!(
        "{} would start at {start}, after the last event of its package's other models ({max}): its window \
         would always be empty. Give an earlier --start-date",
        names(&without_row(tables)),
    )))
}

fn refuse_load_family_traps(tables: &PackageTables) -> Result<()> {
    let (package, standing) = (&tables.package, tables.standing());
    let Some((min, max)) = standing.span else { return Ok(()) };
    let new = without_row(tables);
    if !new.is_empty() {
        bail!(Refusal(format!(
            "{} has no state for new models: {} would begin at {min}, where the other models are, and never \
             process earlier events. Backfill it in a schema without an incremental manifest, or select it \
             without the models that have rows",
            package.name,
            names(&new),
        )))
    }
    if standing.state == State::OutOfSync && !package.load_family_heals {
        let behind: Vec<_> = tables
            .rows
            .iter()
            .filter(|row| row.last_success == Some(min) && package.tracks(&row.model))
            .map(|row| row.model.as_str())
            .collect();
        bail!(Refusal(format!(
            "{} is out of sync ({} at {min}, the others at {max}) and stays so, because its version of \
             snowplow_utils is older than 1.0.1: each window ends just before the event at {max}. Upgrade \
             snowplow_utils, or set the later rows back to {min} by hand; the models then process those \
             events again",
            package.name,
            names(&behind),
        )))
    }
    Ok(())
}

fn without_row(tables: &PackageTables) -> Vec<&str> {
    let has_row = |model: &&String| tables.rows.iter().any(|row| row.model == **model);
    tables.package.models.iter().filter(|model| !has_row(model)).map(String::as_str).collect()
}

fn names(models: &[&str]) -> String {
    models.join(", ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::snowplow::{Row, Settings, TrackedPackage};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn refusal(family: Family, start: &str, rows: &[(&str, &str)], first_run: &FirstRun) -> Option<String> {
        let package = TrackedPackage {
            name: "p".into(),
            family,
            models: ["a", "b"].map(str::to_owned).to_vec(),
            settings: Settings { start_date: Some(at(start)), lookback_hours: 6 },
            load_family_heals: false,
        };
        let rows = rows
            .iter()
            .map(|(model, time)| Row { model: (*model).to_owned(), last_success: Some(at(time)) })
            .collect();
        let tables = PackageTables { package: Arc::new(package), has_manifest: true, rows, window: None };
        let observation = Observation { now: at("2021-01-01"), packages: vec![tables] };
        check(&observation, first_run).err().map(|error| error.to_string())
    }

    #[track_caller]
    fn check_refusal(family: Family, rows: &[(&str, &str)], first_run: &FirstRun, words: Option<&str>) {
        let found = refusal(family, "2020-01-01", rows, first_run);
        match (found, words) {
            (None, None) => {}
            (Some(found), Some(words)) if found.contains(words) => {}
            (found, words) => panic!("expected {words:?}, found {found:?}"),
        }
    }

    #[test]
    fn accepts_good_tables() {
        let none = FirstRun::default();
        check_refusal(Family::Session, &[], &none, None);
        check_refusal(Family::Session, &[("a", "2020-05-01")], &none, None);
        check_refusal(Family::Session, &[("a", "2020-05-01"), ("b", "2020-04-01")], &none, None);
        check_refusal(Family::Load, &[("a", "2020-05-01"), ("b", "2020-05-01")], &none, None);
        // The duplicate of a model that is not selected stops nothing.
        check_refusal(Family::Session, &[("x", "2020-05-01"), ("x", "2020-05-01")], &none, None);
    }

    #[test]
    fn refuses_what_never_ends() {
        let none = FirstRun::default();
        let twice = [("a", "2020-05-01"), ("a", "2020-05-01")];
        check_refusal(Family::Session, &twice, &none, Some("holds a 2 times"));
        check_refusal(
            Family::Load,
            &[("a", "2020-05-01"), ("b", "2020-04-01")],
            &none,
            Some("out of sync (b at"),
        );
        check_refusal(Family::Load, &[("a", "2020-05-01")], &none, Some("b would begin at 2020-05-01"));
        let late = refusal(Family::Session, "2020-06-01", &[("a", "2020-05-01")], &none).expect("refused");
        assert!(late.contains("b would start at 2020-06-01"), "{late}");
    }

    #[test]
    fn refuses_rows_that_no_window_reaches() {
        let none = FirstRun::default();
        // Another time zone's midnight.
        check_refusal(Family::Session, &[("a", "2021-01-01 14:00"), ("b", "2020-04-01")], &none, None);
        let late = [("a", "2021-01-02 00:00:01"), ("b", "2020-04-01")];
        check_refusal(Family::Session, &late, &none, Some("no window would get there before that time"));
        check_refusal(Family::Load, &late, &none, Some("restart with --remove-from-manifest a"));
        let both = [("a", "2021-01-02 00:00:01"), ("b", "2021-01-01 10:00")];
        check_refusal(Family::Session, &both, &none, Some("--remove-from-manifest a b"));
        check_refusal(Family::Session, &[("x", "2050-01-01"), ("a", "2020-04-01")], &none, None);
        let remove = FirstRun { full_refresh: false, remove: vec!["a".to_owned()] };
        check_refusal(Family::Session, &late, &remove, None);
    }

    #[test]
    fn looks_at_the_tables_as_the_first_run_will_find_them() {
        let rows = [("a", "2020-05-01"), ("b", "2020-04-01")];
        let refresh = FirstRun { full_refresh: true, remove: Vec::new() };
        check_refusal(Family::Load, &rows, &refresh, None);
        let others = [("a", "2020-05-01"), ("x", "2020-04-01")];
        check_refusal(Family::Session, &others, &refresh, Some("rows of models that are not selected (x)"));
        let remove = |model: &str| FirstRun { full_refresh: false, remove: vec![model.to_owned()] };
        check_refusal(Family::Session, &rows, &remove("a"), None);
        check_refusal(Family::Session, &rows, &remove("x"), Some("no tracked model of that name. Its row"));
        let late = refusal(Family::Session, "2020-06-01", &rows, &remove("a")).expect("refused");
        assert!(late.contains("a would start at"), "{late}");
    }
}
