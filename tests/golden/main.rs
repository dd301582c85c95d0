//! Golden SQL: every case has a file for every warehouse under `fixtures/promote/<dialect>/`, with its SQL or
//! its error.
//!
//! `cargo xtask fixtures` writes the files again. `tests/sql` gives them to parsers that know nothing of this
//! project.

mod cases;
mod refusals;
mod verification;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use snowplow_backfill::promote::{Plan, Scripts};
use snowplow_backfill::warehouse::Dialect;

/// Set by `cargo xtask fixtures`.
const UPDATE: &str = "UPDATE_FIXTURES";

fn folder(dialect: Dialect) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/promote").join(dialect.adapter())
}

/// The three scripts as one text, or the error; and the name of the file.
fn written(case: &cases::Case, dialect: Dialect) -> (String, String) {
    let scripts = (case.facts)(dialect).and_then(|facts| {
        let plan = Plan::of(&facts, (case.wishes)(dialect), "2023-11-12 13:14:15".parse()?)?;
        Scripts::of(&plan)
    });
    match scripts {
        Ok(scripts) => {
            let texts = [scripts.promote, scripts.rollback, scripts.verify].map(|script| script.to_text());
            // A new version of the tool does not change the SQL.
            let text = texts.join("\n").replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
            (format!("{}.sql", case.name), text)
        }
        Err(error) => (format!("{}.error.txt", case.name), format!("{error:#}\n")),
    }
}

fn holds(dialect: Dialect) {
    let folder = folder(dialect);
    let update = std::env::var_os(UPDATE).is_some();
    let expected: Vec<_> = cases::all().iter().map(|case| written(case, dialect)).collect();
    if update {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in &expected {
            fs::write(folder.join(name), text).expect("written");
        }
    }
    let present: BTreeSet<_> = fs::read_dir(&folder)
        .expect("the folder: run `cargo xtask fixtures`")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    let names: BTreeSet<_> = expected.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(present, names, "run `cargo xtask fixtures` and look at what changes");
    for (name, text) in expected {
        let golden = fs::read_to_string(folder.join(&name)).expect("readable");
        assert_eq!(golden, text, "{dialect}/{name}: run `cargo xtask fixtures` and look at what changes");
    }
}

#[test]
fn postgres() {
    holds(Dialect::Postgres);
}

#[test]
fn redshift() {
    holds(Dialect::Redshift);
}

#[test]
fn snowflake() {
    holds(Dialect::Snowflake);
}

#[test]
fn bigquery() {
    holds(Dialect::BigQuery);
}

#[test]
fn databricks() {
    holds(Dialect::Databricks);
}

#[test]
fn spark() {
    holds(Dialect::Spark);
}

#[test]
fn duckdb() {
    holds(Dialect::DuckDb);
}
