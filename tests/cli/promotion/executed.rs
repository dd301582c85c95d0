//! The golden scripts of the warehouses whose engine is here, and Redshift's on Postgres, which takes them too.

use std::time::{Duration, Instant};

use snowplow_backfill::promote::{Action, Strategy};
use snowplow_backfill::warehouse::{Dialect, Relation};

use super::client::Client;
use super::dump::{assert_same, visible};
use super::staged::{Staged, possible};
use crate::support::Engine;

const EVENTS: u32 = 3_000;

/// Redshift's words for where rows are kept, which are all that Postgres does not know of its scripts.
pub fn for_postgres(sql: &str) -> Vec<String> {
    let is_layout =
        |line: &&str| ["diststyle", "compound sortkey", "sortkey"].iter().any(|word| line.starts_with(word));
    vec![sql.lines().filter(|line| !is_layout(line)).collect::<Vec<_>>().join("\n")]
}

/// Cases whose scripts are killed too, which takes longer: one of each kind.
const KILLED: &[&str] = &["helper_and_view", "replace", "two_packages", "moved"];

/// Every case of a warehouse. Each check leaves the database as it was.
fn golden_scripts(dialect: Dialect) {
    let engine = if dialect == Dialect::DuckDb { Engine::DuckDb } else { Engine::Postgres };
    for case in possible(dialect) {
        let staged = Staged::of_case(&case, dialect, engine, EVENTS, for_postgres);
        promoted_then_rolled_back(&staged);
        conflicts(&staged);
        stopped_anywhere(&staged, Stop::Failure);
        if KILLED.contains(&case.name) {
            stopped_anywhere(&staged, Stop::Kill);
        }
    }
}

#[test]
fn golden_scripts_on_duckdb() {
    golden_scripts(Dialect::DuckDb);
}

#[test]
fn golden_scripts_on_postgres() {
    golden_scripts(Dialect::Postgres);
}

#[test]
fn redshifts_golden_scripts_on_postgres() {
    golden_scripts(Dialect::Redshift);
}

/// How many rows of one table the other one lacks, both ways.
fn differences(client: &mut Client, one: &str, other: &str) -> [String; 2] {
    let columns = "view_id, start_tstamp, start_tstamp_date, engaged_seconds";
    [(one, other), (other, one)].map(|(one, other)| {
        client.value(&format!(
            "select count(*) from (select {columns} from {one} except all select {columns} from {other}) as lacking"
        ))
    })
}

/// How a table is made, without the names of it and its indexes.
fn definition(staged: &Staged, client: &mut Client, relation: &Relation) -> Vec<Vec<Option<String>>> {
    let table = staged.plain(relation);
    let query = match staged.dialect {
        Dialect::DuckDb => {
            let (schema, name) = (relation.schema(), relation.identifier());
            let database = if table.starts_with("sandbox") { "sandbox" } else { staged.place.database() };
            let it = format!(
                "database_name = '{database}' and schema_name = '{schema}' and table_name = '{name}'"
            );
            format!(
                "select regexp_replace(sql, '^[^(]*', '') from duckdb_tables() where {it} union all \
                 select regexp_replace(sql, '^.* ON [^(]*', '') from duckdb_indexes() where {it} union all \
                 select comment from duckdb_tables() where {it} union all \
                 select column_name || comment from duckdb_columns() where {it} order by 1"
            )
        }
        dialect => {
            // Redshift's copies keep columns; keys are for information there, and it has no indexes.
            let only = if dialect == Dialect::Redshift { "false" } else { "true" };
            format!(
                "select format('%s %s %s not null %s default %s generated %L identity %L comment %L', attnum, attname, \
                 format_type(atttypid, atttypmod), attnotnull, pg_get_expr(d.adbin, d.adrelid), attgenerated, attidentity, \
                 case when {only} then col_description(attrelid, attnum) end) from pg_attribute left join pg_attrdef as d on \
                 d.adrelid = attrelid and d.adnum = attnum where attrelid = '{table}'::regclass and attnum > 0 union all \
                 select obj_description('{table}'::regclass, 'pg_class') union all \
                 select pg_get_constraintdef(oid) from pg_constraint where {only} and conrelid = '{table}'::regclass union all \
                 select regexp_replace(pg_get_indexdef(indexrelid), 'INDEX \\S+ ON \\S+', 'INDEX ON') from pg_index where {only} \
                 and indrelid = '{table}'::regclass order by 1"
            )
        }
    };
    client.ask(&query)
}

fn promoted_then_rolled_back(staged: &Staged) {
    let name = &staged.name;
    let mut client = staged.client();
    let before = staged.dump(&mut client);
    // What staging holds, for the strategy that takes it away.
    let mut definitions = Vec::new();
    for (place, table) in staged.plan.tables.iter().enumerate() {
        let staging = staged.plain(&table.facts.staging);
        client.run(&[format!("create temporary table kept_{place} as select * from {staging}")]);
        definitions.push(definition(staged, &mut client, &table.facts.staging));
    }

    client.run(&staged.promote);
    for (place, table) in staged.plan.tables.iter().enumerate() {
        let prod = staged.plain(&table.facts.prod);
        let rows = client.value(&format!("select count(*) from {prod}"));
        assert!(rows.parse::<u32>().expect("a number") > 2_000, "{name}: {rows}");
        assert_eq!(differences(&mut client, &format!("kept_{place}"), &prod), ["0", "0"], "{name}");
        let is_exact = matches!(staged.plan.strategy, Strategy::Like | Strategy::Move)
            && table.action != Action::Keep
            && !table.facts.physical.columns.is_empty();
        if is_exact {
            assert_eq!(definition(staged, &mut client, &table.facts.prod), definitions[place], "{name}");
        }
    }
    for query in &staged.verify {
        let rows = client.ask(query);
        let [what, in_staging, in_prod] = rows[0].as_slice() else { panic!("{rows:?}") };
        assert!(
            in_staging.is_some() && in_staging == in_prod,
            "{name}: {what:?}: {in_staging:?} {in_prod:?}"
        );
    }
    for ledger in &staged.plan.ledgers {
        for model in ledger.models() {
            let manifest = staged.plain(&ledger.prod);
            let rows = client.ask(&format!("select last_success from {manifest} where model = '{model}'"));
            let expected =
                ledger.recorded().unwrap_or_else(|| "2023-10-11 10:11:12.123456".parse().expect("a time"));
            let time = rows[0][0].as_deref().expect("a time").parse().expect("a time");
            assert_eq!((rows.len(), expected), (1, time), "{name}: {model}");
        }
    }
    client.disconnect();
    let after = staged.dump(&mut client);
    assert_ne!(before, after);

    let is_moved = staged.plan.strategy == Strategy::Move;
    let words = if is_moved { "does not exist" } else { "records these models already" };
    refused(staged, &mut client, &staged.promote, words);
    client.run(&staged.rollback);
    client.disconnect();
    assert_same(&staged.dump(&mut client), &before, name);
    refused(staged, &mut client, &staged.rollback, "does not hold the rows of this promotion");
}

/// A script that must stop by itself, with these words, and change nothing.
#[track_caller]
fn refused(staged: &Staged, client: &mut Client, script: &[String], words: &str) {
    let before = staged.dump(client);
    let reply = client.execute(script);
    let error = reply.error.unwrap_or_else(|| panic!("{}: not refused", staged.name));
    match staged.dialect {
        // Its assertions have no message of their own but in the name of a column.
        Dialect::Redshift => {
            assert!(error.contains("division by zero"), "{}: {error}", staged.name);
            let label = words.replace(' ', "_");
            assert!(script[reply.done].contains(&label), "{}: {}", staged.name, script[reply.done]);
        }
        _ => assert!(error.contains(words), "{}: {error}", staged.name),
    }
    client.disconnect();
    assert_same(&visible(&staged.dump(client)), &visible(&before), &staged.name);
}

fn conflicts(staged: &Staged) {
    let mut client = staged.client();
    for ledger in &staged.plan.ledgers {
        let (staging, prod) = (staged.plain(&ledger.staging), staged.plain(&ledger.prod));
        let moved = |table: &str, model: &str, sign: char| {
            format!(
                "update {table} set last_success = last_success {sign} interval '1 microsecond' where model = '{model}'"
            )
        };
        for model in ledger.models() {
            // Staging went on by the smallest step there is.
            client.run(&[moved(&staging, model, '+')]);
            refused(staged, &mut client, &staged.promote, "moved since this was planned");
            client.run(&[moved(&staging, model, '-')]);
        }
        for model in &ledger.added {
            // Prod records the model meanwhile, be it with the very time that staging has.
            client.run(&[format!(
                "insert into {prod} (model, last_success) select model, last_success from {staging} where model = '{model}'"
            )]);
            refused(staged, &mut client, &staged.promote, "records these models already");
            client.run(&[format!("delete from {prod} where model = '{model}'")]);
        }
        for row in &ledger.moved {
            client.run(&[moved(&prod, &row.model, '+')]);
            refused(staged, &mut client, &staged.promote, "records these models already");
            client.run(&[moved(&prod, &row.model, '-')]);
        }
    }
    client.run(&staged.promote);
    // Once prod went on, there is no way back.
    for ledger in &staged.plan.ledgers {
        let prod = staged.plain(&ledger.prod);
        for model in ledger.models() {
            let row = format!("where model = '{model}'");
            client.run(&[format!("update {prod} set last_success = last_success + interval '1 hour' {row}")]);
            refused(staged, &mut client, &staged.rollback, "does not hold the rows of this promotion");
            client.run(&[format!("update {prod} set last_success = last_success - interval '1 hour' {row}")]);
        }
    }
    client.run(&staged.rollback);
}

/// How a script is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// A statement fails, and the program that executes the script closes its connection.
    Failure,
    /// The program is killed.
    Kill,
}

/// Stops a script after each number of statements; what is there then is what was before it, or what is there after it.
fn stopped_anywhere(staged: &Staged, how: Stop) {
    let name = &staged.name;
    let (mut client, mut killed) = (staged.client(), staged.client());
    let before = staged.dump(&mut client);
    client.run(&staged.promote);
    let after = staged.dump(&mut client);
    client.run(&staged.rollback);

    let commit = staged.promote.iter().position(|sql| sql == "commit").expect("a commit");
    for done in 0..=staged.promote.len() {
        stop(staged, &mut client, &mut killed, &staged.promote[..done], how);
        let (left, what) = (visible(&staged.dump(&mut client)), format!("{name}: stopped after {done}"));
        if done <= commit {
            assert_same(&left, &visible(&before), &what);
        } else {
            assert_same(&left, &visible(&after), &what);
            client.run(&staged.rollback);
        }
    }
    // Whatever the last stop left, the script can be executed from the beginning.
    stop(staged, &mut client, &mut killed, &staged.promote[..commit], how);
    client.run(&staged.promote);
    assert_same(&staged.dump(&mut client), &after, name);

    let commit = staged.rollback.iter().position(|sql| sql == "commit").expect("a commit");
    for done in 0..=commit {
        stop(staged, &mut client, &mut killed, &staged.rollback[..done], how);
        let what = format!("{name}: its rollback, stopped after {done}");
        assert_same(&staged.dump(&mut client), &after, &what);
    }
    client.run(&staged.rollback);
    assert_same(&staged.dump(&mut client), &before, name);
}

/// Executes statements and stops there.
fn stop(staged: &Staged, client: &mut Client, killed: &mut Client, statements: &[String], how: Stop) {
    let engine = staged.place.engine();
    let with = |last: &str| [statements, &[last.to_owned()]].concat();
    match (how, engine) {
        (Stop::Failure, _) => {
            let failing = match engine {
                Engine::DuckDb => "select error('injected')",
                Engine::Postgres => "select 1 / 0 as injected",
            };
            let reply = client.execute(&with(failing));
            assert!(reply.done == statements.len() && reply.error.is_some(), "{:?}", reply.error);
            client.disconnect();
        }
        (Stop::Kill, Engine::DuckDb) => {
            client.leave();
            killed.run_killed(&with("select 1"));
        }
        (Stop::Kill, Engine::Postgres) => {
            let process = killed.run_killed(&with("select pg_backend_pid()")).remove(0).remove(0);
            wait_until_gone(client, &process.expect("a number"));
        }
    }
}

/// The server notices a client's death by itself, in its own time.
fn wait_until_gone(observer: &mut Client, process: &str) {
    let patience = Instant::now() + Duration::from_secs(60);
    let query = format!("select count(*) from pg_stat_activity where pid = {process}");
    while observer.value(&query) != "0" {
        assert!(Instant::now() < patience, "the server keeps a dead client");
        std::thread::sleep(Duration::from_millis(5));
    }
}
