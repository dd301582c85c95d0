//! `promote`.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::promotion::halves::{NEW, compared, executed, on, roll_back, rollback, standing, then, titles};
use crate::promotion_input::promote;
use crate::support::dbt_2::{on_dbt_2, recording, warned};
use crate::support::fake::FakeDbt;

/// What dbt was given to execute on an adapter.
fn batches(executed: &str, adapter: &str) -> Vec<Value> {
    let start = executed.find("set batches = ").expect("batches") + "set batches = ".len();
    let end = executed[start..].find(" %}").expect("their end");
    let lists: Value = serde_json::from_str(&executed[start..start + end]).expect("JSON");
    lists.get(adapter).unwrap_or(&lists["default"]).as_array().expect("a list").clone()
}

/// What the macro prints of a promotion that is one transaction: all statements at once.
fn unit(statements: usize, is_done: bool) -> String {
    let line = |done| json!({"first": 0, "last": statements - 1, "done": done});
    let lines = [false, true].map(|done| format!("snowplow-backfill:{}\n", line(done)));
    lines[..=usize::from(is_done)].concat()
}

const TOLD: &str = "\n=================== Errors and Warnings ====================\n[error] [DbDriverFailed (dbt1308)]: Constraint Error: \
                    staging has changed\n";

#[test]
fn a_unit_that_is_refused_changes_nothing() {
    let titles = titles("duckdb", &NEW, &[]);
    let refused = json!({"stdout": unit(titles.len(), false), "stderr": TOLD, "exit": 1});
    let fake = on_dbt_2(on("duckdb", &NEW, &[refused]));
    let output = promote(&fake, &["--apply"]);
    assert_eq!(output.code, 1, "{output}");
    assert!(output.stderr.contains("rolled back: nothing has changed"), "{output}");
    assert!(output.stderr.contains("were sent together"), "{output}");
    assert!(output.stderr.contains("Constraint Error: staging has changed"), "{output}");
    let nothing = roll_back(&fake);
    assert_eq!(nothing.code, 2, "{nothing}");
}

/// Whoever kills dbt cannot know whether the commit came through.
#[test]
fn a_unit_that_may_be_done_is_looked_for() {
    let titles = titles("duckdb", &NEW, &[]);
    let killed = json!({"stdout": unit(titles.len(), false), "stderr": "", "exit": 137});
    let fake = on_dbt_2(on("duckdb", &NEW, &[killed]));
    let output = promote(&fake, &["--apply"]);
    assert_eq!(output.code, 1, "{output}");
    assert!(!output.stderr.contains("nothing has changed"), "{output}");
    assert!(output.stderr.contains("It is not known whether all of it is done"), "{output}");
    taken_back(&fake);
}

/// A rollback finds in prod what may be there, and takes it back: a transaction as well.
fn taken_back(fake: &FakeDbt) {
    let asked = standing("written", &[true]);
    then(
        fake,
        &rollback("duckdb", asked.clone(), json!({"stdout": unit(1, false), "stderr": TOLD, "exit": 1})),
    );
    let refused = roll_back(fake);
    assert_eq!(refused.code, 1, "{refused}");
    assert!(refused.stderr.contains("rolled back: nothing has changed"), "{refused}");
    let statements = batches(&executed(fake), "default").len();
    then(fake, &rollback("duckdb", asked, json!({"stdout": unit(statements, true)})));
    let output = roll_back(fake).success();
    assert!(output.stderr.contains("taken back"), "{output}");
    let texts = batches(&executed(fake), "duckdb");
    assert!(texts.iter().any(|batch| batch["first"] != batch["last"]), "{texts:?}");
}

#[test]
fn an_interrupted_unit_is_looked_for() {
    let titles = titles("duckdb", &NEW, &[]);
    let fake = on_dbt_2(on("duckdb", &NEW, &[json!({"stdout": unit(titles.len(), false), "hang": true})]));
    let arguments = ["promote", "--select", "carts", "--target", "staging", "--to", "prod", "--apply"];
    let tool = fake.command(&arguments).stderr(Stdio::piped()).spawn().expect("the tool");
    fake.wait_until_hanging();
    let pid = Pid::from_raw(i32::try_from(tool.id()).expect("a process"));
    kill(pid, Signal::SIGINT).expect("it is running");
    let output = tool.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(!stderr.contains("nothing has changed"), "{stderr}");
    taken_back(&fake);
}

#[test]
fn on_duckdb_a_transaction_is_one_text() {
    let titles = titles("duckdb", &NEW, &[]);
    let told = json!({"stdout": unit(titles.len(), true)});
    let fake = on_dbt_2(on("duckdb", &NEW, &[told, compared("10")]));
    let output = promote(&fake, &["--apply", "--verify", "full"]);
    assert_eq!(output.code, 0);
    assert_eq!(warned(&fake), "");
    let batches = batches(&executed(&fake), "duckdb");
    let texts: Vec<_> = batches.iter().map(|batch| batch["sql"].as_str().expect("text")).collect();
    for text in &texts {
        assert_eq!(text.matches("begin transaction").count(), text.matches("commit").count(), "{text}");
    }
    assert!(texts.len() < titles.len(), "{texts:?}");
    for title in &titles {
        assert!(output.stderr.contains(title), "{title}: {output}");
    }
    let last = batches.last().expect("one")["last"].as_u64();
    assert_eq!(last, Some(titles.len() as u64 - 1));
}

#[test]
fn a_query_that_fails_shows_its_error_alone() {
    let fake = on_dbt_2(on("duckdb", &NEW, &[]));
    fake.change(&json!({"run-operation": [recording("operation-fails")]}));
    let output = promote(&fake, &[]);
    assert_eq!(output.code, 1, "{output}");
    assert!(output.stderr.contains("Catalog Error: Table with name nope does not exist!"), "{output}");
    for noise in ["Unused schema.yml entry", "ADBC driver", "Errors and Warnings"] {
        assert!(!output.stderr.contains(noise), "{output}");
    }
}

/// Its lexer would split them, or drop what follows.
#[test]
fn on_postgres_no_text_has_dollar_quotes() {
    let titles = titles("postgres", &NEW, &[]);
    let all = json!({"stdout": (0..titles.len()).flat_map(|at| [false, true].map(|done| {
        format!("snowplow-backfill:{}\n", json!({"first": at, "last": at, "done": done, "rows": 0}))
    })).collect::<String>()});
    let fake = on_dbt_2(on("postgres", &NEW, &[all, compared("10")]));
    let output = promote(&fake, &["--apply", "--verify", "full"]);
    assert_eq!(output.code, 0, "{output}");
    // That it counts none is not told as none.
    assert!(!output.stderr.contains(" 0 rows"), "{output}");
    let (own, usual) = (batches(&executed(&fake), "postgres"), batches(&executed(&fake), "default"));
    let has_blocks = |batches: &[Value], start: &str| {
        batches.iter().any(|batch| batch["sql"].as_str().is_some_and(|sql| sql.starts_with(start)))
    };
    assert!(has_blocks(&usual, "do $") && has_blocks(&own, "do '"));
    assert!(own.iter().all(|batch| !batch["sql"].as_str().expect("text").contains("$$")));
    assert!(!has_blocks(&own, "do $"));
}
