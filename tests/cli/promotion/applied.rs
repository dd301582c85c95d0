//! `--apply` and `--rollback` on real dbt, of tables whose definitions only the catalogue knows; and the same
//! scripts, executed by a client of their own.

use std::fs;

use serde_json::Value;

use super::client::Client;
use super::definition::{Name, definition, grants};
use super::dump::{assert_same, dump};
use super::shop::{self, MANIFEST, TIME};
use super::staged::Scripted;
use super::stops::{Stop, refused, stopped_anywhere};
use crate::support::{Engine, Lab, Output, Place};

/// Everything in a lab's database.
fn look(place: &Place) -> String {
    dump(&mut Client::new(place), place.engine())
}

fn roll_back(lab: &Lab) -> Output {
    lab.tool(&["promote", "--to", &lab.target("prod"), "--rollback"])
}

/// The record of the last promotion.
fn record(lab: &Lab) -> Value {
    let folder = lab.project().join("target/snowplow-backfill/promotions");
    let mut folders: Vec<_> =
        fs::read_dir(folder).expect("records").map(|entry| entry.expect("one").path()).collect();
    folders.sort();
    let last = folders.last().expect("a record");
    for file in ["promote.sql", "rollback.sql", "verify.sql"] {
        assert!(fs::read_to_string(last.join(file)).expect(file).starts_with("-- "), "{file}");
    }
    serde_json::from_slice(&fs::read(last.join("promotion.json")).expect("a record")).expect("JSON")
}

/// Prod's tables are made as staging's are, and hold the same.
fn is_the_same(scripted: &Scripted, client: &mut Client, tables: &[[&str; 2]]) {
    for [schema, table] in tables {
        let (staging, prod) = (format!("staging_{schema}"), format!("prod_{schema}"));
        let [ours, theirs] = [&staging, &prod].map(|schema| {
            let name = Name { database: scripted.place.database(), schema, table };
            definition(client, scripted.dialect, name)
                .into_iter()
                .flatten()
                .map(|fact| fact.map(|text| text.replace(schema.as_str(), "SCHEMA")))
                .collect::<Vec<_>>()
        });
        assert_eq!(theirs, ours, "{table}");
        let rows = client.value(&format!("select count(*) from {prod}.\"{table}\""));
        assert_eq!(rows, "10000");
    }
    for query in &scripted.verify {
        let rows = client.ask(query);
        let [what, in_staging, in_prod] = rows[0].as_slice() else { panic!("{rows:?}") };
        assert!(in_staging.is_some() && in_staging == in_prod, "{what:?}: {in_staging:?} {in_prod:?}");
    }
}

const TABLES: &[[&str; 2]] = &[["reporting", "Visits"], ["derived", "plain_views"]];

fn new_models(engine: Engine) {
    let before = shop::before(engine);
    let lab = shop::lab(&before);
    let dumped = look(lab.place());
    let (document, output) = shop::promote(&lab, &["--apply"]);

    assert_eq!(document["applied"], true);
    let comparisons = document["comparisons"].as_array().expect("a list");
    assert!(
        comparisons.len() == 8 && comparisons.iter().all(|it| it["staging"] == it["prod"]),
        "{comparisons:?}"
    );
    assert_eq!(record(&lab)["state"], "promoted");
    let notes: Vec<_> =
        document["notes"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let left_behind: Vec<_> = notes.iter().filter(|note| note.contains("not carried over")).collect();
    match engine {
        Engine::DuckDb => assert_eq!(left_behind, Vec::<&&str>::new()),
        Engine::Postgres => {
            let expected = [
                "the foreign key Visits_odd name_fkey",
                "the trigger audit",
                "the storage options fillfactor=90",
            ];
            let expected = expected.map(|what| format!("visits: not carried over: {what}"));
            assert!(left_behind.iter().copied().eq(&expected), "{left_behind:?}");
        }
    }
    // Who reads JSON reads no progress.
    assert_eq!(output.stderr, "");

    // The same scripts on a copy, stopped after each statement.
    let scripted = shop::scripted("new models", &document, &lab, before);
    stopped_anywhere(&scripted, Stop::Failure);

    let mut client = Client::new(lab.place());
    let applied = shop::scripted("new models", &document, &lab, lab.place().copy());
    is_the_same(&applied, &mut applied.client(), TABLES);
    if engine == Engine::Postgres {
        let granted = grants(&mut client, "prod_reporting.\"Visits\"");
        assert_eq!(granted, [["reporter", "SELECT", "False"].map(|it| Some(it.to_owned()))]);
        // Numbers go on where staging's are.
        let mut numbers = applied.client();
        let next = numbers.ask(
            "insert into prod_reporting.\"Visits\" (view_id) values ('new') returning id - (select max(id) \
             from staging_reporting.\"Visits\"), place - (select max(place) from \
             staging_reporting.\"Visits\")",
        );
        assert_eq!(next, [["1", "1"].map(|it| Some(it.to_owned()))]);
    }
    client.leave();

    roll_back(&lab).success();
    assert_eq!(record(&lab)["state"], "rolled_back");
    assert_same(&look(lab.place()), &dumped, "taken back");
    let again = roll_back(&lab);
    assert_eq!(again.code, 2, "{again}");
    assert!(again.stderr.contains("no promotion to"), "{again}");
    assert_same(&look(lab.place()), &dumped, "taken back again");
}

#[test]
fn new_models_on_duckdb() {
    new_models(Engine::DuckDb);
}

#[test]
fn new_models_on_postgres() {
    new_models(Engine::Postgres);
}

/// Prod runs another version of the model already, with a view on it and grants of its own.
pub fn running_in_prod(engine: Engine) -> Place {
    let place = shop::before(engine);
    let definition = match engine {
        Engine::DuckDb => {
            "(id integer primary key, view_id varchar, start_tstamp timestamp, seconds decimal(18, 6))"
        }
        Engine::Postgres => {
            "(id bigint primary key, view_id text unique, start_tstamp timestamp, seconds numeric)"
        }
    };
    let mut statements = vec![
        format!("create table prod_reporting.\"Visits\" {definition}"),
        "insert into prod_reporting.\"Visits\" select n, 'old ' || n, timestamp '2023-10-01' - interval '1 \
         hour' * cast(n as integer), 1 from generate_series(1, 500) as g (n)"
            .to_owned(),
        "create index \"Visits by start\" on prod_reporting.\"Visits\" (start_tstamp)".to_owned(),
        "comment on table prod_reporting.\"Visits\" is 'The old one.'".to_owned(),
    ];
    statements.extend(shop::SELECT[1..].iter().map(|model| {
        format!("insert into prod_snowplow_manifest.{MANIFEST} values ('{model}', timestamp '{TIME}')")
    }));
    statements.push(
        "create table prod_derived.plain_views as select * from staging_derived.plain_views".to_owned(),
    );
    // Both are behind staging.
    statements.push(format!(
        "update prod_snowplow_manifest.{MANIFEST} set last_success = timestamp '2023-10-11 09:00:00' where \
         model in ('visits', 'plain_views')"
    ));
    if engine == Engine::Postgres {
        statements.extend(
            [
                "create view prod_reporting.busy as select count(*) as visits from prod_reporting.\"Visits\"",
                "grant select on prod_reporting.\"Visits\" to public",
                "grant insert on prod_reporting.\"Visits\" to reporter with grant option",
            ]
            .map(str::to_owned),
        );
    }
    Client::new(&place).run(&statements);
    place
}

fn replaced(engine: Engine) {
    let before = running_in_prod(engine);
    let lab = shop::lab(&before);
    let (document, _) = shop::promote(&lab, &["--replace"]);
    let scripted = shop::scripted("replace", &document, &lab, before);
    stopped_anywhere(&scripted, Stop::Failure);
    stopped_anywhere(&scripted, Stop::Kill);

    let mut client = scripted.client();
    let granted = |client: &mut Client| match engine {
        Engine::DuckDb => Vec::new(),
        Engine::Postgres => grants(client, "prod_reporting.\"Visits\""),
    };
    let before = granted(&mut client);
    client.run(&scripted.promote);
    is_the_same(&scripted, &mut client, TABLES);
    let tables = document["tables"].as_array().expect("tables");
    let visits = tables.iter().find(|table| table["model"] == "visits").expect("the table");
    let backup = visits["backup"]
        .as_str()
        .expect("a backup")
        .replace(lab.place().database(), scripted.place.database());
    assert_eq!(client.value(&format!("select count(*) from {backup}")), "500");
    if engine == Engine::Postgres {
        // What prod gave, and what the project gives.
        let mut expected = before;
        expected.insert(1, ["reporter", "SELECT", "False"].map(|it| Some(it.to_owned())).to_vec());
        expected.sort();
        let mut now = granted(&mut client);
        now.sort();
        assert_eq!(now, expected);
        let note = document["notes"].to_string();
        assert!(note.contains("prod_reporting.busy"), "{note}");
    }
    refused(&scripted, &mut client, &scripted.promote, "records these models already");
}

/// Staging may go when its table is promoted, also where its numbers came from a sequence beside it. The copy goes on where
/// that sequence is, whatever the largest number in the data is.
#[test]
fn sequences_on_postgres() {
    let place = shop::before(Engine::Postgres);
    let lab = shop::lab(&place);
    lab.sql(&[
        "alter table staging_derived.plain_views add column number serial",
        "alter table staging_derived.plain_views add column downwards bigint generated by default as identity (increment by \
         -3 maxvalue 90 minvalue -900000 start with 90)",
        "create sequence staging_derived.shared increment by 10 start with 500 cycle maxvalue 900000",
        "alter table staging_derived.plain_views add column shared bigint default nextval('staging_derived.shared')",
        "delete from staging_derived.plain_views where number > 9000",
        // A name that is taken.
        "create sequence prod_derived.plain_views_number_seq",
    ]);
    let numbers = ["number", "downwards", "shared"];
    let next = |schema: &str, view: &str| {
        lab.sql(&[&format!("insert into {schema}_derived.plain_views (view_id) values ('{view}')")]);
        let columns = numbers.join(", ");
        lab.lines(&format!("select {columns} from {schema}_derived.plain_views where view_id = '{view}'"))
    };
    let to = lab.target("prod");
    let arguments = [&["promote"], &shop::SELECT[..], &["--to", &to, "--apply"]].concat();
    lab.tool(&arguments).success();
    let expected = next("staging", "the next one");
    lab.sql(&["drop table staging_derived.plain_views", "drop sequence staging_derived.shared"]);
    assert_eq!(next("prod", "the next one"), expected);
    let of_shared = "select increment_by, cycle, max_value from pg_sequences where schemaname = 'prod_derived' and \
                     sequencename = 'plain_views_shared_seq'";
    assert_eq!(lab.sql(&[of_shared])[0], ["10", "True", "900000"].map(|it| Some(it.to_owned())));
}

/// What others made on prod's table, and what they refer to it by.
#[test]
fn a_replaced_table_with_more_than_the_project_knows() {
    let place = running_in_prod(Engine::Postgres);
    let visits = "prod_reporting.\"Visits\"";
    let lab = shop::lab(&place);
    lab.sql(&[
        &format!("create index by_seconds on {visits} (seconds) where seconds > 5"),
        &format!("create statistics prod_reporting.by_hand on seconds, start_tstamp from {visits}"),
        &format!("alter table {visits} replica identity full"),
        &format!("alter table {visits} alter column seconds set statistics 321"),
        &format!("create unique index keys on {visits} (view_id)"),
        &format!("create table prod_derived.ratings (view_id text references {visits} (view_id))"),
        &format!(
            "create function prod_derived.seen() returns bigint begin atomic select count(*) from {visits}; end"
        ),
        &format!("create table prod_derived.kept (visit {visits}, all_visits {visits}[])"),
        &format!("create policy known on prod_derived.kept using (exists (select from {visits}))"),
        "alter default privileges in schema prod_reporting grant delete on tables to public",
    ]);
    let before = look(lab.place());
    let to = lab.target("prod");
    let arguments = [&["promote"], &shop::SELECT[..], &["--to", &to, "--replace", "--apply"]].concat();
    let output = lab.tool(&arguments);
    assert_eq!(output.code, 4, "{output}");
    let words = "prod_derived.ratings (ratings_view_id_fkey). They would stay on its backup";
    assert!(output.stderr.contains(words), "{output}");
    assert_same(&look(lab.place()), &before, "nothing has changed");

    lab.sql(&["drop table prod_derived.ratings"]);
    let (document, _) = shop::promote(&lab, &["--replace"]);
    let notes = document["notes"].to_string();
    for what in [
        "the index btree (seconds) WHERE (seconds > ",
        "the extended statistics on start_tstamp, seconds",
        "the replica identity full",
        "the statistics target of seconds",
    ] {
        assert!(notes.contains(&format!("has what the new one does not get: {what}")), "{what}: {notes}");
    }
    let bound = "stays on its backup until it is made again: column all_visits of table prod_derived.kept, column visit of \
                 table prod_derived.kept, function prod_derived.seen(), policy known on table prod_derived.kept";
    assert!(notes.contains(bound), "{notes}");
    // A key that the new table has, too.
    assert!(!notes.contains("does not get: the constraint UNIQUE (view_id)"), "{notes}");
    lab.tool(&arguments).success();
    let granted = lab.lines(&format!("select relacl from pg_class where oid = '{visits}'::regclass"));
    assert!(granted.contains(",=r/") && !granted.contains("d/"), "{granted}");
    let dropped = lab.tool(&["promote", "--to", &to, "--drop-backups", "--older-than", "0s"]).success();
    assert!(dropped.to_string().contains("the function prod_derived.seen()"), "{dropped}");
}

/// Readers of prod's table are waited for, and the copy is not thrown away because of one.
#[test]
fn readers_of_a_replaced_table_on_postgres() {
    let place = running_in_prod(Engine::Postgres);
    let lab = shop::lab(&place);
    let (document, _) = shop::promote(&lab, &["--replace"]);
    let scripted = shop::scripted("read", &document, &lab, place);
    let mut reader = scripted.client();
    reader.run(&["begin".to_owned(), "select count(*) from prod_reporting.\"Visits\"".to_owned()]);
    let mut client = scripted.client();
    client.start(&scripted.promote);
    // Longer than it waits for the lock at a time: other readers get through meanwhile.
    let mut other = scripted.client();
    for _ in 0..5 {
        std::thread::sleep(std::time::Duration::from_secs(1));
        assert!(client.poll().is_none(), "it does not wait for the reader");
        other.run(&["select count(*) from prod_reporting.\"Visits\"".to_owned()]);
    }
    reader.run(&["commit".to_owned()]);
    let reply = client.finish();
    assert_eq!(reply.error, None);
}

/// A reader who sees some rows would see all of the new table's.
#[test]
fn row_level_security_on_postgres() {
    let place = running_in_prod(Engine::Postgres);
    let visits = "prod_reporting.\"Visits\"";
    Client::new(&place).run(&[
        format!("alter table {visits} enable row level security"),
        format!("create policy own_rows on {visits} for select using (seconds > 1)"),
        format!("alter table {visits} set (fillfactor = 70)"),
        format!("grant update (seconds) on {visits} to reporter"),
        format!("create publication everything_{} for table {visits}", place.database()),
    ]);
    let lab = shop::lab(&place);
    let before = look(lab.place());
    let to = lab.target("prod");
    let arguments = [&["promote"], &shop::SELECT[..], &["--to", &to, "--replace", "--apply"]].concat();
    let output = lab.tool(&arguments);
    assert_eq!(output.code, 4, "{output}");
    assert!(
        output
            .stderr
            .contains("has row level security, the policy own_rows, which the new table would not have"),
        "{output}"
    );
    assert_same(&look(lab.place()), &before, "nothing has changed");

    lab.sql(&[
        &format!("drop policy own_rows on {visits}"),
        &format!("alter table {visits} disable row level security"),
    ]);
    let (document, _) = shop::promote(&lab, &["--replace"]);
    let notes = document["notes"].to_string();
    for what in
        ["the storage options fillfactor=70", "grants on its column seconds", "the publication everything_"]
    {
        assert!(notes.contains(&format!("has what the new one does not get: {what}")), "{what}: {notes}");
    }
}

/// A reader who sees some rows of staging's table would copy them and find that everything is there.
#[test]
fn row_level_security_on_staging() {
    let place = shop::before(Engine::Postgres);
    let visits = "staging_reporting.\"Visits\"";
    let mut statements = vec![
        "do $$ begin create role half_blind login; exception when duplicate_object or unique_violation then null; end $$"
            .to_owned(),
    ];
    for schema in ["derived", "reporting", "snowplow_manifest"] {
        statements.extend([
            format!("grant usage on schema staging_{schema} to half_blind"),
            format!("grant select on all tables in schema staging_{schema} to half_blind"),
            format!("grant all on schema prod_{schema} to half_blind"),
            format!("grant all on all tables in schema prod_{schema} to half_blind"),
        ]);
    }
    statements.push(format!("create policy slow_visits on {visits} for select using (seconds > 100)"));
    statements.push("grant references on all tables in schema staging_reporting to half_blind".to_owned());
    let mut client = Client::new(&place);
    client.run(&statements);
    drop(client);
    let mut lab = shop::lab(&place);
    // Written for the owner, who sees everything, and for tables without row level security.
    let (document, _) = shop::promote(&lab, &[]);
    lab.sql(&[&format!("alter table {visits} enable row level security")]);
    let (of_owner, _) = shop::promote(&lab, &[]);
    assert!(of_owner["notes"].to_string().contains("not carried over: the policy slow_visits"), "{of_owner}");
    let before = look(lab.place());
    let scripted = shop::scripted("half blind", &document, &lab, lab.place().copy());

    lab.set("STOREFRONT_PG_USER", "half_blind");
    let to = lab.target("prod");
    let arguments = [&["promote"], &shop::SELECT[..], &["--to", &to, "--apply"]].concat();
    let output = lab.tool(&arguments);
    assert_eq!(output.code, 4, "{output}");
    let words = "has row level security, so that the connection of pg_prod may see only some of its rows";
    assert!(output.stderr.contains(words), "{output}");
    assert!(output.stderr.contains("or use --strategy move"), "{output}");
    assert_same(&look(lab.place()), &before, "nothing has changed");

    // A model whose row is hidden would seem to have none.
    let manifest = format!("staging_snowplow_manifest.{}", shop::MANIFEST);
    lab.sql(&[
        &format!("alter table {visits} disable row level security"),
        &format!("create policy other_rows on {manifest} for select using (model <> 'visits')"),
        &format!("alter table {manifest} enable row level security"),
    ]);
    let output = lab.tool(&arguments);
    assert_eq!(output.code, 4, "{output}");
    let words = format!(
        "the incremental manifest \"{}\".\"staging_snowplow_manifest\".\"{}\" has row level security, so that the connection of \
         pg_prod may see only some of its rows",
        lab.place().database(),
        shop::MANIFEST
    );
    assert!(output.stderr.contains(&words), "{output}");

    // Whoever executes a script that was written for somebody else copies everything or nothing.
    let mut client = scripted.client();
    client.run(&["set role half_blind".to_owned()]);
    let reply = client.execute(&scripted.promote);
    let error = reply.error.expect("an error");
    assert!(error.contains("row-level security") && error.contains("Visits"), "{error}");
}

/// Prod's readers build on the new table before it is taken back.
#[test]
fn readers_of_a_promoted_table_on_postgres() {
    let lab = shop::lab(&shop::before(Engine::Postgres));
    let before = look(lab.place());
    let to = lab.target("prod");
    lab.tool(&[&["promote"], &shop::SELECT[..], &["--to", &to, "--apply"]].concat()).success();
    lab.sql(&[
        "create view prod_derived.readers as select count(*) as visits from prod_reporting.\"Visits\"",
        "create table prod_derived.more_visits () inherits (prod_reporting.\"Visits\")",
    ]);
    let promoted = look(lab.place());
    let output = lab.tool(&["promote", "--to", &to, "--rollback"]);
    assert_eq!(output.code, 4, "{output}");
    for holder in
        ["the view prod_derived.readers", "the table that inherits from it, prod_derived.more_visits"]
    {
        let held = format!("{holder} (on \"{}\".\"prod_reporting\".\"Visits\")", lab.place().database());
        assert!(output.stderr.contains(&held), "{output}");
    }
    assert_same(&look(lab.place()), &promoted, "nothing has changed");
    lab.sql(&["drop view prod_derived.readers", "drop table prod_derived.more_visits"]);
    roll_back(&lab);
    assert_same(&look(lab.place()), &before, "taken back");
}

/// What the script may not do at its end is refused at the beginning.
#[test]
fn rights_on_postgres() {
    let place = shop::before(Engine::Postgres);
    let mut statements = vec![
        "do $$ begin create role guest login; exception when duplicate_object or unique_violation then null; end $$"
            .to_owned(),
    ];
    for schema in ["derived", "reporting", "snowplow_manifest"] {
        statements.extend([
            format!("grant usage on schema staging_{schema}, prod_{schema} to guest"),
            format!("grant select on all tables in schema staging_{schema}, prod_{schema} to guest"),
        ]);
    }
    statements.extend([
        "grant create on schema prod_derived to guest".to_owned(),
        format!("grant insert, update on prod_snowplow_manifest.{} to guest", shop::MANIFEST),
    ]);
    Client::new(&place).run(&statements);
    let mut lab = shop::lab(&place);
    let before = look(lab.place());
    lab.set("STOREFRONT_PG_USER", "guest");
    let to = lab.target("prod");
    let arguments = [&["promote"], &shop::SELECT[..], &["--to", &to, "--apply"]].concat();
    let output = lab.tool(&arguments);
    assert_eq!(output.code, 4, "{output}");
    let database = lab.place().database();
    for lacking in [
        format!("create in the schema \"{database}\".\"prod_reporting\""),
        format!("delete on \"{database}\".\"prod_snowplow_manifest\".\"{}\"", shop::MANIFEST),
    ] {
        assert!(output.stderr.contains(&lacking), "{lacking}\n{output}");
    }
    assert!(!output.stderr.contains("create in the schema \"{database}\".\"prod_derived\""), "{output}");
    assert_same(&look(lab.place()), &before, "nothing has changed");
}

#[test]
fn replaced_on_duckdb() {
    replaced(Engine::DuckDb);
}

#[test]
fn replaced_on_postgres() {
    replaced(Engine::Postgres);
}

#[test]
fn moved_on_postgres() {
    let before = shop::before(Engine::Postgres);
    let lab = shop::lab(&before);
    let (document, _) = shop::promote(&lab, &["--strategy", "move"]);
    let scripted = shop::scripted("move", &document, &lab, before);
    let mut client = scripted.client();
    let name = |schema| Name { database: scripted.place.database(), schema, table: "Visits" };
    let made = definition(&mut client, scripted.dialect, name("staging_reporting"));
    let notes = document["notes"].to_string();
    assert!(notes.contains("visits: comes along: the trigger audit"), "{notes}");
    assert!(notes.contains("is revoked, until a rollback gives it back: select to reporter"), "{notes}");
    let of_staging = grants(&mut client, "staging_reporting.\"Visits\"");
    client.run(&scripted.promote);
    // All of it, down to the trigger, but for what staging let others do.
    assert_eq!(definition(&mut client, scripted.dialect, name("prod_reporting")), made);
    let trigger = "select tgname from pg_trigger where tgrelid = 'prod_reporting.\"Visits\"'::regclass and \
                   not tgisinternal";
    assert_eq!(client.value(trigger), "audit");
    client.run(&scripted.rollback);
    assert_eq!(grants(&mut client, "staging_reporting.\"Visits\""), of_staging);
    client.disconnect();
    stopped_anywhere(&scripted, Stop::Failure);
}

#[test]
fn resumed_on_duckdb() {
    let before = shop::before(Engine::DuckDb);
    // Copied by hand, as the documentation used to say.
    Client::new(&before).run(&[
        "create table prod_reporting.\"Visits\" as select * from staging_reporting.\"Visits\"".to_owned(),
        "create table prod_derived.plain_views as select * from staging_derived.plain_views".to_owned(),
    ]);
    let lab = shop::lab(&before);
    let (document, _) = shop::promote(&lab, &["--resume"]);
    let scripted = shop::scripted("resume", &document, &lab, before);
    stopped_anywhere(&scripted, Stop::Failure);
    let mut client = scripted.client();
    client.run(&["delete from prod_reporting.\"Visits\" where id = 10000".to_owned()]);
    let words = "does not hold what";
    refused(&scripted, &mut client, &scripted.promote, words);
}
