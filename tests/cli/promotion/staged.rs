//! A promotion that is ready to be executed: its scripts, and a database in which what they were written for
//! is true.

use std::collections::BTreeSet;

use snowplow_backfill::promote::{Facts, Plan, Script, Scripts};
use snowplow_backfill::warehouse::{Dialect, Relation};

use super::cases::Case;
use super::client::Client;
use super::definition::Name;
use super::dump::dump;
use super::world;
use crate::support::{Engine, Place};

/// A golden case.
pub struct Staged {
    pub scripted: Scripted,
    pub plan: Plan,
}

/// Scripts and a database.
pub struct Scripted {
    pub name: String,
    pub dialect: Dialect,
    pub place: Place,
    pub promote: Vec<String>,
    pub rollback: Vec<String>,
    pub verify: Vec<String>,
}

impl Scripted {
    pub fn client(&self) -> Client {
        Client::new(&self.place)
    }

    pub fn dump(&self, client: &mut Client) -> String {
        dump(client, self.place.engine())
    }
}

/// The golden cases that a warehouse can do, those that write the same only once.
pub fn possible(dialect: Dialect) -> Vec<Case> {
    let mut cases = super::cases::all();
    let mut seen = BTreeSet::new();
    cases.retain(|case| {
        let Ok((_, plan, scripts)) = written(case, dialect) else { return false };
        seen.insert((format!("{:?}", scripts.promote.statements), plan.ledgers.len()))
    });
    cases
}

fn written(case: &Case, dialect: Dialect) -> anyhow::Result<(Facts, Plan, Scripts)> {
    let facts = (case.facts)(dialect)?;
    let plan = Plan::of(&facts, (case.wishes)(dialect), "2023-11-12 13:14:15".parse()?)?;
    let scripts = Scripts::of(&plan)?;
    Ok((facts, plan, scripts))
}

/// What is executed in all golden cases of a warehouse.
pub fn all_statements(dialect: Dialect) -> Vec<String> {
    let scripts = super::cases::all().into_iter().filter_map(|case| Some(written(&case, dialect).ok()?.2));
    let statements =
        scripts.flat_map(|scripts| [scripts.promote.statements, scripts.rollback.statements].concat());
    statements.map(|statement| statement.sql).collect()
}

impl Staged {
    /// A golden case. `adapt` makes its statements the engine's, where that is not the dialect's own.
    pub fn of_case(
        case: &Case,
        dialect: Dialect,
        engine: Engine,
        events: u32,
        adapt: impl Fn(&str) -> Vec<String>,
    ) -> Self {
        let (facts, plan, scripts) = written(case, dialect).expect(case.name);
        let place = world::build(engine, &facts, (case.wishes)(dialect).resume, events);
        let adapted = |script: &Script| -> Vec<String> {
            let statements = script.statements.iter().flat_map(|statement| adapt(&statement.sql));
            let statements = statements.map(|sql| in_database(&sql, "analytics", place.database()));
            match engine {
                Engine::DuckDb => statements.collect(),
                Engine::Postgres => {
                    statements.map(|sql| in_database(&sql, "sandbox", place.database())).collect()
                }
            }
        };
        let scripted = Scripted {
            name: format!("{}/{}", dialect.adapter(), case.name),
            dialect,
            promote: adapted(&scripts.promote),
            rollback: adapted(&scripts.rollback),
            verify: adapted(&scripts.verify),
            place,
        };
        Self { scripted, plan }
    }

    pub fn name_of<'a>(&'a self, relation: &'a Relation) -> Name<'a> {
        let is_beside = self.plain(relation).starts_with("sandbox.");
        let database = if is_beside { "sandbox" } else { self.scripted.place.database() };
        Name { database, schema: relation.schema(), table: relation.identifier() }
    }

    pub fn plain(&self, relation: &Relation) -> String {
        world::plain(relation, self.scripted.place.engine())
    }
}

/// A statement for a copy of a database: names of relations begin with the database's.
pub fn in_database(sql: &str, written_for: &str, database: &str) -> String {
    sql.replace(&format!("\"{written_for}\"."), &format!("\"{database}\"."))
}
