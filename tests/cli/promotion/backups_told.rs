//! Backups as the warehouses tell of them, or do not: by a scripted dbt.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::halves::{DENIED, LOST, answers, done, executed, fails, promoted_on, roll_back, standing, then};
use crate::support::Output;
use crate::support::fake::FakeDbt;

const ALL: [&str; 7] = ["postgres", "redshift", "snowflake", "bigquery", "databricks", "spark", "duckdb"];

/// In how many questions a warehouse is asked what depends on a table.
fn questions(adapter: &str) -> usize {
    match adapter {
        "postgres" => 4,
        "redshift" => 3,
        "spark" => 0,
        _ => 1,
    }
}

/// The backup is there, prod has the new table, and nothing depends on it.
fn found(adapter: &str, size: Option<&[&str]>) -> Value {
    let table = Some(&["table"][..]);
    let mut rows = vec![table, table];
    rows.extend(vec![Some(&[][..]); questions(adapter)]);
    rows.extend(size.map(Some));
    answers(&rows)
}

fn size(adapter: &str) -> &'static [&'static str] {
    if ["databricks", "spark"].contains(&adapter) {
        &["Statistics", "1250000 bytes, 1500 rows"]
    } else {
        &["1250000", "1500"]
    }
}

/// The one record, beside the folders of what dropped its backups.
fn record(fake: &FakeDbt) -> Value {
    let folder = fs::read_dir(fake.path("target/snowplow-backfill/promotions")).expect("records");
    let paths = folder.map(|entry| entry.expect("one").path().join("promotion.json"));
    let texts: Vec<_> = paths.filter_map(|path| fs::read(path).ok()).collect();
    assert_eq!(texts.len(), 1);
    serde_json::from_slice(&texts[0]).expect("JSON")
}

fn drop_backups(fake: &FakeDbt, more: &[&str]) -> Output {
    fake.tool(&[&["promote", "--to", "prod", "--drop-backups"], more].concat())
}

/// The same with the time of the promotion left out.
fn without_time(fake: &FakeDbt, output: &Output) -> String {
    let name = record(fake)["witnesses"]["tables"][0]["relation"]["identifier"].clone();
    let digits = name.as_str().expect("a name").rsplit('_').next().expect("digits").to_owned();
    let text = output.to_string().replace(&digits, "[DIGITS]");
    let at = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d").expect("a pattern");
    let age = regex::Regex::new(r"\d+ (seconds?|minutes) old").expect("a pattern");
    age.replace_all(&at.replace_all(&text, "[TIME]"), "[AGE] old").into_owned()
}

#[test]
fn backups_are_dropped_on_every_warehouse() {
    for adapter in ALL {
        let fake = promoted_on(adapter);
        then(&fake, &[found(adapter, Some(size(adapter)))]);
        let planned = drop_backups(&fake, &["--older-than", "0s"]).success();
        assert!(planned.stderr.contains(", 1.2 MB, about 1,500 rows"), "{adapter}: {planned}");
        let drops = planned.stdout.lines().filter(|line| line.starts_with("drop table "));
        let drops: Vec<_> = drops.collect();
        let name = record(&fake)["witnesses"]["tables"][0]["name"].as_str().expect("a name").to_owned();
        let end = if adapter == "snowflake" { " restrict" } else { "" };
        assert_eq!(drops, [format!("drop table {name}{end};")], "{adapter}: {planned}");
        assert_eq!(record(&fake)["witnesses"]["tables"][0]["dropped_at"], Value::Null, "{adapter}");

        then(&fake, &[found(adapter, Some(size(adapter))), done(1), answers(&[None])]);
        let applied = drop_backups(&fake, &["--older-than", "0s", "--apply"]).success();
        assert!(applied.stderr.contains("dropped: 1 backup\n"), "{adapter}: {applied}");
        assert_eq!(applied.stdout, "", "{adapter}");
        assert!(executed(&fake).contains(&name.replace('"', "\\\"")), "{adapter}: {}", executed(&fake));

        then(&fake, &[standing("written", &[false])]);
        let back = roll_back(&fake);
        let words = "cannot be taken back: --drop-backups dropped the tables that it replaced at ";
        assert!(back.code == 4 && back.stderr.contains(words), "{adapter}: {back}");
        assert_eq!(record(&fake)["state"], "promoted", "{adapter}");
    }
}

#[test]
fn what_is_dropped_is_shown_first() {
    let fake = promoted_on("duckdb");
    then(&fake, &[found("duckdb", Some(&["", "1500"]))]);
    assert_snapshot!(without_time(&fake, &drop_backups(&fake, &["--older-than", "0s"])), @r#"
    exit code: 0
    --- stdout
    -- Drops backups of tables that promotions to prod replaced.

    -- 1. drop carts__bk_[DIGITS], a backup of carts
    drop table "db"."prd"."carts__bk_[DIGITS]";
    --- stderr
    backups in prod
      drop  "db"."prd"."carts__bk_[DIGITS]"  [AGE] old, about 1,500 rows
      note  without its backups, --rollback refuses to undo the promotion at [TIME] UTC
    nothing was executed; add --apply to execute it
    "#);
    let output = drop_backups(&fake, &["--older-than", "0s", "--format", "json"]).success();
    let document: Value = serde_json::from_str(&output.stdout).expect("a document");
    let (dropped, at) = (&document["drop"][0], &record(&fake)["at"]);
    assert_eq!((&dropped["needed_by"], &dropped["dependents"]), (at, &json!([])));
    assert!(dropped["sql"].as_str().expect("SQL").starts_with("drop table \"db\".\"prd\".\"carts__bk_"));
    let view = answers(&[Some(&["table"]), Some(&["table"]), Some(&["s.busy"]), Some(&["", "1500"])]);
    then(&fake, &[view]);
    assert_snapshot!(without_time(&fake, &drop_backups(&fake, &["--older-than", "0s", "--apply"])), @r#"
    exit code: 0
    --- stdout
    --- stderr
    backups in prod
      keep  "db"."prd"."carts__bk_[DIGITS]": used by the view s.busy
    nothing to drop
    "#);
    assert_snapshot!(without_time(&fake, &drop_backups(&fake, &["--older-than", "7d"])), @r#"
    exit code: 0
    --- stdout
    --- stderr
    backups in prod
      keep  "db"."prd"."carts__bk_[DIGITS]": [AGE] old, about 1,500 rows, younger than 7 days
    nothing to drop
    "#);
    let alone = answers(&[Some(&["table"]), None, Some(&[]), Some(&["", "1500"])]);
    then(&fake, &[alone]);
    let output = drop_backups(&fake, &["--older-than", "0s", "--format", "json"]).success();
    let document: Value = serde_json::from_str(&output.stdout).expect("a document");
    assert_eq!((&document["applied"], &document["drop"]), (&json!(false), &json!([])));
    let kept = &document["keep"][0];
    assert_eq!(
        (&kept["model"], &kept["reason"], &kept["rows"]),
        (&json!("carts"), &json!("only_copy"), &json!(1500))
    );
    assert_eq!(kept["message"], "prod has no table \"db\".\"prd\".\"carts\", so it may be the only copy");
}

#[test]
fn a_user_who_may_not_ask_everything() {
    let denied = json!({"stdout": "Database Error\n  permission denied for svv_table_info\n", "exit": 1});
    let fake = promoted_on("redshift");
    then(&fake, &[denied.clone(), found("redshift", None)]);
    let output = drop_backups(&fake, &["--older-than", "0s"]).success();
    let words = "are not known: Database Error: permission denied for svv_table_info";
    assert!(output.stderr.contains(words) && output.stdout.contains("drop table"), "{output}");

    // Nor about views: what could be in use is kept.
    let fake = promoted_on("databricks");
    let table = Some(&["table"][..]);
    then(&fake, &[denied.clone(), denied.clone(), answers(&[table, table, Some(size("databricks"))])]);
    let output = drop_backups(&fake, &["--older-than", "0s"]).success();
    assert!(output.stderr.contains("this connection may not ask what uses it"), "{output}");
    assert!(output.stdout.is_empty() && output.stderr.contains("nothing to drop"), "{output}");

    // Nor whether there are any.
    then(&fake, &[denied]);
    let output = drop_backups(&fake, &["--older-than", "0s", "--apply"]);
    assert!(output.code == 1 && output.stderr.contains("permission denied"), "{output}");
}

#[test]
fn a_backup_that_a_warehouse_keeps_all_the_same() {
    let fake = promoted_on("snowflake");
    then(
        &fake,
        &[found("snowflake", Some(size("snowflake"))), done(1), answers(&[Some(&["column", "text"])])],
    );
    let output = drop_backups(&fake, &["--older-than", "0s", "--apply"]);
    assert!(
        output.code == 2 && output.stderr.contains("prod accepted the statements, but did not drop "),
        "{output}"
    );
    assert_eq!(record(&fake)["witnesses"]["tables"][0]["dropped_at"], Value::Null);
}

#[test]
fn a_drop_that_fails_is_not_kept_as_done() {
    for (said, is_known) in [(DENIED, true), (LOST, false)] {
        let fake = promoted_on("postgres");
        then(&fake, &[found("postgres", Some(size("postgres"))), fails(0, said)]);
        let output = drop_backups(&fake, &["--older-than", "0s", "--apply"]);
        assert_eq!(output.code, 1, "{output}");
        assert!(output.stderr.contains("statement 1 of 1 failed (drop carts__bk_"), "{output}");
        let words = if is_known { "Nothing was dropped." } else { "It is not known whether it is done" };
        assert!(output.stderr.contains(words), "{output}");
        // If the connection was lost, it may be gone.
        let is_marked = record(&fake)["witnesses"]["tables"][0]["dropped_at"].is_string();
        assert_eq!(is_marked, !is_known, "{said}");
    }
}

#[test]
fn promotions_are_listed() {
    let fake = promoted_on("postgres");
    let calls = fake.calls().len();
    let list = |more: &[&str]| fake.tool(&[&["promote", "--to", "prod", "--list"], more].concat()).success();
    let view: &[Option<&[&str]>] = &[
        Some(&["table"]),
        Some(&["table"]),
        Some(&["s.busy"]),
        Some(&[]),
        Some(&[]),
        Some(&[]),
        Some(&["8192", "500"]),
    ];
    then(&fake, &[answers(view)]);
    assert_snapshot!(without_time(&fake, &list(&[])), @r#"
    exit code: 0
    --- stdout
    [TIME] UTC  promoted: carts
      backup "db"."prd"."carts__bk_[DIGITS]"  [AGE] old, 8.1 kB, about 500 rows; used by the view s.busy
    --- stderr
    "#);
    let document: Value = serde_json::from_str(&list(&["--format", "json"]).stdout).expect("a document");
    assert_eq!((&document[0]["state"], &document[0]["from"]), (&json!("promoted"), &json!("staging")));
    let (names, backup) = (&document[0]["backups"], &document[0]["backup_tables"][0]);
    assert_eq!((&names[0], &backup["model"]), (&backup["name"], &json!("carts")));
    assert_eq!(
        (&backup["exists"], &backup["bytes"], &backup["rows"]),
        (&json!(true), &json!(8192), &json!(500))
    );
    assert_eq!(backup["dependents"], json!(["the view s.busy"]));
    assert!(backup["age_seconds"].is_u64(), "{backup}");
    assert_eq!(fake.calls().len(), calls + 2, "each asks once");

    then(&fake, &[answers(&[None, Some(&["table"]), None, None, None, None, None])]);
    let gone = list(&[]);
    assert!(gone.stdout.contains("  gone: dropped outside this tool\n"), "{gone}");
    let none: Option<&[&str]> = Some(&[]);
    then(&fake, &[answers(&[Some(&["view"]), Some(&["table"]), none, none, none, none, none])]);
    let other = list(&[]);
    assert!(other.stdout.contains("  gone: a view has its name now\n"), "{other}");
    then(&fake, &[json!({"stdout": LOST, "exit": 1})]);
    assert_snapshot!(without_time(&fake, &list(&[])), @r#"
    exit code: 0
    --- stdout
    [TIME] UTC  promoted: carts
      backup "db"."prd"."carts__bk_[DIGITS]"  [AGE] old
    --- stderr
    warning: it is not known whether the backups still exist, and how large they are: dbt run-operation failed (exit code 1): the warehouse could not be reached
        Database Error
          server closed the connection unexpectedly
      hint: check the target with `dbt debug`, then run the same command again
    "#);
    let calls = fake.calls().len();
    assert_eq!(fake.tool(&["promote", "--to", "elsewhere", "--list"]).success().stdout, "");
    assert_eq!(fake.calls().len(), calls, "dbt is not called");
}
