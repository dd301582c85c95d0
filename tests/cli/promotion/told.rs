//! What `promote` tells while it executes: its events, on stdout, in the journal, and in a workflow.

use std::fs;

use serde_json::{Value, json};

use super::halves::{DENIED, NEW, compared, fails, on, titles};
use super::shop;
use crate::promotion_input::promote;
use crate::support::fake::FakeDbt;
use crate::support::{Engine, Output};

/// All statements are done, and the adapter tells of each what BigQuery's does.
fn done_with_numbers(statements: usize) -> Value {
    let lines = (0..statements).flat_map(|statement| {
        let told = json!({"rows": 1200, "bytes": 3_400_000, "query_id": format!("job-{statement}")});
        let begins = json!({"first": statement, "last": statement, "done": false});
        let mut ends = json!({"first": statement, "last": statement, "done": true});
        ends.as_object_mut().expect("an object").extend(told.as_object().expect("an object").clone());
        [begins, ends].map(|step| format!("snowplow-backfill:{step}\n"))
    });
    json!({"stdout": lines.collect::<String>()})
}

fn events(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The names of events; what is told again and again only once.
fn names(events: &[Value]) -> Vec<&str> {
    let mut names: Vec<_> = events.iter().map(|event| event["event"].as_str().expect("a name")).collect();
    names.retain(|name| *name != "dbt_called");
    names.dedup();
    names
}

fn journal(fake: &FakeDbt) -> Vec<Value> {
    let folder = fs::read_dir(fake.path("target/snowplow-backfill/promotions")).expect("records");
    let folder = folder.map(|entry| entry.expect("one").path()).next().expect("a record");
    events(&fs::read_to_string(folder.join("journal.jsonl")).expect("a journal"))
}

#[test]
fn stdout_and_the_journal_get_the_same_events() {
    let statements = titles("bigquery", &NEW, &[]);
    let fake = on("bigquery", &NEW, &[done_with_numbers(statements.len()), compared("10")]);
    let output = promote(&fake, &["--apply", "--verify", "full", "--format", "events"]).success();
    let told = events(&output.stdout);
    let all = names(&told);
    assert_eq!(all.first(), Some(&"promotion_started"), "{all:?}");
    assert_eq!(all[all.len() - 2..], ["promotion_compared", "promotion_finished"], "{all:?}");
    let finished: Vec<_> = told.iter().filter(|event| event["event"] == "statement_finished").collect();
    assert_eq!(finished.len(), statements.len());
    let copy = finished.iter().find(|event| event["title"] == "copy carts").expect("a copy");
    assert_eq!((&copy["bytes"], &copy["total"]), (&json!(3_400_000), &json!(statements.len())));
    assert!(copy["query_id"].as_str().expect("an id").starts_with("job-"), "{copy}");
    // A check answers with rows, too.
    let check = finished.iter().find(|event| event["title"].as_str().expect("text").contains("as planned"));
    assert_eq!(check.expect("a check")["rows"], Value::Null);
    let end = told.last().expect("an end");
    assert_eq!((&end["is_equal"], &end["executed"]), (&json!(true), &json!(statements.len())));

    assert!(!output.stderr.contains("copy carts"), "{output}");
    assert_eq!(names(&journal(&fake)), all);
}

#[test]
fn people_see_rows_and_bytes() {
    let statements = titles("bigquery", &NEW, &[]).len();
    let fake = on("bigquery", &NEW, &[done_with_numbers(statements), compared("10")]);
    let output = promote(&fake, &["--apply", "--verify", "full"]).success();
    let copy = output.stderr.lines().find(|line| line.contains("copy carts")).expect("a copy");
    assert!(copy.contains("3.4 MB read"), "{copy}");
}

#[test]
fn the_last_event_is_the_end_whatever_happens() {
    // Before anything is executed.
    let gone = json!({"stdout": "Database Error\n  no connection\n", "exit": 1});
    let fake = on("postgres", &NEW, &[]).with(&json!({"run-operation": [gone]}));
    let output = promote(&fake, &["--apply", "--format", "events"]);
    let told = events(&output.stdout);
    assert_eq!(names(&told), ["promotion_finished"], "{output}");
    assert!(told.last().expect("an end")["error"].as_str().expect("an error").contains("no connection"));

    // At a statement.
    let fake = on("postgres", &NEW, &[fails(2, DENIED)]);
    let output = promote(&fake, &["--apply", "--format", "events"]);
    assert_eq!(output.code, 1, "{output}");
    let told = events(&output.stdout);
    let end = told.last().expect("an end");
    assert_eq!((&end["event"], &end["executed"]), (&json!("promotion_finished"), &json!(2)), "{output}");
    assert!(end["error"].as_str().expect("an error").contains("statement 3 of"), "{end}");

    let output = promote(&fake, &["--format", "events"]);
    assert!(output.code == 2 && output.stderr.contains("add --apply"), "{output}");
}

/// Executes as a step of a workflow; what it printed, and the summary.
fn step(fake: &FakeDbt) -> (Output, String) {
    let mut command = fake.command(&[
        "promote", "--select", "carts", "--target", "staging", "--to", "prod", "--apply", "--verify", "full",
        "--format", "github",
    ]);
    let path = fake.path("summary.md");
    command.env("GITHUB_STEP_SUMMARY", &path).env("GITHUB_WORKSPACE", fake.path(""));
    let output = Output::from(command.output().expect("the tool"));
    (output, fs::read_to_string(path).unwrap_or_default())
}

#[test]
fn a_workflow_gets_a_table_of_statements() {
    let statements = titles("bigquery", &NEW, &[]).len();
    let fake = on("bigquery", &NEW, &[done_with_numbers(statements), compared("10")]);
    let (output, summary) = step(&fake);
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stdout.contains(&format!("::group::{statements} statements\n")), "{output}");
    assert!(summary.starts_with("## Promotion staging → prod\n"), "{summary}");
    assert_eq!(summary.matches("| 3.4 MB |").count(), statements, "{summary}");
    assert!(summary.contains("**promoted: 3 of 3 comparisons with staging are equal**"), "{summary}");

    let fake = on("bigquery", &NEW, &[done_with_numbers(statements), compared("11")]);
    let (output, summary) = step(&fake);
    assert_eq!(output.code, 1, "{output}");
    assert!(
        output.stdout.contains("::error title=both sides differ::carts: rows: 10 in staging"),
        "{output}"
    );
    assert!(summary.contains("carts: rows: 10 in staging, 11 in prod"), "{summary}");

    let fake = on("bigquery", &NEW, &[fails(2, DENIED)]);
    let (output, summary) = step(&fake);
    assert_eq!(output.code, 1, "{output}");
    assert!(output.stdout.contains("::error title=promotion failed::statement 3 of"), "{output}");
    assert!(summary.contains("**promotion failed**"), "{summary}");
}

/// What Postgres itself tells, through dbt.
#[test]
fn rows_are_those_that_were_written() {
    let lab = shop::lab(&shop::before(Engine::Postgres));
    let to = lab.target("prod");
    let call = [&["promote"], &shop::SELECT[..], &["--to", &to, "--apply", "--format", "events"]].concat();
    let output = lab.tool(&call).success();
    let told = events(&output.stdout);
    let rows: Vec<_> = told.iter().filter_map(|event| event["rows"].as_u64()).collect();
    assert!(rows.contains(&10_000), "{rows:?}");
    let back = lab.tool(&["promote", "--to", &to, "--rollback", "--format", "events"]).success();
    let told = events(&back.stdout);
    assert_eq!(told.last().expect("an end")["task"], "rollback");
    assert!(told.iter().any(|event| event["rows"].as_u64() == Some(4)), "the rows of four models: {back}");
}

#[test]
fn a_terminal_has_a_bar_of_statements() {
    let statements = titles("bigquery", &NEW, &[]).len();
    let fake = on("bigquery", &NEW, &[done_with_numbers(statements), compared("10")]);
    let call = [
        "promote", "--select", "carts", "--target", "staging", "--to", "prod", "--apply", "--verify", "full",
    ];
    let output = fake.tool_on_terminal(80, &call, &[]);
    assert_eq!(output.code, 0, "{output}");
    let begun = format!("0 of {statements} statements done");
    assert!(output.stdout.contains(&begun), "{output}");
    // Nothing of it stays.
    let end = output.stdout.rsplit("record:").next().expect("an end");
    assert!(!end.contains("statements done"), "{output}");
}
