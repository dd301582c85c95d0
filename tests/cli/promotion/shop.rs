//! The shop's project with other models of its own, whose tables are made by hand: with everything that a
//! table can have, so that the warehouse's catalogue has something to say.

use std::fs;

use serde_json::Value;
use snowplow_backfill::warehouse::Dialect;

use super::client::Client;
use super::staged::{Scripted, in_database};
use crate::support::{Dbt, Engine, Lab, NEW, Output, Place};

pub const MANIFEST: &str = "snowplow_site_incremental_manifest";

/// Where staging is, and prod too.
pub const TIME: &str = "2023-10-11 10:11:12.123456";

/// The project's new models: two tables, a helper, a view.
pub const SELECT: [&str; 5] = ["--select", "visits", "plain_views", "visits_this_run", "busy_pages"];

const ROWS: u32 = 10_000;

/// The project on a copy of a database.
pub fn lab(place: &Place) -> Lab {
    lab_with(place, NEW)
}

/// The same with a version of dbt.
pub fn lab_with(place: &Place, dbt: Dbt) -> Lab {
    let lab = Lab::on(place, dbt, "project");
    fs::remove_dir_all(lab.project().join("models")).expect("removed");
    let source = "select 1 as a from {{ ref('snowplow_site_base_events_this_run') }}";
    let model = |path: &str, config: &str| {
        lab.write(&format!("models/site/{path}.sql"), &format!("{{{{ config({config}) }}}}\n{source}\n"));
    };
    model(
        "visits",
        "materialized='incremental', upsert_date_key='start_tstamp', alias='Visits', schema='reporting', \
         grants={'select': ['reporter']} if target.type == 'postgres' else {}",
    );
    model("plain_views", "materialized='incremental', upsert_date_key='start_tstamp'");
    model("scratch/visits_this_run", "materialized='table'");
    model("busy_pages", "materialized='view'");
    lab
}

/// The database before the promotion.
pub fn before(engine: Engine) -> Place {
    let place = Place::empty(engine);
    let mut client = Client::new(&place);
    let mut statements = Vec::new();
    for side in ["staging", "prod"] {
        for schema in ["derived", "reporting", "snowplow_manifest"] {
            statements.push(format!("create schema {side}_{schema}"));
        }
        let manifest = format!("{side}_snowplow_manifest.{MANIFEST}");
        statements.push(format!("create table {manifest} (model varchar, last_success timestamp)"));
    }
    let mut record = |side: &str, models: &[&str]| {
        for model in models {
            let manifest = format!("{side}_snowplow_manifest.{MANIFEST}");
            statements.push(format!("insert into {manifest} values ('{model}', timestamp '{TIME}')"));
        }
    };
    record("staging", &SELECT[1..]);
    let modules = ["page_views", "sessions", "users"];
    let with_helper = modules
        .iter()
        .flat_map(|name| [format!("snowplow_site_{name}"), format!("snowplow_site_{name}_this_run")]);
    let package: Vec<_> = with_helper.chain(["snowplow_site_landing_pages".to_owned()]).collect();
    record("prod", &package.iter().map(String::as_str).collect::<Vec<_>>());
    statements.extend(tables(engine).iter().map(|&statement| statement.to_owned()));
    statements.push(format!(
        "insert into staging_reporting.\"Visits\" (view_id, start_tstamp, seconds{id}) select 'v' || n, \
         timestamp '{TIME}' - interval '10 minutes' * cast(n - 1 as integer), n % 300{number} from \
         generate_series(1, {ROWS}) as g (n) order by n",
        id = if engine == Engine::DuckDb { ", id" } else { "" },
        number = if engine == Engine::DuckDb { ", n" } else { "" },
    ));
    statements.push(
        "insert into staging_derived.plain_views (view_id, start_tstamp, seconds) select view_id, \
         start_tstamp, seconds from staging_reporting.\"Visits\""
            .to_owned(),
    );
    client.run(&statements);
    drop(client);
    place
}

fn tables(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::DuckDb => &[
            "create table staging_reporting.\"Visits\" (id integer primary key, view_id varchar not null \
             unique, start_tstamp timestamp not null, seconds decimal(18, 6) default 1 check (seconds >= 0), \
             \"odd name\" varchar)",
            "create index \"Visits by start\" on staging_reporting.\"Visits\" (start_tstamp, view_id)",
            "create unique index visits_odd on staging_reporting.\"Visits\" (\"odd name\")",
            "comment on table staging_reporting.\"Visits\" is 'One row a visit; it''s \"ours\" (all of it).'",
            "comment on column staging_reporting.\"Visits\".view_id is 'Key; it''s the page''s.'",
            "comment on column staging_reporting.\"Visits\".\"odd name\" is 'Odd.'",
            "create table staging_derived.plain_views (view_id varchar, start_tstamp timestamp, seconds \
             double)",
        ],
        Engine::Postgres => &[
            "do $$ begin create role reporter; exception when duplicate_object or unique_violation then \
             null; end $$",
            "create table staging_reporting.labels (label text primary key)",
            "create table staging_reporting.\"Visits\" (id bigint generated always as identity (start with \
             5) primary key, view_id text not null unique, start_tstamp timestamp not null default now(), \
             seconds numeric(18, 6) not null default 1 check (seconds >= 0), minutes numeric(18, 6) \
             generated always as (seconds / 60) stored, place integer generated by default as identity, \
             \"odd name\" varchar(20) collate \"C\" references staging_reporting.labels, unique \
             (start_tstamp, view_id)) with (fillfactor = 90)",
            "create index on staging_reporting.\"Visits\" (start_tstamp desc) include (seconds)",
            "create index \"Visits by name\" on staging_reporting.\"Visits\" (lower(\"odd name\")) where \
             seconds > 60",
            "create statistics staging_reporting.visits_together (dependencies) on view_id, seconds from \
             staging_reporting.\"Visits\"",
            "comment on table staging_reporting.\"Visits\" is 'One row a visit; it''s \"ours\" (all of it).'",
            "comment on column staging_reporting.\"Visits\".view_id is 'Key; it''s the page''s.'",
            "comment on index staging_reporting.\"Visits by name\" is 'By name.'",
            "create function staging_reporting.nothing() returns trigger language plpgsql as $$ begin return \
             new; end $$",
            "create trigger audit before insert on staging_reporting.\"Visits\" for each row execute \
             function staging_reporting.nothing()",
            "grant select on staging_reporting.\"Visits\" to reporter",
            "create table staging_derived.plain_views (view_id text, start_tstamp timestamp, seconds \
             numeric)",
        ],
    }
}

/// The tool's answer to `promote --format json`.
pub fn promoted(lab: &Lab, more: &[&str]) -> Output {
    let to = lab.target("prod");
    let arguments = [&["promote"], &SELECT[..], &["--to", &to, "--format", "json"], more].concat();
    // Not redacted: it is to be executed.
    Output::from(lab.tool_command(&arguments).output().expect("the tool"))
}

/// The same, as a document.
#[track_caller]
pub fn promote(lab: &Lab, more: &[&str]) -> (Value, Output) {
    let output = promoted(lab, more).success();
    (serde_json::from_str(&output.stdout).expect("a document"), output)
}

/// The scripts of such a document, for a copy of the database that they were written for.
pub fn scripted(name: &str, document: &Value, written_for: &Lab, place: Place) -> Scripted {
    let statements = |script: &str| -> Vec<String> {
        let statements = document[script].as_array().expect("statements").iter();
        let sql = statements.map(|statement| statement["sql"].as_str().expect("SQL"));
        sql.map(|sql| in_database(sql, written_for.place().database(), place.database())).collect()
    };
    let dialect = match place.engine() {
        Engine::DuckDb => Dialect::DuckDb,
        Engine::Postgres => Dialect::Postgres,
    };
    let [promote, rollback, verify] = ["promote", "rollback", "verify"].map(statements);
    Scripted { name: format!("{}: {name}", dialect.adapter()), dialect, promote, rollback, verify, place }
}
