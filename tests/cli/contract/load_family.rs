//! The family of packages that goes by load time.

use chrono::Utc;
use serde_json::json;

use super::shared::{
    FIRST_RUN, NO_LIMIT, OUT_OF_SYNC, STANDARD, Window, count, manifest, record, run, said, shifted, time,
    vars, with, yesterday_at,
};
use crate::support::{Engine, Events, Lab, NEW};

/// All models of that project, since every one carries the tag.
const MODELS: [&str; 6] = [
    "page_interest",
    "snowplow_signals_base_events_this_run",
    "snowplow_signals_base_new_event_limits",
    "snowplow_signals_identifiers",
    "snowplow_signals_identities",
    "snowplow_signals_incremental_manifest",
];

/// Model, first and last success.
fn rows(lab: &Lab) -> String {
    lab.lines(&format!("select model, first_success, last_success from {} order by 1", manifest("signals")))
}

fn rows_of_all(first_and_last: impl Fn(&str) -> String) -> String {
    MODELS.map(|model| format!("{model} | {}", first_and_last(model))).join("\n")
}

/// When the first and the last event strictly inside a window were loaded; later copies do not count.
fn loaded(lab: &Lab, window: &Window) -> (String, String) {
    let row = lab.lines(&format!(
        "select min(first_copy), max(first_copy) from (select min(load_tstamp) as first_copy from \
         atomic.events where load_tstamp > timestamp '{}' and load_tstamp < timestamp '{}' group by \
         event_id) as copies",
        window.lower, window.upper
    ));
    let (first, last) = row.split_once(" | ").expect("one row of two columns");
    (first.to_owned(), last.to_owned())
}

fn the_limits_are_exclusive(engine: Engine) {
    let lab = Lab::signals(engine, NEW, Events::GAP);
    let (table, events) = (manifest("signals"), "staging_scratch.snowplow_signals_base_events_this_run");

    let output = run(&lab, "", &vars(60, "")).success();
    let window = Window::new("2022-01-01 00:00:00", "2022-03-01 23:59:59");
    assert_eq!(Window::of(&lab, "signals"), window);
    assert_eq!(said(&output), window.announced("signals", FIRST_RUN));
    let (first, last) = loaded(&lab, &window);
    let before_the_gap = rows_of_all(|_| format!("{first} | {last}"));
    assert_eq!(rows(&lab), before_the_gap);

    // The event at the lower limit is not read again: in a gap there is none at all, and not a word of it.
    let stalled = run(&lab, "", &vars(60, "")).success();
    let upper = format!("date_trunc('day', timestamp '{last}') + interval '61 days' - interval '1 second'");
    let window = Window::new(&last, &lab.lines(&format!("select {upper}")));
    assert_eq!(Window::of(&lab, "signals"), window);
    assert_eq!(said(&stalled), window.announced("signals", STANDARD));
    assert_eq!(count(&lab, events), 0);
    assert_eq!(rows(&lab), before_the_gap);

    // Over the gap, a new model begins where the others are, and only an unknown first success is written.
    lab.sql(&[
        &format!("delete from {table} where model = 'page_interest'"),
        &format!("update {table} set first_success = null where model = 'snowplow_signals_identities'"),
    ]);
    let before = Utc::now().naive_utc();
    let output = run(&lab, "", &vars(NO_LIMIT, "")).success();
    let window = Window::of(&lab, "signals");
    assert_eq!(window.lower, last);
    assert!((before..=Utc::now().naive_utc()).contains(&time(&window.upper)), "{window:?}");
    assert_eq!(said(&output), window.announced("signals", STANDARD));
    let (after_the_gap, end) = loaded(&lab, &window);
    let first_of = |model: &str| match model {
        "page_interest" | "snowplow_signals_identities" => after_the_gap.clone(),
        _ => first.clone(),
    };
    assert_eq!(rows(&lab), rows_of_all(|model| format!("{} | {end}", first_of(model))));

    // Two values never meet, whatever the limit: the event at the larger one is outside the window.
    lab.sql(&[&format!(
        "update {table} set last_success = last_success - interval '10 days' where model = 'page_interest'"
    )]);
    let behind = Window::new(&shifted(&lab, &end, "-10 days"), &end);
    let (_, almost) = loaded(&lab, &behind);
    let last_of = |model: &str| if model == "page_interest" { almost.clone() } else { end.clone() };
    let deadlocked = rows_of_all(|model| format!("{} | {}", first_of(model), last_of(model)));
    for window in [behind, Window::new(&almost, &end)] {
        let output = run(&lab, "", &vars(NO_LIMIT, "")).success();
        assert_eq!(Window::of(&lab, "signals"), window);
        assert_eq!(said(&output), window.announced("signals", OUT_OF_SYNC));
        assert_eq!(rows(&lab), deadlocked);
    }
    assert_eq!(count(&lab, events), 0);
}

#[test]
fn the_limits_are_exclusive_on_duckdb() {
    the_limits_are_exclusive(Engine::DuckDb);
}

#[test]
fn the_limits_are_exclusive_on_postgres() {
    the_limits_are_exclusive(Engine::Postgres);
}

#[test]
fn windows_end_with_a_day() {
    let lab = Lab::signals(Engine::DuckDb, NEW, Events::GAP);
    lab.sql(&[
        "create schema staging_snowplow_manifest",
        &format!(
            "create table {} (model text, first_success timestamp, last_success timestamp)",
            manifest("signals")
        ),
    ]);
    // The limits model is not among them, and nothing else is built: the hook writes nothing.
    let models = "page_interest snowplow_signals_identifiers snowplow_signals_identities \
                  snowplow_signals_base_events_this_run";
    let limits = "snowplow_signals_base_new_event_limits";
    let vars = with(vars(30, models), "snowplow__start_date", "2022-01-01 13:14:15");
    let oldest = "2022-03-10 08:15:30.123456";
    let check = |rows: &[(&str, &str)], state: &str, window: &Window| {
        record(&lab, "signals", rows);
        let output = run(&lab, limits, &vars).success();
        assert_eq!(&Window::of(&lab, "signals"), window);
        assert_eq!(said(&output), window.announced("signals", state));
    };

    check(&[], FIRST_RUN, &Window::new("2022-01-01 13:14:15", "2022-01-30 23:59:59"));
    let two_values = [
        ("page_interest", oldest),
        ("snowplow_signals_identifiers", oldest),
        ("snowplow_signals_identities", "2022-09-01 10:00:00.000001"),
        ("snowplow_signals_base_events_this_run", oldest),
    ];
    check(&two_values, OUT_OF_SYNC, &Window::new(oldest, "2022-04-09 23:59:59"));
    // More values count as a standard run, and a model without a row counts for nothing.
    let three_values = [
        ("page_interest", oldest),
        ("snowplow_signals_identifiers", "2022-03-11 10:00:00.000001"),
        ("snowplow_signals_identities", "2022-03-12 10:00:00.000001"),
    ];
    check(&three_values, STANDARD, &Window::new(oldest, "2022-04-09 23:59:59"));

    // The package's hook does not say which table to remove from.
    let removing = run(&lab, limits, &with(vars.clone(), "models_to_remove", json!(["page_interest"])));
    assert_eq!(removing.code, 2, "{removing}");
    let error = "parameter 'incremental_manifest_table' was not provided";
    assert!(removing.stdout.contains(error), "{removing}");

    record(&lab, "signals", &[]);
    let start = yesterday_at("13:14:15");
    let before = Utc::now().naive_utc();
    run(&lab, limits, &with(vars.clone(), "snowplow__start_date", start.as_str())).success();
    let window = Window::of(&lab, "signals");
    assert_eq!(window.lower, start);
    assert!((before..=Utc::now().naive_utc()).contains(&time(&window.upper)), "{window:?}");
}
