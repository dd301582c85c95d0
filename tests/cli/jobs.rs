//! What the main job is asked to do besides a new model, on real dbt and DuckDB.

use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::support::{Engine, Events, Lab, NEW, Output};

const SITE: &str = "staging_snowplow_manifest.snowplow_site_incremental_manifest";
const SHOP: &str = "staging_snowplow_manifest.snowplow_shop_incremental_manifest";

/// A lab with both packages caught up, before the project's own models were written.
fn before_the_new_models() -> Lab {
    before_the_new_models_on(Engine::DuckDb)
}

fn before_the_new_models_on(engine: Engine) -> Lab {
    let lab = Lab::new(engine, NEW, Events::SHORT);
    let vars = format!(
        "{{storefront__new_models: false, snowplow__backfill_limit_days: 9999, snowplow__start_date: '{}'}}",
        Events::START
    );
    lab.dbt(&["run", "--vars", &vars]).success();
    lab
}

fn run(lab: &Lab, arguments: &[&str]) -> Output {
    lab.tool(&[&["run", "--start-date", Events::START, "--limit-days", "9999"], arguments].concat())
}

fn rows(lab: &Lab, manifest: &str) -> String {
    lab.lines(&format!("select model, last_success from {manifest} order by 1, 2"))
}

#[test]
fn a_whole_package_in_windows() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let select = ["--select", "package:snowplow_site", "tag:snowplow_site_incremental"];
    let vars = ["--vars", "storefront__new_models: false"];
    let base = [
        "run",
        "--start-date",
        Events::START,
        "--limit-days",
        "40",
        "--format",
        "json",
        "--journal",
        "journal.jsonl",
    ];
    let output = lab.tool(&[&base[..], &select, &vars].concat()).success();
    let events = output.json_lines();

    // The journal holds the same lines, and each has its envelope.
    let started = events.iter().find(|event| event["event"] == "backfill_started").expect("a start");
    assert_eq!(lab.read("journal.jsonl").lines().count(), events.len());
    assert!(events.iter().all(|event| event["version"] == 1 && event["time"].is_string()), "{output}");
    assert_eq!(events.last().expect("an end")["outcome"], "caught_up");
    assert_eq!(started["stand_ins"][0]["package"], "snowplow_shop");

    let tracked =
        lab.lines(&format!("select count(*), count(distinct last_success), max(last_success) from {SITE}"));
    let last = lab.lines(
        "select max(collector_tstamp) from atomic.events where dvce_sent_tstamp <= \
                          dvce_created_tstamp + interval '3 days'",
    );
    let models = started["packages"][0]["tracked"].as_array().expect("names").len();
    assert_eq!(tracked, format!("{models} | 1 | {last}"));
    assert_eq!(
        lab.lines("select count(*) from information_schema.tables where table_name like '%shop%'"),
        "0"
    );
}

#[test]
fn the_other_packages_stay_as_they_are_whichever_comes_first() {
    let lab = before_the_new_models();
    let (site, shop) = (rows(&lab, SITE), rows(&lab, SHOP));

    run(&lab, &["--select", "+page_engagement"]).success();
    assert_eq!(rows(&lab, SHOP), shop);
    let with_new = rows(&lab, SITE);
    assert!(
        with_new.contains("page_engagement |") && site.lines().all(|row| with_new.contains(row)),
        "{with_new}"
    );

    run(&lab, &["--select", "+basket_value"]).success();
    assert_eq!(rows(&lab, SITE), with_new);
    assert!(rows(&lab, SHOP).contains("basket_value |"));
}

#[test]
fn the_other_packages_stay_as_they_are_in_many_windows_too() {
    let lab = before_the_new_models_on(Engine::Postgres);
    for (select, changed, unchanged, model) in [
        ("+page_engagement", SITE, SHOP, "page_engagement |"),
        ("+basket_value", SHOP, SITE, "basket_value |"),
    ] {
        let before = rows(&lab, unchanged);
        let arguments = ["run", "--start-date", Events::START, "--limit-days", "30", "--select", select];
        let events = lab.tool(&[&arguments[..], &["--format", "json"]].concat()).success().json_lines();
        let runs = events.iter().filter(|event| event["event"] == "run_finished").count();
        assert!(runs >= 3, "{runs} runs");
        assert_eq!(rows(&lab, unchanged), before);
        assert!(rows(&lab, changed).contains(model));
    }
}

#[test]
fn a_refresh_of_one_model() {
    let lab = before_the_new_models();
    run(&lab, &["--select", "+page_engagement"]).success();
    let before = rows(&lab, SITE);
    let content = "select count(*), sum(hash(t)) from staging_derived.page_engagement as t";
    let full = lab.lines(content);
    lab.sql(&["delete from staging_derived.page_engagement"]);

    let arguments =
        ["--select", "+page_engagement", "--remove-from-manifest", "page_engagement", "--limit-days", "40"];
    let output = lab
        .tool(&[&["run", "--start-date", Events::START, "--format", "json"], &arguments[..]].concat())
        .success();
    let events = output.json_lines();
    let states: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "run_finished")
        .map(|event| event["packages"][0]["state"].as_str().expect("a state").to_owned())
        .collect();
    assert_eq!(states[0], "new_model");
    assert_eq!(states.last().map(String::as_str), Some("standard"));
    // Removed in the first run only, else it would start again and again.
    let removals = events
        .iter()
        .filter(|event| event["command"].as_str().is_some_and(|it| it.contains("models_to_remove")));
    assert_eq!(removals.count(), 1);
    assert_eq!(lab.lines(content), full);
    assert_eq!(rows(&lab, SITE), before);
}

#[test]
fn a_refresh_that_was_stopped_goes_on_without_its_flag() {
    let lab = before_the_new_models();
    run(&lab, &["--select", "+page_engagement"]).success();
    let content = "select count(*), sum(hash(t)) from staging_derived.page_engagement as t";
    let (before, full) = (rows(&lab, SITE), lab.lines(content));
    lab.sql(&["delete from staging_derived.page_engagement"]);

    let select = ["--select", "+page_engagement", "--limit-days", "40"];
    let refresh = ["--remove-from-manifest", "page_engagement", "--max-runs", "1"];
    let stopped = run(&lab, &[&select[..], &refresh].concat());
    assert_eq!(stopped.code, 3, "{stopped}");
    let last = stopped.stderr.lines().last().expect("a line");
    assert_snapshot!(last, @"next: run the same command without --remove-from-manifest to continue; with it, it would start over");
    assert_ne!(rows(&lab, SITE), before);

    run(&lab, &select).success();
    assert_eq!((rows(&lab, SITE), lab.lines(content)), (before, full));
}

#[test]
fn a_full_refresh() {
    let lab = before_the_new_models();
    // Only with the whole package: the rows of models that are not selected would be lost.
    let refused = run(&lab, &["--select", "+page_engagement", "--full-refresh"]);
    assert_eq!(refused.code, 4, "{refused}");
    assert!(refused.stderr.contains("rows of models that are not selected"), "{refused}");

    let before = rows(&lab, SITE);
    let output = run(
        &lab,
        &[
            "--select",
            "package:snowplow_site",
            "tag:snowplow_site_incremental",
            "--vars",
            "{storefront__new_models: false}",
            "--full-refresh",
            "--limit-days",
            "40",
            "--format",
            "json",
        ],
    )
    .success();
    let runs: Vec<_> = output
        .json_lines()
        .into_iter()
        .filter(|event| event["event"] == "dbt_called" && event["purpose"] == "run")
        .map(|event| event["command"].as_str().expect("a command").to_owned())
        .collect();
    let refreshes: Vec<_> = runs.iter().map(|run| run.contains("--full-refresh")).collect();
    assert!(refreshes[0] && !refreshes[1..].contains(&true), "{refreshes:?}");
    assert!(
        runs[0].contains("snowplow__allow_refresh") && !runs[1].contains("snowplow__allow_refresh"),
        "{runs:?}"
    );
    assert_eq!(rows(&lab, SITE), before);
}

#[test]
fn one_run_at_a_time_gets_over_a_gap_too() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::GAP);
    let arguments =
        ["run", "--select", "+page_engagement", "--start-date", Events::START, "--limit-days", "120"];
    let mut endings = Vec::new();
    for _ in 0..8 {
        let output = lab.tool(&[&arguments[..], &["--once", "--format", "json"]].concat()).success();
        let last = output.json_lines().pop().expect("an end");
        assert_eq!(last["runs"], 1);
        endings.push(last["outcome"].as_str().expect("an outcome").to_owned());
        if last["outcome"] == "caught_up" {
            break;
        }
        assert_eq!(last["more"], true);
    }
    // Before the gap, stalled in it, over it, stalled after the last event, to now.
    assert_eq!(endings, ["ran_once", "ran_once", "ran_once", "ran_once", "caught_up"]);
}

#[test]
fn one_run_at_a_time_gets_over_a_gap_of_one_package() {
    // Other events go on in the gap: that nothing is left in a window is known only of the run that was good.
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHOP_GAP);
    let arguments =
        ["run", "--select", "+basket_value", "--start-date", Events::START, "--limit-days", "45", "--once"];
    let mut runs = Vec::new();
    while runs.len() < 12 && runs.last().is_none_or(|(_, outcome)| outcome != "caught_up") {
        let events = lab.tool(&[&arguments[..], &["--format", "json"]].concat()).success().json_lines();
        let run = events.iter().find(|event| event["event"] == "run_finished").expect("a run");
        let last = events.last().expect("an end");
        runs.push((
            run["limit_days"].as_u64().expect("days"),
            last["outcome"].as_str().expect("one").to_owned(),
        ));
    }
    let limits: Vec<_> = runs.iter().map(|(limit, _)| *limit).collect();
    assert_eq!(runs.last().expect("a run").1, "caught_up", "{runs:?}");
    // Two windows, the gap in larger and larger ones, as it was behind it, and to now.
    assert_eq!(limits[..7], [45, 45, 45, 90, 180, 360, 45], "{runs:?}");
    let rows = lab
        .lines(&format!("select count(distinct last_success), max(last_success) > '2022-11-01' from {SHOP}"));
    assert_eq!(rows.to_lowercase(), "1 | true");
}

#[test]
fn stops_when_asked_and_goes_on_from_there() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let arguments =
        ["run", "--select", "+page_engagement", "--start-date", Events::START, "--limit-days", "30"];
    let output = lab.tool(&[&arguments[..], &["--max-runs", "1"]].concat());
    assert_snapshot!(output, @"
    exit code: 3
    --- stdout
    --- stderr
    storefront → staging (duckdb, dbt 1.12.6)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    target/snowplow-backfill/journal/[STARTED]-staging.jsonl
      state      snowplow_site: first run, from 2022-01-01; [RUNS] of 30 days to now
    run  1  2022-01-01 → 2022-01-31  first run    8 models  [TIME]
    stopped by --max-runs, not up to date: snowplow_site at 2022-01-30 18:27:11.875787
    1 run completed in [TIME]
    next: run the same command again to continue
    ");

    let output = lab.tool(&[&arguments[..], &["--until", "2022-02-10"]].concat());
    assert_snapshot!(output, @"
    exit code: 0
    --- stdout
    --- stderr
    storefront → staging (duckdb, dbt 1.12.6)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    target/snowplow-backfill/journal/[STARTED]-staging.jsonl
      state      snowplow_site: standard, at 2022-01-30 18:27:11; [RUNS] of 30 days to now
    run  1  2022-01-30 → 2022-02-10  standard     8 models  [TIME]
    processed everything up to 2022-02-10 00:00:00: snowplow_site at 2022-02-10 18:17:44.823676
    1 run completed in [TIME]
    ");
    let again = lab.tool(&[&arguments[..], &["--until", "2022-02-10"]].concat());
    assert_snapshot!(again, @"
    exit code: 0
    --- stdout
    --- stderr
    storefront → staging (duckdb, dbt 1.12.6)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    target/snowplow-backfill/journal/[STARTED]-staging.jsonl
      state      snowplow_site: standard, at 2022-02-10 18:17:44; [RUNS] of 30 days to now
    processed everything up to 2022-02-10 00:00:00: snowplow_site at 2022-02-10 18:17:44.823676
    nothing to run
    ");
}

#[test]
fn a_plan_changes_nothing() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let tables = "select table_schema, table_name from information_schema.tables order by 1, 2";
    let before = lab.lines(tables);
    let arguments = ["--select", "+page_engagement", "--start-date", Events::START];
    let plan = lab.tool(&[&["plan"], &arguments[..]].concat());
    assert_snapshot!(plan, @"
    exit code: 0
    --- stdout
    storefront → staging (duckdb, dbt 1.12.6)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      state      snowplow_site: first run, from 2022-01-01; [RUNS] of 90 days to now
      next run   2022-01-01 → 2022-04-01
      models_to_run
        page_engagement page_engagement_this_run snowplow_site_base_events_this_run snowplow_site_base_new_event_limits snowplow_site_base_quarantined_sessions snowplow_site_base_sessions_lifecycle_manifest snowplow_site_base_sessions_this_run snowplow_site_incremental_manifest snowplow_shop_carts
    --- stderr
    ");
    let dry_run = lab.tool(&[&["run", "--dry-run"], &arguments[..]].concat());
    assert_eq!(plan, dry_run);
    assert_eq!(lab.lines(tables), before);

    let json = lab.tool(&[&["plan", "--format", "json"], &arguments[..]].concat()).success();
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("a document");
    assert_eq!(json["states"][0]["state"], "first_run");
    assert_eq!(json["states"][0]["window"]["lower"], "2022-01-01T00:00:00Z");
}

#[test]
fn models_prints_the_string_and_nothing_else() {
    let lab = Lab::empty(Engine::DuckDb);
    assert_snapshot!(lab.tool(&["models", "--select", "+basket_value"]), @"
    exit code: 0
    --- stdout
    basket_value snowplow_shop_base_events_this_run snowplow_shop_base_new_event_limits snowplow_shop_base_quarantined_sessions snowplow_shop_base_sessions_lifecycle_manifest snowplow_shop_base_sessions_this_run snowplow_shop_incremental_manifest snowplow_site_landing_pages
    --- stderr
    ");
    // dbt's own --vars decide which models there are.
    let gone = lab.tool(&["models", "--select", "+basket_value", "--vars", "storefront__new_models: false"]);
    assert_snapshot!(gone, @"
    exit code: 2
    --- stdout
    --- stderr
    error: nothing is selected:
      +basket_value matches no enabled model
    ");
}

#[test]
fn a_selection_that_would_read_old_tables_again() {
    let lab = Lab::empty(Engine::DuckDb);
    // Without the sessions, the events of the last run stay what they were.
    let [near, excluded] =
        [&["2+page_engagement"][..], &["+page_engagement", "--exclude", "page_engagement_this_run"]]
            .map(|selection| lab.tool(&[&["models", "--select"], selection].concat()));
    assert_snapshot!(near, @"
    exit code: 2
    --- stdout
    --- stderr
    error: the selection holds tracked models of snowplow_site but not all models that they are built from (snowplow_site_base_sessions_lifecycle_manifest, snowplow_site_base_sessions_this_run), which page_engagement, page_engagement_this_run need: they would read what an earlier run left there. Select the ancestors too, and exclude none of them: --select +page_engagement
    ");
    assert_snapshot!(excluded, @"
    exit code: 2
    --- stdout
    --- stderr
    error: the selection holds tracked models of snowplow_site but not all models that they are built from (page_engagement_this_run), which page_engagement needs: it would read what an earlier run left there. Select the ancestors too, and exclude none of them: --select +page_engagement
    ");
}

#[test]
fn an_incremental_manifest_that_nothing_would_make() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let arguments = [
        "--select",
        "+page_engagement",
        "--exclude",
        "snowplow_site_incremental_manifest",
        "--start-date",
        Events::START,
    ];
    assert_snapshot!(lab.tool(&[&["plan"], &arguments[..]].concat()), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the incremental manifest snowplow_site_incremental_manifest does not exist yet and is not selected, so nothing would create it. Select the model with its ancestors, as in --select +my_model, and do not exclude it
    ");
    run(&lab, &["--select", "+page_engagement"]).success();
    // Once it is there it need not be selected.
    lab.tool(&[&["plan"], &arguments[..]].concat()).success();
}

#[test]
fn calls_at_the_same_time_keep_their_own_vars() {
    let lab = Lab::empty(Engine::DuckDb);
    let calls: Vec<_> = (0..4)
        .map(|number| {
            let vars = format!("{{storefront__new_models: {}, number: {number}}}", number % 2 == 0);
            let mut command = lab.tool_command(&["models", "--select", "+basket_value", "--vars", &vars]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the tool")
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        let output = Output::from(call.wait_with_output().expect("an end"));
        let (code, name) = if number % 2 == 0 { (0, "basket_value ") } else { (2, "") };
        assert!(output.code == code && output.stdout.starts_with(name), "{number}: {output}");
        assert_eq!(output.stderr.contains("nothing is selected"), code == 2, "{number}: {output}");
    }
}

#[test]
fn every_call_of_dbt_can_be_pasted_into_a_shell() {
    let lab = Lab::empty(Engine::DuckDb);
    let mut command =
        lab.tool_command(&["models", "-v", "--select", "+basket_value", "--vars", "{a: \"it's\", b: [1]}"]);
    let output = Output::from(command.output().expect("the tool")).success();
    // The last one: a dbt whose program does not tell its version is asked for that first.
    let line = output.stderr.lines().filter_map(|line| line.strip_prefix("$ ")).next_back().expect("a call");
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(lab.project()).env("STOREFRONT_DUCKDB", "none.duckdb");
    let pasted = Output::from(shell.output().expect("a shell")).success();
    assert!(pasted.stdout.contains("model.storefront.basket_value"), "{pasted}");
}

#[test]
fn the_environment_cannot_change_what_a_run_does() {
    let mut lab = before_the_new_models();
    run(&lab, &["--select", "+page_engagement"]).success();
    let before = rows(&lab, SITE);
    lab.set("DBT_FULL_REFRESH", "1");
    lab.set("DBT_EMPTY", "1");
    lab.set("DBT_LOG_FORMAT", "json");
    lab.set("DBT_QUIET", "1");
    let output = run(&lab, &["--select", "+page_engagement"]).success();
    let warning = output.stderr.lines().next().expect("a line");
    assert_snapshot!(warning, @"warning: ignored environment variables that would change what a run does: DBT_EMPTY, DBT_FULL_REFRESH, DBT_LOG_FORMAT, DBT_QUIET");
    assert_eq!(rows(&lab, SITE), before);
}

/// dbt 1.12 fills variables that are not set from one file, and flags that nothing sets from another.
#[test]
fn files_beside_the_environment_cannot_change_what_a_run_does() {
    let mut lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let arguments = ["--select", "+page_engagement", "--start-date", Events::START, "--limit-days", "9999"];
    run(&lab, &arguments).success();
    let state =
        |lab: &Lab| (rows(lab, SITE), lab.lines("select count(*) from staging_derived.page_engagement"));
    let before = state(&lab);
    let file = "DBT_EMPTY=1\nexport DBT_ENGINE_INDIRECT_SELECTION='empty'\nDBT_QUIET=1\n\
                DBT_STATE=nowhere\nSTOREFRONT_OTHER=1\n";
    lab.write(".env", file);
    lab.write(
        "home/.dbt/user_settings.yml",
        "flags: {full_refresh: true, quiet: true, hints_enabled: false}\n",
    );
    let home = lab.project().join("home");
    lab.set("HOME", home.to_str().expect("UTF-8"));

    // They do change what dbt does by itself.
    let by_itself = lab.dbt(&["ls", "--select", "no_such_model"]);
    assert_eq!(by_itself.stdout, "", "{by_itself}");
    let output = run(&lab, &arguments).success();
    let warning = output.stderr.lines().next().expect("a line");
    assert_snapshot!(warning, @"warning: ignored environment variables that would change what a run does: DBT_EMPTY (in .env), full_refresh (in ~/.dbt/user_settings.yml), DBT_ENGINE_INDIRECT_SELECTION (in .env), quiet (in ~/.dbt/user_settings.yml), DBT_QUIET (in .env), DBT_STATE (in .env)");
    assert_eq!(state(&lab), before);
}

#[test]
fn works_from_another_directory() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let project = lab.project();
    let project = project.to_str().expect("UTF-8");
    let arguments =
        ["run", "--select", "+page_engagement", "--start-date", Events::START, "--limit-days", "9999"];
    let mut command =
        lab.tool_command(&[&arguments[..], &["--project-dir", project, "--profiles-dir", project]].concat());
    Output::from(command.current_dir(elsewhere.path()).output().expect("the tool")).success();
    assert!(rows(&lab, SITE).contains("page_engagement |"));
    assert_eq!(std::fs::read_dir(elsewhere.path()).expect("a folder").count(), 0, "nothing is left there");
}
