//! The main jobs, on real dbt and real databases.

use crate::support::{Dbt, Engine, Events, Lab, NEW, OLD, PREVIOUS};

/// What one run with a huge limit builds, in another schema of the same database.
fn build_at_once(lab: &Lab, select: &str) {
    let arguments = ["run", "--select", select, "--target", &lab.target("prod"), "--vars"];
    let vars = format!(
        "{{models_to_run: '{}', snowplow__backfill_limit_days: 9999, snowplow__start_date: '{}'}}",
        lab.tool(&["models", "--select", select]).success().stdout.trim(),
        Events::START
    );
    lab.dbt(&[&arguments[..], &[&vars]].concat()).success();
}

/// Rows of a table that the other schema's table lacks, both ways.
fn differences(lab: &Lab, table: &str) -> String {
    let (ours, theirs) = (format!("staging_derived.{table}"), format!("prod_derived.{table}"));
    lab.lines(&format!(
        "select (select count(*) from {ours}) > 0, \
                (select count(*) from (select * from {ours} except all select * from {theirs}) as a), \
                (select count(*) from (select * from {theirs} except all select * from {ours}) as b)"
    ))
}

/// Numbers and limits of the runs that parsed the whole project, by dbt's own log.
fn full_parses(lab: &Lab, events: &[serde_json::Value]) -> Vec<(u64, u64)> {
    let calls: Vec<_> =
        std::fs::read_dir(lab.project().join("target/snowplow-backfill/logs")).expect("logs").collect();
    let started = events.iter().filter(|event| event["event"] == "run_started");
    started
        .map(|event| {
            (event["run"].as_u64().expect("a number"), event["limit_days"].as_u64().expect("a number"))
        })
        .filter(|(run, _)| {
            let name = format!("run-{run:04}/dbt.log");
            let mut paths = calls.iter().map(|call| call.as_ref().expect("a call").path().join(&name));
            let log = paths.find_map(|path| std::fs::read_to_string(path).ok()).expect("the run's log");
            assert!(log.contains("Running with dbt"), "{log}");
            log.contains("Unable to do partial parsing")
        })
        .collect()
}

fn catches_up_over_the_gap(engine: Engine, dbt: Dbt) {
    let lab = Lab::new(engine, dbt, Events::GAP);
    let arguments = [
        "run",
        "--select",
        "+page_engagement",
        "--limit-days",
        "30",
        "--start-date",
        Events::START,
        "--format",
        "json",
    ];
    let output = lab.tool(&arguments).success();
    let events = output.json_lines();

    // The gap was crossed by one exact jump, and no window held more than 30 days of events.
    let raised: Vec<_> = events.iter().filter(|event| event["event"] == "limit_raised").collect();
    assert_eq!(raised.iter().filter(|event| event["reason"] == "gap").count(), 1, "{raised:?}");
    assert_eq!(raised[0]["from_days"], 30);
    // Its window ends within 30 days of the first event behind the gap, no more than a day before.
    let of_jump = |field: &str| raised[0][field].as_str().expect("a time").to_owned();
    let (at, next) = (of_jump("at"), of_jump("next_event"));
    let position = events.iter().position(|event| event == raised[0]).expect("the jump");
    let behind = events[position..].iter().find(|event| event["event"] == "run_finished").expect("a run");
    assert_eq!(behind["limit_days"], raised[0]["to_days"]);
    let upper = behind["packages"][0]["window"]["upper"].as_str().expect("a time");
    let ends = lab.lines(&format!(
        "select (select min(collector_tstamp) from atomic.events where collector_tstamp > timestamp '{at}') \
                = timestamp '{next}', timestamp '{upper}' = timestamp '{at}' + interval '{} days', timestamp \
                '{upper}' between timestamp '{next}' + interval '29 days' and timestamp '{next}' + interval \
                '30 days'",
        raised[0]["to_days"]
    ));
    assert_eq!(ends.to_lowercase(), "true | true | true", "{}", raised[0]);
    for event in events.iter().filter(|event| event["event"] == "run_finished") {
        // DuckDB does not tell how many rows a statement touched.
        assert_eq!(event["rows"].is_u64(), engine == Engine::Postgres, "{event}");
        let window = &event["packages"][0]["window"];
        let (lower, upper) =
            (window["lower"].as_str().expect("a time"), window["upper"].as_str().expect("a time"));
        let days = lab.lines(&format!(
            "select coalesce(max(collector_tstamp) - min(collector_tstamp) <= interval '30 days', true) from \
             atomic.events where collector_tstamp > timestamp '{lower}' + interval '6 hours' and \
             collector_tstamp <= timestamp '{upper}'"
        ));
        assert_eq!(days.to_lowercase(), "true", "{window}");
    }

    // The project is parsed once a limit, never once a run.
    let parses = full_parses(&lab, &events);
    let limits: std::collections::BTreeSet<_> = parses.iter().map(|(_, limit)| limit).collect();
    assert_eq!(parses.len(), limits.len(), "{parses:?}");
    assert!(parses.contains(&(1, 30)), "{parses:?}");

    // Every tracked row is at the true last event.
    let last = "select max(collector_tstamp) from atomic.events where dvce_sent_tstamp <= \
                dvce_created_tstamp + interval '3 days'";
    let rows = lab.lines(&format!(
        "select model, last_success = ({last}) from \
         staging_snowplow_manifest.snowplow_site_incremental_manifest order by model"
    ));
    assert_eq!(rows.to_lowercase(), "page_engagement | true\npage_engagement_this_run | true");

    // Built in many windows or at once, the table is the same.
    build_at_once(&lab, "+page_engagement");
    assert_eq!(differences(&lab, "page_engagement").to_lowercase(), "true | 0 | 0");
}

#[test]
fn catches_up_over_the_gap_on_duckdb() {
    catches_up_over_the_gap(Engine::DuckDb, NEW);
}

#[test]
fn catches_up_over_the_gap_on_postgres() {
    catches_up_over_the_gap(Engine::Postgres, NEW);
}

#[test]
fn catches_up_over_the_gap_on_duckdb_with_the_previous_dbt() {
    catches_up_over_the_gap(Engine::DuckDb, PREVIOUS);
}

#[test]
fn catches_up_over_the_gap_on_postgres_with_the_previous_dbt() {
    catches_up_over_the_gap(Engine::Postgres, PREVIOUS);
}

#[test]
fn catches_up_over_the_gap_on_duckdb_with_old_dbt() {
    catches_up_over_the_gap(Engine::DuckDb, OLD);
}

#[test]
fn catches_up_over_the_gap_on_postgres_with_old_dbt() {
    catches_up_over_the_gap(Engine::Postgres, OLD);
}

#[test]
fn a_model_that_fails_in_a_later_window_loses_nothing() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let path = "models/site/page_engagement.sql";
    let good = lab.read(path);
    let trap = "{% if is_incremental() %} and error('no rate for this currency') is null {% endif %}";
    lab.write(path, &format!("{}{trap}\n", good.trim_end()));
    let arguments =
        ["run", "--select", "+page_engagement", "--start-date", Events::START, "--limit-days", "30"];
    let output = lab.tool(&arguments);
    assert_eq!(output.code, 1, "{output}");
    assert!(
        output.stderr.contains("run 2: dbt run failed") && output.stderr.contains("1 run completed"),
        "{output}"
    );

    lab.write(path, &good);
    let events = lab.tool(&[&arguments[..], &["--format", "json"]].concat()).success().json_lines();
    let first = events.iter().find(|event| event["event"] == "run_started").expect("a run");
    let lower = first["packages"][0]["window"]["lower"].as_str().expect("a window");
    assert!(lower > "2022-01-29", "it goes on from the first window: {lower}");
    build_at_once(&lab, "+page_engagement");
    assert_eq!(differences(&lab, "page_engagement").to_lowercase(), "true | 0 | 0");
}

#[test]
fn a_versioned_model_has_its_row_under_its_own_name() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let file = "version: 2\nmodels:\n  - name: reading\n    latest_version: 2\n    versions: [{v: 2}]\n";
    lab.write("models/site/reading.yml", file);
    let code = "{{ config(materialized='incremental', unique_key='page_view_id', \
                meta={'upsert_date_key': 'start_tstamp'}) }}\n\
                select * from {{ ref('page_engagement_this_run') }}\n";
    lab.write("models/site/reading_v2.sql", code);
    let arguments = ["run", "--select", "+reading", "--start-date", Events::START, "--limit-days", "30"];
    let events = lab.tool(&[&arguments[..], &["--format", "json"]].concat()).success().json_lines();
    let states = events.iter().filter(|event| event["event"] == "run_finished");
    let states: Vec<_> =
        states.map(|event| event["packages"][0]["state"].as_str().expect("a state")).collect();
    assert!(states.len() > 2 && states[1..].iter().all(|state| *state == "standard"), "{states:?}");
    let rows = "select model from staging_snowplow_manifest.snowplow_site_incremental_manifest order by 1";
    assert_eq!(lab.lines(rows), "page_engagement_this_run\nreading");
    assert_eq!(
        lab.lines("select count(*) = count(distinct page_view_id) from staging_derived.reading_v2")
            .to_lowercase(),
        "true"
    );
}
