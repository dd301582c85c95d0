//! An engine that executes SQL: Spark's on tables in a folder of its own, Snowflake's in memory.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;
use snowplow_backfill::warehouse::{Dialect, Relation};
use tempfile::TempDir;

use super::process::{Environment, Process};

/// The engine.
#[derive(Debug)]
pub struct Lab {
    databases: BTreeSet<Vec<String>>,
    process: Process,
    folder: TempDir,
    /// What it does not know itself, and got in other words; see `sail.py` and `fake_snowflake.py`.
    pub stand_ins: BTreeSet<String>,
}

/// Rows, their values as text.
pub type Rows = Vec<Vec<String>>;

/// How the engines say that there is no such table.
const NOT_FOUND: [&str; 2] = ["TABLE_OR_VIEW_NOT_FOUND", "Catalog Error: Table with name"];

#[derive(Deserialize)]
struct Answer {
    error: Option<String>,
    #[serde(default)]
    rows: Rows,
    #[serde(default)]
    stand_ins: Vec<String>,
}

impl Lab {
    /// Starts it, with the databases and catalogs that relations are in.
    pub fn start(dialect: Dialect, relations: &[&str]) -> Self {
        let databases: BTreeSet<Vec<String>> = relations
            .iter()
            .map(|name| {
                let relation = Relation::parse(name, dialect).expect("a relation");
                relation.database().into_iter().chain([relation.schema()]).map(str::to_owned).collect()
            })
            .collect();
        let catalogs: BTreeSet<_> =
            databases.iter().map(|path| if path.len() == 2 { path[0].as_str() } else { "sail" }).collect();
        let arguments: Vec<_> = catalogs.into_iter().collect();
        let process = Process::start(Environment::Sql, "execute.py", &arguments);
        let folder = tempfile::tempdir().expect("a folder");
        let mut lab = Self { databases, process, folder, stand_ins: BTreeSet::new() };
        lab.empty();
        lab
    }

    /// Starts the one that imitates Snowflake, with the schemas that relations are in.
    pub fn start_snowflake(relations: &[&str]) -> Self {
        let schemas = relations.iter().map(|name| {
            let relation = Relation::parse(name, Dialect::Snowflake).expect("a relation");
            vec![relation.stored_database().expect("a database"), relation.stored_schema()]
        });
        let process = Process::start::<&str>(Environment::Adapters, "fake_snowflake.py", &[]);
        let folder = tempfile::tempdir().expect("a folder");
        let mut lab = Self { databases: schemas.collect(), process, folder, stand_ins: BTreeSet::new() };
        lab.empty();
        lab
    }

    /// Starts again, without tables.
    pub fn empty(&mut self) {
        self.folder = tempfile::tempdir().expect("a folder");
        let request = json!({ "open": self.folder.path(), "databases": self.databases });
        self.ask(&request).expect("databases");
    }

    /// Executes a statement.
    pub fn execute(&mut self, statement: &str) -> Result<Rows, String> {
        self.ask(&json!({ "execute": statement }))
    }

    /// Executes a statement that is the test's own.
    pub fn must(&mut self, statement: &str) -> Rows {
        self.execute(statement).unwrap_or_else(|error| panic!("{error}\n{statement}"))
    }

    /// Executes statements one by one, until one fails.
    pub fn run(&mut self, statements: &[String]) -> Result<Vec<Rows>, String> {
        let mut answers = Vec::new();
        for statement in statements {
            answers.push(self.execute(statement).map_err(|error| format!("{error}\n{statement}"))?);
        }
        Ok(answers)
    }

    /// A table's rows in a settled order, if there is such a table.
    pub fn read(&mut self, table: &str, columns: &str) -> Option<Rows> {
        match self.execute(&format!("select {columns} from {table}")) {
            Ok(mut rows) => {
                rows.sort();
                Some(rows)
            }
            Err(error) if NOT_FOUND.iter().any(|words| error.contains(words)) => None,
            Err(error) => panic!("{error}: {table}"),
        }
    }

    fn ask(&mut self, request: &serde_json::Value) -> Result<Rows, String> {
        let answer: Answer = self.process.ask(request);
        self.stand_ins.extend(answer.stand_ins);
        answer.error.map_or(Ok(answer.rows), Err)
    }
}
