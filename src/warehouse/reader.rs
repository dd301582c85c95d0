//! Reading the packages' tables and the events through dbt.

use anyhow::{Context, Result, bail};
use regex::Regex;

use super::dialect::{Dialect, parse_timestamp};
use crate::dbt::{Answer, Dbt, Node, Query, QueryProject, RelationName, Target, Vars};
use crate::event::{Emit, Event, Window};
use crate::failure::{Failure, FailureKind};
use crate::snowplow::{Observation, PackageTables, Row};
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
        let plain = Regex::new("^[A-Za-z_][A-Za-z0-9_]*$").is_ok_and(|plain| plain.is_match(column));
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
        let mut queries = vec![self.clock()];
        queries.extend(self.packages.iter().flat_map(|sources| [self.rows(sources), self.window(sources)]));
        let told = self.dbt.query(&self.project, &queries, &self.vars, emit)?;
        let (clock, tables) = told.answers.split_first().context("no answer")?;
        let packages = tables
            .chunks_exact(2)
            .zip(&self.packages)
            .map(|(answers, sources)| {
                let manifest = &sources.incremental_manifest.identifier;
                Ok(PackageTables {
                    rows: rows_of(&answers[0]).with_context(|| format!("cannot read {manifest}"))?,
                    window: window_of(&answers[1])
                        .with_context(|| format!("cannot read {}", sources.limits.identifier))?,
                })
            })
            .collect::<Result<_>>()?;
        Ok((Observation { now: clock_of(clock)?, packages }, told.target))
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

    fn clock(&self) -> Query {
        let now = self.dialect.timestamp_as_text(self.dialect.now());
        Query { relations: Vec::new(), sql: Some(format!("select {now} as now_text")) }
    }

    fn rows(&self, sources: &Sources) -> Query {
        let time = self.dialect.timestamp_as_text("last_success");
        Query {
            relations: vec![sources.incremental_manifest.clone()],
            sql: Some(format!("select model, {time} as last_success_text from @0@")),
        }
    }

    fn window(&self, sources: &Sources) -> Query {
        let [lower, upper] =
            ["lower_limit", "upper_limit"].map(|column| self.dialect.timestamp_as_text(column));
        Query {
            relations: vec![sources.limits.clone()],
            sql: Some(format!("select {lower} as lower_text, {upper} as upper_text from @0@")),
        }
    }

    fn first_event(&self, events: &Events, from: Timestamp) -> Query {
        let column = &events.column;
        let first = self.dialect.timestamp_as_text(&format!("min({column})"));
        let from = self.dialect.timestamp_literal(from);
        Query {
            relations: vec![events.relation.clone()],
            sql: Some(format!("select {first} as first_event_text from @0@ where {column} >= {from}")),
        }
    }
}

fn clock_of(answer: &Answer) -> Result<Timestamp> {
    match answer {
        Answer::Rows(rows) => match rows.as_slice() {
            [row] => parse_timestamp(row.first().and_then(Option::as_deref).unwrap_or_default())
                .context("cannot read the warehouse's clock"),
            _ => bail!("the warehouse's clock has {} rows", rows.len()),
        },
        Answer::Missing(_) => bail!("the warehouse's clock is missing"),
    }
}

fn rows_of(answer: &Answer) -> Result<Vec<Row>> {
    let Answer::Rows(rows) = answer else { return Ok(Vec::new()) };
    rows.iter()
        .map(|row| match row.as_slice() {
            [Some(model), last_success] => Ok(Row {
                model: model.clone(),
                last_success: last_success.as_deref().map(parse_timestamp).transpose()?,
            }),
            _ => bail!("a row without a model: {row:?}"),
        })
        .collect()
}

fn window_of(answer: &Answer) -> Result<Option<Window>> {
    let Answer::Rows(rows) = answer else { return Ok(None) };
    match rows.first().map(Vec::as_slice) {
        Some([Some(lower), Some(upper)]) => {
            Ok(Some(Window { lower: parse_timestamp(lower)?, upper: parse_timestamp(upper)? }))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "a value that is not null")]
    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn reads_tables_and_their_absence() {
        let rows =
            Answer::Rows(vec![vec![text("a"), text("2023-10-11 10:11:12.123456")], vec![text("b"), None]]);
        let rows = rows_of(&rows).expect("rows");
        assert_eq!(rows[0].last_success.expect("a time").to_string(), "2023-10-11 10:11:12.123456");
        assert_eq!(rows[1], Row { model: "b".into(), last_success: None });
        assert_eq!(rows_of(&Answer::Missing(0)).expect("no table"), []);
        assert_eq!(window_of(&Answer::Missing(0)).expect("no table"), None);
        assert!(clock_of(&Answer::Rows(vec![])).is_err());
    }

    #[test]
    fn only_plain_columns_go_into_sql() {
        let relation = RelationName { database: None, schema: "atomic".into(), identifier: "events".into() };
        assert!(Events::new(relation.clone(), "collector_tstamp").is_some());
        for wrong in ["x; drop table y", "", "a.b", "1x"] {
            assert!(Events::new(relation.clone(), wrong).is_none(), "{wrong}");
        }
    }
}
