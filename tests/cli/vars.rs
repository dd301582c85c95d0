//! Vars and paths that only dbt knows: they hold Jinja, or are in a file of their own.

use serde_json::Value;

use crate::support::{Dbt, Engine, Events, Lab, NEW, OLD, PREVIOUS};

/// Vars as real projects have them: by target, from the environment, calculated.
const VARS: &str = r#"
vars:
  storefront__quarter: 2
  storefront__raw: yes
  snowplow_site:
    snowplow__atomic_schema: "{{ 'atomic' if target.name.endswith('staging') else project_name ~ '_nowhere' }}"
    snowplow__events_table: "{{ 'events' if var('storefront__raw') else 'cleaned' }}"
    snowplow__start_date: "{{ env_var('STOREFRONT_START') }}"
    snowplow__lookback_window_hours: "{{ var('storefront__quarter') * 3 }}"
    snowplow__session_timestamp: "{{ 'collector' }}_tstamp"
"#;

fn add(lab: &Lab, text: &str) {
    let project = lab.read("dbt_project.yml");
    lab.write("dbt_project.yml", &format!("{project}\n{text}"));
}

fn of_kind<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

const BACKFILL: [&str; 7] = ["run", "--select", "+page_engagement", "--limit-days", "30", "--format", "json"];

fn vars_with_jinja_are_what_dbt_makes_of_them(engine: Engine, dbt: Dbt) {
    let lab = Lab::new(engine, dbt, Events::GAP);
    add(&lab, VARS);
    assert_rendered(lab);
}

/// Backfills with [`VARS`], wherever they are.
fn assert_rendered(mut lab: Lab) {
    lab.set("STOREFRONT_START", Events::START);
    let events = lab.tool(&BACKFILL).success().json_lines();

    assert_eq!(of_kind(&events, "warning"), Vec::<&Value>::new());
    let raised = of_kind(&events, "limit_raised");
    let reasons: Vec<_> = raised.iter().map(|event| event["reason"].as_str().expect("a reason")).collect();
    assert_eq!(reasons.iter().filter(|reason| **reason == "gap").count(), 1, "{raised:?}");
    assert!(!reasons.contains(&"doubled"), "{raised:?}");
    // The first window begins where the environment says, and the second one looks back by six hours.
    let read = of_kind(&events, "state_read")[0]["packages"][0]["window"].clone();
    assert!(read["lower"].as_str().expect("a time").starts_with(Events::START), "{read}");
    let started = of_kind(&events, "run_started");
    let finished = of_kind(&events, "run_finished");
    for (expected, found) in started.iter().zip(&finished) {
        let lower = |event: &Value| event["packages"][0]["window"]["lower"].clone();
        assert_eq!(lower(expected), lower(found), "{expected} {found}");
    }
}

#[test]
fn vars_with_jinja_are_rendered_on_duckdb() {
    vars_with_jinja_are_what_dbt_makes_of_them(Engine::DuckDb, NEW);
}

#[test]
fn vars_with_jinja_are_rendered_on_duckdb_with_old_dbt() {
    vars_with_jinja_are_what_dbt_makes_of_them(Engine::DuckDb, OLD);
}

#[test]
fn vars_with_jinja_are_rendered_on_postgres() {
    vars_with_jinja_are_what_dbt_makes_of_them(Engine::Postgres, NEW);
}

#[test]
fn vars_with_jinja_are_rendered_on_postgres_with_old_dbt() {
    vars_with_jinja_are_what_dbt_makes_of_them(Engine::Postgres, OLD);
}

#[test]
fn vars_of_a_file_of_their_own_are_rendered() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::GAP);
    lab.write("vars.yml", VARS);
    assert_rendered(lab);
}

/// What dbt does with the file, and that this tool does the same.
#[test]
fn vars_of_a_file_of_their_own() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    let lower = |arguments: &[&str]| {
        let select = ["--select", "+page_engagement", "--format", "json", "--once"];
        let events = lab.tool(&[&["run"], &select[..], arguments].concat()).success().json_lines();
        let lower = |kind| of_kind(&events, kind)[0]["packages"][0]["window"]["lower"].clone();
        assert_eq!(lower("run_started"), lower("run_finished"));
        lower("run_finished").as_str().expect("a time").to_owned()
    };
    let file =
        "vars:\n  snowplow__start_date: 2022-01-02\n  snowplow_site: {snowplow__start_date: 2022-01-03}\n";
    lab.write("vars.yml", file);
    let given = lower(&["--vars", "{snowplow__start_date: 2022-01-04}"]);
    assert!(given.starts_with("2022-01-04"), "{given}");
    lab.sql(&["drop schema staging_snowplow_manifest cascade"]);
    let of_file = lower(&[]);
    assert!(of_file.starts_with("2022-01-03"), "{of_file}");

    // dbt refuses vars in both files, and a package's own file means nothing to it.
    lab.write("vars.yml", "vars: {a: 1}\n");
    add(&lab, "vars: {b: 1}\n");
    let both = lab.tool(&["plan", "--select", "+page_engagement"]);
    assert_eq!(both.code, 2, "{both}");
    assert!(
        both.stderr.contains("Variables cannot be defined in both vars.yml and dbt_project.yml"),
        "{both}"
    );
    lab.write("vars.yml", "vars: [a]\n");
    assert!([1, 2].contains(&lab.tool(&["models", "--select", "+page_engagement"]).code));
}

#[test]
fn a_var_that_cannot_be_rendered_is_told_once() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::GAP);
    lab.write("macros/raw_schema.sql", "{% macro raw_schema() %}atomic{% endmacro %}");
    add(
        &lab,
        "vars:\n  snowplow_site:\n    snowplow__atomic_schema: '{{ raw_schema() }}'\n    \
         snowplow__events_table: \"{{ target.name and 'events' }}\"\n",
    );
    let arguments = [&BACKFILL[..], &["--start-date", Events::START]].concat();
    let events = lab.tool(&arguments).success().json_lines();
    let warnings: Vec<_> = of_kind(&events, "warning")
        .into_iter()
        .map(|event| event["message"].as_str().expect("a message").to_owned())
        .collect();
    assert_eq!(
        warnings,
        ["cannot tell snowplow__atomic_schema of snowplow_site: dbt cannot render it: 'raw_schema' is \
          undefined. Its next event cannot be looked for, so gaps in the events are crossed by doubling the \
          limit"]
    );
    let reasons: std::collections::BTreeSet<_> =
        of_kind(&events, "limit_raised").iter().map(|event| event["reason"].to_string()).collect();
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), ["\"doubled\""]);
}

/// A mask is not the name of a schema. dbt 1.7 masks nothing of what macros print.
#[test]
fn a_var_that_dbt_masks_is_not_known() {
    for (dbt, is_masked) in [(NEW, true), (PREVIOUS, true), (OLD, false)] {
        let mut lab = Lab::empty_with(Engine::DuckDb, dbt);
        add(&lab, "vars: {snowplow_site: {snowplow__atomic_schema: \"{{ 'raw' ~ '_data' }}\"}}\n");
        lab.set("DBT_ENV_SECRET_SCHEMA", "raw_data");
        let plan = ["plan", "--select", "+page_engagement", "--start-date", Events::START];
        let output = lab.tool(&plan).success();
        let told = "cannot tell snowplow__atomic_schema of snowplow_site: dbt prints ***** for the values of \
                    DBT_ENV_SECRET_";
        assert_eq!(output.stderr.matches(told).count(), usize::from(is_masked), "{output}");
    }
}

#[test]
fn events_that_are_not_there_are_told_once() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::GAP);
    // The package reads another var, so only the tool looks in the wrong place.
    lab.with_utils("1.0.0");
    let file = "dbt_packages/snowplow_utils/macros/base/base_events.sql";
    lab.write(file, &lab.read(file).replace("snowplow__atomic_schema", "their_own_schema"));
    add(&lab, "vars: {snowplow_site: {snowplow__atomic_schema: nowhere}}\n");
    let arguments = [&BACKFILL[..], &["--start-date", Events::START]].concat();
    let output = lab.tool(&arguments).success();
    assert_eq!(output.stdout.matches("cannot look for the next event").count(), 1, "{output}");
}

#[test]
fn each_target_of_a_promotion_has_its_own_vars() {
    let mut lab = Lab::empty(Engine::DuckDb);
    lab.set("STOREFRONT_START", Events::START);
    // dbt knows this macro, and this tool does not.
    lab.write("macros/nobody_knows.sql", "{% macro nobody_knows() %}2022-01-01{% endmacro %}");
    let of_staging = "{{ env_var('STOREFRONT_START') if target.name == 'staging' else nobody_knows() }}";
    add(&lab, &VARS.replace("{{ env_var('STOREFRONT_START') }}", of_staging));
    let output = lab.tool(&["promote", "--select", "page_engagement", "--to", "prod"]);
    let told = "cannot tell snowplow__start_date of snowplow_site: dbt cannot render it";
    assert_eq!(output.stderr.matches(told).count(), 1, "{output}");
    assert_eq!(output.stderr.matches("cannot tell").count(), 1, "{output}");
}

#[test]
fn check_does_not_read_a_dbt_manifest_from_a_folder_that_it_guessed() {
    let lab = Lab::of_project("project", NEW);
    lab.dbt(&["parse"]).success();
    add(&lab, "target-path: \"{{ target.name ~ '_out' }}\"\n");
    let output = lab.tool(&["check"]);
    assert_eq!(output.code, 2, "{output}");
    assert!(
        output.stderr.contains("target-path in dbt_project.yml is `{{ target.name ~ '_out' }}`"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("--target-path"), "{}", output.stderr);
    let output = lab.tool(&["check", "--target-path", "target"]);
    assert!(!output.stderr.contains("target-path in"), "{}", output.stderr);
}

#[test]
fn a_target_path_that_only_dbt_knows_is_told_once() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::SHORT);
    add(&lab, "target-path: \"{{ target.name ~ '_out' }}\"\n");
    let select = ["--select", "+page_engagement"];
    for (command, code) in [("models", 0), ("plan", 0), ("run", 0), ("promote", 4)] {
        let more: &[&str] = match command {
            "models" => &[],
            "promote" => &["--to", "prod"],
            "run" => &["--start-date", Events::START, "--once"],
            _ => &["--start-date", Events::START],
        };
        let output = lab.tool(&[&[command][..], &select, more].concat());
        assert_eq!(output.code, code, "{output}");
        let told = output.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(told.matches("target-path in dbt_project.yml is").count(), 1, "{output}");
        assert!(told.contains("DBT_TARGET_PATH"), "{output}");
    }
    assert!(lab.project().join("target/snowplow-backfill").is_dir());
}

#[test]
fn check_does_not_overlook_what_only_dbt_reads() {
    let lab = Lab::of_project("project", NEW);
    lab.write(".env", "DBT_TARGET_PATH=elsewhere\n");
    lab.dbt(&["parse"]).success();
    assert!(lab.project().join("elsewhere/manifest.json").is_file());
    let output = lab.tool(&["check"]);
    assert_eq!(output.code, 2, "{output}");
    assert!(
        output.stderr.contains("target-path is set by DBT_TARGET_PATH in .env, which only dbt reads"),
        "{output}"
    );
    let output = lab.tool(&["check", "--target-path", "elsewhere"]);
    assert!([0, 1].contains(&output.code), "{output}");
}

#[test]
fn check_finds_the_dbt_manifest_where_the_environment_says() {
    let mut lab = Lab::of_project("project", NEW);
    lab.set("STOREFRONT_TARGET", "elsewhere");
    add(&lab, "target-path: \"{{ env_var('STOREFRONT_TARGET', 'target') }}\"\n");
    lab.dbt(&["parse"]).success();
    assert!(lab.project().join("elsewhere/manifest.json").is_file());
    let output = lab.tool(&["check", "--require-fresh"]);
    assert!(!output.stderr.contains("there is no dbt manifest"), "{output}");
    assert!([0, 1].contains(&output.code), "{output}");
}

#[test]
fn check_says_which_vars_only_dbt_knows() {
    let mut lab = Lab::of_project("project", NEW);
    lab.set("STOREFRONT_START", Events::START);
    add(&lab, VARS);
    lab.dbt(&["parse"]).success();
    let output = lab.tool(&["check"]);
    assert!(
        output.stderr.contains("snowplow__start_date holds Jinja, so only dbt knows its value"),
        "{}",
        output.stderr
    );
    assert!(!output.stdout.contains("unusable-start-date"), "{}", output.stdout);
}
