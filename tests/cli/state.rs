//! dbt's `--state` and `--defer`: what changed since another environment, and its tables.

use crate::support::fake::FakeDbt;
use crate::support::scenario::{ARGUMENTS, over_a_gap};
use crate::support::{Dbt, Engine, Events, Lab, NEW, OLD, Output, PREVIOUS};

/// Every call of a subcommand.
fn calls(fake: &FakeDbt, subcommand: &str) -> Vec<Vec<String>> {
    fake.calls().into_iter().filter(|call| call.iter().any(|word| word == subcommand)).collect()
}

/// A project whose artifacts are kept in `before`, and of which a model was modified since.
fn modified(dbt: Dbt) -> Lab {
    let lab = Lab::empty_with(Engine::DuckDb, dbt);
    lab.dbt(&["parse", "--target-path", "before"]).success();
    let model = "models/site/page_engagement.sql";
    lab.write(model, &format!("{}\n-- as of today\n", lab.read(model)));
    lab
}

#[test]
fn the_flags_reach_the_calls_that_need_them() {
    let fake = over_a_gap();
    let flags = ["--state", "before", "--defer", "--defer-state", "prod", "--favor-state"];
    fake.tool(&[&ARGUMENTS[..], &flags, &["--", "--no-version-check", "--fail-fast"]].concat()).success();
    let has = |call: &[String], flags: &[&str]| call.windows(flags.len()).any(|words| words == flags);
    let ls = calls(&fake, "ls");
    assert_eq!(ls.len(), 1);
    assert!(has(&ls[0], &["--state", "before"]) && has(&ls[0], &["--no-version-check"]), "{ls:?}");
    assert!(!has(&ls[0], &["--defer"]) && !has(&ls[0], &["--fail-fast"]), "{ls:?}");
    let runs = calls(&fake, "run");
    assert_eq!(runs.len(), 4);
    for run in runs {
        assert!(
            has(&run, &["--state", "before"]) && has(&run, &["--no-version-check", "--fail-fast"]),
            "{run:?}"
        );
        assert!(has(&run, &["--defer", "--defer-state", "prod", "--favor-state"]), "{run:?}");
    }
}

#[test]
fn dbts_variables_are_followed_too() {
    let fake = over_a_gap();
    let mut tool = fake.command(&ARGUMENTS);
    tool.envs([("DBT_STATE", "before"), ("DBT_DEFER", "1"), ("DBT_ENGINE_DEFER_STATE", "prod")]);
    let output = Output::of(&mut tool).success();
    assert!(!output.stderr.contains("ignored"), "{output}");
    let run = calls(&fake, "run").swap_remove(0).join(" ");
    assert!(run.contains(" --state before ") && run.contains(" --defer --defer-state prod "), "{run}");
}

#[test]
fn defer_needs_a_state() {
    let fake = over_a_gap();
    let output = fake.tool(&[&ARGUMENTS[..], &["--defer"]].concat());
    assert!(output.code == 2 && output.stderr.contains("--defer needs --state or --defer-state"), "{output}");
    assert!(fake.calls().is_empty());
}

#[test]
fn what_was_modified_is_selected() {
    for dbt in [NEW, PREVIOUS, OLD] {
        let lab = modified(dbt);
        let state = ["--state", "before"];
        let output = lab.tool(&[&["models", "--select", "+state:modified"][..], &state].concat()).success();
        assert!(output.stdout.starts_with("page_engagement page_engagement_this_run "), "{output}");
        assert!(!output.stdout.contains("basket_value"), "{output}");

        let nowhere = ["models", "--select", "+state:modified", "--state", "nowhere"];
        let output = lab.tool(&nowhere);
        assert!(output.code == 2 && output.stderr.contains("hint: "), "{output}");
        let output = lab.tool(&[&["models", "--select", "result:error+"][..], &state].concat());
        assert!(output.code == 2 && output.stderr.contains("run_results.json"), "{output}");
    }
}

#[test]
fn what_failed_last_time_is_selected() {
    for dbt in [NEW, PREVIOUS, OLD] {
        let lab = Lab::new(Engine::DuckDb, dbt, Events::SHORT);
        let model = "models/site/page_engagement.sql";
        let good = lab.read(model);
        lab.write(model, &format!("{good}\n, no_such_column"));
        let selection = ["--select", "+page_engagement", "--target-path", "before"];
        let output = lab.dbt(&[&["run"][..], &selection].concat());
        assert_eq!(output.code, 1, "{output}");
        lab.write(model, &good);
        let arguments = ["models", "--select", "+result:error", "--state", "before"];
        let output = lab.tool(&arguments).success();
        assert!(output.stdout.starts_with("page_engagement "), "{output}");
    }
}

#[test]
fn the_freshness_of_sources_cannot_select() {
    let fake = over_a_gap();
    for selection in ["+carts source_status:fresher+", "carts,2+source_status:fresher"] {
        let output = fake.tool(&["plan", "--select", selection]);
        assert!(output.code == 2 && output.stderr.contains("source_status:fresher"), "{output}");
    }
    assert!(fake.calls().is_empty());
}

/// A run that defers must never write where it defers to: the on-run-end hook writes into what a ref of the
/// incremental manifest stands for.
#[test]
fn the_other_environment_stays_as_it_is() {
    for dbt in [NEW, PREVIOUS, OLD] {
        let lab = Lab::new(Engine::DuckDb, dbt, Events::SHORT);
        let start = ["--start-date", Events::START];
        let select = ["--select", "+page_engagement"];
        lab.tool(&[&["run", "--target", "prod", "--once"], &select[..], &start].concat()).success();
        lab.dbt(&["parse", "--target", "prod", "--target-path", "prod"]).success();
        let before = everything_in_prod(&lab);
        let defer = ["--defer", "--favor-state", "--state", "prod"];

        let output = lab.tool(
            &[&["run", "--exclude", "snowplow_site_incremental_manifest"], &select[..], &start, &defer]
                .concat(),
        );
        assert!(output.code == 2 && output.stderr.contains("incremental manifest"), "{output}");
        let removal = ["--remove-from-manifest", "page_engagement"];
        let output = lab.tool(&[&["run"], &select[..], &start, &defer, &removal].concat());
        assert!(output.code == 4 && output.stderr.contains("--remove-from-manifest"), "{output}");
        assert_eq!(everything_in_prod(&lab), before);

        lab.tool(&[&["run", "--max-runs", "9"], &select[..], &start, &defer].concat()).success();
        assert_eq!(everything_in_prod(&lab), before);
        assert_ne!(lab.lines("select count(*) from staging_derived.page_engagement"), "0");
    }
}

/// A view has no data of its own, but the one of the other environment reads the tables there.
#[test]
fn a_view_in_between_must_be_selected_to_defer() {
    let lab = modified(NEW);
    let model = "models/site/page_engagement.sql";
    lab.write(
        "models/site/in_between.sql",
        "{{ config(materialized='view') }} select * from {{ ref('page_engagement_this_run') }}",
    );
    lab.write(model, &lab.read(model).replace("ref('page_engagement_this_run')", "ref('in_between')"));
    let selection = ["plan", "--select", "+page_engagement", "--start-date", Events::START];
    let without = ["--exclude", "in_between"];
    let output = lab.tool(&[&selection[..], &without, &["--defer", "--state", "before"]].concat());
    assert!(output.code == 2 && output.stderr.contains("--defer needs in_between"), "{output}");
}

/// The hook of another one writes into it: into the one of the other environment, if it is not built here.
#[test]
fn a_model_that_a_hook_writes_into_must_be_selected_to_defer() {
    let lab = modified(NEW);
    let selection = ["plan", "--select", "+page_engagement", "--start-date", Events::START];
    let without = ["--exclude", "snowplow_site_base_quarantined_sessions"];
    let arguments = [&selection[..], &without].concat();
    lab.tool(&arguments).success();
    let output = lab.tool(&[&arguments[..], &["--defer", "--state", "before"]].concat());
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("--defer needs snowplow_site_base_quarantined_sessions"), "{output}");
}

/// It may be built before there is a table, and then its row would be written where a ref leads to: elsewhere.
#[test]
fn a_model_apart_from_the_incremental_manifest_waits_for_its_table_to_defer() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    lab.write(
        "models/site/apart.sql",
        "{{ config(materialized='incremental', tags=['snowplow_site_incremental']) }} select 1 as number",
    );
    lab.dbt(&["parse", "--target-path", "before"]).success();
    let select = ["--select", "+page_engagement apart", "--start-date", Events::START];
    let plan = |flags: &[&str]| {
        lab.tool(&[&["plan"], &select[..], &["--defer", "--state", "before"], flags].concat())
    };
    let is_refused = |output: &Output| {
        let told = "the row of apart could be written into the environment that --state describes, because apart is not \
                    built from snowplow_site_incremental_manifest";
        output.code == 4 && output.stderr.contains(told)
    };
    let output = plan(&[]);
    assert!(is_refused(&output), "{output}");

    lab.tool(&[&["run", "--once"], &select[..]].concat()).success();
    plan(&[]).success();
    plan(&["--remove-from-manifest", "page_engagement"]).success();
    let output = plan(&["--full-refresh"]);
    assert!(is_refused(&output), "{output}");
}

#[test]
fn a_default_selector_is_the_selection() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    lab.write(
        "selectors.yml",
        "selectors: [{name: usual, default: true, definition: {method: fqn, value: page_engagement, parents: true}}]\n",
    );
    let output = lab.tool(&["plan", "--start-date", Events::START]).success();
    assert!(output.stdout.contains("by --selector usual") && !output.stdout.contains("whole"), "{output}");
}

/// The rows of prod's tables, as text.
fn everything_in_prod(lab: &Lab) -> String {
    let tables = "select table_schema || '.' || table_name from information_schema.tables \
                  where table_schema like 'prod%' and table_type = 'BASE TABLE' order by 1";
    let tables = lab.lines(tables);
    tables
        .lines()
        .map(|table| format!("{table}\n{}", lab.lines(&format!("select * from {table} order by all"))))
        .collect()
}
