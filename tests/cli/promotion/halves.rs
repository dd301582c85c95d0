//! Promotions that stop half-way where a warehouse leaves halves, and what prod is found to hold afterwards:
//! by a scripted dbt, because these warehouses cannot be had here.

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::promotion_input::{Warehouse, carts, ls, of_target, promote};
use crate::support::Output;
use crate::support::fake::FakeDbt;

/// Where prod's row of `carts` is before it is replaced.
const EARLIER: &str = "2023-10-01 00:00:00";

/// Prod runs `carts` already.
const RUNNING: Warehouse<'_> = Warehouse {
    staging: Some(&[("carts", "2023-10-11 10:11:12.123456")]),
    prod: Some(&[("carts", EARLIER)]),
    tables: [true, true],
};

/// Prod has none.
pub const NEW: Warehouse<'_> = Warehouse { prod: Some(&[]), tables: [true, false], ..RUNNING };

/// What the generated project prints until a statement, which is not done.
pub fn steps(last: usize) -> String {
    let steps = (0..=last).flat_map(|statement| {
        [false, true].map(|done| {
            format!("snowplow-backfill:{}\n", json!({"first": statement, "last": statement, "done": done}))
        })
    });
    steps.take(2 * last + 1).collect()
}

/// A statement fails: the warehouse's own words.
pub fn fails(statement: usize, said: &str) -> Value {
    json!({"stdout": format!("{}{said}", steps(statement)), "exit": 1})
}

/// All of them are done.
pub fn done(statements: usize) -> Value {
    let last = json!({"first": statements - 1, "last": statements - 1, "done": true});
    json!({"stdout": format!("{}snowplow-backfill:{last}\n", steps(statements - 1))})
}

pub fn answers(rows: &[Option<&[&str]>]) -> Value {
    let mut lines = vec![json!({"target": {"name": "prod", "type": "faked", "schema": "prod"}})];
    for (query, row) in rows.iter().enumerate() {
        lines.extend(row.iter().map(|row| json!({"query": query, "row": row})));
        lines.push(match row {
            Some(_) => json!({"query": query, "end": true}),
            None => json!({"query": query, "missing": 0}),
        });
    }
    let text: String = lines.iter().map(|line| format!("snowplow-backfill:{line}\n")).collect();
    json!({"stdout": text})
}

/// What prod is found to hold: its rows, and which of the tables are there.
pub fn standing(rows: &str, are_there: &[bool]) -> Value {
    let tables = are_there.iter().map(|is_there| is_there.then_some(&["column", "text"][..]));
    answers(&[Some(&[rows][..])].into_iter().chain(tables).collect::<Vec<_>>())
}

/// The verification of `carts`: this many rows in prod, where staging has ten.
pub fn compared(rows: &str) -> Value {
    answers(&[
        Some(&["carts: rows", "10", rows]),
        Some(&["carts: digest", "1", "1"]),
        Some(&["carts: row", "a", "a"]),
    ])
}

/// What dbt answers from now on.
pub fn then(fake: &FakeDbt, replies: &[Value]) {
    let before = fake.calls().iter().filter(|call| call.contains(&"run-operation".to_owned())).count();
    let mut all = vec![json!({}); before];
    all.extend_from_slice(replies);
    fake.change(&json!({"run-operation": all}));
}

/// In how many calls a promotion asks what guards tables and incremental manifests, beside that for the catalogue's other
/// questions.
pub fn calls_for_guards(adapter: &str) -> usize {
    match adapter {
        "redshift" | "bigquery" | "snowflake" => 1,
        "databricks" => 2,
        _ => 0,
    }
}

/// In how many calls it asks about tables that exist.
pub fn calls_for_tables(adapter: &str) -> usize {
    let for_tags = usize::from(matches!(adapter, "snowflake" | "databricks"));
    1 + for_tags
}

/// A rollback: what prod holds, what keeps its tables from being dropped where that is asked, the statements.
pub fn rollback(adapter: &str, standing: Value, execution: Value) -> Vec<Value> {
    let holders = ["postgres", "redshift"].contains(&adapter).then(|| json!({"empty": true}));
    [Some(standing), holders, Some(execution)].into_iter().flatten().collect()
}

/// The project on such a warehouse.
pub fn on(adapter: &str, warehouse: &Warehouse<'_>, execution: &[Value]) -> FakeDbt {
    let of = |schema: &str| {
        let manifest = of_target(schema, &[carts()]).replace("duckdb", adapter);
        match adapter {
            "bigquery" | "databricks" => manifest.replace("\\\"", "`"),
            "spark" => {
                let manifest =
                    manifest.replace("\\\"db\\\".", "").replace("\"database\":\"db\"", "\"database\":null");
                manifest.replace("\\\"", "`")
            }
            _ => manifest,
        }
    };
    let sides = [ls(&of("stg"), &["carts"]), ls(&of("prd"), &["carts"])];
    let of_tables = if warehouse.tables.contains(&true) { calls_for_tables(adapter) } else { 0 };
    let catalogue = vec![json!({"empty": true}); calls_for_guards(adapter) + of_tables];
    let replies = [&[warehouse.reply()], catalogue.as_slice(), execution].concat();
    FakeDbt::new(&json!({"ls": sides.iter().cycle().take(20).collect::<Vec<_>>(), "run-operation": replies}))
}

/// The statements' titles, as the script has them.
pub fn titles(adapter: &str, warehouse: &Warehouse<'_>, more: &[&str]) -> Vec<String> {
    let output = promote(&on(adapter, warehouse, &[]), &[more, &["--format", "json"]].concat()).success();
    let document: Value = serde_json::from_str(&output.stdout).expect("a document");
    let statements = document["promote"].as_array().expect("statements");
    statements.iter().map(|statement| statement["title"].as_str().expect("a title").to_owned()).collect()
}

fn place(titles: &[String], title: &str) -> usize {
    titles.iter().position(|other| other == title).unwrap_or_else(|| panic!("{title}: {titles:?}"))
}

fn folders(fake: &FakeDbt) -> Vec<PathBuf> {
    let folder = fs::read_dir(fake.path("target/snowplow-backfill/promotions")).expect("records");
    folder.map(|entry| entry.expect("one").path()).collect()
}

/// The one record.
fn record(fake: &FakeDbt) -> Value {
    let folders = folders(fake);
    assert_eq!(folders.len(), 1, "{folders:?}");
    serde_json::from_slice(&fs::read(folders[0].join("promotion.json")).expect("a record")).expect("JSON")
}

/// What dbt was last given to execute.
pub fn executed(fake: &FakeDbt) -> String {
    fs::read_to_string(fake.path("target/snowplow-backfill/prod/promotion/macros/execute.sql"))
        .expect("statements")
}

pub fn roll_back(fake: &FakeDbt) -> Output {
    fake.tool(&["promote", "--to", "prod", "--rollback"])
}

const ADAPTERS: [&str; 4] = ["snowflake", "bigquery", "databricks", "spark"];
pub const LOST: &str = "Database Error\n  server closed the connection unexpectedly\n";
pub const DENIED: &str = "Database Error\n  not authorized\n";

#[test]
fn the_same_call_finishes_what_was_stopped() {
    for adapter in ADAPTERS {
        let titles = titles(adapter, &RUNNING, &["--replace"]);
        let copy = place(&titles, "copy carts");
        let fake = on(adapter, &RUNNING, &[fails(copy, LOST)]);
        let call = ["--replace", "--apply", "--verify", "full"];
        let failed = promote(&fake, &call);
        assert_eq!(failed.code, 1, "{failed}");
        assert!(failed.stderr.contains("both finish what is left"), "{adapter}: {failed}");
        assert!(!failed.stderr.contains("--resume"), "{adapter}: {failed}");
        let before = record(&fake);
        let planned = executed(&fake);

        then(&fake, &[done(titles.len()), compared("10")]);
        let output = promote(&fake, &call).success();
        assert!(output.stderr.contains("of carts, planned at"), "{adapter}: {output}");
        assert!(output.stderr.contains("promoted: 3 of 3 comparisons"), "{adapter}: {output}");
        // Its own statements, with the one backup.
        let after = record(&fake);
        assert_eq!(after["state"], "promoted");
        assert_eq!((&after["at"], &after["promote"]), (&before["at"], &before["promote"]));
        assert_eq!(executed(&fake), planned, "{adapter}");
    }
}

#[test]
fn what_finished_one_is_shown_as_if_it_had_not_been_stopped() {
    let titles = titles("databricks", &NEW, &[]);
    let fake = on("databricks", &NEW, &[fails(titles.len() - 2, DENIED)]);
    let call = ["--apply", "--format", "json", "--verify", "full"];
    assert_eq!(promote(&fake, &call).code, 1);
    then(&fake, &[done(titles.len()), compared("10")]);
    let output = promote(&fake, &call).success();
    let document: Value = serde_json::from_str(&output.stdout).expect("a document");
    assert_eq!(document["applied"], true);
    assert_eq!(document["rows"][0]["model"], "carts");
    assert_eq!(document["comparisons"].as_array().expect("a list").len(), 3);
}

#[test]
fn no_other_promotion_goes_over_a_half() {
    for adapter in ADAPTERS {
        let titles = titles(adapter, &RUNNING, &["--replace"]);
        let complete = place(&titles, "carts is complete");
        let fake = on(adapter, &RUNNING, &[fails(complete, DENIED)]);
        let failed = promote(&fake, &["--replace", "--apply"]);
        // The same call would stop there again.
        let words =
            "Take back what is done with `promote --to prod --rollback`, then run the same command again";
        assert!(failed.code == 1 && failed.stderr.contains(words), "{adapter}: {failed}");

        then(&fake, &[standing("before", &[true])]);
        let other = promote(&fake, &["--replace", "--apply", "--strategy", "ctas"]);
        assert_eq!(other.code, 4, "{adapter}: {other}");
        assert!(other.stderr.contains("refused: the promotion of carts at"), "{adapter}: {other}");
        assert!(other.stderr.contains("stopped half-way"), "{adapter}: {other}");
        assert_eq!(record(&fake)["state"], "failed");

        then(&fake, &[standing("before", &[true]), json!({})]);
        let back = roll_back(&fake);
        assert!(back.stderr.contains("rollback of the promotion of carts"), "{adapter}: {back}");
        assert!(executed(&fake).contains("__bk_"), "{adapter}: {}", executed(&fake));
    }
}

#[test]
fn a_check_that_stops_it_before_anything_is_done_leaves_nothing_to_take_back() {
    for adapter in ADAPTERS {
        let titles = titles(adapter, &NEW, &[]);
        let check = place(&titles, "shop: prod's rows are as planned");
        let fake = on(adapter, &NEW, &[fails(check, "Database Error\n  plan again\n")]);
        let failed = promote(&fake, &["--apply"]);
        assert!(
            failed.stderr.contains("Fix the cause, then run the same command again."),
            "{adapter}: {failed}"
        );
        let calls = fake.calls().len();
        let back = roll_back(&fake);
        assert!(
            back.code == 2 && back.stderr.contains("there is no promotion to prod to take back"),
            "{adapter}: {back}"
        );
        assert_eq!(fake.calls().len(), calls, "{adapter}: nothing was asked, and nothing dropped");
    }
}

#[test]
fn only_tables_that_were_made_are_dropped() {
    for adapter in ADAPTERS {
        let titles = titles(adapter, &NEW, &[]);
        let copy = place(&titles, "copy carts");
        // The warehouse said no; then the connection was lost, and nobody knows.
        for (said, is_there, is_dropped) in [(DENIED, true, false), (LOST, true, true)] {
            let fake = on(adapter, &NEW, &[fails(copy, said)]);
            assert_eq!(promote(&fake, &["--apply"]).code, 1);
            then(&fake, &[standing("before", &[is_there]), json!({})]);
            let back = roll_back(&fake);
            let drops = folders(&fake).len() == 1 && executed(&fake).contains("drop table if exists");
            assert_eq!(drops, is_dropped, "{adapter}: {said}: {back}");
            if !is_dropped {
                assert_eq!(back.code, 2, "{adapter}: {back}");
            }
        }
    }
}

#[test]
fn a_commit_of_which_nobody_knows() {
    let titles = titles("redshift", &NEW, &[]);
    let commit = place(&titles, "all is well");
    for (rows, is_there, code) in [("written", true, 0), ("before", false, 2)] {
        let fake = on("redshift", &NEW, &[fails(commit, LOST)]);
        let failed = promote(&fake, &["--apply"]);
        for words in [
            "The connection was lost at the commit. It is not known whether all of it is done, or nothing.",
            "`promote --to prod --rollback` asks prod whether it is done, and if so takes it back.",
        ] {
            assert!(failed.code == 1 && failed.stderr.contains(words), "{words}\n{failed}");
        }
        let statements = record(&fake)["rollback"]["statements"].as_array().expect("statements").len();
        then(&fake, &rollback("redshift", standing(rows, &[is_there]), done(statements)));
        let back = roll_back(&fake);
        assert_eq!(back.code, code, "{back}");
        assert_eq!(record(&fake)["state"], if is_there { "rolled_back" } else { "abandoned" });
    }
}

/// A promotion that was executed, on a warehouse where it is one transaction.
fn promoted() -> FakeDbt {
    promoted_on("postgres")
}

/// A promotion that replaced prod's `carts`.
pub fn promoted_on(adapter: &str) -> FakeDbt {
    let statements = titles(adapter, &RUNNING, &["--replace"]).len();
    let fake = on(adapter, &RUNNING, &[done(statements), compared("10")]);
    promote(&fake, &["--replace", "--apply", "--verify", "full"]).success();
    fake
}

#[test]
fn what_prod_went_on_with_is_not_taken_back() {
    let fake = promoted();
    then(&fake, &[standing("moved", &[true])]);
    let output = roll_back(&fake).to_string();
    let at = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d").expect("a pattern");
    assert_snapshot!(at.replace_all(&output, "[TIME]"), @r#"
    exit code: 4
    --- stdout
    --- stderr
    refused: prod has run since the promotion of carts at [TIME] UTC, or something else changed its rows ("db"."prd"."shop_manifest"). Taking the promotion back would also remove what prod has processed since, so nothing was changed. To stop running these models, disable them in prod's project. To promote another version of them, use --replace
    "#);
    assert_eq!(record(&fake)["state"], "promoted");
    assert!(!executed(&fake).contains("drop table"), "nothing is executed");
}

#[test]
fn what_was_taken_back_by_hand_is_not_in_the_way() {
    let fake = promoted();
    then(&fake, &[standing("before", &[false])]);
    let output = roll_back(&fake);
    assert!(
        output.code == 4 && output.stderr.contains("was already taken back outside this tool"),
        "{output}"
    );
    assert_eq!(record(&fake)["state"], "rolled_back");
    assert_eq!(roll_back(&fake).code, 2);
}

#[test]
fn a_backup_that_is_gone_cannot_be_put_back() {
    let fake = promoted();
    let statements = record(&fake)["rollback"]["statements"].as_array().expect("statements").len();
    then(&fake, &rollback("postgres", standing("written", &[true]), fails(statements - 1, DENIED)));
    let failed = roll_back(&fake);
    assert!(
        failed.code == 1 && failed.stderr.contains("which was rolled back: nothing has changed"),
        "{failed}"
    );
    assert_eq!(record(&fake)["state"], "promoted", "it still is there to be taken back");

    // Nor is it known whether somebody has put it back by hand: the rows may look as before.
    let fake = promoted();
    then(&fake, &[standing("written", &[false])]);
    let refused = roll_back(&fake);
    assert!(
        refused.code == 4 && refused.stderr.contains("They were dropped, or its rollback.sql"),
        "{refused}"
    );
    assert_eq!(record(&fake)["state"], "promoted");

    let steps = titles("snowflake", &RUNNING, &["--replace"]).len();
    let fake = on("snowflake", &RUNNING, &[done(steps), compared("10")]);
    promote(&fake, &["--replace", "--apply", "--verify", "full"]).success();
    then(&fake, &[standing("written", &[false])]);
    let refused = roll_back(&fake);
    assert!(
        refused.code == 4 && refused.stderr.contains("the tables that it replaced are gone"),
        "{refused}"
    );
}

#[test]
fn sides_that_differ_afterwards() {
    let statements = titles("postgres", &NEW, &[]).len();
    let fake = on("postgres", &NEW, &[done(statements), compared("11")]);
    let output = promote(&fake, &["--apply"]);
    assert_eq!(output.code, 1, "{output}");
    for words in [
        "differs carts: rows: 10 in staging, 11 in prod",
        "executed, but both sides differ: 2 of 3 comparisons with staging are equal",
        "`snowplow-backfill promote --to prod --rollback` takes the promotion back",
    ] {
        assert!(output.stderr.contains(words), "{words}\n{output}");
    }
    assert!(!output.stderr.contains("merge the branch"), "{output}");
    // What the notes say is said before anything is executed.
    let note = output.stderr.find("note      execute it as the user of prod's dbt runs").expect("a note");
    assert!(note < output.stderr.find("  1/").expect("a statement"), "{output}");
}

#[test]
fn a_warehouse_that_cannot_be_reached() {
    let gone = json!({"stdout": "Database Error\n  connection to server at \"db\" failed: Connection \
                                 refused\n", "exit": 1});
    let fake = on("postgres", &NEW, &[]).with(&json!({"run-operation": [gone]}));
    assert_snapshot!(promote(&fake, &["--apply"]), @r#"
    exit code: 1
    --- stdout
    --- stderr
    error: dbt run-operation failed (exit code 1): the warehouse could not be reached
        Database Error
          connection to server at "db" failed: Connection refused
      hint: check the target with `dbt debug`, then run the same command again
    "#);

    // While the catalogue is read, with and without --apply: it is no question of rights.
    for call in [&["--apply"][..], &[]] {
        let fake = on("postgres", &NEW, &[]).with(&json!({"run-operation": [NEW.reply(), gone]}));
        let output = promote(&fake, call);
        assert!(output.code == 1 && output.stderr.contains("could not be reached"), "{output}");
        assert_eq!(output.stdout, "");
    }
}

#[test]
fn nothing_is_executed_by_guesses_about_the_tables() {
    let denied = json!({"stdout": "Database Error\n  permission denied for pg_attribute\n", "exit": 1});
    let fake = on("postgres", &NEW, &[]).with(&json!({"run-operation": [NEW.reply(), denied]}));
    assert_snapshot!(promote(&fake, &["--apply"]), @"
    exit code: 4
    --- stdout
    --- stderr
    refused: the catalogue cannot be read, so the script follows the project's configuration: Database Error: permission denied for pg_attribute. --apply would hide what the copy loses. Let the user of prod's connection read the catalogue, or write the script without --apply, review it, and execute it with the warehouse's own client
    ");
    let fake = on("postgres", &NEW, &[]).with(&json!({"run-operation": [NEW.reply(), denied]}));
    let written = promote(&fake, &[]).success();
    assert!(written.stdout.contains("-- note: the catalogue cannot be read"), "{written}");
}

#[test]
fn a_review_that_cannot_be_read_is_not_overwritten() {
    let statements = titles("postgres", &NEW, &[]).len();
    let fake = on("postgres", &NEW, &[done(statements), compared("10")]);
    fs::create_dir(fake.path("review")).expect("a folder");
    fs::write(fake.path("review/promote.sql"), b"-- \xff").expect("written");
    let output = promote(&fake, &["--apply", "--out-dir", "review"]);
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("cannot read review/promote.sql"), "{output}");
    assert_eq!(fs::read(fake.path("review/promote.sql")).expect("there"), b"-- \xff");
    // A folder without one is no review.
    fs::remove_file(fake.path("review/promote.sql")).expect("removed");
    then(&fake, &[NEW.reply(), json!({"empty": true}), done(statements), compared("10")]);
    promote(&fake, &["--apply", "--out-dir", "review"]).success();
}

/// A row of staging's incremental manifest may be there for others than this reader.
#[test]
fn policies_on_an_incremental_manifest() {
    for adapter in ["redshift", "snowflake", "bigquery", "databricks"] {
        // Staging's table, and both manifests.
        let guards = answers(&[None, Some(&["the policy own_rows"]), None]);
        let fake = on(adapter, &NEW, &[]);
        let others = vec![json!({"empty": true}); calls_for_guards(adapter) - 1 + calls_for_tables(adapter)];
        let replies = [&[NEW.reply(), guards], others.as_slice()].concat();
        fake.change(&json!({"run-operation": replies}));
        let output = promote(&fake, &["--apply"]);
        assert_eq!(output.code, 4, "{adapter}: {output}");
        let words = "the policy own_rows, so that the connection of prod may see only some of its rows";
        assert!(
            output.stderr.contains("the incremental manifest") && output.stderr.contains(words),
            "{output}"
        );
        assert!(output.stderr.contains("Drop them from this table for the promotion"), "{output}");
    }
}
