//! A database in which the facts of a golden case are true: staging's and prod's tables and incremental
//! manifests.
//!
//! `truth` holds the key and time of every event there is. Staging's tables hold those up to staging's row;
//! what prod has is what another version of the model made of them, up to prod's row.

use std::collections::BTreeMap;

use snowplow_backfill::promote::{Facts, ModelFacts, Physical, TableFacts};
use snowplow_backfill::snowplow::{Family, Row};
use snowplow_backfill::timestamp::Timestamp;
use snowplow_backfill::warehouse::Relation;

use super::client::Client;
use crate::support::{Engine, Place};

/// Where the rows of staging are if the facts do not say.
const TIME: &str = "2023-10-11 10:11:12.123456";

/// The DuckDB database beside the main one.
const SANDBOX: &str = "sandbox";

/// Builds it. `events` is about the number of events.
pub fn build(engine: Engine, facts: &Facts, resumed: bool, events: u32) -> Place {
    let place = Place::empty(engine);
    let mut builder = Builder { engine, facts, statements: Vec::new() };
    builder.build(resumed, events);
    let has_sandbox = facts.packages.iter().any(|package| is_beside(&package.staging_manifest));
    let mut client = Client::new(&place);
    if engine == Engine::DuckDb && has_sandbox {
        let (_, file) = place.address();
        let file = std::path::Path::new(&file).with_file_name("sandbox.duckdb");
        client.run(&[format!("attach '{}' as sandbox", file.display())]);
    }
    client.run(&builder.statements);
    drop(client);
    place
}

/// A relation as the engine of the test writes it, whatever its dialect. Postgres reads no other database.
pub fn plain(relation: &Relation, engine: Engine) -> String {
    let is_beside = engine == Engine::DuckDb && is_beside(relation);
    let database = is_beside.then(|| format!("{SANDBOX}."));
    format!("{}\"{}\".\"{}\"", database.unwrap_or_default(), relation.schema(), relation.identifier())
}

fn is_beside(relation: &Relation) -> bool {
    relation.database().is_some_and(|name| name.eq_ignore_ascii_case(SANDBOX))
}

fn schema_of(relation: &Relation, engine: Engine) -> String {
    let table = plain(relation, engine);
    table.rsplit_once('.').expect("a schema").0.to_owned()
}

struct Builder<'f> {
    engine: Engine,
    facts: &'f Facts,
    statements: Vec<String>,
}

impl Builder<'_> {
    fn add(&mut self, statement: impl Into<String>) {
        self.statements.push(statement.into());
    }

    fn build(&mut self, resumed: bool, events: u32) {
        if self.engine == Engine::Postgres {
            self.add_roles();
        }
        let facts = self.facts;
        for (place, package) in facts.packages.iter().enumerate() {
            let models = facts.models.iter().filter(|model| model.package == place);
            let in_staging: Vec<_> = models.map(|model| row(&model.name, TIME)).collect();
            let in_prod = vec![row(&format!("{}_views", package.name), TIME)];
            let tables = package.tables.as_ref();
            let staging = tables.and_then(|tables| tables.staging_rows.clone()).unwrap_or(in_staging);
            // Where there is none, an empty one does not change what the script does, but what is left of it.
            let prod = tables.map_or(in_prod, |tables| tables.prod_rows.clone().unwrap_or_default());
            self.manifest(&package.staging_manifest, package.family, &staging, &BTreeMap::new());
            let first = tables.map(|tables| tables.prod_first_success.clone()).unwrap_or_default();
            self.manifest(&package.prod_manifest, package.family, &prod, &first);
        }
        self.truth(events);
        for model in &facts.models {
            if let Some(table) = &model.table {
                self.tables(model, table, resumed);
            }
        }
    }

    /// Roles are the server's, not the database's, and other tests make them too.
    fn add_roles(&mut self) {
        for role in ["reporter", "\"Data Team\"", "analysts"] {
            self.add(format!(
                "do $$ begin create role {role}; exception when duplicate_object or unique_violation then \
                 null; end $$"
            ));
        }
        // Redshift's, for its verification.
        self.add(
            "create function fnv_hash(anyelement, bigint default 0) returns bigint language sql as $$ \
                  select hashtextextended($1::text, $2) $$",
        );
    }

    fn manifest(
        &mut self,
        manifest: &Relation,
        family: Family,
        rows: &[Row],
        known: &BTreeMap<String, Timestamp>,
    ) {
        self.add(format!("create schema if not exists {}", schema_of(manifest, self.engine)));
        let first = if family == Family::Load { "first_success timestamp, " } else { "" };
        let manifest = plain(manifest, self.engine);
        self.add(format!("create table {manifest} (model varchar, {first}last_success timestamp)"));
        for row in rows {
            let time = row.last_success.expect("a time");
            let first = match (family, known.get(&row.model)) {
                (Family::Session, _) => String::new(),
                (Family::Load, Some(first)) => format!("timestamp '{}', ", first.to_all_digits()),
                (Family::Load, None) => "timestamp '2020-01-02 03:04:05', ".to_owned(),
            };
            self.add(format!("insert into {manifest} values ('{}', {first}timestamp '{time}')", row.model));
        }
    }

    /// Two months of events, and one at each time that is recorded.
    fn truth(&mut self, events: u32) {
        self.add("create schema truth");
        let minutes = 90_000 / events;
        self.add(format!(
            "create table truth.events as select 'v' || n as view_id, timestamp '2023-10-20 02:00:00' - \
             interval '{minutes} minutes' * cast(n as integer) as start_tstamp, cast(n as integer) as number \
             from generate_series(1, {events}) as g (n)"
        ));
        let tables = self.facts.packages.iter().filter_map(|package| package.tables.as_ref());
        let rows = tables.flat_map(|tables| tables.staging_rows.iter().chain(&tables.prod_rows).flatten());
        let mut times: Vec<_> = rows.filter_map(|row| row.last_success).collect();
        times.push(time(TIME));
        times.sort();
        times.dedup();
        for (number, time) in times.iter().enumerate() {
            self.add(format!(
                "insert into truth.events values ('recorded {number}', timestamp '{time}', {number})"
            ));
        }
    }

    fn tables(&mut self, model: &ModelFacts, table: &TableFacts, resumed: bool) {
        let package = &self.facts.packages[model.package];
        let recorded = |rows: Option<&Vec<Row>>| {
            rows.into_iter().flatten().find(|row| row.model == model.name).and_then(|row| row.last_success)
        };
        let tables = package.tables.as_ref();
        let staging_time = recorded(tables.and_then(|it| it.staging_rows.as_ref())).unwrap_or(time(TIME));
        for relation in [&table.staging, &table.prod] {
            self.add(format!("create schema if not exists {}", schema_of(relation, self.engine)));
        }
        let staging = plain(&table.staging, self.engine);
        self.create(&staging, &table.physical);
        self.fill(&staging, &table.physical, staging_time, "0.25");
        if self.engine == Engine::Postgres {
            self.add(format!("grant select on {staging} to reporter"));
        }
        let prod = plain(&table.prod, self.engine);
        if resumed {
            self.add(format!("create table {prod} as select * from {staging}"));
        } else if let Some(prod_time) = recorded(tables.and_then(|it| it.prod_rows.as_ref())) {
            self.create(&prod, &table.replaced);
            self.fill(&prod, &table.replaced, prod_time, "1.25");
            if self.engine == Engine::Postgres {
                let schema = schema_of(&table.prod, self.engine);
                self.add(format!("create view {schema}.a_view as select count(*) as views from {prod}"));
                self.add(format!("grant select on {prod} to reporter, \"Data Team\""));
                self.add(format!("grant insert on {prod} to analysts with grant option"));
                self.add(format!("grant select on {prod} to public"));
            }
        }
    }

    fn create(&mut self, table: &str, physical: &Physical) {
        match self.engine {
            Engine::Postgres => self.create_on_postgres(table, physical),
            Engine::DuckDb => self.create_on_duckdb(table, physical),
        }
        if let Some(text) = &physical.description {
            self.add(format!("comment on table {table} is '{}'", text.replace('\'', "''")));
        }
    }

    /// With everything that a table can have.
    fn create_on_postgres(&mut self, table: &str, physical: &Physical) {
        let has = |name: &str| physical.columns.iter().any(|column| column.name == name);
        let mut columns = vec![
            "view_id text primary key",
            "start_tstamp timestamp not null",
            "start_tstamp_date date default current_date",
            "engaged_seconds numeric(18, 6) default 0 check (engaged_seconds >= 0)",
        ];
        if has("engaged_minutes") {
            columns.push("engaged_minutes numeric(18, 6) generated always as (engaged_seconds / 60) stored");
        }
        if has("number") {
            columns.push("number bigint generated always as identity");
        }
        if has("select") {
            columns.push("\"select\" integer");
        }
        columns.push("unique (start_tstamp, view_id)");
        self.add(format!("create table {table} ({})", columns.join(", ")));
        self.add(format!("create index on {table} (start_tstamp)"));
        self.add(format!("create index on {table} (lower(view_id)) where engaged_seconds > 60"));
        self.add(format!("comment on column {table}.view_id is 'Key; it''s the page''s.'"));
    }

    fn create_on_duckdb(&mut self, table: &str, physical: &Physical) {
        let rest = |sql: &str| sql.split_once('(').expect("columns").1.trim_end_matches(';').to_owned();
        let columns = match &physical.create_statement {
            Some(sql) => rest(sql),
            None if physical.columns.iter().any(|column| column.name == "select") => {
                "view_id VARCHAR, start_tstamp TIMESTAMP, start_tstamp_date DATE, engaged_seconds DOUBLE, \
                 \"select\" INTEGER)"
                    .to_owned()
            }
            None => "view_id VARCHAR, start_tstamp TIMESTAMP, start_tstamp_date DATE, engaged_seconds \
                     DOUBLE)"
                .to_owned(),
        };
        self.add(format!("create table {table} ({columns}"));
        for index in &physical.indexes {
            let name = index.split_whitespace().nth(2).expect("a name");
            self.add(format!("create index {name} on {table} ({}", rest(index)));
        }
    }

    fn fill(&mut self, table: &str, physical: &Physical, until: Timestamp, seconds: &str) {
        let odd = physical.columns.iter().any(|column| column.name == "select");
        let (odd_column, odd_value) = if odd { (", \"select\"", ", number") } else { ("", "") };
        self.add(format!(
            "insert into {table} (view_id, start_tstamp, start_tstamp_date, engaged_seconds{odd_column})\n\
             select view_id, start_tstamp, cast(start_tstamp as date), number % 300 + {seconds}{odd_value}\n\
             from truth.events where start_tstamp <= timestamp '{until}' order by 2"
        ));
    }
}

fn row(model: &str, text: &str) -> Row {
    Row { model: model.to_owned(), last_success: Some(time(text)) }
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}
