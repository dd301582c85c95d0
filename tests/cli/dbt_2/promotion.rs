//! `promote`.

use serde_json::Value;

use crate::promotion::halves::{NEW, compared, done, executed, on, titles};
use crate::promotion_input::promote;
use crate::support::dbt_2::{on_dbt_2, recording, warned};

/// What dbt was given to execute on an adapter.
fn batches(executed: &str, adapter: &str) -> Vec<Value> {
    let start = executed.find("set batches = ").expect("batches") + "set batches = ".len();
    let end = executed[start..].find(" %}").expect("their end");
    let lists: Value = serde_json::from_str(&executed[start..start + end]).expect("JSON");
    lists.get(adapter).unwrap_or(&lists["default"]).as_array().expect("a list").clone()
}

#[test]
fn on_duckdb_a_transaction_is_one_text() {
    let titles = titles("duckdb", &NEW, &[]);
    let fake = on_dbt_2(on("duckdb", &NEW, &[done(titles.len()), compared("10")]));
    let output = promote(&fake, &["--apply", "--verify", "full"]);
    assert_eq!(output.code, 0);
    assert_eq!(warned(&fake), "");
    let batches = batches(&executed(&fake), "duckdb");
    let texts: Vec<_> = batches.iter().map(|batch| batch["sql"].as_str().expect("text")).collect();
    for text in &texts {
        assert_eq!(text.matches("begin transaction").count(), text.matches("commit").count(), "{text}");
    }
    assert!(texts.len() < titles.len(), "{texts:?}");
    let last = batches.last().expect("one")["last"].as_u64();
    assert_eq!(last, Some(titles.len() as u64 - 1));
}

#[test]
fn a_query_that_fails_shows_its_error_alone() {
    let fake = on_dbt_2(on("duckdb", &NEW, &[]));
    fake.change(&serde_json::json!({"run-operation": [recording("operation-fails")]}));
    let output = promote(&fake, &[]);
    assert_eq!(output.code, 1, "{output}");
    assert!(output.stderr.contains("Catalog Error: Table with name nope does not exist!"), "{output}");
    for noise in ["Unused schema.yml entry", "ADBC driver", "Errors and Warnings"] {
        assert!(!output.stderr.contains(noise), "{output}");
    }
}
