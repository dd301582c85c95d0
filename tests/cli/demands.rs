//! What is demanded of a project: nothing that the selection does not need, and the same by every command.

use serde_json::{Value, json};

use crate::support::Output;
use crate::support::fake::{FakeDbt, good_run, listing, manifest, model, tables};

const SELECTED: [&str; 4] = ["shop_manifest", "shop_limits", "shop_events", "carts"];

fn tracked(name: &str) -> Value {
    model(name, &["shop_incremental"], "incremental")
}

/// A project with a second hook, and the models of its package. The package has no model for its limits.
fn with_second_hook(name: &str, models: &[Value], selected: &[&str]) -> FakeDbt {
    let all = [&[tracked("carts"), model("ids_manifest", &[], "incremental")], models].concat();
    let mut manifest: Value = serde_json::from_str(&manifest("1.11.16", &all)).expect("JSON");
    let mut hook = manifest["nodes"]["operation.faked.hook"].clone();
    hook["unique_id"] = "operation.faked.second".into();
    hook["raw_code"] = format!("{{{{ snowplow_utils.snowplow_incremental_post_hook({name}) }}}}").into();
    hook["depends_on"]["nodes"] = json!(["model.faked.ids_manifest", "model.faked.shop_events"]);
    manifest["nodes"]["operation.faked.second"] = hook;
    let files = json!({"manifest.json": manifest.to_string()});
    FakeDbt::new(&json!({
        "ls": [{"stdout": listing(&[&SELECTED[..], selected].concat()), "files": files}],
        "run-operation": [tables("2021-06-01", &[], None)],
        "first_event": "2021-01-02",
    }))
}

fn plan(fake: &FakeDbt) -> Output {
    fake.tool(&["plan", "--select", "+carts", "--start-date", "2021-01-01"])
}

#[test]
fn a_package_without_limits_needs_only_a_stand_in() {
    let ids = [model("ids_users", &["ids_incremental"], "table")];
    let output = plan(&with_second_hook("'ids'", &ids, &[])).success();
    assert!(output.stdout.contains("stand-in   ids_users (keeps ids's hook from failing)"), "{output}");
    assert!(output.stdout.trim_end().ends_with("ids_users"), "{output}");

    let output = plan(&with_second_hook("'ids'", &ids, &["ids_users"]));
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("no model works out the limits of ids_manifest"), "{output}");
    assert!(
        output.stderr.contains("The selected model ids_users is tracked by its package, ids"),
        "{output}"
    );
}

#[test]
fn a_hook_without_a_plain_name_is_a_warning() {
    let ids = [model("ids_users", &["ids_incremental"], "table")];
    let output = plan(&with_second_hook("var('x')", &ids, &[])).success();
    assert!(output.stderr.contains("warning: cannot understand the on-run-end hook operation.faked.second"));
    assert!(output.stderr.contains("a run may fail at its end"), "{output}");

    let output = plan(&with_second_hook("var('x')", &ids, &["ids_users"]));
    assert_eq!(output.code, 2, "{output}");
    let words = "The selected model ids_users has the tag ids_incremental and may be tracked by its package";
    assert!(output.stderr.contains(words), "{output}");
}

#[test]
fn a_promotion_needs_only_the_packages_that_it_promotes() {
    let ids = [model("ids_users", &["ids_incremental"], "table")];
    let fake = with_second_hook("'ids'", &ids, &[]);
    plan(&fake).success();
    let manifest = "target/snowplow-backfill/default-target/ls/manifest.json";
    let arguments = ["promote", "--manifest", manifest, "--to-manifest", manifest, "--select", "carts"];
    let output = fake.tool(&arguments);
    assert!(!output.stderr.contains("cannot understand"), "{output}");
}

/// A project of one package, with nothing special.
fn plain() -> FakeDbt {
    let files = json!({"manifest.json": manifest("1.11.16", &[tracked("carts")])});
    FakeDbt::new(&json!({
        "ls": [{"stdout": listing(&SELECTED), "files": files}],
        "run-operation": [tables("2021-06-01", &[], None)],
        "first_event": "2021-01-02",
    }))
}

#[test]
fn a_plan_takes_the_flags_that_stop_a_run() {
    let arguments = ["plan", "--select", "+carts", "--start-date", "2021-01-01", "--limit-days", "30"];
    let until = ["--until", "2021-01-11", "--max-runs", "3", "--max-duration", "2h"];
    let output = plain().tool(&[&arguments[..], &until].concat()).success();
    assert!(output.stdout.contains("next run   2021-01-01 → 2021-01-11\n"), "{output}");
    let stops = "stops by   --until 2021-01-11 00:00:00, --max-runs 3, --max-duration 2h\n";
    assert!(output.stdout.contains(stops), "{output}");
    let output = plain().tool(&[&arguments[..], &["--once", "--format", "json"]].concat()).success();
    let document: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(document["stops"], json!(["--once"]));
    let dry = ["run", "--dry-run", "--select", "+carts", "--start-date", "2021-01-01", "--max-runs", "3"];
    assert!(plain().tool(&dry).success().stdout.contains("stops by   --max-runs 3\n"));
}

#[test]
fn a_terminal_shows_that_a_plan_works_and_breaks_no_name() {
    let names: Vec<_> = (0..12).map(|n| format!("a_model_with_quite_a_long_name_{n}")).collect();
    let models: Vec<_> = names.iter().map(|name| model(name, &[], "view")).collect();
    let selected: Vec<_> = SELECTED.into_iter().chain(names.iter().map(String::as_str)).collect();
    let files = json!({"manifest.json": manifest("1.11.16", &[&models[..], &[tracked("carts")]].concat())});
    let fake = FakeDbt::new(&json!({
        "ls": [{"stdout": listing(&selected), "files": files}],
        "run-operation": [tables("2021-06-01", &[], None)],
        "first_event": "2021-01-02",
    }));
    let arguments = ["plan", "--select", "+carts", "--start-date", "2021-01-01"];
    let output = fake.tool_on_terminal(80, &arguments, &[]).success();
    assert!(output.stdout.contains("reading the project"), "{output}");
    let escape = regex::Regex::new("\x1b\\[[0-9;?]*[A-Za-z]").expect("a pattern");
    let text = escape.replace_all(&output.stdout, "").into_owned();
    let (_, shown) = text.rsplit_once("models_to_run").expect("the string");
    assert!(shown.lines().all(|line| line.trim_end().len() <= 80), "{shown}");
    for name in &names {
        assert!(shown.split_whitespace().any(|word| word == name), "{name} is broken in {shown}");
    }
    // Without a terminal there is neither: nothing on stderr, and the string on one line.
    let output = fake.tool(&arguments).success();
    assert_eq!(output.stderr, "");
    assert!(output.stdout.lines().last().expect("a line").split_whitespace().count() == selected.len());
}

#[test]
fn a_full_refresh_names_the_models_that_it_does_not_rebuild() {
    let mut kept = tracked("kept");
    kept["config"]["full_refresh"] = false.into();
    let mut allowed = tracked("allowed");
    allowed["config"]["full_refresh"] = false.into();
    allowed["depends_on"] = json!({"macros": ["macro.snowplow_utils.allow_refresh"], "nodes": []});
    let files = json!({"manifest.json": manifest("1.11.16", &[tracked("carts"), kept, allowed])});
    let fake = FakeDbt::new(&json!({
        "ls": [{"stdout": listing(&[&SELECTED[..], &["kept", "allowed"]].concat()), "files": files}],
        "run-operation": [tables("2021-06-01", &[], None)],
        "first_event": "2021-01-02",
    }));
    let arguments = ["plan", "--select", "+carts", "--start-date", "2021-01-01"];
    let output = fake.tool(&[&arguments[..], &["--full-refresh"]].concat()).success();
    assert!(
        output.stderr.contains("warning: --full-refresh does not rebuild kept: full_refresh is"),
        "{output}"
    );
    assert_eq!(fake.tool(&arguments).success().stderr, "");
}

#[test]
fn vars_with_which_no_run_gets_anywhere_are_refused_as_check_finds_them() {
    let project = |vars: &str| {
        let fake = plain();
        std::fs::write(fake.path("dbt_project.yml"), format!("name: faked\nprofile: faked\nvars: {vars}\n"))
            .expect("written");
        fake
    };
    for (vars, words) in [
        (
            "{snowplow__start_date: '2999-01-01'}",
            "snowplow__start_date is '2999-01-01', which is in the future",
        ),
        ("{snowplow__start_date: 20200101}", "snowplow__start_date is 20200101, which is a number"),
        ("{faked: {snowplow__start_date: soon}}", "snowplow__start_date is 'soon', which is not a date"),
        (
            "{snowplow__start_date: '2020-01-01', models_to_remove: [carts]}",
            "models_to_remove is set to [\"carts\"]",
        ),
    ] {
        for command in ["plan", "run"] {
            let fake = project(vars);
            let output = fake.tool(&[command, "--select", "+carts"]);
            assert_eq!(output.code, 4, "{output}");
            assert!(output.stderr.contains(words), "{output}");
            assert!(!fake.calls().iter().any(|call| call.contains(&"run".to_owned())), "{output}");
        }
    }
    // They do not matter where they are not needed.
    let fake = project("{snowplow__start_date: '2999-01-01'}");
    fake.tool(&["plan", "--select", "+carts", "--start-date", "2021-01-01"]).success();
    let standard = [tables("2021-06-01", &[("carts", "2021-05-01")], Some(("2021-04-01", "2021-05-01")))];
    fake.change(&json!({"run-operation": standard}));
    fake.tool(&["plan", "--select", "+carts"]).success();
}

/// What dbt prints for vars that it renders.
fn rendered(vars: &[(&str, &str)]) -> Value {
    let lines = vars
        .iter()
        .flat_map(|(name, text)| [json!({"rendering": name}), json!({"rendered": name, "text": text})]);
    json!({"stdout": lines.map(|line| format!("snowplow-backfill:{line}\n")).collect::<String>()})
}

#[test]
fn vars_are_judged_as_dbt_renders_them() {
    const TODAY: &str = "snowplow__start_date: '2021-01-01', ";
    let plan = |vars: &str, of_dbt: &[(&str, &str)]| {
        let fake = plain();
        std::fs::write(
            fake.path("dbt_project.yml"),
            format!("name: faked\nprofile: faked\nvars: {{{vars}}}\n"),
        )
        .expect("written");
        fake.change(&json!({"run-operation": [rendered(of_dbt), tables("2021-06-01", &[], None)]}));
        fake.tool(&["plan", "--select", "+carts"])
    };
    let start = "snowplow__start_date: \"{{ env_var('START') }}\"";
    for (text, words) in
        [("2999-01-01", "which is in the future"), ("20240101", "which is a number and not a date")]
    {
        let output = plan(start, &[("snowplow__start_date", text)]);
        assert_eq!(output.code, 4, "{output}");
        assert!(output.stderr.contains(words), "{output}");
    }
    plan(start, &[("snowplow__start_date", "2021-01-01")]).success();

    let remove = format!("{TODAY}models_to_remove: \"{{{{ ['carts'] if target.name == 'dev' else [] }}}}\"");
    let output = plan(&remove, &[("models_to_remove", "['carts']")]);
    assert_eq!(output.code, 4, "{output}");
    assert!(output.stderr.contains("models_to_remove is set to [\"carts\"]"), "{output}");
    plan(&remove, &[("models_to_remove", "[]")]).success();
}

#[test]
fn a_custom_materialization_may_heed_full_refresh() {
    let mut theirs = tracked("carts");
    theirs["config"] = json!({"materialized": "insert_by_period", "full_refresh": true});
    let files = json!({"manifest.json": manifest("1.11.16", &[theirs])});
    let fake = plain().with(&json!({"ls": [{"stdout": listing(&SELECTED), "files": files}]}));
    let output = plan(&fake).success();
    assert!(output.stderr.contains("warning: the full_refresh of carts is true. If its"), "{output}");
}

#[test]
fn windows_that_a_hook_of_the_project_may_record_are_a_warning() {
    let mut limits = model("ids_limits", &[], "table");
    limits["depends_on"] =
        json!({"macros": ["macro.snowplow_utils.get_run_limits"], "nodes": ["model.faked.ids_manifest"]});
    let mut users = model("users", &["ids_incremental"], "table");
    users["depends_on"] = json!({"macros": [], "nodes": ["model.faked.ids_limits"]});
    let models = [tracked("carts"), model("ids_manifest", &[], "incremental"), limits, users];
    let mut manifest: Value = serde_json::from_str(&manifest("1.11.16", &models)).expect("JSON");
    let said = |manifest: &Value| {
        let files = json!({"manifest.json": manifest.to_string()});
        let stdout = listing(&[&SELECTED[..], &["users"]].concat());
        plan(&plain().with(&json!({"ls": [{"stdout": stdout, "files": files}]})))
    };
    let words = "no on-run-end hook records the windows of ids_limits, from which users is built";
    let output = said(&manifest);
    assert!(output.code == 4 && output.stderr.contains(words), "{output}");
    manifest["nodes"]["operation.faked.theirs"] = json!({
        "resource_type": "operation", "name": "theirs", "package_name": "faked", "tags": ["on-run-end"],
        "raw_code": "{{ record() }}", "depends_on": {"macros": [], "nodes": ["model.faked.ids_manifest"]},
    });
    let output = said(&manifest).success();
    assert!(output.stderr.contains(&format!("warning: {words}")), "{output}");
}

#[test]
fn a_row_that_no_window_reaches_is_refused() {
    let files = json!({"manifest.json": manifest("1.11.16", &[tracked("carts"), tracked("orders")])});
    let rows = [("carts", "2021-05-31"), ("orders", "2050-01-01")];
    for arguments in [&["plan"][..], &["run", "--once"]] {
        let fake = FakeDbt::new(&json!({
            "ls": [{"stdout": listing(&[&SELECTED[..], &["orders"]].concat()), "files": files}],
            "run-operation": [tables("2021-06-01", &rows, Some(("2021-05-01", "2021-05-31")))],
        }));
        let output = fake.tool(&[arguments, &["--select", "+carts", "+orders"]].concat());
        assert_eq!(output.code, 4, "{output}");
        let said = format!("{}{}", output.stdout, output.stderr);
        assert!(said.contains("says that events were processed by orders up to 2050-01-01"), "{output}");
        assert!(said.contains("--remove-from-manifest orders"), "{output}");
    }
}

#[test]
fn a_row_ahead_of_the_clock_is_told_before_the_run_and_refused_after_it() {
    let now = "2021-06-01 00:00:00";
    let files = json!({"manifest.json": manifest("1.11.16", &[tracked("carts")])});
    let read = tables(now, &[("carts", "2021-06-01 01:00:00")], Some(("2021-05-31 19:00:00", now)));
    let fake = plain().with(&json!({
        "ls": [{"stdout": listing(&SELECTED), "files": files}], "run-operation": [read], "run": [good_run(&SELECTED)],
    }));
    let words =
        "says that events were processed by carts up to 2021-06-01 01:00:00, and the warehouse's clock says";
    let output = fake.tool(&["plan", "--select", "+carts"]).success();
    assert!(output.stderr.starts_with("warning: ") && output.stderr.contains(words), "{output}");
    for more in [&[][..], &["--once"], &["--until", "2021-06-01 00:30:00"]] {
        let output = fake.tool(&[&["run", "--select", "+carts"], more].concat());
        // What the user asked for is done before the run.
        if more.contains(&"--until") {
            assert_eq!(output.code, 0, "{output}");
            continue;
        }
        assert_eq!(output.code, 4, "{output}");
        assert!(output.stderr.contains("the window of the run ended at 2021-06-01 00:00:00"), "{output}");
    }
}

#[test]
fn a_row_without_a_time_is_refused() {
    let mut read = tables("2021-06-01", &[("carts", "2021-05-01")], Some(("2021-04-01", "2021-05-01")));
    let text = read["stdout"].as_str().expect("text").replace("\"2021-05-01\"]", "null]");
    read["stdout"] = text.into();
    let fake = plain().with(&json!({"run-operation": [read]}));
    for command in ["plan", "run"] {
        let output = fake.tool(&[command, "--select", "+carts"]);
        assert_eq!(output.code, 4, "{output}");
        assert!(output.stderr.contains("does not say how far carts came"), "{output}");
    }
}

#[test]
fn a_plan_knows_that_the_first_window_goes_up_to_the_first_event() {
    let arguments = ["plan", "--select", "+carts", "--start-date", "2021-01-01", "--limit-days", "30"];
    let fake = plain().with(&json!({"first_event": "2021-04-01 10:00:00"}));
    let output = fake.tool(&arguments).success();
    assert!(output.stdout.contains("next run   2021-01-01 → 2021-05-01\n"), "{output}");
    let words = "limit      120 days for the next run: shop finds no event before 2021-04-01 10:00\n";
    assert!(output.stdout.contains(words), "{output}");
    let document = fake.tool(&[&arguments[..], &["--format", "json"]].concat()).success().stdout;
    let document: Value = serde_json::from_str(&document).expect("JSON");
    assert_eq!(
        (&document["next_limit_days"], &document["limit_raised"]["reason"]),
        (&json!(120), &json!("gap"))
    );
    // What run would refuse.
    let output = fake.tool(&[&arguments[..], &["--max-limit-days", "60"]].concat());
    assert_eq!(output.code, 4, "{output}");
    assert!(output.stderr.contains("but --max-limit-days allows 60"), "{output}");
    let output = fake.tool(&[&arguments[..], &["--until", "2021-03-01"]].concat());
    assert_eq!(output.code, 4, "{output}");
    let words =
        "the first event that shop may read is at 2021-04-01 10:00:00, after --until 2021-03-01 00:00:00";
    assert!(output.stderr.contains(words), "{output}");
    // No further than asked.
    let output = fake.tool(&[&arguments[..], &["--until", "2021-04-10"]].concat()).success();
    assert!(output.stdout.contains("next run   2021-01-01 → 2021-04-10\n"), "{output}");
    assert!(!fake.calls().iter().any(|call| call.contains(&"run".to_owned())));
}
