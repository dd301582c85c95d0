//! What `check` is given: dbt manifests of all kinds, its configuration, its flags. dbt itself is scripted or
//! not called at all.

use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, SystemTime};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::Output;
use crate::support::fake::{FakeDbt, model};

/// A project without a dbt manifest.
fn project() -> FakeDbt {
    FakeDbt::new(&json!({}))
}

/// A dbt manifest with a package `shop` and these models besides.
fn manifest(models: &[Value]) -> String {
    let text = crate::support::fake::manifest("1.11.16", models);
    let mut manifest: Value = serde_json::from_str(&text).expect("JSON");
    manifest["metadata"]["dbt_schema_version"] = "https://schemas.getdbt.com/dbt/manifest/v12.json".into();
    manifest["metadata"]["project_name"] = "faked".into();
    manifest["nodes"]["model.faked.shop_manifest"]["depends_on"] =
        json!({"macros": ["macro.snowplow_utils.allow_refresh"], "nodes": []});
    manifest.to_string()
}

/// A tracked model that is fine.
fn carts() -> Value {
    model("carts", &["shop_incremental"], "table")
}

/// One that is ephemeral, and so at error level.
fn inlined() -> Value {
    model("inlined", &["shop_incremental"], "ephemeral")
}

/// One that looks through its whole table, which is only a warning.
fn slow() -> Value {
    let mut model = model("slow", &["shop_incremental"], "incremental");
    model["config"] =
        json!({"materialized": "incremental", "unique_key": "id", "meta": {"upsert_date_key": "day"}});
    model["depends_on"] = json!({"macros": ["macro.snowplow_utils.is_run_with_new_events"], "nodes": []});
    model
}

fn write(fake: &FakeDbt, path: &str, text: &str) {
    let path = fake.path(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("written");
}

/// A project with a dbt manifest, and with the files that it was made from.
fn with(models: &[Value]) -> FakeDbt {
    let fake = project();
    write_project(&fake, "target", models);
    fake
}

/// Writes a dbt manifest into a target path, after the files of its models.
fn write_project(fake: &FakeDbt, target: &str, models: &[Value]) {
    let names = models.iter().map(|model| model["name"].as_str().expect("a name"));
    for name in names.chain(["shop_manifest", "shop_limits", "shop_events"]) {
        write(fake, &format!("models/{name}.sql"), "select 1");
    }
    write(fake, &format!("{target}/manifest.json"), &manifest(models));
}

/// What `check` says of a file that is no dbt manifest.
fn check_text(text: &str) -> Output {
    let fake = project();
    write(&fake, "target/manifest.json", text);
    fake.tool(&["check"])
}

#[test]
fn no_manifest() {
    assert_snapshot!(project().tool(&["check"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: there is no dbt manifest at [PROJECT]/target/manifest.json: run `dbt parse` first, or give --parse, or the path of one with --manifest
    ");
    assert_snapshot!(project().tool(&["check", "--manifest", "nowhere.json"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: cannot read the dbt manifest [PROJECT]/nowhere.json
      caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn an_empty_manifest() {
    assert_snapshot!(check_text(""), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/manifest.json is not a dbt manifest that this tool can read
      caused by: the file is empty
    ");
    assert_snapshot!(check_text(" \n "), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/manifest.json is not a dbt manifest that this tool can read
      caused by: the file is empty
    ");
}

#[test]
fn a_truncated_manifest() {
    let text = manifest(&[carts()]);
    assert_snapshot!(check_text(&text[..1000]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/manifest.json is not a dbt manifest that this tool can read
      caused by: model.faked.shop_limits: it ends too early, after 1000 bytes: was it cut off, or is it still being written?
    ");
}

#[test]
fn a_manifest_that_is_not_json() {
    assert_snapshot!(check_text("<html><body>502 Bad Gateway</body></html>"), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/manifest.json is not a dbt manifest that this tool can read
      caused by: it is not JSON as dbt writes it: expected an object at byte 0
    ");
    assert_snapshot!(check_text("[]"), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/manifest.json is not a dbt manifest that this tool can read
      caused by: it is not JSON as dbt writes it: expected an object at byte 0
    ");
}

#[test]
fn a_manifest_of_another_shape() {
    assert_snapshot!(check_text(r#"{"nodes": {}}"#), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/manifest.json is not a dbt manifest that this tool can read
      caused by: it has no metadata
    ");
    assert_snapshot!(check_text(r#"{"nodes": {"model.p.a": {"name": ["a"]}}}"#), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/manifest.json is not a dbt manifest that this tool can read
      caused by: model.p.a: invalid type: sequence, expected a string at byte 32
    ");
    assert_snapshot!(check_text(r#"{"nodes": []}"#), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/manifest.json is not a dbt manifest that this tool can read
      caused by: it is not JSON as dbt writes it: expected an object at byte 10
    ");
    assert_snapshot!(check_text("{}"), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/manifest.json is not a dbt manifest that this tool can read
      caused by: it has no metadata
    ");
}

#[test]
fn another_artifact_of_dbts() {
    let metadata = json!({"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json", "dbt_version": "1.11.16"});
    assert_snapshot!(check_text(&json!({"metadata": metadata, "nodes": {}}).to_string()), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/manifest.json is not a dbt manifest that this tool can read
      caused by: it is another artifact of dbt's: catalog
    ");
}

#[test]
fn a_manifest_of_an_old_dbt() {
    let metadata = json!({"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v10.json", "dbt_version": "1.6.18"});
    assert_snapshot!(check_text(&json!({"metadata": metadata, "nodes": {}}).to_string()), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target/manifest.json is not a dbt manifest that this tool can read
      caused by: dbt 1.6.18 is too old: this tool works with dbt-core 1.7 and newer. Upgrade it, or use another dbt
    ");
}

#[test]
fn a_manifest_that_is_a_folder() {
    let fake = project();
    fs::create_dir_all(fake.path("target")).expect("a folder");
    assert_snapshot!(fake.tool(&["check", "--manifest", "target"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: [PROJECT]/target is a folder: give the path of the dbt manifest in it ([PROJECT]/target/manifest.json)
    ");
}

/// With 300 MB of address space: a file of 2 GB is never in memory.
#[test]
fn a_manifest_of_two_gigabytes() {
    for (start, expected) in
        [("", "byte 0"), (r#"{"metadata": "#, "byte 13"), (r#"{"nodes": {"model.a.b": {"x": ""#, "byte 30")]
    {
        let fake = project();
        write(&fake, "target/manifest.json", start);
        let file = File::options().append(true).open(fake.path("target/manifest.json")).expect("a file");
        file.set_len(2 << 30).expect("a sparse file");
        let output = with_little_memory(&fake, "\"$@\"", &["check"]);
        assert_eq!(output.code, 2, "{output}");
        assert!(output.stderr.contains(expected) && output.stderr.contains("caused by"), "{output}");
    }
}

/// Calls the tool, as `$@` of a shell's script, with 300 MB of address space.
fn with_little_memory(fake: &FakeDbt, script: &str, arguments: &[&str]) -> Output {
    let tool = fake.command(arguments);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", &format!("ulimit -v 300000 && {script}"), "sh"])
        .arg(tool.get_program())
        .args(tool.get_args());
    fake.redact(limited.current_dir(fake.path("")).output().expect("the tool").into())
}

#[test]
fn a_long_node_is_refused_before_it_fills_the_memory() {
    // Well-formed, and without a file of that size.
    let script = r#"{ printf '{"nodes": {"model.a.b": {"raw_code": "'; head -c 600000000 /dev/zero | tr '\0' '\\'; printf '"}}}'; } | "$@""#;
    assert_snapshot!(with_little_memory(&project(), script, &["check", "--manifest", "/dev/stdin"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: /dev/stdin is not a dbt manifest that this tool can read
      caused by: model.a.b: the entry at byte 24 is longer than 64 MB
    ");
}

#[test]
fn findings_decide_the_exit_code() {
    assert_snapshot!(with(&[carts()]).tool(&["check"]), @"
    exit code: 0
    --- stdout
    no findings in 4 models of faked (shop), by 38 rules
    --- stderr
    ");
    assert_snapshot!(with(&[carts(), slow()]).tool(&["check"]), @"
    exit code: 0
    --- stdout
    models/slow.sql: warn incremental-without-optimize
      slow is incremental and tracked, but is not set to snowplow_optimize
      → In its meta, set snowplow_optimize to true, and upsert_date_key to the date column of its rows. This takes effect once the dispatch in dbt_project.yml searches snowplow_utils before dbt

    1 warning in 5 models of faked (shop), by 38 rules
    what a rule means: snowplow-backfill check --explain incremental-without-optimize
    --- stderr
    ");
    assert_snapshot!(with(&[carts(), inlined()]).tool(&["check"]), @"
    exit code: 1
    --- stdout
    models/inlined.sql: error ephemeral-tracked-model
      inlined is ephemeral and has the tag shop_incremental: it will never get a row in the incremental manifest of shop
      → Make it a table or a view, or remove the tag

    1 error in 5 models of faked (shop), by 38 rules
    what a rule means: snowplow-backfill check --explain ephemeral-tracked-model
    --- stderr
    ");
}

#[test]
fn the_configuration_changes_rules() {
    let fake = with(&[carts(), inlined(), slow()]);
    let configuration = "limit-days: 30\ncheck:\n  rules:\n    ephemeral-tracked-model: {ignore: [{model: \
                         inl*, reason: tried out}]}\n    incremental-without-optimize: error\n";
    write(&fake, "snowplow-backfill.yml", configuration);
    assert_snapshot!(fake.tool(&["check", "--verbose"]), @"
    exit code: 1
    --- stdout
    models/slow.sql: error incremental-without-optimize
      slow is incremental and tracked, but is not set to snowplow_optimize
      → In its meta, set snowplow_optimize to true, and upsert_date_key to the date column of its rows. This takes effect once the dispatch in dbt_project.yml searches snowplow_utils before dbt

    models/inlined.sql: ignored ephemeral-tracked-model
      inlined is ephemeral and has the tag shop_incremental: it will never get a row in the incremental manifest of shop
      because: tried out

    1 error in 6 models of faked (shop), by 38 rules; 1 ignored
    what a rule means: snowplow-backfill check --explain incremental-without-optimize
    --- stderr
    ");
}

#[test]
fn an_unknown_rule_in_the_configuration() {
    let fake = with(&[carts()]);
    write(&fake, "snowplow-backfill.yml", "check: {rules: {ephemeral-model: off}}\n");
    assert_snapshot!(fake.tool(&["check"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: snowplow-backfill.yml:1:17: there is no rule `ephemeral-model`: did you mean `ephemeral-tracked-model`?
    ");
}

#[test]
fn an_unknown_key_in_the_configuration() {
    let fake = with(&[carts()]);
    write(&fake, "snowplow-backfill.yml", "check: {rules: {ephemeral-tracked-model: {sevrity: warn}}}\n");
    assert_snapshot!(fake.tool(&["check"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: snowplow-backfill.yml:1:43: rules.ephemeral-tracked-model: there is no key `sevrity`: did you mean `severity`?
    ");
}

#[test]
fn a_configuration_that_is_not_yaml() {
    let fake = with(&[carts()]);
    write(&fake, "snowplow-backfill.yml", "check:\n  rules:\n    hook-missing: [off\n");
    assert_snapshot!(fake.tool(&["check"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: snowplow-backfill.yml:4:1: not valid YAML: did not find expected ',' or ']' at line 4 column 1, while parsing a flow sequence at line 3 column 19
    ");
}

#[test]
fn an_unknown_rule_in_a_models_meta() {
    let mut model = inlined();
    model["config"]["meta"] = json!({"snowplow_backfill": {"ignore": {"ephemeral-tracked": "tried out"}}});
    assert_snapshot!(with(&[carts(), model]).tool(&["check"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: meta.snowplow_backfill of the model inlined (models/inlined.sql): there is no rule `ephemeral-tracked`: did you mean `ephemeral-tracked-model`?
    ");
}

#[test]
fn an_unknown_rule_to_explain() {
    assert_snapshot!(project().tool(&["check", "--explain", "ephemeral-tracked"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: there is no rule `ephemeral-tracked`: did you mean `ephemeral-tracked-model`?
    ");
}

#[test]
fn a_rule_is_explained() {
    assert_snapshot!(project().tool(&["check", "--explain", "ephemeral-tracked-model"]), @"
    exit code: 0
    --- stdout
    ## ephemeral-tracked-model

    A tracked model that is ephemeral. Severity: `error`.

    An ephemeral model never appears among the results of a run, so it never gets a row in the incremental manifest. Its
    package treats it as a new model forever and processes the same window from its start date again and again. No other
    model of the package makes progress.

    Wrong:

    ```sql
    -- models/scratch/page_engagement_this_run.sql
    {{ config(materialized='ephemeral', tags=['snowplow_unified_incremental']) }}
    ```

    Right:

    ```sql
    -- models/scratch/page_engagement_this_run.sql
    {{ config(materialized='table', tags=['snowplow_unified_incremental']) }}
    ```
    --- stderr
    ");
}

#[test]
fn all_rules_are_explained_as_the_page_does() {
    let page = include_str!("../../src/check/README.md");
    assert_eq!(project().tool(&["check", "--explain"]).success().stdout, page);
}

/// A model that was changed after dbt wrote its manifest.
fn stale() -> FakeDbt {
    let fake = with(&[carts()]);
    write(&fake, "models/carts.sql", "select 1");
    let later = SystemTime::now() + Duration::from_secs(60);
    let file = File::options().write(true).open(fake.path("models/carts.sql")).expect("a file");
    file.set_modified(later).expect("its time");
    fake
}

#[test]
fn an_old_manifest_is_told_of() {
    assert_snapshot!(stale().tool(&["check"]), @"
    exit code: 0
    --- stdout
    no findings in 4 models of faked (shop), by 38 rules
    --- stderr
    warning: the dbt manifest target/manifest.json is older than models/carts.sql: it may not describe the project as it is now. Run `dbt parse`, or give --parse
    ");
    assert_snapshot!(stale().tool(&["check", "--require-fresh"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the dbt manifest [PROJECT]/target/manifest.json is older than models/carts.sql: it may not describe the project as it is now. Run `dbt parse`, or give --parse
    ");
    let github = stale().tool(&["check", "--format", "github"]).success();
    assert!(
        github.stdout.starts_with("::notice title=snowplow-backfill check::the dbt manifest"),
        "{github}"
    );
    assert!(github.stdout.ends_with("\nno findings in 4 models of faked (shop), by 38 rules\n"), "{github}");
    with(&[carts()]).tool(&["check", "--require-fresh"]).success();
}

#[test]
fn a_manifest_of_models_that_are_gone_is_told_of() {
    let fake = with(&[carts(), slow()]);
    fs::remove_file(fake.path("models/carts.sql")).expect("removed");
    fs::remove_file(fake.path("models/slow.sql")).expect("removed");
    assert_snapshot!(fake.tool(&["check", "--require-fresh"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the dbt manifest [PROJECT]/target/manifest.json knows models whose files are gone (models/carts.sql and one more file): it may not describe the project as it is now. Run `dbt parse`, or give --parse
    ");
}

#[test]
fn a_manifest_that_was_copied_here_is_as_old_as_it_says() {
    let fake = with(&[carts()]);
    let mut old: Value = serde_json::from_str(&manifest(&[carts()])).expect("JSON");
    old["metadata"]["generated_at"] = "2024-01-31T12:00:00.123456Z".into();
    write(&fake, "target/manifest.json", &old.to_string());
    let output = fake.tool(&["check"]).success();
    assert!(
        output.stderr.contains("is older than models/") && output.stderr.contains("more files"),
        "{output}"
    );
}

/// A lock of Emacs, a name of long ago, a link to nowhere: nothing of dbt's, and no reason to fail.
#[test]
fn files_that_cannot_be_looked_at_are_passed_over() {
    let fake = with(&[carts()]);
    std::os::unix::fs::symlink("nobody@nowhere.1:2", fake.path("models/.#carts.sql")).expect("a link");
    std::os::unix::fs::symlink("nowhere.sql", fake.path("models/dangling.sql")).expect("a link");
    let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"caf\xe9.sql");
    fs::write(fake.path("models").join(name), "select 1").expect("written");
    write(&fake, "target/manifest.json", &manifest(&[carts()]));
    fake.tool(&["check", "--require-fresh"]).success();
}

#[test]
fn a_manifest_of_another_project() {
    let fake = with(&[carts()]);
    write(&fake, "dbt_project.yml", "name: other\nprofile: other\n");
    write(&fake, "target/manifest.json", &manifest(&[carts()]));
    assert_snapshot!(fake.tool(&["check"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the dbt manifest [PROJECT]/target/manifest.json belongs to the project faked, but [PROJECT]/dbt_project.yml belongs to other: give the folder of faked with --project-dir
    ");
}

/// dbt reads what it writes there as if it were empty.
#[test]
fn sections_that_are_null() {
    let fake = with(&[carts()]);
    let mut odd: Value = serde_json::from_str(&manifest(&[carts()])).expect("JSON");
    for section in ["disabled", "selectors", "macros", "exposures"] {
        odd[section] = Value::Null;
    }
    write(&fake, "target/manifest.json", &odd.to_string());
    assert_eq!(fake.tool(&["check"]).to_string(), with(&[carts()]).tool(&["check"]).to_string());
}

/// Of a key that is there twice dbt takes the last one; `<<` brings in what an anchor holds.
#[test]
fn a_project_file_in_all_of_dbts_yaml() {
    let fake = with(&[carts()]);
    let project = "name: faked\nprofile: faked\nvars:\n  faked: &usual\n    snowplow__backfill_limit_days: \
                   30\n    snowplow__backfill_limit_days: 365\n  shop:\n    <<: *usual\nvars: {}\n";
    write(&fake, "dbt_project.yml", project);
    write(&fake, "target/manifest.json", &manifest(&[carts()]));
    assert_eq!(fake.tool(&["check"]).success().stdout.lines().count(), 1);
    write(&fake, "dbt_project.yml", project.trim_end_matches("vars: {}\n"));
    write(&fake, "target/manifest.json", &manifest(&[carts()]));
    let output = fake.tool(&["check"]).success();
    assert!(
        output.stdout.contains("backfill-limit-left-in-project") && output.stdout.contains("365"),
        "{output}"
    );
    assert!(output.stdout.contains("2 warnings"), "{output}");
}

#[test]
fn the_manifest_is_where_dbt_writes_it() {
    let fake = project();
    write(&fake, "by_flag/manifest.json", &manifest(&[carts(), inlined()]));
    write(&fake, "by_variable/manifest.json", &manifest(&[carts(), slow()]));
    write(&fake, "by_file/manifest.json", &manifest(&[carts()]));
    write(&fake, "dbt_project.yml", "name: faked\nprofile: faked\ntarget-path: by_file\n");
    let models = |command: &mut Command| {
        let output = Output::from(command.output().expect("the tool"));
        let counts = output.stdout.lines().find(|line| line.contains(" models of "));
        counts.unwrap_or_default().split(" in ").next().unwrap_or_default().to_owned()
    };
    let flag: &[&str] = &["check", "--target-path", "by_flag"];
    assert_eq!(models(fake.command(flag).env("DBT_TARGET_PATH", "by_variable")), "1 error");
    assert_eq!(models(fake.command(&["check"]).env("DBT_TARGET_PATH", "by_variable")), "1 warning");
    assert_eq!(models(&mut fake.command(&["check"])), "no findings");
}

#[test]
fn dbt_parses_first_where_it_is_asked_to() {
    let files = json!({"manifest.json": manifest(&[carts(), inlined()])});
    let fake = FakeDbt::new(&json!({"parse": [{"files": files}]}));
    let output = fake.tool(&["check", "--parse", "--target", "dev", "--vars", "{a: 1}"]);
    assert_snapshot!(output, @"
    exit code: 1
    --- stdout
    models/inlined.sql: error ephemeral-tracked-model
      inlined is ephemeral and has the tag shop_incremental: it will never get a row in the incremental manifest of shop
      → Make it a table or a view, or remove the tag

    1 error in 5 models of faked (shop), by 38 rules
    what a rule means: snowplow-backfill check --explain ephemeral-tracked-model
    --- stderr
    ");
    let calls = fake.calls();
    assert_eq!(calls.len(), 1);
    let expected = ["--no-debug", "--quiet", "--no-print", "--vars", "{a: 1}"];
    assert!(calls[0].windows(expected.len()).any(|words| words == expected), "{calls:?}");
    assert!(calls[0].windows(2).any(|words| words == ["--target", "dev"]), "{calls:?}");
}

#[test]
fn dbt_fails_to_parse() {
    let fake =
        FakeDbt::new(&json!({"parse": [{"stdout": "Compilation Error\n  Model 'a' depends on a node named \
                                      'b'\n", "exit": 2}]}));
    assert_snapshot!(fake.tool(&["check", "--parse"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: dbt parse failed (exit code 2): the project or its configuration is not valid
        Compilation Error
          Model 'a' depends on a node named 'b'
    ");
}

#[test]
fn two_manifests_of_different_projects() {
    let fake = with(&[carts()]);
    let mut other: Value = serde_json::from_str(&manifest(&[carts()])).expect("JSON");
    other["metadata"]["project_name"] = "another".into();
    for node in other["nodes"].as_object_mut().expect("nodes").values_mut() {
        node["relation_name"] = "elsewhere".into();
    }
    write(&fake, "prod.json", &other.to_string());
    assert_snapshot!(fake.tool(&["check", "--to-manifest", "prod.json"]), @"
    exit code: 0
    --- stdout
    no findings in 4 models of faked (shop), by 38 rules
    --- stderr
    warning: the two dbt manifests belong to different projects: faked, another
    ");
}

#[test]
fn a_project_without_snowplow() {
    let metadata = json!({"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "dbt_version": "1.11.16"});
    assert_snapshot!(check_text(&json!({"metadata": metadata, "nodes": {}}).to_string()), @"
    exit code: 0
    --- stdout
    no findings in 0 models of faked, by 38 rules
    --- stderr
    warning: no Snowplow package found: no on-run-end hook of this project calls snowplow_incremental_post_hook. Did `dbt deps` run before the dbt manifest was written?
    ");
}

#[test]
fn a_workflow_gets_a_summary() {
    let fake = with(&[carts(), inlined(), slow()]);
    write(&fake, "summary.md", "what another step wrote\n\n");
    let mut command = fake.command(&["check", "--format", "github"]);
    let output =
        Output::from(command.env("GITHUB_STEP_SUMMARY", fake.path("summary.md")).output().expect("the tool"));
    assert_snapshot!(output, @"
    exit code: 1
    --- stdout
    ::error file=models/inlined.sql,title=ephemeral-tracked-model::inlined is ephemeral and has the tag shop_incremental: it will never get a row in the incremental manifest of shop%0AMake it a table or a view, or remove the tag
    ::warning file=models/slow.sql,title=incremental-without-optimize::slow is incremental and tracked, but is not set to snowplow_optimize%0AIn its meta, set snowplow_optimize to true, and upsert_date_key to the date column of its rows. This takes effect once the dispatch in dbt_project.yml searches snowplow_utils before dbt
    1 error, 1 warning in 6 models of faked (shop), by 38 rules
    --- stderr
    ");
    let summary = fs::read_to_string(fake.path("summary.md")).expect("a summary");
    assert_snapshot!(summary, @r#"
    what another step wrote

    ## Check of faked

    | | rule | model | file | finding | what to do |
    |---|---|---|---|---|---|
    | :x: | ephemeral-tracked-model | inlined | `models/inlined.sql` | inlined is ephemeral and has the tag shop\_incremental: it will never get a row in the incremental manifest of shop | Make it a table or a view, or remove the tag |
    | :warning: | incremental-without-optimize | slow | `models/slow.sql` | slow is incremental and tracked, but is not set to snowplow\_optimize | In its meta, set snowplow\_optimize to true, and upsert\_date\_key to the date column of its rows. This takes effect once the dispatch in dbt\_project.yml searches snowplow\_utils before dbt |

    **1 error, 1 warning in 6 models of faked (shop), by 38 rules**
    "#);
    let mut command = fake.command(&["check", "--format", "github"]);
    command.env("GITHUB_STEP_SUMMARY", fake.path("dbt_project.yml/summary.md"));
    let output = Output::from(command.output().expect("the tool"));
    assert!(output.code == 2 && output.stderr.contains("GITHUB_STEP_SUMMARY"), "{output}");
}

#[test]
fn packages_outside_of_the_repository_are_told_of_at_the_project_file() {
    let mut model = inlined();
    model["package_name"] = "shop".into();
    model["unique_id"] = "model.shop.inlined".into();
    let fake = with(&[carts()]);
    write(&fake, "dbt_project.yml", "name: faked\npackages-install-path: /nowhere/packages\n");
    write(&fake, "target/manifest.json", &manifest(&[carts(), model]));
    let github = fake.tool(&["check", "--format", "github"]);
    assert!(github.stdout.starts_with("::error file=dbt_project.yml,title=ephemeral"), "{github}");
    let sarif = fake.tool(&["check", "--format", "sarif"]).stdout;
    assert!(sarif.contains("\"uri\": \"dbt_project.yml\""), "{sarif}");
    let human = fake.tool(&["check"]).stdout;
    assert!(human.starts_with("/nowhere/packages/shop/models/inlined.sql: error"), "{human}");
}

#[test]
fn an_exemption_of_no_model_is_told_of() {
    let fake = with(&[carts(), inlined()]);
    let ignore = "[{model: inl*, reason: a}, {model: outlined, reason: b}]";
    let rules = format!("check: {{rules: {{ephemeral-tracked-model: {{ignore: {ignore}}}}}}}\n");
    write(&fake, "snowplow-backfill.yml", &rules);
    assert_snapshot!(fake.tool(&["check"]), @"
    exit code: 0
    --- stdout
    no findings in 5 models of faked (shop), by 38 rules; 1 ignored
    --- stderr
    warning: check.rules.ephemeral-tracked-model.ignore: no model is called outlined
    ");
}

#[test]
fn flags_that_exclude_each_other() {
    assert_snapshot!(project().tool(&["check", "--parse", "--manifest", "a.json"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the argument '--parse' cannot be used with '--manifest <PATH>'

    Usage: snowplow-backfill check --parse

    For more information, try '--help'.
    ");
}

#[test]
fn paths_start_where_their_readers_are() {
    let fake = with(&[carts(), inlined()]);
    let place = |output: Output| output.stdout.lines().next().unwrap_or_default().to_owned();
    // People: from where they are; below the project there is nothing shorter than its own paths.
    fs::create_dir_all(fake.path("models/deep")).expect("a folder");
    let below = fake.command(&["check"]).current_dir(fake.path("models/deep")).output().expect("the tool");
    assert_eq!(place(below.into()), "models/inlined.sql: error ephemeral-tracked-model");
    let name = fake.path("").file_name().expect("a name").to_str().expect("UTF-8").to_owned();
    let above = fake
        .command(&["check", "--project-dir", &name])
        .current_dir(fake.path("").parent().expect("a folder"))
        .output()
        .expect("the tool");
    assert_eq!(place(above.into()), format!("{name}/models/inlined.sql: error ephemeral-tracked-model"));
    // Programs: from the repository's root.
    fs::create_dir_all(fake.path(".git")).expect("a folder");
    write(&fake, "analytics/dbt_project.yml", "name: faked\n");
    write(&fake, "analytics/target/manifest.json", &manifest(&[carts(), inlined()]));
    let github = fake.tool(&["check", "--format", "github", "--project-dir", "analytics"]);
    assert!(github.stdout.starts_with("::error file=analytics/models/inlined.sql,title="), "{github}");
}
