//! Warehouses whose tables are no part of a transaction, simulated on DuckDB: each statement stays once it is
//! done, rows have the transactions that the warehouse gives them, and a stop can come anywhere.

use snowplow_backfill::promote::{Action, Ledger};
use snowplow_backfill::warehouse::Dialect;

use super::client::Client;
use super::dump::{assert_same, contents, without};
use super::staged::{Staged, possible};
use super::transliteration::for_duckdb;
use crate::support::Engine;

/// Enough: what is looked at is which events are there.
const EVENTS: u32 = 300;

/// What prod's next run believes is true: a model's table holds every event up to the time of its row.
#[track_caller]
fn no_row_without_its_table(staged: &Staged, client: &mut Client, what: &str) {
    for ledger in &staged.plan.ledgers {
        for table in &staged.plan.tables {
            if ledger.models().all(|model| model != table.model) {
                continue;
            }
            let (manifest, prod) = (staged.plain(&ledger.prod), staged.plain(&table.facts.prod));
            let recorded = format!("select last_success from {manifest} where model = '{}'", table.model);
            if client.ask(&recorded).is_empty() {
                continue;
            }
            let lacking = client.value(&format!(
                "select count(*) from truth.events where start_tstamp <= ({recorded}) and view_id not in \
                 (select view_id from {prod})"
            ));
            assert_eq!(lacking, "0", "{}: {what}: events that {prod} lacks", staged.scripted.name);
        }
    }
}

/// Executes statements and stops there; a transaction that is open is taken back.
fn stopped_after(staged: &Staged, client: &mut Client, statements: &[String], what: &str) {
    client.run(&[statements, &["select 1".to_owned()]].concat());
    client.disconnect();
    no_row_without_its_table(staged, client, what);
}

fn stopped_anywhere(staged: &Staged) {
    let name = &staged.scripted.name;
    let mut client = staged.scripted.client();
    let before = contents(&mut client, Engine::DuckDb);
    let has_no_table_in_a_transaction = |script: &[String]| {
        let mut open = false;
        script.iter().all(|sql| {
            open = (open || sql.starts_with("begin")) && sql != "commit";
            !open
                || ["begin", "update", "merge", "insert", "delete", "select"]
                    .iter()
                    .any(|word| sql.starts_with(word))
        })
    };
    assert!(
        has_no_table_in_a_transaction(&staged.scripted.promote),
        "{name}: a table would end its transaction"
    );

    client.run(&staged.scripted.promote);
    no_row_without_its_table(staged, &mut client, "done");
    let after = contents(&mut client, Engine::DuckDb);
    assert_ne!(after, before, "{name}");
    for ledger in &staged.plan.ledgers {
        let manifest = staged.plain(&ledger.prod);
        for model in ledger.models() {
            let times = client.ask(&format!("select last_success from {manifest} where model = '{model}'"));
            assert_eq!(times.len(), 1, "{name}: {model}");
        }
    }
    for table in &staged.plan.tables {
        let [staging, prod] =
            [&table.facts.staging, &table.facts.prod].map(|relation| staged.plain(relation));
        let lacking = client.value(&format!(
            "select (select count(*) from (from {staging} except all from {prod})) + (select count(*) from \
             (from {prod} except all from {staging}))"
        ));
        assert_eq!(lacking, "0", "{name}: {prod}");
    }
    // Executed again, it finds everything done.
    client.run(&staged.scripted.promote);
    assert_same(&contents(&mut client, Engine::DuckDb), &after, name);
    // Backups stay.
    let is_back = |client: &mut Client, what: &str| {
        client.run(&staged.scripted.rollback);
        no_row_without_its_table(staged, client, what);
        assert_same(
            &without(&contents(client, Engine::DuckDb), "__bk_"),
            &before,
            &format!("{name}: {what}"),
        );
    };
    is_back(&mut client, "taken back");
    is_back(&mut client, "taken back again");

    for done in 0..=staged.scripted.promote.len() {
        let what = format!("stopped after {done}");
        stopped_after(staged, &mut client, &staged.scripted.promote[..done], &what);
        client.run(&staged.scripted.promote);
        assert_same(
            &contents(&mut client, Engine::DuckDb),
            &after,
            &format!("{name}: {what}, then executed again"),
        );
        is_back(&mut client, &format!("{what}, executed again, taken back"));
        stopped_after(staged, &mut client, &staged.scripted.promote[..done], &what);
        is_back(&mut client, &format!("{what}, then taken back"));
    }
    for done in 0..=staged.scripted.rollback.len() {
        let what = format!("its rollback, stopped after {done}");
        client.run(&staged.scripted.promote);
        stopped_after(staged, &mut client, &staged.scripted.rollback[..done], &what);
        is_back(&mut client, &what);
    }
}

/// Prod's rows or staging's are not what was planned.
fn conflicts(staged: &Staged) {
    let name = &staged.scripted.name;
    let mut client = staged.scripted.client();
    let refused = |client: &mut Client, script: &[String], words: &str| {
        let before = contents(client, Engine::DuckDb);
        let reply = client.execute(script);
        let error = reply.error.unwrap_or_else(|| panic!("{name}: not refused: {words}"));
        assert!(error.replace('_', " ").contains(words), "{name}: {error}");
        client.disconnect();
        assert_same(&contents(client, Engine::DuckDb), &before, name);
    };
    for ledger in &staged.plan.ledgers {
        let (staging, prod) = (staged.plain(&ledger.staging), staged.plain(&ledger.prod));
        let moved = |table: &str, model: &str, sign: char| {
            format!(
                "update {table} set last_success = last_success {sign} interval '1 microsecond' where model \
                 = '{model}'"
            )
        };
        for model in ledger.models() {
            client.run(&[moved(&staging, model, '+')]);
            refused(&mut client, &staged.scripted.promote, "moved since this was planned");
            client.run(&[moved(&staging, model, '-')]);
        }
        for model in &ledger.added {
            client.run(&[format!(
                "insert into {prod} (model, last_success) values ('{model}', timestamp '2023-10-12 00:00:00')"
            )]);
            refused(&mut client, &staged.scripted.promote, "records these models already");
            client.run(&[format!("delete from {prod} where model = '{model}'")]);
        }
        for row in &ledger.moved {
            client.run(&[moved(&prod, &row.model, '+')]);
            refused(&mut client, &staged.scripted.promote, "records these models already");
            client.run(&[moved(&prod, &row.model, '-')]);
        }
    }
    for table in staged.plan.tables.iter().filter(|table| table.action == Action::Keep) {
        // As many rows, and as many of the latest ones; but it is no copy.
        let prod = staged.plain(&table.facts.prod);
        let seconds = |sign: char| {
            format!(
                "update {prod} set engaged_seconds = engaged_seconds {sign} 1 where view_id = (select \
                 min(view_id) from {prod})"
            )
        };
        client.run(&[seconds('+')]);
        refused(&mut client, &staged.scripted.promote, "does not hold what");
        client.run(&[seconds('-'), format!("alter table {prod} rename column engaged_seconds to seconds")]);
        refused(&mut client, &staged.scripted.promote, "has other columns than");
        client.run(&[format!("alter table {prod} rename column seconds to engaged_seconds")]);
    }
    client.run(&staged.scripted.promote);
    for ledger in &staged.plan.ledgers {
        let prod = staged.plain(&ledger.prod);
        for model in ledger.models() {
            let row = format!("where model = '{model}'");
            client.run(&[format!("update {prod} set last_success = last_success + interval '1 hour' {row}")]);
            refused(&mut client, &staged.scripted.rollback, "prod ran since");
            client.run(&[format!("update {prod} set last_success = last_success - interval '1 hour' {row}")]);
        }
    }
    client.run(&staged.scripted.rollback);
}

/// Prod's hook writes the row while a rollback is executed: before the table goes, that is noticed.
fn prod_runs_meanwhile(staged: &Staged) {
    let name = &staged.scripted.name;
    let mut client = staged.scripted.client();
    let rollback = &staged.scripted.rollback;
    for table in staged.plan.tables.iter().filter(|table| table.action != Action::Keep) {
        let of_model = |ledger: &&Ledger| ledger.models().any(|model| model == table.model);
        // A table without a row is not what a run believes.
        let Some(ledger) = staged.plan.ledgers.iter().find(of_model) else { continue };
        let (manifest, model) = (staged.plain(&ledger.prod), &table.model);
        let recorded =
            ledger.recorded().unwrap_or_else(|| "2023-10-11 10:11:12.123456".parse().expect("a time"));
        let write = |later: &str| {
            [
                format!("delete from {manifest} where model = '{model}'"),
                format!(
                    "insert into {manifest} (model, last_success) values ('{model}', timestamp '{}'{later})",
                    recorded.to_all_digits()
                ),
            ]
        };
        let look = |sql: &String| {
            let sql = sql.replace('_', " ");
            sql.contains(&format!("still records {}", model.replace('_', " ")))
        };
        let looks = rollback.iter().position(look).expect("a look before the table goes");
        for place in 1..=looks {
            client.run(&staged.scripted.promote);
            client.run(&rollback[..place]);
            client.run(&write(" + interval '1 microsecond'"));
            let what = format!("{name}: prod ran after {place} statements of the rollback");
            assert!(client.execute(&rollback[place..]).error.is_some(), "{what}: it was not noticed");
            client.disconnect();
            no_row_without_its_table(staged, &mut client, &what);
            client.run(&write(""));
            client.run(rollback);
        }
    }
}

fn simulated(dialect: Dialect) {
    for case in possible(dialect) {
        let adapt = |sql: &str| for_duckdb(dialect, sql);
        let staged = Staged::of_case(&case, dialect, Engine::DuckDb, EVENTS, adapt);
        stopped_anywhere(&staged);
        conflicts(&staged);
        prod_runs_meanwhile(&staged);
    }
}

#[test]
fn snowflake() {
    simulated(Dialect::Snowflake);
}

#[test]
fn bigquery() {
    simulated(Dialect::BigQuery);
}

#[test]
fn databricks() {
    simulated(Dialect::Databricks);
}

#[test]
fn spark() {
    simulated(Dialect::Spark);
}
