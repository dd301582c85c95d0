//! Properties of the loop, against thousands of random histories: it always ends, never claims caught up
//! wrongly, and never leaves out a window.

mod warehouse;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use snowplow_backfill::backfill::{Driver, FirstRun, Loop, Options};
use snowplow_backfill::dbt::Interrupt;
use snowplow_backfill::event::{Event, RaiseReason};
use snowplow_backfill::outcome::Outcome;
use snowplow_backfill::snowplow::Family;

use warehouse::{DAY, HOUR, Micros, Package, Quirks, Replaced, SECOND, Warehouse, timestamp};

/// 2020-01-01.
const START: Micros = 18_262 * DAY;

fn backfill(warehouse: &mut Warehouse, options: &Options) -> (Outcome, Vec<Event>) {
    let mut events = Vec::new();
    let first = warehouse.observe(&mut |_| {}).expect("an observation");
    let first_run = warehouse.first_run.clone();
    let outcome =
        Loop { driver: warehouse, options, first_run: &first_run, interrupt: &Interrupt::default() }
            .run(&first, &mut |event| events.push(event));
    (outcome.expect("the simulated dbt answers"), events)
}

/// Bursts of events with gaps between them, in hours; some are left out by the package's filters.
fn events() -> impl Strategy<Value = BTreeMap<Micros, bool>> {
    let gap = prop_oneof![4 => 0i64..12, 2 => 12i64..200, 1 => 200i64..6000];
    let event = (gap, 0i64..3_600_000_000, prop::bool::weighted(0.85));
    prop::collection::vec(event, 0..60).prop_map(|events| {
        let mut time = START;
        events
            .into_iter()
            .map(|(gap, offset, passes)| {
                time += gap * HOUR;
                (time + offset, passes)
            })
            .collect()
    })
}

fn package() -> impl Strategy<Value = Package> {
    // Where each model stands: not at all, or at some part of the history.
    let standings = prop::collection::vec(prop::option::weighted(0.6, 0.0f64..1.0), 1..4);
    let family = prop_oneof![3 => Just(Family::Session), 1 => Just(Family::Load)];
    let questions = (any::<bool>(), any::<bool>());
    (family, -400i64..400, events(), questions, standings).prop_map(
        |(family, start, events, (can_be_asked, filters_are_known), standings)| {
            let models: Vec<_> = (0..standings.len()).map(|number| format!("model_{number}")).collect();
            let mut package = Package {
                family,
                start: START + start * HOUR,
                models: models.clone(),
                events,
                can_be_asked,
                filters_are_known,
                rows: BTreeMap::new(),
                seen: BTreeMap::new(),
                limits: None,
                quirks: Quirks::default(),
            };
            let (Some((&first, _)), Some((&last, _))) =
                (package.events.first_key_value(), package.events.last_key_value())
            else {
                return package;
            };
            let at = |part: f64| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_precision_loss,
                    reason = "some time in between"
                )]
                let offset = ((last - first) as f64 * part) as Micros;
                first + offset
            };
            // The load family does not support models that differ; the preflight refuses them.
            let common = standings[0];
            for (model, standing) in models.iter().zip(standings) {
                let standing = if family == Family::Load { common } else { standing };
                if let Some(part) = standing {
                    package.settle(model, at(part));
                }
            }
            package
        },
    )
}

/// Everything has happened before the backfill begins.
fn warehouse() -> impl Strategy<Value = Warehouse> {
    warehouse_at(0i64..3000)
}

/// Events go on while the backfill runs.
fn live_warehouse() -> impl Strategy<Value = Warehouse> {
    warehouse_at(prop_oneof![-2000i64..0, 0i64..3000])
}

/// The backfill begins some hours after the last event, or before that.
fn warehouse_at(rest: impl Strategy<Value = i64>) -> impl Strategy<Value = Warehouse> {
    (prop::collection::vec(package(), 1..4), rest, 0i64..8).prop_map(|(mut packages, rest, pace)| {
        let last = packages
            .iter()
            .filter_map(|package| package.events.last_key_value())
            .map(|(&time, _)| time)
            .max();
        let now = (last.unwrap_or(START) + rest * HOUR).max(START) + 17 * SECOND;
        for package in &mut packages {
            package.forget_what_is_ahead(now);
        }
        let mut warehouse = Warehouse::new(packages, now);
        warehouse.pace = pace * HOUR;
        warehouse
    })
}

/// A bound on the runs of a backfill that makes sense of its windows: each moves on, or doubles towards now.
fn most_runs(warehouse: &Warehouse, limit_days: u32) -> u32 {
    let days = warehouse
        .packages
        .iter()
        .map(|package| (warehouse.now - package.start.min(START)).max(0) / DAY + 2)
        .sum::<Micros>();
    let events: usize = warehouse.packages.iter().map(|package| package.events.len()).sum();
    // A stall costs a jump, or as many doublings as there are bits in the days; at most one begins at each
    // event.
    let doublings = 64 - u64::try_from(days).expect("a span").leading_zeros() + 2;
    let events = u32::try_from(events).expect("few");
    // While it runs, up to a third of a day goes by that has to be run, too.
    3 * (u32::try_from(days).expect("a span") / limit_days + 2) + (events + 8) * doublings
}

/// A model without a row whose start date lies behind all others: refused by the preflight, not the loop.
fn is_hopeless(warehouse: &Warehouse) -> bool {
    warehouse.packages.iter().any(|package| {
        let max = package.rows.values().max();
        package.rows.len() < package.models.len() && max.is_some_and(|&max| package.start > max)
    })
}

fn is_doubled(event: &Event) -> bool {
    matches!(event, Event::LimitRaised(raised) if raised.reason == RaiseReason::Doubled)
}

/// Whether every model has seen all events up to a time, and its row says so.
fn has_seen_everything(warehouse: &Warehouse, until: Micros) -> Result<(), TestCaseError> {
    for package in &warehouse.packages {
        let due = package.due(until);
        for model in &package.models {
            let empty = BTreeSet::new();
            let seen = package.seen.get(model).unwrap_or(&empty);
            prop_assert!(due.is_subset(seen), "{model} missed {:?}", due.difference(seen));
            prop_assert!(
                package.rows.get(model) >= due.last(),
                "{model} is at {:?}",
                package.rows.get(model)
            );
        }
    }
    Ok(())
}

/// A time between the beginning and now.
fn until_at(warehouse: &Warehouse, part: f64) -> Micros {
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "some time in between")]
    let after = ((warehouse.now - START) as f64 * part) as Micros;
    START + after
}

/// Calls again and again, until one ends in another way than `more` allows.
fn call_until(
    warehouse: &mut Warehouse,
    options: &Options,
    more: impl Fn(&Outcome) -> bool,
) -> Option<Outcome> {
    let bound = most_runs(warehouse, options.limit_days);
    (0..bound).map(|_| backfill(warehouse, options).0).find(|outcome| !more(outcome))
}

/// Runs a backfill beside which somebody else runs the packages, too.
fn is_whole_or_names_the_other_run(
    warehouse: &mut Warehouse,
    options: &Options,
) -> Result<(), TestCaseError> {
    match backfill(warehouse, options).0 {
        Outcome::CaughtUp | Outcome::NoEvents => has_seen_everything(warehouse, warehouse.before_last_run)?,
        Outcome::Refused { reason } => {
            let is_named = reason.contains("Something else runs these models");
            prop_assert!(is_hopeless(warehouse) || is_named, "{reason}");
        }
        other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn ends_caught_up_with_every_event_seen(mut warehouse in live_warehouse(), limit_days in 1u32..120) {
        let bound = most_runs(&warehouse, limit_days);
        let options = Options { limit_days, max_runs: Some(bound), ..Options::default() };
        let outcome = backfill(&mut warehouse, &options).0;
        let is_empty = warehouse.packages.iter().all(|package| package.rows.is_empty());
        match outcome {
            Outcome::CaughtUp | Outcome::NoEvents => {
                prop_assert_eq!(outcome == Outcome::NoEvents, is_empty);
                has_seen_everything(&warehouse, warehouse.before_last_run)?;
            }
            Outcome::Refused { reason } => prop_assert!(is_hopeless(&warehouse), "{reason}"),
            other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
        }
    }

    #[test]
    fn a_package_whose_clock_is_behind_is_caught_up_to_its_own_clock(
        mut warehouse in live_warehouse(),
        limit_days in 1u32..120,
        behind in prop::collection::vec(0i64..100, 3),
    ) {
        for (package, hours) in warehouse.packages.iter_mut().zip(&behind) {
            package.quirks.clock_behind = hours * HOUR;
            package.forget_what_is_ahead(warehouse.now - hours * HOUR);
        }
        let most = behind.iter().max().copied().unwrap_or(0) * HOUR;
        let bound = most_runs(&warehouse, limit_days);
        let options = Options { limit_days, max_runs: Some(bound), ..Options::default() };
        match backfill(&mut warehouse, &options).0 {
            Outcome::CaughtUp | Outcome::NoEvents => {
                has_seen_everything(&warehouse, warehouse.before_last_run - most)?;
            }
            Outcome::Refused { reason } => prop_assert!(is_hopeless(&warehouse), "{reason}"),
            other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
        }
    }

    #[test]
    fn windows_that_end_more_than_a_week_ago_are_never_caught_up(
        mut warehouse in live_warehouse(),
        limit_days in 1u32..120,
        days in 8i64..400,
    ) {
        for package in &mut warehouse.packages {
            package.quirks.clock_behind = days * DAY;
            package.start = package.start.min(warehouse.now - days * DAY);
            package.forget_what_is_ahead(warehouse.now - days * DAY);
        }
        let bound = most_runs(&warehouse, limit_days);
        let options = Options { limit_days, max_runs: Some(bound), ..Options::default() };
        let outcome = backfill(&mut warehouse, &options).0;
        prop_assert!(matches!(outcome, Outcome::Refused { .. }), "after {} runs: {outcome:?}", warehouse.runs);
    }

    #[test]
    fn a_manifest_that_every_run_drops_ends_the_backfill(
        mut warehouse in warehouse(),
        limit_days in 1u32..120,
    ) {
        for package in &mut warehouse.packages {
            package.quirks.drops_manifest = true;
        }
        let bound = most_runs(&warehouse, limit_days);
        let options = Options { limit_days, max_runs: Some(bound), ..Options::default() };
        match backfill(&mut warehouse, &options).0 {
            // One window from the start date to now holds everything, however often it begins anew.
            Outcome::CaughtUp | Outcome::NoEvents => has_seen_everything(&warehouse, warehouse.before_last_run)?,
            Outcome::Refused { .. } => {}
            other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
        }
    }

    #[test]
    fn runs_of_somebody_else_are_no_progress_of_this_backfill(
        mut warehouse in live_warehouse(),
        limit_days in 1u32..120,
        others in prop::collection::btree_map(0u32..12, 1i64..200, 1..4),
    ) {
        for package in &mut warehouse.packages {
            package.quirks.other_runs.clone_from(&others);
        }
        let bound = most_runs(&warehouse, limit_days) + 12;
        let options = Options { limit_days, max_runs: Some(bound), ..Options::default() };
        is_whole_or_names_the_other_run(&mut warehouse, &options)?;
    }

    #[test]
    fn windows_of_somebody_else_are_not_taken_for_those_of_this_backfill(
        mut warehouse in live_warehouse(),
        limit_days in 1u32..120,
        others in prop::collection::btree_map(0u32..8, (0i64..6000, 1i64..6000, any::<bool>()), 1..8),
    ) {
        let now = warehouse.now;
        let window = |&(begin, hours, is_up_to_now): &(i64, i64, bool)| {
            let lower = START + begin * HOUR + 7 * SECOND;
            // Beyond the clock that is read before a run, as a run would end that began later.
            let upper = if is_up_to_now { now.max(lower) + 400 * DAY } else { lower + hours * HOUR };
            (lower, upper)
        };
        let others: BTreeMap<_, _> = others.iter().map(|(&run, other)| (run, window(other))).collect();
        for package in &mut warehouse.packages {
            package.quirks.other_windows.clone_from(&others);
        }
        let bound = most_runs(&warehouse, limit_days) + 8;
        let options = Options { limit_days, max_runs: Some(bound), ..Options::default() };
        is_whole_or_names_the_other_run(&mut warehouse, &options)?;
    }

    #[test]
    fn events_that_somebody_else_replaces_end_the_backfill(
        mut warehouse in live_warehouse(),
        limit_days in 1u32..120,
        run in 0u32..6,
        (after, hours, has_limits) in (1i64..2000, 1i64..6000, any::<bool>()),
    ) {
        // A run takes less than an hour: nothing has happened so long after a window that ends at now.
        let replaced = Replaced { after: after * HOUR, length: hours * HOUR, has_limits };
        for package in &mut warehouse.packages {
            package.quirks.replaced_events = BTreeMap::from([(run, replaced)]);
        }
        let bound = most_runs(&warehouse, limit_days);
        let options = Options { limit_days, max_runs: Some(bound), ..Options::default() };
        match backfill(&mut warehouse, &options).0 {
            Outcome::Refused { reason } if warehouse.has_other_events => {
                prop_assert!(reason.contains("another run replaced the events"), "{reason}");
                prop_assert!(reason.contains("--remove-from-manifest model_"), "{reason}");
            }
            Outcome::Refused { reason } => prop_assert!(is_hopeless(&warehouse), "{reason}"),
            Outcome::CaughtUp | Outcome::NoEvents if !warehouse.has_other_events => {
                has_seen_everything(&warehouse, warehouse.before_last_run)?;
            }
            other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
        }
    }

    #[test]
    fn rows_that_somebody_else_moves_back_end_the_backfill(
        mut warehouse in live_warehouse(),
        limit_days in 1u32..120,
        run in 0u32..6,
        back in 1i64..6000,
    ) {
        for package in &mut warehouse.packages {
            package.quirks.moved_back = BTreeMap::from([(run, back * HOUR)]);
        }
        let bound = most_runs(&warehouse, limit_days) * 2;
        let options = Options { limit_days, max_runs: Some(bound), ..Options::default() };
        match backfill(&mut warehouse, &options).0 {
            // Not every run moves rows further than somebody else moves them back.
            Outcome::CaughtUp | Outcome::NoEvents if warehouse.runs <= run => {
                has_seen_everything(&warehouse, warehouse.before_last_run)?;
            }
            Outcome::CaughtUp | Outcome::NoEvents | Outcome::Refused { .. } => {}
            other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
        }
    }

    #[test]
    fn a_limit_without_effect_does_not_rise_for_ever(
        mut warehouse in live_warehouse(),
        limit_days in 1u32..120,
        fixed_days in 1i64..40,
    ) {
        for package in &mut warehouse.packages {
            package.quirks.fixed_days = Some(fixed_days);
        }
        let bound = most_runs(&warehouse, u32::try_from(fixed_days).expect("few").min(limit_days));
        let options = Options { limit_days, max_runs: Some(bound), ..Options::default() };
        let (outcome, log) = backfill(&mut warehouse, &options);
        match outcome {
            Outcome::CaughtUp | Outcome::NoEvents => has_seen_everything(&warehouse, warehouse.before_last_run)?,
            Outcome::Refused { .. } => {}
            other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
        }
        let raised = log.iter().filter_map(|event| match event {
            Event::LimitRaised(raised) => Some(raised.to_days),
            _ => None,
        });
        let days = warehouse.packages.iter().map(|package| (warehouse.now - package.start.min(START)) / DAY).max();
        let reach = u32::try_from(days.unwrap_or(0) + 2).expect("a span").next_power_of_two();
        prop_assert!(raised.max().unwrap_or(0) <= reach.max(limit_days) * 2);
    }

    #[test]
    fn until_leaves_nothing_out_before_that_time(
        mut warehouse in live_warehouse(),
        limit_days in 1u32..120,
        part in 0.0f64..1.0,
    ) {
        let until = until_at(&warehouse, part);
        let bound = most_runs(&warehouse, limit_days);
        let options =
            Options { limit_days, until: Some(timestamp(until)), max_runs: Some(bound), ..Options::default() };
        match backfill(&mut warehouse, &options).0 {
            Outcome::CaughtUp | Outcome::NoEvents | Outcome::Reached { .. } => has_seen_everything(&warehouse, until)?,
            Outcome::Refused { reason } if reason.contains("after --until") => {
                prop_assert!(warehouse.packages.iter().any(|package| package.due(until).is_empty()));
                has_seen_everything(&warehouse, until)?;
            }
            Outcome::Refused { reason } => prop_assert!(is_hopeless(&warehouse), "{reason}"),
            other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
        }
    }

    #[test]
    fn packages_beyond_until_keep_no_other_from_it(
        mut warehouse in warehouse(),
        limit_days in 5u32..60,
        part in 0.0f64..1.0,
        once in any::<bool>(),
    ) {
        for package in &mut warehouse.packages {
            package.family = Family::Session;
            (package.can_be_asked, package.filters_are_known) = (true, true);
        }
        let until = until_at(&warehouse, part);
        // Each run brings a package to that time, or over a gap before it; a package that is there is not waited for.
        let days = |package: &Package| {
            let windows = (until - package.start).max(0) / DAY / Micros::from(limit_days) + 2;
            u32::try_from(windows).expect("a number")
        };
        let events = |package: &Package| u32::try_from(package.due(until).len()).expect("a number");
        let bound = 4 + 2 * warehouse.packages.iter().map(|package| days(package) + events(package)).sum::<u32>();
        let options = Options {
            limit_days, once, until: Some(timestamp(until)), max_runs: Some(bound), ..Options::default()
        };
        let outcome = if once {
            call_until(&mut warehouse, &options, |outcome| matches!(outcome, Outcome::RanOnce { .. }))
        } else {
            Some(backfill(&mut warehouse, &options).0)
        };
        let is_stopped = outcome.as_ref().is_none_or(|outcome| matches!(outcome, Outcome::Stopped { .. }));
        prop_assert!(warehouse.runs <= bound && !is_stopped, "{outcome:?} after {} of {bound} runs", warehouse.runs);
        match outcome {
            Some(Outcome::Refused { reason }) if !reason.contains("after --until") => {
                prop_assert!(is_hopeless(&warehouse), "{reason}");
            }
            _ => has_seen_everything(&warehouse, until)?,
        }
    }

    #[test]
    fn a_second_call_raises_no_limit_that_reaches_the_same_time(
        mut warehouse in warehouse(),
        part in 0.0f64..1.0,
    ) {
        // A window of the load family ends before midnight, so that this limit may not reach that time.
        if warehouse.packages.iter().any(|package| package.family == Family::Load) {
            return Ok(());
        }
        let until = until_at(&warehouse, part);
        let start = warehouse.packages.iter().map(|package| package.start).fold(START, Micros::min);
        let limit_days = u32::try_from((until - start) / DAY + 1).expect("a span");
        let bound = most_runs(&warehouse, limit_days);
        let options =
            Options { limit_days, until: Some(timestamp(until)), max_runs: Some(bound), ..Options::default() };
        let reached = Outcome::Reached { until: timestamp(until) };
        let first = backfill(&mut warehouse, &options).0;
        // A package without events goes on until its windows reach now.
        if first != reached || warehouse.packages.iter().any(|package| package.rows.is_empty()) {
            return Ok(());
        }
        let (outcome, log) = backfill(&mut warehouse, &options);
        // The limit is in whole days, so that the window can reach now.
        prop_assert!(outcome == reached || outcome == Outcome::CaughtUp, "{outcome:?}");
        prop_assert!(!log.iter().any(|event| matches!(event, Event::LimitRaised(_))), "{log:?}");
        has_seen_everything(&warehouse, until)?;
        // What moved nothing has nothing left to do.
        let runs = warehouse.runs;
        let again = backfill(&mut warehouse, &options).0;
        prop_assert!(again == reached && warehouse.runs == runs, "{again:?} after {} runs", warehouse.runs - runs);
    }

    #[test]
    fn runs_that_fail_lose_nothing(
        mut warehouse in live_warehouse(),
        limit_days in 1u32..120,
        failing in prop::collection::btree_map(0u32..12, 0usize..3, 1..6),
        once in any::<bool>(),
    ) {
        warehouse.failing = failing;
        let bound = most_runs(&warehouse, limit_days) + 12;
        let options = Options { limit_days, once, max_runs: Some(bound), ..Options::default() };
        let mut after_failure = false;
        for _ in 0..bound {
            let (outcome, log) = backfill(&mut warehouse, &options);
            // Whether a run that failed would have moved is not known: no reason for a larger window.
            let at_start = log.iter().take_while(|event| !matches!(event, Event::RunStarted { .. }));
            let doubled = at_start.filter(|event| is_doubled(event)).count();
            prop_assert!(!after_failure || doubled == 0, "{log:?}");
            after_failure = outcome == Outcome::DbtFailed;
            match outcome {
                Outcome::DbtFailed | Outcome::RanOnce { more: true } => {}
                Outcome::CaughtUp | Outcome::NoEvents => return has_seen_everything(&warehouse, warehouse.before_last_run),
                Outcome::Refused { reason } => {
                    prop_assert!(is_hopeless(&warehouse), "{reason}");
                    return Ok(());
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
        prop_assert!(false, "not caught up after {bound} calls");
    }

    #[test]
    fn a_first_run_that_starts_models_again_sees_everything_again(
        mut warehouse in live_warehouse(),
        limit_days in 1u32..120,
        full_refresh in any::<bool>(),
    ) {
        // The load family has no state for a model that starts again; the preflight refuses it.
        let full_refresh = full_refresh || warehouse.packages.iter().any(|it| it.family == Family::Load);
        let remove = if full_refresh { Vec::new() } else { vec!["model_0".to_owned()] };
        warehouse.first_run = FirstRun { full_refresh, remove };
        let options = Options { limit_days, max_runs: Some(most_runs(&warehouse, limit_days)), ..Options::default() };
        match backfill(&mut warehouse, &options).0 {
            Outcome::CaughtUp | Outcome::NoEvents => has_seen_everything(&warehouse, warehouse.before_last_run)?,
            Outcome::Refused { reason } => prop_assert!(is_hopeless(&warehouse), "{reason}"),
            other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
        }
    }

    #[test]
    fn calls_of_one_run_each_catch_up(mut warehouse in live_warehouse(), limit_days in 1u32..120) {
        let options = Options { limit_days, once: true, ..Options::default() };
        match call_until(&mut warehouse, &options, |outcome| matches!(outcome, Outcome::RanOnce { .. })) {
            Some(Outcome::CaughtUp | Outcome::NoEvents) => has_seen_everything(&warehouse, warehouse.before_last_run)?,
            Some(Outcome::Refused { reason }) => prop_assert!(is_hopeless(&warehouse), "{reason}"),
            // A package that cannot get into step says so where it is given a second run.
            None => prop_assert!(is_hopeless(&warehouse), "not caught up after {} calls", warehouse.runs),
            other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
        }
    }

    #[test]
    fn a_jump_holds_no_more_events_than_the_limit(events in events(), limit_days in 1u32..60, rest in 0i64..3000) {
        // With filters that are known, or without any, the next event is known exactly, and no window is wider
        // than the user's limit in events.
        let now = events.last_key_value().map_or(START, |(&time, _)| time) + rest * HOUR;
        let package = Package {
            family: Family::Session,
            start: START,
            models: vec!["model".into()],
            events,
            can_be_asked: true,
            filters_are_known: true,
            rows: BTreeMap::new(),
            seen: BTreeMap::new(),
            limits: None,
            quirks: Quirks::default(),
        };
        let has_events = package.due(now).last().is_some();
        let mut warehouse = Warehouse::new(vec![package], now);
        let (outcome, log) = backfill(&mut warehouse, &Options { limit_days, max_runs: Some(500), ..Options::default() });
        prop_assert!(matches!(outcome, Outcome::CaughtUp | Outcome::NoEvents), "{outcome:?}");
        // Not even the first one is without events.
        let first = log.iter().find_map(|event| if let Event::RunFinished(run) = event { Some(run) } else { None });
        prop_assert_eq!(first.and_then(|run| run.packages[0].after).is_some(), has_events);
        prop_assert!(warehouse.widest[0] <= Micros::from(limit_days) * DAY);
        prop_assert_eq!(log.iter().filter(|event| is_doubled(event)).count(), 0);
    }

    #[test]
    fn packages_that_jump_together_hold_no_more_events_than_the_limit(
        mut warehouse in warehouse(), limit_days in 1u32..60,
    ) {
        for package in &mut warehouse.packages {
            package.family = Family::Session;
            (package.can_be_asked, package.filters_are_known) = (true, true);
        }
        let bound = most_runs(&warehouse, limit_days);
        let (_, log) = backfill(&mut warehouse, &Options { limit_days, max_runs: Some(bound), ..Options::default() });
        let raises: Vec<_> = log.iter().filter(|event| matches!(event, Event::LimitRaised(_))).collect();
        for widest in &warehouse.widest {
            prop_assert!(*widest <= Micros::from(limit_days) * DAY, "{} days: {raises:?}", widest / DAY);
        }
    }

    #[test]
    fn a_bound_on_the_limit_is_kept(mut warehouse in warehouse(), limit_days in 1u32..60, more in 0u32..200) {
        let most = limit_days + more;
        let bound = most_runs(&warehouse, limit_days);
        let options =
            Options { limit_days, max_limit_days: Some(most), max_runs: Some(bound), ..Options::default() };
        let (outcome, log) = backfill(&mut warehouse, &options);
        let used = log.iter().filter_map(|event| match event {
            Event::RunStarted { limit_days, .. } => Some(*limit_days),
            _ => None,
        });
        prop_assert!(used.max().unwrap_or(0) <= most);
        prop_assert!(!matches!(outcome, Outcome::Stopped { .. }), "{outcome:?}");
    }

    #[test]
    fn stopping_and_going_on_ends_like_one_call(
        mut warehouse in warehouse(),
        limit_days in 1u32..120,
        runs in 1u32..5,
    ) {
        let mut whole = warehouse.clone();
        let bound = most_runs(&warehouse, limit_days);
        let (at_once, _) = backfill(&mut whole, &Options { limit_days, max_runs: Some(bound), ..Options::default() });
        let options = Options { limit_days, max_runs: Some(runs), ..Options::default() };
        let in_parts =
            call_until(&mut warehouse, &options, |outcome| matches!(outcome, Outcome::Stopped { .. }));
        prop_assert_eq!(Some(std::mem::discriminant(&at_once)), in_parts.as_ref().map(std::mem::discriminant));
        for (one, other) in whole.packages.iter().zip(&warehouse.packages) {
            prop_assert_eq!(&one.rows, &other.rows);
        }
    }
}
