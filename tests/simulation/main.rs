//! Properties of the loop, against thousands of random histories: it always ends, never claims caught up wrongly, and
//! never leaves out a window.

mod warehouse;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use snowplow_backfill::backfill::{Backfill, FirstRun, Options};
use snowplow_backfill::dbt::Interrupt;
use snowplow_backfill::event::{Event, RaiseReason};
use snowplow_backfill::outcome::Outcome;
use snowplow_backfill::snowplow::{Family, Settings};

use warehouse::{DAY, HOUR, Micros, Package, SECOND, Warehouse, timestamp};

/// 2020-01-01.
const START: Micros = 18_262 * DAY;

fn backfill(warehouse: &mut Warehouse, options: &Options) -> (Outcome, Vec<Event>) {
    let tracked = warehouse.tracked();
    let settings: Vec<_> = warehouse
        .packages
        .iter()
        .map(|package| Settings { start_date: Some(timestamp(package.start)), lookback_hours: 6 })
        .collect();
    let mut events = Vec::new();
    let first = snowplow_backfill::backfill::Driver::observe(warehouse, &mut |_| {}).expect("an observation");
    let outcome = Backfill {
        driver: warehouse,
        tracked: &tracked,
        settings: &settings,
        options,
        first_run: &FirstRun::default(),
        interrupt: &Interrupt::default(),
    }
    .run(&first, &mut |event| events.push(event));
    (outcome.expect("the simulated dbt does not fail"), events)
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
    (family, -400i64..400, events(), any::<bool>(), standings).prop_map(
        |(family, start, events, can_be_asked, standings)| {
            let models: Vec<_> = (0..standings.len()).map(|number| format!("model_{number}")).collect();
            let mut package = Package {
                family,
                start: START + start * HOUR,
                models: models.clone(),
                events,
                can_be_asked,
                rows: BTreeMap::new(),
                seen: BTreeMap::new(),
                limits: None,
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

fn warehouse() -> impl Strategy<Value = Warehouse> {
    (prop::collection::vec(package(), 1..4), 0i64..3000).prop_map(|(packages, rest)| {
        let last = packages
            .iter()
            .filter_map(|package| package.events.last_key_value())
            .map(|(&time, _)| time)
            .max();
        Warehouse::new(packages, last.unwrap_or(START) + rest * HOUR + 17 * SECOND)
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
    // A stall costs a jump, or as many doublings as there are bits in the days; at most one begins at each event.
    let doublings = 64 - u64::try_from(days).expect("a span").leading_zeros() + 2;
    let events = u32::try_from(events).expect("few");
    2 * (u32::try_from(days).expect("a span") / limit_days + 2) + (events + 8) * doublings
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn ends_caught_up_with_every_event_seen(mut warehouse in warehouse(), limit_days in 1u32..120) {
        let bound = most_runs(&warehouse, limit_days);
        let options = Options { limit_days, max_runs: Some(bound), ..Options::default() };
        let (outcome, _) = backfill(&mut warehouse, &options);
        match outcome {
            Outcome::CaughtUp => {
                for package in &warehouse.packages {
                    let due = package.due(warehouse.before_last_run);
                    for model in &package.models {
                        let empty = BTreeSet::new();
                        let seen = package.seen.get(model).unwrap_or(&empty);
                        prop_assert!(due.is_subset(seen), "{model} missed {:?}", due.difference(seen));
                        prop_assert_eq!(package.rows.get(model), due.last());
                    }
                }
            }
            // A model without a row whose start date lies behind all others: refused by the preflight, not the loop.
            Outcome::Refused { reason } => {
                let hopeless = warehouse.packages.iter().any(|package| {
                    let max = package.rows.values().max();
                    package.rows.len() < package.models.len() && max.is_some_and(|&max| package.start > max)
                });
                prop_assert!(hopeless, "{reason}");
            }
            other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
        }
    }

    #[test]
    fn until_leaves_nothing_out_before_that_time(mut warehouse in warehouse(), limit_days in 1u32..120, part in 0.0f64..1.0) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "some time in between")]
        let until = START + ((warehouse.now - START) as f64 * part) as Micros;
        let bound = most_runs(&warehouse, limit_days);
        let options =
            Options { limit_days, until: Some(timestamp(until)), max_runs: Some(bound), ..Options::default() };
        match backfill(&mut warehouse, &options).0 {
            Outcome::CaughtUp | Outcome::Reached { .. } => {
                for package in &warehouse.packages {
                    for model in &package.models {
                        let due = package.due(until);
                        let empty = BTreeSet::new();
                        let seen = package.seen.get(model).unwrap_or(&empty);
                        prop_assert!(due.is_subset(seen), "{model} missed {:?}", due.difference(seen));
                    }
                }
            }
            Outcome::Refused { .. } => {}
            other => prop_assert!(false, "after {} runs: {other:?}", warehouse.runs),
        }
    }

    #[test]
    fn a_jump_holds_no_more_events_than_the_limit(events in events(), limit_days in 1u32..60, rest in 0i64..3000) {
        // Without filters the next event is known exactly, and no window is wider than the user's limit in events.
        let events: BTreeMap<_, _> = events.into_keys().map(|time| (time, true)).collect();
        let now = events.last_key_value().map_or(START, |(&time, _)| time) + rest * HOUR;
        let package = Package {
            family: Family::Session,
            start: START,
            models: vec!["model".into()],
            events,
            can_be_asked: true,
            rows: BTreeMap::new(),
            seen: BTreeMap::new(),
            limits: None,
        };
        let mut warehouse = Warehouse::new(vec![package], now);
        let (outcome, log) = backfill(&mut warehouse, &Options { limit_days, ..Options::default() });
        prop_assert_eq!(outcome, Outcome::CaughtUp);
        prop_assert!(warehouse.widest[0] <= Micros::from(limit_days) * DAY);
        let doubled = log.iter().filter(|event| matches!(event, Event::LimitRaised(raised) if raised.reason == RaiseReason::Doubled));
        prop_assert_eq!(doubled.count(), 0);
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
        // A later call knows of a gap only what the events tell; it does not double where an earlier one left off.
        for package in &mut warehouse.packages {
            package.can_be_asked = true;
            package.events.values_mut().for_each(|passes| *passes = true);
            for model in package.models.clone() {
                if let Some(&last) = package.rows.get(&model) {
                    package.settle(&model, last);
                }
            }
        }
        let bound = most_runs(&warehouse, limit_days);
        let mut whole = warehouse.clone();
        let (at_once, _) = backfill(&mut whole, &Options { limit_days, ..Options::default() });
        let options = Options { limit_days, max_runs: Some(runs), ..Options::default() };
        let in_parts = (0..bound)
            .map(|_| backfill(&mut warehouse, &options).0)
            .find(|outcome| !matches!(outcome, Outcome::Stopped { .. }));
        prop_assert_eq!(Some(std::mem::discriminant(&at_once)), in_parts.as_ref().map(std::mem::discriminant));
        for (one, other) in whole.packages.iter().zip(&warehouse.packages) {
            prop_assert_eq!(&one.rows, &other.rows);
        }
    }
}
