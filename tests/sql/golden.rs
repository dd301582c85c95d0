//! The scripts under `fixtures/promote`: every statement passes everybody who knows the warehouse's SQL.

use std::fs;
use std::path::{Path, PathBuf};

use snowplow_backfill::warehouse::Dialect;

use crate::support::{Validator, is_excepted, judge_order, statements};

fn files(dialect: Dialect) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/promote").join(dialect.adapter());
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|it| it == "sql")).collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no scripts", folder.display());
    files
}

/// What is wrong with a statement; nothing else than an exception may keep a validator from knowing it.
fn judge(dialect: Dialect, statement: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut accepted = false;
    for &validator in Validator::of(dialect) {
        let why = validator.judge(dialect, statement);
        accepted |= why.is_none() && validator != Validator::Manuals;
        let why = why.filter(|_| !is_excepted(validator, dialect, statement));
        wrong.extend(why.map(|why| format!("{validator:?}: {why}")));
    }
    if wrong.is_empty() && !accepted {
        wrong.push("nobody knows it".to_owned());
    }
    wrong
}

/// What is wrong with a whole script, comments and all, to the warehouses' own parsers where they know each
/// statement.
fn judge_whole(dialect: Dialect, script: &str, statements: &[&str]) -> Vec<String> {
    let knows_all = |&&validator: &&Validator| {
        !statements.iter().any(|statement| is_excepted(validator, dialect, statement))
    };
    let reads_scripts = |&&validator: &&Validator| {
        matches!(validator, Validator::Pglast | Validator::GoogleSql | Validator::DuckDb)
    };
    Validator::of(dialect)
        .iter()
        .filter(reads_scripts)
        .filter(knows_all)
        .filter_map(|&validator| Some(format!("{validator:?}: {}", validator.judge(dialect, script)?)))
        .chain(judge_order(dialect, statements))
        .collect()
}

/// Each statement has a title, a comment with its number.
fn titles(script: &str) -> usize {
    let is_title = |line: &&str| {
        let number = line.strip_prefix("-- ").and_then(|rest| rest.split_once(". "));
        number.is_some_and(|(number, _)| number.parse::<u32>().is_ok())
    };
    script.lines().filter(is_title).count()
}

fn judge_files(dialect: Dialect) {
    let mut wrong = Vec::new();
    for file in files(dialect) {
        let name = file.file_name().expect("a name").display();
        let text = fs::read_to_string(&file).expect("a script");
        let statements = statements(dialect, &text);
        assert!(statements.len() > 2, "{name} is no promotion: {text}");
        assert_eq!(statements.len(), titles(&text), "{name} is not cut into its statements: {statements:#?}");
        for statement in &statements {
            wrong.extend(judge(dialect, statement).iter().map(|why| format!("{name}: {why}\n{statement}")));
        }
        let whole = judge_whole(dialect, &text, &statements);
        wrong.extend(whole.iter().map(|why| format!("{name} as a whole: {why}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn on_postgres() {
    judge_files(Dialect::Postgres);
}

#[test]
fn on_redshift() {
    judge_files(Dialect::Redshift);
}

#[test]
fn on_snowflake() {
    judge_files(Dialect::Snowflake);
}

#[test]
fn on_bigquery() {
    judge_files(Dialect::BigQuery);
}

#[test]
fn on_databricks() {
    judge_files(Dialect::Databricks);
}

#[test]
fn on_spark() {
    judge_files(Dialect::Spark);
}

#[test]
fn on_duckdb() {
    judge_files(Dialect::DuckDb);
}
