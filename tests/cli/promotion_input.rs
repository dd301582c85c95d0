//! Wrong inputs of `promote`: one clear message, its exit code, nothing changed. The whole output is
//! compared.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::Output;
use crate::support::fake::{FakeDbt, good_run, listing, manifest, model, tables};

const TIME: &str = "2023-10-11 10:11:12.123456";

/// A project with one new model, as one of its targets resolves it.
pub fn of_target(schema: &str, models: &[Value]) -> String {
    let text = manifest("1.11.16", models);
    text.replace("\"s\"", &format!("\"{schema}\"")).replace(r#"\"s\""#, &format!(r#"\"{schema}\""#))
}

pub fn carts() -> Value {
    model("carts", &["shop_incremental"], "incremental")
}

pub fn ls(manifest: &str, selected: &[&str]) -> Value {
    json!({"stdout": listing(selected), "files": {"manifest.json": manifest}})
}

/// What the tool reads of both sides: rows, and which tables there are.
#[derive(Clone, Copy)]
pub struct Warehouse<'a> {
    pub staging: Option<&'a [(&'a str, &'a str)]>,
    pub prod: Option<&'a [(&'a str, &'a str)]>,
    pub tables: [bool; 2],
}

impl Warehouse<'_> {
    pub fn reply(&self) -> Value {
        let mut lines = vec![
            json!({"target": {"name": "prod", "type": "duckdb", "schema": "prod"}}),
            json!({"query": 0, "row": ["2023-11-12 13:14:15"]}),
            json!({"query": 0, "end": true}),
        ];
        for (query, rows) in [(1, self.staging), (2, self.prod)] {
            let rows_of = rows.unwrap_or_default();
            lines.extend(rows_of.iter().map(|(name, time)| json!({"query": query, "row": [name, time]})));
            lines.push(match rows {
                Some(_) => json!({"query": query, "end": true}),
                None => json!({"query": query, "missing": 0}),
            });
        }
        // Where prod has no incremental manifest, it has no schema either.
        let has_schema = self.prod.is_some();
        let lacking = |query: u32| json!({"query": query, "missing": 0, "has_schema": has_schema});
        let columns =
            |query, exists| if exists { json!({"query": query, "end": true}) } else { lacking(query) };
        lines.push(columns(3, self.prod.is_some()));
        lines.push(json!({"query": 4, "missing": 0}));
        lines.extend([columns(5, self.tables[0]), columns(6, self.tables[1])]);
        let text: String = lines.iter().map(|line| format!("snowplow-backfill:{line}\n")).collect();
        // Then rights are asked for, of which none is lacking.
        json!({"stdout": text, "empty_from": 7})
    }
}

pub const READY: Warehouse<'_> =
    Warehouse { staging: Some(&[("carts", TIME)]), prod: Some(&[]), tables: [true, false] };

/// Both targets of a project whose new model is `carts`.
pub fn both(staging: &str, prod: &str, selected: &[&str], warehouse: &Warehouse<'_>) -> FakeDbt {
    let catalogue = json!({"stdout": "no answer\n", "exit": 1});
    FakeDbt::new(&json!({
        "ls": [ls(staging, selected), ls(prod, &["carts"])],
        "run-operation": [warehouse.reply(), catalogue],
    }))
}

fn ready(warehouse: &Warehouse<'_>) -> FakeDbt {
    both(&of_target("stg", &[carts()]), &of_target("prd", &[carts()]), &["carts"], warehouse)
}

pub fn promote(fake: &FakeDbt, arguments: &[&str]) -> Output {
    let base = ["promote", "--select", "carts", "--target", "staging", "--to", "prod"];
    fake.tool(&[&base[..], arguments].concat())
}

#[test]
fn the_input_that_the_others_differ_from_is_good() {
    let output = promote(&ready(&READY), &[]).success();
    assert!(output.stdout.contains("create table \"db\".\"prd\".\"carts\""), "{output}");
    assert!(output.stderr.contains("warning: the catalogue cannot be read"), "{output}");
}

#[test]
fn no_target_to_promote_to() {
    let fake = ready(&READY);
    assert_snapshot!(fake.tool(&["promote", "--select", "carts", "--target", "staging"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --to is missing: give the target to promote to, as in --to prod
    ");
    assert!(fake.calls().is_empty());
}

#[test]
fn both_targets_are_the_same() {
    let fake = ready(&READY);
    assert_snapshot!(fake.tool(&["promote", "--select", "carts", "--target", "prod", "--to", "prod"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --target and --to are both prod: give the target that was backfilled, and the target to promote to
    ");
    assert!(fake.calls().is_empty());
}

#[test]
fn an_unknown_model() {
    let warning = "The selection criterion 'nope' does not match any enabled nodes\nNo nodes selected!\n";
    let manifest = of_target("stg", &[carts()]);
    let nothing = json!({"stdout": "", "log": warning, "files": {"manifest.json": manifest}});
    let fake = FakeDbt::new(&json!({"ls": [nothing]}));
    assert_snapshot!(fake.tool(&["promote", "--select", "nope", "--target", "staging", "--to", "prod"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: nothing is selected:
      nope matches no enabled model
    ");
}

#[test]
fn a_model_that_is_not_tracked() {
    let manifest = of_target("stg", &[model("plain", &[], "incremental"), carts()]);
    let fake = both(&manifest, &manifest, &["plain"], &READY);
    assert_snapshot!(promote(&fake, &[]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the selection holds no tracked model: no model in it has the tag shop_incremental. Select a model with that tag, or add the tag to yours
    ");
}

#[test]
fn a_model_that_only_staging_has() {
    let fake = both(&of_target("stg", &[carts()]), &of_target("prd", &[]), &["carts"], &READY);
    let nothing =
        json!({"stdout": listing(&["shop_events"]), "files": {"manifest.json": of_target("prd", &[])}});
    let listed = ls(&of_target("stg", &[carts()]), &["carts"]);
    let fake = fake.with(&json!({"ls": [listed, nothing]}));
    assert_snapshot!(promote(&fake, &[]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: carts is a tracked model of staging but not of prod: enable it for that target (do both need the same --vars?), or leave it out
    ");
}

#[test]
fn two_adapters() {
    let prod = of_target("prd", &[carts()]).replace("duckdb", "postgres");
    let fake = both(&of_target("stg", &[carts()]), &prod, &["carts"], &READY);
    assert_snapshot!(promote(&fake, &[]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: staging is on duckdb and prod on postgres: tables cannot be promoted from one warehouse to another
    ");
}

#[test]
fn another_dialect_than_the_adapters() {
    assert_snapshot!(promote(&ready(&READY), &["--dialect", "snowflake"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --dialect snowflake: both targets are on duckdb
    ");
}

#[test]
fn a_strategy_that_the_warehouse_does_not_have() {
    assert_snapshot!(promote(&ready(&READY), &["--strategy", "clone"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: duckdb cannot do --strategy clone: choose one of like, ctas
    ");
}

#[test]
fn both_targets_resolve_to_one_schema() {
    let manifest = of_target("same", &[carts()]);
    assert_snapshot!(promote(&both(&manifest, &manifest, &["carts"], &READY), &[]), @r#"
    exit code: 4
    --- stdout
    --- stderr
    refused: staging and prod share one incremental manifest of shop ("db"."same"."shop_manifest"): both targets resolve to the same schema, so there is nothing to promote. Give them different schemas
    "#);
}

#[test]
fn prod_has_nothing_of_the_package() {
    let output = promote(&ready(&Warehouse { prod: None, ..READY }), &[]);
    assert!(output.stdout.contains("create schema if not exists \"db\".\"prd\";"), "{output}");
    let output = Output { stdout: String::new(), ..output };
    assert_snapshot!(output, @r#"
    exit code: 0
    --- stdout
    --- stderr
    warning: the catalogue cannot be read, so the script follows the project's configuration: no answer
    promotion staging → prod (duckdb, like)
      first     schema "db"."prd" is new
      first     incremental manifest "db"."prd"."shop_manifest" is new
      table     "db"."prd"."carts"
      rows      carts at 2023-10-11 10:11:12.123456 in shop
      then      next run of shop in prod: standard, window 2023-10-11 04:11:12 .. 2023-11-10 10:11:12
      compared  all rows of carts; the incremental manifests
      note      the catalogue cannot be read, so the script follows the project's configuration: no answer
      note      execute it while no other process has the database file open
    nothing was executed; add --apply to execute it
    "#);
}

#[test]
fn staging_is_empty() {
    assert_snapshot!(promote(&ready(&Warehouse { staging: None, ..READY }), &[]), @r#"
    exit code: 4
    --- stdout
    --- stderr
    warning: the catalogue cannot be read, so the script follows the project's configuration: no answer
    refused: staging is empty: the incremental manifest of shop ("db"."stg"."shop_manifest") does not exist. Backfill it first (snowplow-backfill run)
    "#);
}

#[test]
fn prod_has_a_table_without_a_row() {
    let fake = ready(&Warehouse { tables: [true, true], ..READY });
    let output = promote(&fake, &["--out-dir", "out"]);
    assert_snapshot!(output, @r#"
    exit code: 4
    --- stdout
    --- stderr
    warning: the catalogue cannot be read, so the script follows the project's configuration: no answer
    refused: prod has a table "db"."prd"."carts" but does not record carts: something other than a run made it. Use --resume if it is a complete copy of staging's table (this is checked), use --replace to replace it and keep it as a backup, or drop it
    "#);
    assert!(!fake.path("out").exists(), "nothing is written");
}

#[test]
fn prod_records_the_model() {
    let fake = ready(&Warehouse { prod: Some(&[("carts", TIME)]), tables: [true, true], ..READY });
    assert_snapshot!(promote(&fake, &["--apply"]), @"
    exit code: 4
    --- stdout
    --- stderr
    refused: prod already runs all selected models (carts). To replace their tables with staging's, use --replace
    ");
}

#[test]
fn a_folder_that_cannot_be_written() {
    let fake = ready(&READY);
    fs::write(fake.path("file"), "").expect("written");
    assert_snapshot!(promote(&fake, &["--out-dir", "file/out"]), @"
    exit code: 2
    --- stdout
    --- stderr
    warning: the catalogue cannot be read, so the script follows the project's configuration: no answer
    error: cannot write to --out-dir file/out
      caused by: cannot create file/out
      caused by: Not a directory (os error 20)
    ");
}

#[test]
fn nothing_to_take_back() {
    assert_snapshot!(ready(&READY).tool(&["promote", "--to", "prod", "--rollback"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: there is no promotion to prod to take back: --apply has executed none from this project, or its records are lost (records: [PROJECT]/target/snowplow-backfill/promotions)
    ");
}

#[test]
fn backups_of_nothing() {
    let fake = FakeDbt::new(&json!({}));
    assert_snapshot!(fake.tool(&["promote", "--to", "prod", "--drop-backups", "--older-than", "7d", "--apply"]), @"
    exit code: 0
    --- stdout
    --- stderr
    no backups of promotions to prod: nothing to drop
    ");
    assert_snapshot!(fake.tool(&["promote", "--to", "prod", "--drop-backups", "--older-than", "7d", "--format", "json"]), @r#"
    exit code: 0
    --- stdout
    {
      "schema": 1,
      "to": "prod",
      "older_than_seconds": 604800,
      "drop": [],
      "keep": [],
      "applied": false
    }
    --- stderr
    "#);
    assert_snapshot!(fake.tool(&["promote", "--drop-backups", "--older-than", "7d"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --to is missing: give the target that was promoted to, as in --to prod
    ");
    assert!(fake.calls().is_empty());
}

#[test]
fn backups_of_what_age() {
    let fake = FakeDbt::new(&json!({}));
    assert_snapshot!(fake.tool(&["promote", "--to", "prod", "--drop-backups"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the following required arguments were not provided:
      --older-than <TIME>

    Usage: snowplow-backfill promote --drop-backups --older-than <TIME> --dbt <COMMAND> --to <TARGET>

    For more information, try '--help'.
    ");
    assert_snapshot!(fake.tool(&["promote", "--to", "prod", "--older-than", "7d"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the following required arguments were not provided:
      --drop-backups

    Usage: snowplow-backfill promote --older-than <TIME> --drop-backups --dbt <COMMAND> --to <TARGET>

    For more information, try '--help'.
    ");
    assert_snapshot!(fake.tool(&["promote", "--to", "prod", "--drop-backups", "--older-than", "7"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: invalid value '7' for '--older-than <TIME>': must be a time with its unit, such as 2h or 90m

    For more information, try '--help'.
    ");
    assert_snapshot!(fake.tool(&["promote", "--to", "prod", "--drop-backups", "--older-than", "7d", "--rollback"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: the argument '--drop-backups' cannot be used with '--rollback'

    Usage: snowplow-backfill promote --to <TARGET> --drop-backups --older-than <TIME>

    For more information, try '--help'.
    ");
    assert!(fake.calls().is_empty());
}

/// Two files instead of two targets: dbt is not called.
fn offline(staging: &str, prod: &str, arguments: &[&str]) -> Output {
    let fake = FakeDbt::new(&json!({}));
    fs::write(fake.path("stg.json"), staging).expect("written");
    fs::write(fake.path("prd.json"), prod).expect("written");
    let base = ["promote", "--select", "carts", "--manifest", "stg.json", "--to-manifest", "prd.json"];
    let output = fake.tool(&[&base[..], arguments].concat());
    assert!(fake.calls().is_empty(), "dbt was called");
    output
}

#[test]
fn without_a_connection_all_is_guarded_by_the_script() {
    let output = offline(&of_target("stg", &[carts()]), &of_target("prd", &[carts()]), &[]).success();
    assert!(output.stdout.contains("min(last_success) = max(last_success)"), "{output}");
    assert!(
        output.stderr.contains("rows, columns and physical tables of both sides are not known"),
        "{output}"
    );
}

#[test]
fn apply_without_a_connection() {
    assert_snapshot!(offline(&of_target("stg", &[carts()]), &of_target("prd", &[carts()]), &["--apply"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --apply needs a connection: give --target and --to instead of two dbt manifests
    ");
}

#[test]
fn replace_without_a_connection() {
    assert_snapshot!(offline(&of_target("stg", &[carts()]), &of_target("prd", &[carts()]), &["--replace"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: --replace needs a connection, because it must check the rows that prod has now: give --target and --to
    ");
}

#[test]
fn dbt_manifests_of_two_projects() {
    let named = |schema: &str, name: &str| {
        let text = of_target(schema, &[carts()]);
        text.replace("\"adapter_type\"", &format!("\"project_name\": \"{name}\", \"adapter_type\""))
    };
    assert_snapshot!(offline(&named("stg", "shop"), &named("prd", "blog"), &[]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: stg.json and prd.json belong to different projects: shop and blog
    ");
}

#[test]
fn a_dbt_manifest_that_is_too_old() {
    let old = of_target("stg", &[carts()]).replace("1.11.16", "1.6.2");
    assert_snapshot!(offline(&old, &of_target("prd", &[carts()]), &[]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: stg.json was written by a dbt that is not supported
      caused by: dbt 1.6.2 is too old: this tool works with dbt-core 1.7 and newer. Upgrade it, or use another dbt
    ");
}

#[test]
fn files_that_are_no_dbt_manifests() {
    assert_snapshot!(offline("", "{}", &[]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: stg.json is not a dbt manifest that this tool can read
      caused by: the file is empty
    ");
    assert_snapshot!(offline(&of_target("stg", &[carts()]), "[1, 2]", &[]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: prd.json is not a dbt manifest that this tool can read
      caused by: it is not JSON as dbt writes it: expected an object at byte 0
    ");
}

#[test]
fn a_selection_that_only_dbt_understands() {
    let (staging, prod) = (of_target("stg", &[carts()]), of_target("prd", &[carts()]));
    assert_snapshot!(offline(&staging, &prod, &["--select", "state:modified"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: selecting from stg.json
      caused by: state:modified: without a connection, only names, +name, name+, tag:… and package:… can be selected. For the rest of dbt's syntax, use --target and --to
    ");
    assert_snapshot!(offline(&staging, &prod, &["--select", "cart"]), @"
    exit code: 2
    --- stdout
    --- stderr
    error: selecting from stg.json
      caused by: nothing is selected: cart matches no enabled model of the dbt manifest
    ");
}

/// Staging is behind prod's other models.
const BEHIND: Warehouse<'_> = Warehouse { prod: Some(&[("others", "2023-10-20 00:00:00")]), ..READY };

/// A project for `--sync`, whose backfill takes one run.
fn to_be_synced(warehouse: &Warehouse<'_>) -> FakeDbt {
    let (staging, prod) = (of_target("stg", &[carts()]), of_target("prd", &[carts()]));
    let package = ["shop_manifest", "shop_limits", "shop_events", "carts"];
    let window = Some(("2023-10-11 04:11:12", "2023-10-20 00:00:00"));
    let rows = |time| tables("2023-11-12 13:14:15", &[("carts", time)], window);
    let synced = Warehouse { staging: Some(&[("carts", "2023-10-20 00:00:00")]), ..*warehouse };
    FakeDbt::new(&json!({
        "ls": [ls(&staging, &["carts"]), ls(&prod, &["carts"]), ls(&staging, &package)],
        "run-operation": [
            warehouse.reply(), {"empty": true}, rows(TIME), rows("2023-10-20 \
                                                                  00:00:00"), synced.reply(), {"empty": true},
        ],
        "run": [good_run(&package)],
    }))
}

fn backfills(fake: &FakeDbt) -> Vec<String> {
    let is_run = |call: &Vec<String>| call.iter().any(|word| word == "run");
    fake.calls().into_iter().filter(is_run).map(|call| call.join(" ")).collect()
}

#[test]
fn what_no_backfill_mends_is_refused_before_one() {
    for more in [&["--sync"][..], &["--sync", "--apply"]] {
        let fake = to_be_synced(&Warehouse { tables: [true, true], ..BEHIND });
        let output = promote(&fake, more);
        assert_eq!(output.code, 4, "{output}");
        assert!(
            output.stderr.contains("has a table \"db\".\"prd\".\"carts\" but does not record carts"),
            "{output}"
        );
        assert_eq!(backfills(&fake), Vec::<String>::new());

        let fake = to_be_synced(&BEHIND);
        fs::write(fake.path("file"), "").expect("written");
        let output = promote(&fake, &[more, &["--out-dir", "file/out"]].concat());
        assert_eq!(output.code, 2, "{output}");
        assert!(output.stderr.contains("cannot write to --out-dir file/out"), "{output}");
        assert_eq!(backfills(&fake), Vec::<String>::new());
    }
}

#[test]
fn the_backfill_of_sync_is_a_part_of_it() {
    let fake = to_be_synced(&BEHIND);
    let configuration = "run:\n  threads: 3\n  dbt_args: [--fail-fast]\n  max_runs: 1\n";
    fs::write(fake.path("snowplow-backfill.yml"), configuration).expect("written");
    let output = promote(&fake, &["--sync"]).success();
    let runs = backfills(&fake);
    assert_eq!(runs.len(), 1, "{runs:?}");
    // Flags that promote has none of are those of run.
    assert!(runs[0].contains("--threads 3 --fail-fast"), "{runs:?}");
    assert!(output.stderr.contains("processed everything up to 2023-10-20"), "{output}");
    assert!(!output.stderr.contains("next:"), "{output}");
    assert!(output.stdout.contains("2023-10-20"), "{output}");
}

#[test]
fn a_target_that_is_missing() {
    let said = "Encountered an error:\nRuntime Error\n  The profile 'faked' does not have a target named \
                'nowhere'. The valid target names for this profile are:\n   - prod\n";
    let good = ls(&of_target("stg", &[carts()]), &["carts"]);
    let fake = FakeDbt::new(&json!({"ls": [good, {"stdout": said, "exit": 2}]}));
    let arguments = ["promote", "--select", "carts", "--target", "staging", "--to", "nowhere", "--apply"];
    assert_snapshot!(fake.tool(&arguments), @"
    exit code: 2
    --- stdout
    --- stderr
    error: dbt ls failed (exit code 2): the profile or the target is missing or not valid
        Encountered an error:
        Runtime Error
          The profile 'faked' does not have a target named 'nowhere'. The valid target names for this profile are:
           - prod
    ");
}

#[test]
fn a_grant_that_is_no_list_of_names() {
    let mut wrong = carts();
    wrong["config"]["grants"] = json!({"select": {"staging": ["bi"]}});
    let manifest = of_target("prd", &[wrong]);
    assert_snapshot!(offline(&of_target("stg", &[carts()]), &manifest, &[]), @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: the model carts grants select to {"staging":["bi"]}, which is neither a name nor a list of names
    "#);
}

#[test]
fn the_default_target_has_a_name() {
    let catalogue = json!({"empty": true});
    for (name, code) in [("dev", 0), ("prod", 2)] {
        let target = json!({"target": {"name": name, "type": "duckdb", "schema": "s"}});
        let told = json!({"stdout": format!("snowplow-backfill:{target}\n")});
        let fake = ready(&READY).with(&json!({"run-operation": [told, READY.reply(), catalogue]}));
        let output = fake.tool(&["promote", "--select", "carts", "--to", "prod"]);
        assert_eq!(output.code, code, "{output}");
        if code == 0 {
            assert!(output.stdout.contains("from dev to prod"), "{output}");
        } else {
            assert!(output.stderr.contains("prod is also the profile's default target"), "{output}");
        }
    }
}
