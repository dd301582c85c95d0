//! What goes wrong while a backfill runs, on real dbt and real databases: dbt's own words are shown, and the
//! next call goes on.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Engine, Events, Lab, NEW, OLD, Output, PREVIOUS, Server};

const SITE: &str = "staging_snowplow_manifest.snowplow_site_incremental_manifest";

const RUN: [&str; 7] =
    ["run", "--select", "+page_engagement", "--start-date", Events::START, "--limit-days", "9999"];

fn run(lab: &Lab, arguments: &[&str]) -> Output {
    lab.tool(&[&RUN[..], arguments].concat())
}

/// Runs the tool, and makes sure that it leaves the tables as they are.
fn refused(lab: &Lab, arguments: &[&str]) -> Output {
    let tables = || {
        let all = lab.lines("select table_schema, table_name from information_schema.tables order by 1, 2");
        let manifests = all.lines().filter(|table| table.ends_with("_incremental_manifest"));
        let rows = manifests.map(|table| {
            lab.lines(&format!("select model, last_success from {} order by 1, 2", table.replace(" | ", ".")))
        });
        (rows.collect::<Vec<_>>(), all)
    };
    let before = tables();
    let output = lab.tool(&[&RUN[..], arguments].concat());
    assert_eq!(tables(), before);
    output
}

#[test]
fn a_model_that_fails_stops_it_and_the_next_call_goes_on() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let path = "models/site/page_engagement.sql";
    let good = lab.read(path);
    lab.write(path, &good.replace("select *", "select *, error('no rate for this currency') as rate"));
    assert_snapshot!(run(&lab, &[]), @"
    exit code: 1
    --- stdout
    --- stderr
    storefront → staging (duckdb, dbt 1.12.6)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    target/snowplow-backfill/journal/[STARTED]-staging.jsonl
      state      snowplow_site: first run, from 2022-01-01; [RUNS] of 9999 days to now
    run 1: dbt run failed (exit code 1): a model failed
      model.storefront.page_engagement
        Runtime Error in model page_engagement (models/site/page_engagement.sql)
          Invalid Input Error: no rate for this currency
      dbt's log: target/snowplow-backfill/logs/[STARTED]-staging/run-0001/dbt.log
    stopped: dbt failed
    0 runs completed in [TIME]
    next: fix the error above, then run the same command again to continue
    ");

    lab.write(path, &good);
    run(&lab, &[]).success();
    assert!(lab.lines(&format!("select model from {SITE} order by 1")).contains("page_engagement"));
}

#[test]
fn a_hook_that_raises() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let project = lab.read("dbt_project.yml");
    let hook = "\non-run-end: \"{% if execute %}{{ exceptions.raise_compiler_error('the audit table is \
                missing') }}{% endif %}\"\n";
    lab.write("dbt_project.yml", &format!("{project}{hook}"));
    assert_snapshot!(run(&lab, &[]), @"
    exit code: 1
    --- stdout
    --- stderr
    storefront → staging (duckdb, dbt 1.12.6)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    target/snowplow-backfill/journal/[STARTED]-staging.jsonl
      state      snowplow_site: first run, from 2022-01-01; [RUNS] of 9999 days to now
    run 1: dbt run failed (exit code 2): a hook failed
        Compilation Error in operation storefront-on-run-end-0 (./dbt_project.yml)
          the audit table is missing
      dbt's log: target/snowplow-backfill/logs/[STARTED]-staging/run-0001/dbt.log
    stopped: dbt failed
    0 runs completed in [TIME]
    next: fix the error above, then run the same command again to continue
    ");
}

#[test]
fn a_hook_that_raises_under_old_dbt() {
    let lab = Lab::new(Engine::DuckDb, OLD, Events::SHORT);
    let project = lab.read("dbt_project.yml");
    let hook = "\non-run-end: \"{% if execute %}{{ exceptions.raise_compiler_error('the audit table is \
                missing') }}{% endif %}\"\n";
    lab.write("dbt_project.yml", &format!("{project}{hook}"));
    assert_snapshot!(run(&lab, &[]), @"
    exit code: 1
    --- stdout
    --- stderr
    storefront → staging (duckdb, dbt 1.7.20)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    target/snowplow-backfill/journal/[STARTED]-staging.jsonl
      state      snowplow_site: first run, from 2022-01-01; [RUNS] of 9999 days to now
    run 1: dbt run failed (exit code 1): a hook failed
        on-run-end failed, error:
         the audit table is missing
      dbt's log: target/snowplow-backfill/logs/[STARTED]-staging/run-0001/dbt.log
    stopped: dbt failed
    0 runs completed in [TIME]
    next: fix the error above, then run the same command again to continue
    ");
}

#[test]
fn a_hook_with_wrong_sql() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let project = lab.read("dbt_project.yml");
    lab.write(
        "dbt_project.yml",
        &format!("{project}\non-run-end: \"select error('the audit table is full')\"\n"),
    );
    assert_snapshot!(run(&lab, &[]), @"
    exit code: 1
    --- stdout
    --- stderr
    storefront → staging (duckdb, dbt 1.12.6)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    target/snowplow-backfill/journal/[STARTED]-staging.jsonl
      state      snowplow_site: first run, from 2022-01-01; [RUNS] of 9999 days to now
    run 1: dbt run failed (exit code 1): a hook failed
      operation.storefront.storefront-on-run-end-0
        storefront.on-run-end.0 failed, error:
         Invalid Input Error: the audit table is full
      dbt's log: target/snowplow-backfill/logs/[STARTED]-staging/run-0001/dbt.log
    stopped: dbt failed
    0 runs completed in [TIME]
    next: fix the error above, then run the same command again to continue
    ");
}

#[test]
fn a_project_that_does_not_parse() {
    let lab = Lab::empty(Engine::DuckDb);
    lab.write("models/broken.sql", "select * from {{ ref('nowhere') }}");
    assert_snapshot!(refused(&lab, &[]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: dbt ls failed (exit code 2): the project or its configuration is not valid
        Encountered an error:
        Compilation Error
          Model 'model.storefront.broken' (models/broken.sql) depends on a node named 'nowhere' which was not found
      dbt's log: [PROJECT]/target/snowplow-backfill/logs/[STARTED]-staging/ls/dbt.log
    ");
}

#[test]
fn a_target_that_is_missing() {
    let lab = Lab::empty(Engine::DuckDb);
    assert_snapshot!(refused(&lab, &["--target", "nowhere"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: dbt ls failed (exit code 2): the profile or the target is missing or not valid
        Encountered an error:
        Runtime Error
          The profile 'storefront' does not have a target named 'nowhere'. The valid target names for this profile are:
           - staging
           - prod
           - pg_staging
           - pg_prod
      dbt's log: [PROJECT]/target/snowplow-backfill/logs/[STARTED]-nowhere/ls/dbt.log
    ");
}

#[test]
fn a_profile_that_is_missing() {
    let lab = Lab::empty(Engine::DuckDb);
    assert_snapshot!(refused(&lab, &["--profile", "nobody"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: dbt ls failed (exit code 2): the profile or the target is missing or not valid
        Encountered an error:
        Runtime Error
          Could not find profile named 'nobody'
      dbt's log: [PROJECT]/target/snowplow-backfill/logs/[STARTED]-staging/ls/dbt.log
      hint: use --profiles-dir to name the folder of the profiles.yml that holds this profile
    ");
}

#[test]
fn profiles_that_are_nowhere() {
    let lab = Lab::empty(Engine::DuckDb);
    assert_snapshot!(refused(&lab, &["--profiles-dir", "nowhere"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: dbt ls failed (exit code 2): dbt does not accept its arguments
        Usage: dbt ls [OPTIONS]
        Try 'dbt ls --help' for help.
        
        Error: Invalid value for '--profiles-dir': Path 'nowhere' does not exist.
      hint: dbt looks for profiles.yml in the working directory and in ~/.dbt, not beside dbt_project.yml: name its folder with --profiles-dir
    ");
}

#[test]
fn mistakes_that_only_dbt_finds() {
    for dbt in [NEW, PREVIOUS, OLD] {
        let lab = Lab::empty_with(Engine::DuckDb, dbt);
        let expect = |arguments: &[&str], called: &str| {
            let output = lab.tool(arguments);
            assert_eq!(output.code, 2, "{output}");
            assert!(output.stderr.contains(&format!("(exit code 2): {called}")), "{output}");
        };
        expect(&["plan", "--selector", "nope"], "the selection is not valid");
        expect(&["plan", "--select", "metod:a"], "the selection is not valid");
        expect(&[&RUN[..], &["--", "--nope"]].concat(), "dbt does not accept its arguments");
        let profiles = lab.read("profiles.yml");
        let broken = profiles.replacen("path:", "schema: \"{{ env_var('NOWHERE_SET') }}\"\n      path:", 1);
        assert_ne!(profiles, broken);
        lab.write("profiles.yml", &broken.replacen("      schema: staging\n", "", 1));
        expect(&["plan", "--select", "+page_engagement"], "something that the project needs is missing");
        lab.write("profiles.yml", &profiles);
        let packages = lab.read("packages.yml");
        lab.write(
            "packages.yml",
            &format!("{packages}  - package: dbt-labs/dbt_utils\n    version: 1.1.1\n"),
        );
        expect(&["plan", "--select", "+page_engagement"], "something that the project needs is missing");
    }
}

#[test]
fn mistakes_in_the_project_and_its_configuration() {
    let profile = "the profile or the target is missing or not valid";
    let project = "the project or its configuration is not valid";
    for dbt in [NEW, PREVIOUS, OLD] {
        let lab = Lab::empty_with(Engine::DuckDb, dbt);
        let expect = |arguments: &[&str], called: &str| {
            let output = lab.tool(arguments);
            assert_eq!(output.code, 2, "{output}");
            assert!(output.stderr.contains(&format!("dbt ls failed (exit code 2): {called}\n")), "{output}");
        };
        for part in ["resource_type:foo", "test_type:foo", "version:foo"] {
            expect(&["plan", "--select", part], "the selection is not valid");
        }
        let changed = |file: &str, change: &dyn Fn(&str) -> String, called: &str| {
            let good = lab.read(file);
            let bad = change(&good);
            assert_ne!(good, bad);
            lab.write(file, &bad);
            expect(&["run", "--select", "+page_engagement", "basket_valu"], called);
            lab.write(file, &good);
        };
        changed("selectors.yml", &|_| "selectors: [".to_owned(), project);
        changed("profiles.yml", &|text| format!("{text}  - : [\n"), profile);
        changed("profiles.yml", &|text| text.replacen("threads: 2", "threads: many", 1), project);
        changed("dbt_project.yml", &|text| text.replacen("profile: ", "# ", 1), profile);
        changed(
            "dbt_project.yml",
            &|text| format!("{text}\nflags: {{warn_error: true}}\n"),
            "the selection is not valid",
        );
        changed(
            "models/site/page_engagement.sql",
            &|text| format!("{text}\n-- {{{{ ref('nowhere') }}}}"),
            project,
        );
    }
}

#[test]
fn a_licence_that_is_not_accepted() {
    for dbt in [NEW, PREVIOUS, OLD] {
        let lab = Lab::new(Engine::DuckDb, dbt, Events::SHORT);
        let project = lab.read("dbt_project.yml");
        let hook = "\non-run-start: \"{% if execute %}{{ exceptions.raise_compiler_error('Please set \
                    snowplow__license_accepted to true') }}{% endif %}\"\n";
        lab.write("dbt_project.yml", &format!("{project}{hook}"));
        let output = run(&lab, &[]);
        assert_eq!(output.code, 2, "{output}");
        assert!(output.stderr.contains("something that the project needs is missing"), "{output}");
    }
}

#[test]
fn a_database_that_is_down() {
    let mut lab = Lab::empty(Engine::Postgres);
    lab.set("STOREFRONT_PG_HOST", "127.0.0.1");
    lab.set("STOREFRONT_PG_PORT", "1");
    assert_snapshot!(refused(&lab, &[]), @r#"
    exit code: 1
    --- stdout
    --- stderr
    storefront → pg_staging (postgres, dbt 1.12.6)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    target/snowplow-backfill/journal/[STARTED]-pg_staging.jsonl
    error: dbt run-operation failed (exit code 1): the warehouse could not be reached
        Encountered an error while running operation: Database Error
          connection to server at "127.0.0.1", port 1 failed: Connection refused
          	Is the server running on that host and accepting TCP/IP connections?
      dbt's log: [PROJECT]/target/snowplow-backfill/logs/[STARTED]-pg_staging/query/dbt.log
      hint: check the target with `dbt debug`, then run the same command again
    "#);
}

#[test]
fn a_database_that_goes_down_between_two_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    // dbt as users start it: the server is gone before it has got ready for the second run.
    let mut lab = Lab::empty(Engine::Postgres).with_installed_dbt();
    let start = |lab: &mut Lab| {
        let server = Server::start(&data, "stop");
        lab.set("STOREFRONT_PG_HOST", &server.host);
        lab.set("STOREFRONT_PG_PORT", &server.port.to_string());
        lab.set("STOREFRONT_PG_DBNAME", "postgres");
        server
    };
    let server = start(&mut lab);
    lab.dbt(&["run-operation", "generate_events", "--args", &Events::SHORT.arguments()]).success();
    let arguments =
        [&RUN[..3], &["--start-date", Events::START, "--limit-days", "30", "--format", "json"]].concat();

    let mut command = lab.tool_command(&arguments);
    let mut tool = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the tool");
    let lines = BufReader::new(tool.stdout.take().expect("a pipe")).lines();
    let mut events = lines.map(|line| serde_json::from_str::<Value>(&line.expect("text")).expect("JSON"));
    let first = events.find(|event| event["event"] == "run_finished").expect("a good run");
    server.stop();
    let rest: Vec<_> = events.collect();
    assert_eq!(tool.wait().expect("an end").code(), Some(1), "{rest:?}");
    let failed = rest.iter().find(|event| event["event"] == "dbt_failed").expect("a failure");
    assert_eq!(failed["failure"]["kind"], "connection", "{failed}");
    assert_eq!(rest.last().expect("an end")["outcome"], "dbt_failed");

    let server = start(&mut lab);
    let events = lab.tool(&arguments).success().json_lines();
    let state = events.iter().find(|event| event["event"] == "state_read").expect("a state");
    assert_eq!(state["packages"][0]["frontier"], first["packages"][0]["after"]);
    assert_eq!(events.last().expect("an end")["outcome"], "caught_up");
    server.stop();
}

#[test]
fn a_database_that_goes_down_within_a_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("data"), "stop");
    let mut lab = Lab::empty(Engine::Postgres).with_installed_dbt();
    lab.set("STOREFRONT_PG_HOST", &server.host);
    lab.set("STOREFRONT_PG_PORT", &server.port.to_string());
    lab.set("STOREFRONT_PG_DBNAME", "postgres");
    lab.dbt(&["run-operation", "generate_events", "--args", &Events::SHORT.arguments()]).success();
    let path = "models/site/page_engagement.sql";
    lab.write(path, &format!("{{{{ config(pre_hook='select pg_sleep(600)') }}}}\n{}", lab.read(path)));

    let mut command = lab.tool_command(&[&RUN[..], &["--format", "json"]].concat());
    let mut tool = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the tool");
    let lines = BufReader::new(tool.stdout.take().expect("a pipe")).lines();
    let mut events = lines.map(|line| serde_json::from_str::<Value>(&line.expect("text")).expect("JSON"));
    // The next model is the one that sleeps.
    events.find(|event| event["model"] == "page_engagement_this_run").expect("a model that has finished");
    server.stop();
    let rest: Vec<_> = events.collect();
    assert_eq!(tool.wait().expect("an end").code(), Some(1), "{rest:?}");
    let failure = &rest.iter().find(|event| event["event"] == "dbt_failed").expect("a failure")["failure"];
    assert_eq!(failure["kind"], "model", "{failure}");
    assert!(failure["hint"].as_str().expect("a hint").contains("dbt debug"), "{failure}");
}

#[test]
fn a_duckdb_file_that_is_open_elsewhere() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let output = lab.while_open(|| run(&lab, &[])).to_string();
    // The rest of that line names the file and its holder, in words that differ from one DuckDB to another.
    let place = regex::Regex::new(r"(Could not set lock on file) .*").expect("a pattern");
    assert_snapshot!(place.replace_all(&output, "$1 [PLACE]"), @"
    exit code: 1
    --- stdout
    --- stderr
    storefront → staging (duckdb, dbt 1.12.6)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    target/snowplow-backfill/journal/[STARTED]-staging.jsonl
    error: dbt run-operation failed (exit code 1): the warehouse could not be reached
        Encountered an error while running operation: IO Error: Could not set lock on file [PLACE]
      dbt's log: [PROJECT]/target/snowplow-backfill/logs/[STARTED]-staging/query/dbt.log
      hint: another process has the DuckDB file open: end that process, then run the same command again
    ");
}

#[test]
fn nothing_is_selected() {
    let [new, previous, old] = [NEW, PREVIOUS, OLD]
        .map(|dbt| Lab::empty_with(Engine::DuckDb, dbt).tool(&["run", "--select", "+no_such_model"]));
    assert_snapshot!(new, @"
    exit code: 2
    --- stdout
    --- stderr
    error: nothing is selected:
      +no_such_model matches no enabled model
    ");
    assert_eq!(previous.to_string(), new.to_string());
    assert_snapshot!(old, @"
    exit code: 2
    --- stdout
    --- stderr
    error: nothing is selected:
      +no_such_model matches no enabled model
    ");
}

#[test]
fn a_duplicate_row() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    run(&lab, &[]).success();
    lab.sql(&[&format!("insert into {SITE} select * from {SITE} where model = 'page_engagement'")]);
    assert_snapshot!(refused(&lab, &[]), @"
    exit code: 4
    --- stdout
    --- stderr
    storefront → staging (duckdb, dbt 1.12.6)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    target/snowplow-backfill/journal/[STARTED]-staging.jsonl
      state      snowplow_site: new model, from 2022-01-01; [RUNS] of 9999 days to now
    refused: the incremental manifest of snowplow_site holds page_engagement 2 times. Models fail because of this, and it can hide a model that has no row. Delete all of its rows but the one with the smallest last_success, then run the same command again
    ");
}

#[test]
fn a_start_date_behind_the_other_models() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    run(&lab, &[]).success();
    let arguments = ["--start-date", "2023-01-01", "--remove-from-manifest", "page_engagement"];
    assert_snapshot!(refused(&lab, &arguments), @"
    exit code: 4
    --- stdout
    --- stderr
    storefront → staging (duckdb, dbt 1.12.6)
      selected   8 models by --select +page_engagement
      package    snowplow_site: page_engagement, page_engagement_this_run
      stand-in   snowplow_shop_carts (keeps snowplow_shop's hook from failing)
      journal    target/snowplow-backfill/journal/[STARTED]-staging.jsonl
      state      snowplow_site: new model, from 2023-01-01; [RUNS] of 9999 days to now
    refused: page_engagement would start at 2023-01-01 00:00:00, after the last event of its package's other models (2022-02-28 15:26:52.779729): its window would always be empty. Give an earlier --start-date
    ");
}

#[test]
fn a_load_family_package_out_of_sync() {
    let lab = Lab::signals(Engine::DuckDb, NEW, Events::SHORT);
    let arguments = [
        "run",
        "--select",
        "package:snowplow_signals",
        "tag:snowplow_signals_incremental",
        "--start-date",
        Events::START,
    ];
    lab.tool(&[&arguments[..], &["--limit-days", "9999"]].concat()).success();
    let manifest = "staging_snowplow_manifest.snowplow_signals_incremental_manifest";
    let model = lab.lines(&format!("select min(model) from {manifest}"));
    lab.sql(&[&format!(
        "update {manifest} set last_success = last_success - interval '1 day' where model = '{model}'"
    )]);
    let rows = || lab.lines(&format!("select * from {manifest} order by 1"));
    let before = rows();
    let output = lab.tool(&arguments);
    assert_eq!(rows(), before);
    assert_snapshot!(output, @"
    exit code: 4
    --- stdout
    --- stderr
    signals_lab → staging (duckdb, dbt 1.12.6)
      selected   6 models by --select package:snowplow_signals tag:snowplow_signals_incremental
      package    snowplow_signals: page_interest and 5 more
      journal    target/snowplow-backfill/journal/[STARTED]-staging.jsonl
      state      snowplow_signals: out of sync, at 2022-02-27 15:32:13; [RUNS] of 90 days to now
    refused: snowplow_signals is out of sync (page_interest at 2022-02-27 15:32:13.754285, the others at 2022-02-28 15:32:13.754285) and stays so, because its version of snowplow_utils is older than 1.0.1: each window ends just before the event at 2022-02-28 15:32:13.754285. Upgrade snowplow_utils, or set the later rows back to 2022-02-27 15:32:13.754285 by hand; the models then process those events again
    ");
}
