//! What stops `--apply` before its first statement, in the middle, and from outside; each time both sides are
//! as before.

use std::fs::{self, File};
use std::process::Child;

use insta::assert_snapshot;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::client::Client;
use super::dump::{assert_same, dump};
use super::halves::{calls_for_guards, calls_for_tables, rollback, standing, steps, then};
use super::shop::{self, MANIFEST};
use crate::interruption::{eventually, send, start};
use crate::promotion_input::{READY, both, carts, of_target, promote as promote_carts};
use crate::support::fake::FakeDbt;
use crate::support::{Engine, Lab, Output, Place};

fn look(place: &Place) -> String {
    dump(&mut Client::new(place), place.engine())
}

fn promote(lab: &Lab, more: &[&str]) -> Output {
    lab.tool(&arguments(&lab.target("prod"), more))
}

fn arguments<'a>(to: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["promote"], &shop::SELECT[..], &["--to", to], more].concat()
}

/// A failed promotion is no promotion that could be taken back.
#[track_caller]
fn nothing_is_left(lab: &Lab, before: &str) {
    assert_same(&look(lab.place()), before, "nothing has changed");
    let nothing = lab.tool(&["promote", "--to", &lab.target("prod"), "--rollback"]);
    assert!(nothing.code == 2 && nothing.stderr.contains("no promotion to"), "{nothing}");
}

#[test]
fn only_what_was_reviewed_is_executed() {
    let lab = shop::lab(&shop::before(Engine::DuckDb));
    let before = look(lab.place());
    promote(&lab, &["--out-dir", "review"]).success();
    let script = lab.read("review/promote.sql");
    let apply = ["--apply", "--out-dir", "review"];

    lab.write("review/promote.sql", &script.replace("comment on column", "-- comment on column"));
    let edited = promote(&lab, &apply);
    assert_eq!(edited.code, 4, "{edited}");
    assert!(edited.stderr.contains("refused: review/promote.sql is not what would be executed"), "{edited}");
    lab.write("review/promote.sql", &script);

    let step = |sign: char| {
        let moved = format!(
            "update staging_snowplow_manifest.{MANIFEST} set last_success = last_success {sign} interval '1 \
             microsecond'"
        );
        lab.sql(&[&moved]);
    };
    step('+');
    let moved = promote(&lab, &apply);
    assert_eq!(moved.code, 4, "{moved}");
    assert!(
        moved.stderr.contains("refused: staging's rows moved since review/promote.sql was written"),
        "{moved}"
    );
    step('-');

    // A backfill on either side: of whatever package, it is named after the first.
    for side in ["staging", "prod"] {
        let folder = lab.project().join("target/snowplow-backfill/locks");
        fs::create_dir_all(&folder).expect("a folder");
        let name = format!(
            "{}.{side}_snowplow_manifest.snowplow_shop_incremental_manifest.lock",
            lab.place().database()
        );
        let lock = File::create(folder.join(name)).expect("a file");
        lock.lock().expect("free");
        let held = promote(&lab, &apply);
        assert_eq!(held.code, 4, "{held}");
        assert!(
            held.stderr.contains("a backfill or promotion of this project and target is already running"),
            "{held}"
        );
    }
    nothing_is_left(&lab, &before);

    promote(&lab, &apply).success();
    assert_ne!(look(lab.place()), before);
}

#[test]
fn a_statement_that_fails_on_duckdb() {
    let place = shop::before(Engine::DuckDb);
    // Names of indexes are a schema's there.
    Client::new(&place).run(&[
        "create table prod_reporting.other (a integer)".to_owned(),
        "create index visits_odd on prod_reporting.other (a)".to_owned(),
    ]);
    let lab = shop::lab(&place);
    let before = look(lab.place());
    let output = promote(&lab, &["--apply"]);
    assert_eq!(output.code, 1, "{output}");
    for words in [
        "failed (visits: an index as in staging). It is one transaction, which was rolled back: nothing has \
         changed.",
        "CREATE UNIQUE INDEX visits_odd on",
        "Index with name \"visits_odd\" already exists!",
    ] {
        assert!(output.stderr.contains(words), "{words}\n{output}");
    }
    nothing_is_left(&lab, &before);
}

/// A user of prod's own, who may read staging.
#[test]
fn a_user_with_few_rights_on_postgres() {
    let place = shop::before(Engine::Postgres);
    let user = format!("user_of_{}", place.database());
    let mut client = Client::new(&place);
    client.run(&[
        format!("create role {user} login"),
        format!(
            "grant usage on schema staging_reporting, staging_derived, staging_snowplow_manifest to \
                 {user}"
        ),
        format!(
            "grant select on all tables in schema staging_reporting, staging_derived, \
                 staging_snowplow_manifest to {user}"
        ),
        format!("grant usage on schema prod_reporting, prod_derived, prod_snowplow_manifest to {user}"),
        format!("grant create on schema prod_derived to {user}"),
        format!("alter table prod_snowplow_manifest.{MANIFEST} owner to {user}"),
    ]);
    drop(client);
    let mut lab = shop::lab(&place);
    lab.set("STOREFRONT_PG_USER", &user);
    let before = look(lab.place());
    let output = promote(&lab, &["--apply"]);
    let words = format!(
        "the connection of pg_prod lacks rights that the script needs: create in the schema \"{}\".\"prod_reporting\". Grant",
        lab.place().database()
    );
    assert!(output.code == 4 && output.stderr.contains(&words), "{output}");
    nothing_is_left(&lab, &before);

    Client::new(lab.place()).run(&[format!("grant create on schema prod_reporting to {user}")]);
    promote(&lab, &["--apply"]).success();
    let owner = lab.lines(
        "select tableowner from pg_tables where schemaname = 'prod_reporting' and tablename = 'Visits'",
    );
    assert_eq!(owner, user);
}

/// Starts `--apply` beside a transaction that writes to staging, and waits until it waits for that.
fn start_beside(lab: &Lab, writer: &mut Client) -> Child {
    let write = "lock table staging_reporting.\"Visits\" in row exclusive mode";
    writer.run(&["begin".to_owned(), write.to_owned()]);
    let to = lab.target("prod");
    let tool = start(lab.tool_command(&arguments(&to, &["--apply"])));
    let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = \
                   current_database()";
    eventually("the promotion waits", || lab.lines(waiting) == "1");
    tool
}

#[test]
fn what_happens_meanwhile_on_postgres() {
    let lab = shop::lab(&shop::before(Engine::Postgres));
    let mut writer = Client::new(lab.place());
    let before = look(lab.place());

    // The user changes his mind.
    let tool = start_beside(&lab, &mut writer);
    send(tool.id(), Signal::SIGINT);
    // The driver notices as soon as its statement gets on; the lock's own patience is a minute.
    writer.disconnect();
    let output = Output::from(tool.wait_with_output().expect("an end"));
    assert_eq!(output.code, 130, "{output}");
    nothing_is_left(&lab, &before);

    // Prod makes the table itself.
    let tool = start_beside(&lab, &mut writer);
    lab.sql(&["create table prod_reporting.\"Visits\" (id integer)"]);
    writer.disconnect();
    let output = Output::from(tool.wait_with_output().expect("an end"));
    assert_eq!(output.code, 1, "{output}");
    for words in [
        "failed (a table like staging's visits)",
        "relation \"Visits\" already exists",
        "nothing has changed",
    ] {
        assert!(output.stderr.contains(words), "{words}\n{output}");
    }
    lab.sql(&["drop table prod_reporting.\"Visits\""]);
    nothing_is_left(&lab, &before);
}

/// A project on a warehouse that cannot be had here, and what dbt says when it executes.
fn on(adapter: &str, execution: &Value) -> FakeDbt {
    let of = |schema: &str| of_target(schema, &[carts()]).replace("duckdb", adapter);
    let fake = both(&of("stg"), &of("prd"), &["carts"], &READY);
    let catalogue = vec![json!({"empty": true}); calls_for_guards(adapter) + calls_for_tables(adapter)];
    let replies = [&[READY.reply()], catalogue.as_slice(), std::slice::from_ref(execution)].concat();
    fake.with(&json!({"run-operation": replies}))
}

#[test]
fn a_statement_that_fails_where_tables_are_no_part_of_a_transaction() {
    let said = "Database Error\n  002003 (42S02): SQL compilation error:\n  Object does not exist or not \
                authorized.\n";
    let execution = json!({"stdout": format!("{}{said}", steps(4)), "exit": 1});
    let fake = on("snowflake", &execution);
    assert_snapshot!(promote_carts(&fake, &["--apply"]), @r#"
    exit code: 1
    --- stdout
    --- stderr
    promotion staging → prod (snowflake, clone)
      table     "db"."prd"."carts"
      rows      carts at 2023-10-11 10:11:12.123456 in shop
      then      next run of shop in prod: standard, window 2023-10-11 04:11:12 .. 2023-11-10 10:11:12
      compared  the number of rows of carts; the incremental manifests
      note      execute it with the role of prod's dbt runs: the role that creates a table owns it, and dbt must be able to alter and merge it
        1/12 times are UTC  [TIME]
        2/12 seen in the query history  [TIME]
        3/12 shop: staging's rows are as planned  [TIME]
        4/12 shop: prod's rows are as planned  [TIME]
    error: statement 5 of 12 failed (copy carts). Statements 1 to 4 are done and do no harm. Fix the cause, then run the same command again.
    create transient table if not exists "db"."prd"."carts" clone "db"."stg"."carts"
      caused by: dbt run-operation failed (exit code 1): a statement failed
        Database Error
          002003 (42S02): SQL compilation error:
          Object does not exist or not authorized.
    "#);

    let folder = fs::read_dir(fake.path("target/snowplow-backfill/promotions")).expect("records");
    let folder = folder.map(|entry| entry.expect("one").path()).next().expect("a record");
    let journal = fs::read_to_string(folder.join("journal.jsonl")).expect("a journal");
    let done: Vec<Value> = journal.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(done.len(), 11, "the beginning, that of five statements, the end of four, the end: {journal}");
    assert_eq!(done[8]["statement"], 4, "{journal}");
    assert!(done[10]["executed"] == 4 && done[10].to_string().contains("not authorized"), "{journal}");

    // In the middle of the transaction of its rows.
    let fake = on("snowflake", &json!({"stdout": format!("{}{said}", steps(8)), "exit": 1}));
    let output = promote_carts(&fake, &["--apply"]);
    assert!(output.code == 1 && output.stderr.contains("Statements 1 to 7 are done"), "{output}");
    assert!(output.stderr.contains("both finish what is left"), "{output}");
}

/// What follows the transaction takes nothing back when it fails.
#[test]
fn a_statement_that_fails_after_the_commit() {
    let said = "Database Error\n  server closed the connection unexpectedly\n";
    for adapter in ["postgres", "redshift"] {
        let script = promote_carts(&on(adapter, &Value::Null), &[]).success().stdout;
        assert!(script.trim_end().ends_with("analyze \"db\".\"prd\".\"carts\";"), "{script}");
        let titles = script
            .lines()
            .filter(|line| line.starts_with("-- ") && line[3..].starts_with(|c: char| c.is_ascii_digit()))
            .count();
        let fake = on(adapter, &json!({"stdout": format!("{}{said}", steps(titles - 1)), "exit": 1}));
        let output = promote_carts(&fake, &["--apply"]);
        assert_eq!(output.code, 1, "{output}");
        for words in [
            "(statistics of carts). All statements before it are done and committed. Execute the rest, from \
             statement",
            "or take all of it back with `promote --to prod --rollback`",
            "server closed the connection unexpectedly",
        ] {
            assert!(output.stderr.contains(words), "{words}\n{output}");
        }
        // There is something to take back.
        then(&fake, &rollback(adapter, standing("written", &[true]), json!({})));
        let back = fake.tool(&["promote", "--to", "prod", "--rollback"]);
        assert!(back.stderr.contains("rollback of the promotion of carts"), "{back}");
    }
}
