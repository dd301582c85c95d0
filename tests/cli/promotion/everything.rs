//! Tables with everything that PostgreSQL allows on a table, as `pg_dump` writes them: whatever is another way after a
//! promotion was announced by its plan, and after a rollback nothing is.

use std::collections::BTreeSet;
use std::sync::Once;

use serde_json::Value;

use super::announced::{Announced, NOT_CARRIED_OVER, NOT_KEPT};
use super::client::Client;
use super::dump::{assert_same, contents};
use super::pg_dump::pg_dump;
use super::shop;
use crate::support::{Engine, Lab, Place};

const EVERYTHING: &str = include_str!("everything.sql");

/// What the tables refer to, and what only a superuser makes.
const AROUND: &str = r#"
do $$ begin create role reporter; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role analysts; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role "Data Team"; exception when duplicate_object or unique_violation then null; end $$;
create schema other;
create sequence other.shared increment by 10;
create table other.labels (label varchar(20) primary key);
create type other.mood as enum ('fine', 'bad');
create table other.moments (start_tstamp timestamp(3) not null);
create type other.view as (view_id text, start_tstamp timestamp, seconds numeric);
create function other.nothing() returns trigger language plpgsql as 'begin return new; end';
create access method heap_too type table handler heap_tableam_handler;
grant usage, create on schema other, staging_reporting, prod_reporting, staging_derived, prod_derived to "Data Team";
"#;

/// A typed table that is not logged. It can have nothing that the other one cannot.
const TYPED: &str = "
create unlogged table {schema}.plain_views of other.view (view_id with options default 'none');
create index plain_by_view on {schema}.plain_views (view_id);
";

/// A partitioned table.
const PARTITIONED: &str = "
create table {schema}.plain_views (
  view_id text, start_tstamp timestamp not null, seconds numeric, before text, primary key (view_id, start_tstamp)
) partition by range (start_tstamp);
create table {schema}.old_views partition of {schema}.plain_views default;
create index plain_by_view on {schema}.plain_views (seconds);
alter table {schema}.plain_views add constraint itself foreign key (before, start_tstamp) references {schema}.plain_views;
";

/// What keeps others than its owner from some rows.
const GUARDED: &str = r#"
alter table {schema}."Visits" enable row level security, force row level security;
create policy some_rows on {schema}."Visits" for select to reporter using (seconds > 1);
comment on policy some_rows on {schema}."Visits" is 'A policy.';
"#;

/// Another version of the model, which has some of the same.
const ANOTHER: &str = r#"
create table staging_reporting."Visits" (
  view_id text not null,
  start_tstamp timestamp(3) not null,
  seconds numeric(12, 2) constraint "some seconds" check (seconds >= 0),
  id bigint generated always as identity (start with 7) primary key,
  number serial unique,
  place integer,
  words text
);
create index "by start" on staging_reporting."Visits" (start_tstamp desc nulls last) include (seconds);
create index on staging_reporting."Visits" using hash (view_id);
create index on staging_reporting."Visits" (place);
create index on staging_reporting."Visits" (words, place);
create statistics staging_reporting.together (dependencies, mcv) on view_id, seconds from staging_reporting."Visits";
create table staging_derived.plain_views (view_id text not null primary key, start_tstamp timestamp, seconds numeric);
"#;

const ROWS: &str = r#"
insert into staging_reporting."Visits" (view_id, start_tstamp, seconds) select 'v' || n,
  timestamp '2023-10-11 10:11:12' - interval '10 minutes' * n, n % 300 from generate_series(0, 1000) as g (n);
insert into staging_derived.plain_views (view_id, start_tstamp, seconds) select view_id, start_tstamp, seconds from
  staging_reporting."Visits";
"#;

/// What a dump says about the tables of one side, for any side.
fn of_side(dump: &[String], side: &str) -> BTreeSet<String> {
    let schemas = ["reporting", "derived"].map(|schema| format!("{side}_{schema}"));
    let its = dump.iter().filter(|line| schemas.iter().any(|schema| line.contains(schema.as_str())));
    // The backup and what it has.
    let its = its.filter(|line| !line.contains("__bk"));
    its.map(|line| line.replace(&format!("{side}_"), "")).collect()
}

/// Each difference is on the list, each of the list is there, and the plan has its words.
#[track_caller]
fn all_announced(differing: &BTreeSet<String>, announced: &[Announced<'_>], document: &Value) {
    let notes = document["notes"].as_array().expect("notes");
    let notes: Vec<_> = notes.iter().map(|note| note.as_str().expect("a note")).collect();
    let unexpected: Vec<_> =
        differing.iter().filter(|line| !announced.iter().any(|(part, _)| line.contains(part))).collect();
    assert!(unexpected.is_empty(), "not announced: {unexpected:#?}\n{notes:#?}");
    for (part, words) in announced {
        assert!(differing.iter().any(|line| line.contains(part)), "no difference: {part}\n{differing:#?}");
        assert!(notes.iter().any(|note| note.contains(words)), "{part}: no note says {words}: {notes:#?}");
    }
}

fn place() -> Place {
    // The server's, not the database's.
    static TABLESPACE: Once = Once::new();
    TABLESPACE.call_once(|| {
        let maintenance = Place::Postgres { database: "postgres".to_owned() };
        maintenance.sql(&["set allow_in_place_tablespaces = on", "create tablespace apart location ''"]);
    });
    let place = shop::before(Engine::Postgres);
    let mut client = Client::new(&place);
    client.run(&[
        AROUND.to_owned(),
        "drop table staging_reporting.\"Visits\"".to_owned(),
        "drop table staging_reporting.labels cascade".to_owned(),
        "drop function staging_reporting.nothing() cascade".to_owned(),
        "drop table staging_derived.plain_views".to_owned(),
    ]);
    drop(client);
    place
}

fn made(sql: &str, schema: &str) -> String {
    sql.replace("{schema}", schema)
}

/// Promotes by the tool, and takes it back: the database is as it was.
#[track_caller]
fn taken_back(lab: &Lab, before: &[String], rows: &str) {
    let to = lab.target("prod");
    lab.tool(&["promote", "--to", &to, "--rollback"]).success();
    assert_same(&pg_dump(lab.place()).join("\n"), &before.join("\n"), "taken back");
    assert_same(&contents(&mut Client::new(lab.place()), Engine::Postgres), rows, "taken back");
}

#[test]
fn everything_is_carried_over_or_announced() {
    let place = place();
    let mut client = Client::new(&place);
    client.run(&[
        made(EVERYTHING, "staging_reporting"),
        made(TYPED, "staging_derived"),
        made(GUARDED, "staging_reporting"),
        ROWS.to_owned(),
    ]);
    drop(client);
    let lab = shop::lab(&place);
    let before = pg_dump(lab.place());
    let rows = contents(&mut Client::new(lab.place()), Engine::Postgres);
    let (document, _) = shop::promote(&lab, &["--apply"]);
    let after = pg_dump(lab.place());
    let (staging, prod) = (of_side(&before, "staging"), of_side(&after, "prod"));
    let differing = staging.symmetric_difference(&prod).cloned().collect();
    all_announced(&differing, NOT_CARRIED_OVER, &document);
    assert_eq!(of_side(&after, "staging"), staging);
    taken_back(&lab, &before, &rows);
}

#[test]
fn everything_that_is_replaced_is_kept_or_announced() {
    let place = place();
    let mut client = Client::new(&place);
    let mut statements = vec![
        made(EVERYTHING, "prod_reporting"),
        made(PARTITIONED, "prod_derived"),
        "insert into prod_reporting.\"Visits\" (view_id, seconds) select 'old ' || n, 1 from generate_series(1, 9) as g (n)"
            .to_owned(),
        ANOTHER.to_owned(),
        ROWS.to_owned(),
    ];
    statements.extend(shop::SELECT[1..].iter().map(|model| {
        format!(
            "insert into prod_snowplow_manifest.{} values ('{model}', timestamp '2023-10-10')",
            shop::MANIFEST
        )
    }));
    client.run(&statements);
    drop(client);
    let lab = shop::lab(&place);
    let before = pg_dump(lab.place());
    let rows = contents(&mut Client::new(lab.place()), Engine::Postgres);
    // A key to one partition: the new table has none.
    lab.sql(&["create table other.rated (view_id text, start_tstamp timestamp, constraint of_partition foreign key (view_id, \
               start_tstamp) references prod_derived.old_views (view_id, start_tstamp))"]);
    let refused = shop::promoted(&lab, &["--replace", "--apply"]);
    assert_eq!(refused.code, 4, "{refused}");
    assert!(
        refused.stderr.contains("other.rated (of_partition). They would stay on its backup"),
        "{refused}"
    );
    lab.sql(&["drop table other.rated"]);

    let (document, _) = shop::promote(&lab, &["--replace", "--apply"]);
    let after = pg_dump(lab.place());
    let (was, is, staging) = (of_side(&before, "prod"), of_side(&after, "prod"), of_side(&before, "staging"));
    let lost = was.difference(&is).cloned().collect();
    all_announced(&lost, NOT_KEPT, &document);
    let new: BTreeSet<_> = is.difference(&was).filter(|line| !staging.contains(*line)).cloned().collect();
    // The one name that the backup has no room to give up.
    let numbered = "CREATE INDEX with_a_name_that_is_as_long_as_a_name_can_be_in_this_database1 ON reporting.\"Visits\" USING \
                    btree (place) tablespace ''";
    assert_eq!(Vec::from_iter(new), [numbered], "staging has it, or prod had it");
    assert_eq!(of_side(&after, "staging"), staging);
    taken_back(&lab, &before, &rows);
}
