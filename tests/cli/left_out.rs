//! Events that a package's own filters leave out: they end no gap.

use serde_json::Value;

use crate::support::{Engine, Events, Lab, NEW};

/// Bounds every backfill: it takes about half as many runs, or all of its doublings.
const MOST_RUNS: [&str; 2] = ["--max-runs", "20"];

const SITE: [&str; 7] = ["run", "--select", "+page_engagement", "--limit-days", "30", "--format", "json"];

fn backfill(lab: &Lab, arguments: &[&str]) -> Vec<Value> {
    let bounds = [&MOST_RUNS[..], &["--start-date", Events::START]].concat();
    lab.tool(&[arguments, &bounds].concat()).success().json_lines()
}

fn reasons(events: &[Value]) -> Vec<&str> {
    let raised = events.iter().filter(|event| event["event"] == "limit_raised");
    raised.map(|event| event["reason"].as_str().expect("a reason")).collect()
}

fn runs(events: &[Value]) -> u64 {
    events.last().expect("an end")["runs"].as_u64().expect("a number")
}

fn notes_of_events_left(events: &[Value]) -> usize {
    let notes = events.iter().filter(|event| event["event"] == "note");
    notes.filter(|event| event["message"].to_string().contains("has a later one")).count()
}

/// A site with a gap of 200 days, in which and after which another app has events all the time.
fn with_another_app(app_ids: &str) -> Lab {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::GAP);
    let shifted =
        ["collector_tstamp", "load_tstamp", "dvce_created_tstamp", "dvce_sent_tstamp", "derived_tstamp"]
            .map(|column| format!("{column} + days * interval '1 day' as {column}"));
    lab.sql(&[&format!(
        "insert into atomic.events select events.* replace ('a-' || days || event_id as event_id, 'another' \
         as app_id, 'a-' || days || domain_sessionid as domain_sessionid, {}) from atomic.events cross join \
         range(0, 401, 50) as shifts (days)",
        shifted.join(", ")
    )]);
    let project = lab.read("dbt_project.yml");
    lab.write("dbt_project.yml", &format!("{project}\nvars: {{snowplow__app_id: {app_ids}}}\n"));
    lab
}

#[test]
fn a_gap_with_events_of_another_app_is_crossed_by_one_exact_jump() {
    let lab = with_another_app("[storefront]");
    let events = backfill(&lab, &SITE);

    assert_eq!(reasons(&events), ["gap", "no_later_event"], "{events:?}");
    let jump = events.iter().find(|event| event["reason"] == "gap").expect("a jump");
    let of_jump = |field: &str| jump[field].as_str().expect("a time").to_owned();
    let next = lab.lines(&format!(
        "select min(collector_tstamp) = timestamp '{}' from atomic.events where app_id = 'storefront' and \
         collector_tstamp > timestamp '{}'",
        of_jump("next_event"),
        of_jump("at")
    ));
    assert_eq!(next.to_lowercase(), "true", "{jump}");
    // Two months, one window that stalls, the jump, two months, one window that stalls, the way to now.
    assert!(runs(&events) <= 9, "{} runs: {events:?}", runs(&events));
    assert_eq!(notes_of_events_left(&events), 0, "{events:?}");
    let last = lab.lines(
        "select distinct last_success = (select max(collector_tstamp) from atomic.events where app_id = \
         'storefront' and dvce_sent_tstamp <= dvce_created_tstamp + interval '3 days') from \
         staging_snowplow_manifest.snowplow_site_incremental_manifest",
    );
    assert_eq!(last.to_lowercase(), "true");
}

#[test]
fn a_filter_that_is_not_certain_is_not_asked_with() {
    // To the package, the second one is an escaped quote in SQL.
    let lab = with_another_app("[storefront, \"it''s\"]");
    let events = backfill(&lab, &SITE);
    assert_eq!(events.last().expect("an end")["exit_code"], 0, "{events:?}");
    assert!(reasons(&events).contains(&"doubled"), "{events:?}");
    assert_eq!(notes_of_events_left(&events), 1, "{events:?}");
}

#[test]
fn a_gap_in_the_event_names_is_crossed_by_one_exact_jump() {
    let lab = Lab::signals(Engine::DuckDb, NEW, Events::SHOP_GAP);
    let project = lab.read("dbt_project.yml");
    let names = "vars: {snowplow__signals_event_names: [product_view, add_to_cart, purchase]}";
    lab.write("dbt_project.yml", &format!("{project}\n{names}\n"));
    let select = ["package:snowplow_signals", "tag:snowplow_signals_incremental"];
    let arguments = ["run", "--select", select[0], select[1], "--limit-days", "30", "--format", "json"];
    let events = backfill(&lab, &arguments);

    assert_eq!(reasons(&events), ["gap", "no_later_event"], "{events:?}");
    assert!(runs(&events) <= 9, "{} runs: {events:?}", runs(&events));
    assert_eq!(notes_of_events_left(&events), 0, "{events:?}");
}
