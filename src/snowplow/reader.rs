//! Reads the tables and the events of Snowplow's packages through dbt.

use std::cell::Cell;
use std::iter;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::event_filters::EventFilters;
use super::observation::{Observation, PackageTables, TrackedPackage};
use super::tables;
use crate::dbt::{Answer, Listen, Node, Notice, Querier, Query, RelationName};
use crate::failure::{Failure, FailureKind};
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, is_plain, parse_timestamp};

/// Reads the tables of the packages that a selection touches.
#[derive(Debug)]
pub struct Reader<'a> {
    pub querier: Querier<'a>,
    pub dialect: Dialect,
    pub packages: Vec<PackageSources>,
    /// Whether the user was told that events cannot be queried. Once is enough.
    pub told: Cell<bool>,
}

/// A package, and where its tables and events are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageSources {
    pub package: Arc<TrackedPackage>,
    pub incremental_manifest: RelationName,
    pub limits: RelationName,
    /// The events; none if they cannot be queried.
    pub events: Option<Events>,
}

/// The events relation, the column that a package's windows are limited by, and what is known of the events
/// that the package leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    relation: RelationName,
    column: String,
    filters: EventFilters,
}

impl Events {
    /// None if the column is not a plain name, because it goes into SQL.
    #[must_use]
    pub fn new(relation: RelationName, column: &str) -> Option<Self> {
        let filters = EventFilters::default();
        is_plain(column).then(|| Self { relation, column: column.to_owned(), filters })
    }

    /// The same, without the events that these filters leave out.
    #[must_use]
    pub fn filtered(self, filters: EventFilters) -> Self {
        Self { filters, ..self }
    }

    fn first_query(&self, dialect: Dialect, from: Timestamp) -> Query {
        let Self { relation, column, filters } = self;
        let first = dialect.timestamp_text_expression(&format!("min({column})"));
        let from = format!("{column} >= {}", dialect.timestamp_literal(from));
        let conditions: Vec<_> = iter::once(from).chain(filters.conditions(dialect)).collect();
        let conditions = conditions.join(" and ");
        Query {
            relations: vec![relation.clone()],
            sql: Some(format!("select {first} as first_event_text from @0@ where {conditions}")),
        }
    }
}

/// Asks for the first event at or after a point in time that a package is not known to leave out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQuestion {
    pub package: Arc<TrackedPackage>,
    /// The point in time.
    pub from: Timestamp,
}

/// The answer to an [`EventQuestion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstEvent {
    /// The events cannot be queried.
    Unknown,
    /// There is no such event.
    None,
    At(Timestamp),
}

impl FirstEvent {
    /// The event's time; none if there is no such event, or if the events cannot be queried.
    #[must_use]
    pub fn time(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Unknown | Self::None => None,
        }
    }
}

/// The relation of a dbt node, as the dbt manifest names it.
#[must_use]
pub fn relation_of(node: &Node) -> RelationName {
    RelationName {
        database: node.database.clone(),
        schema: node.schema.clone(),
        identifier: node.alias.clone(),
    }
}

impl Reader<'_> {
    /// Reads all tables and the clock in one call.
    ///
    /// # Errors
    /// dbt cannot read them, or a table does not look as the packages make it.
    pub fn observe(&self, listen: Listen<'_>) -> Result<Observation> {
        let dialect = self.dialect;
        let mut queries = vec![tables::clock_query(dialect)];
        queries.extend(self.packages.iter().flat_map(|sources| {
            [
                tables::rows_query(dialect, &sources.incremental_manifest),
                tables::window_query(dialect, &sources.limits),
            ]
        }));
        let answers = self.querier.ask(&queries, listen)?.answers;
        let (clock, tables) = answers.split_first().context("no answer")?;
        let packages = self.packages.iter().zip(tables.chunks_exact(2)).map(|(sources, answers)| {
            let manifest = &sources.incremental_manifest.identifier;
            Ok(PackageTables {
                package: Arc::clone(&sources.package),
                has_manifest: matches!(answers[0], Answer::Rows(_)),
                rows: tables::read_rows(&answers[0]).with_context(|| format!("cannot read {manifest}"))?,
                window: tables::read_window(&answers[1])
                    .with_context(|| format!("cannot read {}", sources.limits.identifier))?,
            })
        });
        Ok(Observation { now: tables::read_clock(clock)?, packages: packages.collect::<Result<_>>()? })
    }

    /// Answers questions about events, in the order of the questions.
    ///
    /// # Errors
    /// The warehouse cannot be reached. If a query fails otherwise, the answer is `Unknown`, with a warning.
    pub fn first_events(&self, asked: &[EventQuestion], listen: Listen<'_>) -> Result<Vec<FirstEvent>> {
        let mut found = vec![FirstEvent::Unknown; asked.len()];
        let (places, queries): (Vec<usize>, Vec<Query>) = asked
            .iter()
            .enumerate()
            .filter_map(|(place, question)| {
                let events = self.events_of(&question.package.name)?;
                Some((place, events.first_query(self.dialect, question.from)))
            })
            .unzip();
        if queries.is_empty() {
            return Ok(found);
        }
        let answers = match self.querier.ask(&queries, listen) {
            Ok(answers) => answers.answers,
            Err(error) => {
                let failure = error.downcast_ref::<Failure>().filter(|it| it.kind != FailureKind::Connection);
                let Some(failure) = failure else { return Err(error) };
                self.warn_once(&failure.text(), listen);
                return Ok(found);
            }
        };
        for ((place, answer), query) in places.into_iter().zip(&answers).zip(&queries) {
            found[place] = match answer {
                Answer::Missing(relation) | Answer::NoSchema(relation) => {
                    let RelationName { schema, identifier, .. } = &query.relations[*relation];
                    self.warn_once(&format!("there is no relation {schema}.{identifier}"), listen);
                    FirstEvent::Unknown
                }
                Answer::Rows(rows) => match rows.first().and_then(|row| row.first()) {
                    Some(Some(text)) => FirstEvent::At(parse_timestamp(text)?),
                    _ => FirstEvent::None,
                },
            };
        }
        Ok(found)
    }

    fn warn_once(&self, reason: &str, listen: Listen<'_>) {
        if !self.told.replace(true) {
            listen(Notice::Warning(format!(
                "cannot look for the next event, so gaps in the events are crossed by doubling the limit: \
                 {reason}"
            )));
        }
    }

    fn events_of(&self, package: &str) -> Option<&Events> {
        self.packages.iter().find(|sources| sources.package.name == package)?.events.as_ref()
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

    #[test]
    fn asks_for_the_first_event_after_a_time() {
        let relation = RelationName { database: None, schema: "atomic".into(), identifier: "events".into() };
        let events = Events::new(relation, "load_tstamp").expect("plain");
        let query = events.first_query(Dialect::DuckDb, "2024-01-31".parse().expect("a time"));
        assert_eq!(
            query.sql.as_deref(),
            Some(
                "select cast(epoch_us(min(load_tstamp)) as varchar) as first_event_text from @0@ where \
                 load_tstamp >= timestamp '2024-01-31 00:00:00.000000'"
            )
        );
    }
}
