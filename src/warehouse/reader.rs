//! Reading the packages' tables and the events through dbt.

use anyhow::{Context, Result};

use super::dialect::{Dialect, parse_timestamp};
use super::tables;
use crate::dbt::{Answer, Dbt, Node, Query, QueryProject, RelationName, Target, Vars};
use crate::event::{Emit, Event};
use crate::failure::{Failure, FailureKind};
use crate::snowplow::{Observation, PackageTables};
use crate::timestamp::Timestamp;

/// Reads the tables of the packages that a selection touches.
#[derive(Debug)]
pub struct Reader {
    /// How dbt is called.
    pub dbt: Dbt,
    /// The generated project.
    pub project: QueryProject,
    /// The user's vars: a profiles.yml may use them.
    pub vars: Vars,
    /// The warehouse.
    pub dialect: Dialect,
    /// In the order of the scope.
    pub packages: Vec<Sources>,
}

/// Where a package's tables and events are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The incremental manifest.
    pub incremental_manifest: RelationName,
    /// The limits table.
    pub limits: RelationName,
    /// The events, where that can be told.
    pub events: Option<Events>,
}

/// The events relation and the column that a package's windows go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    relation: RelationName,
    column: String,
}

impl Events {
    /// None where the column is no plain name: it goes into SQL.
    #[must_use]
    pub fn new(relation: RelationName, column: &str) -> Option<Self> {
        let first = column.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        let plain = first && column.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        plain.then(|| Self { relation, column: column.to_owned() })
    }
}

/// What the events relation says about the first event at or after a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstEvent {
    /// It cannot be asked.
    Unknown,
    /// There is none.
    None,
    /// Its time.
    At(Timestamp),
}

impl FirstEvent {
    /// Its time, where there is one.
    #[must_use]
    pub fn time(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Unknown | Self::None => None,
        }
    }
}

/// A dbt node's relation by its parts.
#[must_use]
pub fn relation_of(node: &Node) -> RelationName {
    RelationName {
        database: node.database.clone(),
        schema: node.schema.clone(),
        identifier: node.alias.clone(),
    }
}

impl Reader {
    /// Reads all tables and the clock in one call.
    ///
    /// # Errors
    /// dbt cannot read them, or a table does not look as the packages make it.
    pub fn observe(&self, emit: Emit<'_>) -> Result<(Observation, Target)> {
        let dialect = self.dialect;
        let mut queries = vec![tables::clock(dialect)];
        queries.extend(self.packages.iter().flat_map(|sources| {
            [tables::rows(dialect, &sources.incremental_manifest), tables::window(dialect, &sources.limits)]
        }));
        let told = self.dbt.query(&self.project, &queries, &self.vars, emit)?;
        let (clock, tables) = told.answers.split_first().context("no answer")?;
        let packages = tables
            .chunks_exact(2)
            .zip(&self.packages)
            .map(|(answers, sources)| {
                let manifest = &sources.incremental_manifest.identifier;
                Ok(PackageTables {
                    has_manifest: matches!(answers[0], Answer::Rows(_)),
                    rows: tables::read_rows(&answers[0])
                        .with_context(|| format!("cannot read {manifest}"))?,
                    window: tables::read_window(&answers[1])
                        .with_context(|| format!("cannot read {}", sources.limits.identifier))?,
                })
            })
            .collect::<Result<_>>()?;
        Ok((Observation { now: tables::read_clock(clock)?, packages }, told.target))
    }

    /// The first event at or after a point in time, for each package asked about (by its place).
    ///
    /// # Errors
    /// The warehouse cannot be reached. Events that cannot be asked are an answer: `Unknown`, with a warning.
    pub fn first_events(&self, asked: &[(usize, Timestamp)], emit: Emit<'_>) -> Result<Vec<FirstEvent>> {
        let mut found = vec![FirstEvent::Unknown; asked.len()];
        let (places, queries): (Vec<usize>, Vec<Query>) = asked
            .iter()
            .enumerate()
            .filter_map(|(place, (package, from))| {
                let events = self.packages.get(*package)?.events.as_ref()?;
                Some((place, self.first_event(events, *from)))
            })
            .unzip();
        if queries.is_empty() {
            return Ok(found);
        }
        let told = match self.dbt.query(&self.project, &queries, &self.vars, emit) {
            Ok(told) => told,
            Err(error) => {
                let failure = error.downcast_ref::<Failure>().filter(|it| it.kind != FailureKind::Connection);
                let Some(failure) = failure else { return Err(error) };
                let message = format!("the events cannot be asked for the next one: {}", failure.text());
                emit(Event::Warning { message });
                return Ok(found);
            }
        };
        for (place, answer) in places.into_iter().zip(&told.answers) {
            found[place] = match answer {
                Answer::Missing(_) => FirstEvent::Unknown,
                Answer::Rows(rows) => match rows.first().and_then(|row| row.first()) {
                    Some(Some(text)) => FirstEvent::At(parse_timestamp(text)?),
                    _ => FirstEvent::None,
                },
            };
        }
        Ok(found)
    }

    fn first_event(&self, events: &Events, from: Timestamp) -> Query {
        let column = &events.column;
        let first = self.dialect.timestamp_text_expression(&format!("min({column})"));
        let from = self.dialect.timestamp_literal(from);
        Query {
            relations: vec![events.relation.clone()],
            sql: Some(format!("select {first} as first_event_text from @0@ where {column} >= {from}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_columns_go_into_sql() {
        let relation = RelationName { database: None, schema: "atomic".into(), identifier: "events".into() };
        assert!(Events::new(relation.clone(), "collector_tstamp").is_some());
        for wrong in ["x; drop table y", "", "a.b", "1x"] {
            assert!(Events::new(relation.clone(), wrong).is_none(), "{wrong}");
        }
    }
}
