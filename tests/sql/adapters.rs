//! What dbt's own adapters do with a script when something goes wrong between its statements: whatever is
//! answered to whichever statement, nothing of a transaction takes effect outside of it.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use snowplow_backfill::promote::{Plan, Script, Scripts, StatementKind};
use snowplow_backfill::warehouse::Dialect;

use crate::cases;
use crate::support::{Environment, Process};

/// The macro that executes scripts.
const MACRO: &str = "src/dbt/runner/query_project/execute.sql";

/// Scripts in which each kind of statement occurs.
const CASES: [&str; 2] = ["replace", "two_packages"];

#[derive(Deserialize)]
struct Errors {
    errors: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Executed {
    committed: Vec<Vec<String>>,
    failed: Option<String>,
}

/// What a script is to commit: each of its statements alone, or with the others of its transaction.
fn units(script: &Script) -> Vec<Vec<String>> {
    let mut units: Vec<Vec<String>> = Vec::new();
    let mut is_open = false;
    for statement in &script.statements {
        if !is_open {
            units.push(Vec::new());
        }
        units.last_mut().expect("a unit").push(statement.sql.clone());
        match statement.kind {
            StatementKind::Begin => is_open = true,
            StatementKind::Commit => is_open = false,
            StatementKind::Check | StatementKind::Setting | StatementKind::Plain => {}
        }
    }
    units
}

/// The scripts of promotion and rollback of some cases.
fn scripts(dialect: Dialect) -> Vec<(String, Script)> {
    let cases = cases::all().into_iter().filter(|case| CASES.contains(&case.name));
    cases
        .flat_map(|case| {
            let facts = (case.facts)(dialect).expect("facts");
            let now = "2023-11-12 13:14:15".parse().expect("a time");
            let plan = Plan::of(&facts, (case.wishes)(dialect), now).expect("a plan");
            let Scripts { promote, rollback, .. } = Scripts::of(&plan).expect("scripts");
            [(case.name.to_owned(), promote), (format!("{}, taken back", case.name), rollback)]
        })
        .collect()
}

fn stays_within_its_transactions(dialect: Dialect) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(MACRO);
    let arguments = [dialect.adapter(), file.to_str().expect("UTF-8")];
    let mut adapter = Process::start(Environment::Adapters, "adapter.py", &arguments);
    let Errors { errors } = adapter.ask(&"errors");
    for (name, script) in scripts(dialect) {
        let units = units(&script);
        assert!(dialect != Dialect::Redshift || units.iter().any(|unit| unit.len() > 3), "{name}");
        let statements: Vec<_> = script.statements.iter().map(|statement| &statement.sql).collect();
        for target in ["some", "all"] {
            let mut execute = |breaks: Option<usize>, error: Option<&String>| -> Executed {
                adapter.ask(
                    &json!({"statements": statements, "breaks": breaks, "error": error, "target": target}),
                )
            };
            let whole = execute(None, None);
            assert_eq!((&whole.committed, whole.failed), (&units, None), "{name}");
            for breaks in 0..statements.len() {
                for error in &errors {
                    let executed = execute(Some(breaks), Some(error));
                    let what = format!("{name}: {error} at {}", script.statements[breaks].title);
                    assert!(executed.failed.is_some(), "{what}: went on");
                    let is_prefix = units.starts_with(&executed.committed);
                    assert!(is_prefix, "{what}: {:#?}", executed.committed);
                }
            }
        }
    }
}

#[test]
fn redshift() {
    stays_within_its_transactions(Dialect::Redshift);
}

#[test]
fn snowflake() {
    stays_within_its_transactions(Dialect::Snowflake);
}
