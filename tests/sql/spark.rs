//! Promotions on Spark with Iceberg and on Databricks with Delta, executed: those of the golden files.

use snowplow_backfill::warehouse::Dialect;

use crate::promotion::{Promotion, promotions, say};
use crate::support::Lab;
use crate::trial::Trial;

/// Cases whose scripts have statements, or an order of them, that no other case has.
const UNUSUAL: &[&str] =
    &["one_model", "helper_and_view", "replace", "replace_with_an_older_one", "two_packages"];
/// The order is Spark's: here it is the other tables that count.
const UNUSUAL_ON_DATABRICKS: &[&str] = &["one_model", "replace"];

/// Sail cannot replace a Delta table in a folder whose name has a blank. What is special about these names, the parsers judge.
const NOT_ON_DATABRICKS: &str = "odd_names";

/// Sail has no buckets, and its client does not understand what it answers to a new Parquet table.
const NOT_ON_SPARK: &str = "in_other_parts_than_";

/// The cases that an engine can execute.
fn possible(dialect: Dialect) -> Vec<(&'static str, Promotion)> {
    let mut promotions = promotions(dialect);
    let is_on_databricks = dialect == Dialect::Databricks;
    let is_left_out = |name: &str| {
        if is_on_databricks { name == NOT_ON_DATABRICKS } else { name.starts_with(NOT_ON_SPARK) }
    };
    promotions.retain(|(name, _)| !is_left_out(name));
    promotions
}

fn lab(dialect: Dialect, promotions: &[(&str, Promotion)]) -> Lab {
    let relations: Vec<_> = promotions.iter().flat_map(|(_, promotion)| promotion.relations()).collect();
    Lab::start(dialect, &relations)
}

/// Answers with what the engine does not know itself.
fn stand_what_is_usual(dialect: Dialect) -> Vec<String> {
    let promotions = possible(dialect);
    let mut lab = lab(dialect, &promotions);
    for (name, promotion) in &promotions {
        say(name, dialect);
        Trial::new(&mut lab, promotion).stands_what_is_usual();
    }
    lab.stand_ins.into_iter().collect()
}

fn stand_what_is_unusual(dialect: Dialect, cases: &[&str]) {
    let mut promotions = possible(dialect);
    promotions.retain(|(name, _)| cases.contains(name));
    assert_eq!(promotions.len(), cases.len(), "their names have changed");
    let mut lab = lab(dialect, &promotions);
    for (name, promotion) in &promotions {
        say(name, dialect);
        Trial::new(&mut lab, promotion).stands_what_is_unusual();
    }
}

#[test]
fn spark_stands_what_is_usual() {
    let stand_ins = stand_what_is_usual(Dialect::Spark);
    assert_eq!(
        stand_ins,
        ["comment", "delete by subquery", "hash of all columns", "location", "type of a row"]
    );
}

#[test]
fn spark_stands_what_is_unusual() {
    stand_what_is_unusual(Dialect::Spark, UNUSUAL);
}

#[test]
fn databricks_stands_what_is_usual() {
    let stand_ins = stand_what_is_usual(Dialect::Databricks);
    assert_eq!(
        stand_ins,
        [
            "cluster a table",
            "cluster by",
            "comment",
            "comment on table",
            "deep clone",
            "delete by subquery",
            "grant",
            "hash of all columns",
            "location",
            "set tags",
            "set tblproperties",
            "type of a row"
        ]
    );
}

#[test]
fn databricks_stands_what_is_unusual() {
    stand_what_is_unusual(Dialect::Databricks, UNUSUAL_ON_DATABRICKS);
}

/// Tries a script that is worse than the one that is written.
fn stand_worse(worsen: impl FnOnce(&mut Vec<String>)) {
    let mut promotions = promotions(Dialect::Spark);
    promotions.truncate(1);
    worsen(&mut promotions[0].1.promote);
    let mut lab = lab(Dialect::Spark, &promotions);
    let mut trial = Trial::new(&mut lab, &promotions[0].1);
    trial.stands_what_is_usual();
    trial.stands_what_is_unusual();
}

fn place(statements: &[String], beginning: &str) -> usize {
    statements.iter().position(|statement| statement.starts_with(beginning)).expect("such a statement")
}

#[test]
#[should_panic(expected = "my_model is recorded, but not whole")]
fn a_row_before_its_table_is_noticed() {
    stand_worse(|statements| {
        let record = statements.remove(place(statements, "merge into"));
        statements.insert(place(statements, "create table"), record);
    });
}

#[test]
#[should_panic(expected = "moved since it was planned")]
fn a_missing_look_at_staging_is_noticed() {
    stand_worse(|statements| {
        statements.remove(0);
    });
}

#[test]
#[should_panic(expected = "it was not noticed")]
fn a_missing_look_at_the_rows_is_noticed() {
    stand_worse(|statements| statements.truncate(statements.len() - 1));
}

#[test]
#[should_panic(expected = "after the promotion")]
fn a_copy_of_a_part_is_noticed() {
    stand_worse(|statements| {
        let create = place(statements, "create table");
        statements[create].push_str(" where view_id <> 'view 3'");
        // The script itself would notice it.
        statements.remove(create + 1);
    });
}
