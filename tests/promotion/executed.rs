//! The golden scripts of the warehouses whose engine is here, and Redshift's on Postgres, which takes them too.

use std::time::{Duration, Instant};

use snowplow_backfill::promote::{Action, Strategy};
use snowplow_backfill::warehouse::{Dialect, Relation};

use crate::client::Client;
use crate::dump::{assert_same, without};
use crate::staged::{Staged, possible};
use crate::support::Engine;

/// Where contents are looked at.
const MANY: u32 = 10_000;

/// Where a script is executed again and again.
const FEW: u32 = 500;

/// Redshift's words for where rows are kept, which are all that Postgres does not know of its scripts.
fn for_postgres(sql: &str) -> Vec<String> {
    let layout = regex::Regex::new(r"\n(diststyle|compound sortkey|sortkey)[^\n]*").expect("a pattern");
    vec![layout.replace_all(sql, "").into_owned()]
}

fn each_case(dialect: Dialect, names: &[&str], events: u32, check: impl Fn(&Staged)) {
    let mut cases = possible(dialect);
    cases.retain(|case| names.is_empty() || names.contains(&case.name));
    assert!(cases.len() >= names.len(), "a name is wrong: {names:?}");
    for case in cases {
        let engine = if dialect == Dialect::DuckDb { Engine::DuckDb } else { Engine::Postgres };
        check(&Staged::of_case(&case, dialect, engine, events, for_postgres));
    }
}

/// What a stop may leave behind: Redshift's copy under its working name.
fn visible(dump: &str) -> String {
    without(dump, "__promote")
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

fn grants(client: &mut Client, table: &str) -> Vec<Vec<Option<String>>> {
    client.ask(&format!(
        "select case when grantee = 0 then 'public' else pg_get_userbyid(grantee) end, privilege_type, is_grantable from pg_class, \
         aclexplode(relacl) where oid = '{table}'::regclass and grantee <> relowner order by 1, 2"
    ))
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
        assert!(rows.parse::<u32>().expect("a number") > 8_000, "{name}: {rows}");
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
    client.reconnect();
    let after = staged.dump(&mut client);
    assert_ne!(before, after);

    let is_moved = staged.plan.strategy == Strategy::Move;
    let words = if is_moved { "does not exist" } else { "records these models already" };
    refused(staged, &mut client, &staged.promote, words);
    client.run(&staged.rollback);
    client.reconnect();
    assert_same(&staged.dump(&mut client), &before, name);
    refused(staged, &mut client, &staged.rollback, "does not hold the rows of this promotion");
}

#[test]
fn promoted_then_rolled_back_on_duckdb() {
    each_case(Dialect::DuckDb, &[], MANY, promoted_then_rolled_back);
}

#[test]
fn promoted_then_rolled_back_on_postgres() {
    each_case(Dialect::Postgres, &[], MANY, promoted_then_rolled_back);
}

#[test]
fn promoted_then_rolled_back_by_redshifts_script() {
    each_case(Dialect::Redshift, &[], MANY, promoted_then_rolled_back);
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
    client.reconnect();
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

#[test]
fn conflicts_on_duckdb() {
    each_case(Dialect::DuckDb, &[], FEW, conflicts);
}

#[test]
fn conflicts_on_postgres() {
    each_case(Dialect::Postgres, &[], FEW, conflicts);
}

#[test]
fn conflicts_with_redshifts_script() {
    each_case(Dialect::Redshift, &[], FEW, conflicts);
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
    let mut client = staged.client();
    let before = staged.dump(&mut client);
    client.run(&staged.promote);
    let after = staged.dump(&mut client);
    client.run(&staged.rollback);

    let commit = staged.promote.iter().position(|sql| sql == "commit").expect("a commit");
    for done in 0..=staged.promote.len() {
        client = stop(staged, client, &staged.promote[..done], how);
        let (left, what) = (visible(&staged.dump(&mut client)), format!("{name}: stopped after {done}"));
        if done <= commit {
            assert_same(&left, &visible(&before), &what);
        } else {
            assert_same(&left, &visible(&after), &what);
            client.run(&staged.rollback);
        }
    }
    // Whatever the last stop left, the script can be executed from the beginning.
    client = stop(staged, client, &staged.promote[..commit], how);
    client.run(&staged.promote);
    assert_same(&staged.dump(&mut client), &after, name);

    let commit = staged.rollback.iter().position(|sql| sql == "commit").expect("a commit");
    for done in 0..=commit {
        client = stop(staged, client, &staged.rollback[..done], how);
        let what = format!("{name}: its rollback, stopped after {done}");
        assert_same(&staged.dump(&mut client), &after, &what);
    }
    client.run(&staged.rollback);
    assert_same(&staged.dump(&mut client), &before, name);
}

/// Executes statements and stops there; a client to go on with.
fn stop(staged: &Staged, mut client: Client, statements: &[String], how: Stop) -> Client {
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
            client.reconnect();
            client
        }
        // Nobody else can have the file open.
        (Stop::Kill, Engine::DuckDb) => {
            client.run(statements);
            client.kill();
            staged.client()
        }
        (Stop::Kill, Engine::Postgres) => {
            let mut killed = staged.client();
            let process = killed.run(&with("select pg_backend_pid()")).remove(0).remove(0).expect("a number");
            killed.kill();
            wait_until_gone(&mut client, &process);
            client
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

#[test]
fn a_failure_anywhere_on_duckdb() {
    each_case(Dialect::DuckDb, &[], FEW, |staged| stopped_anywhere(staged, Stop::Failure));
}

#[test]
fn a_failure_anywhere_on_postgres() {
    each_case(Dialect::Postgres, &[], FEW, |staged| stopped_anywhere(staged, Stop::Failure));
}

#[test]
fn a_failure_anywhere_in_redshifts_script() {
    each_case(Dialect::Redshift, &[], FEW, |staged| stopped_anywhere(staged, Stop::Failure));
}

const SEVERAL_KINDS: &[&str] = &["helper_and_view", "replace", "two_packages"];

#[test]
fn a_kill_anywhere_on_duckdb() {
    each_case(Dialect::DuckDb, SEVERAL_KINDS, FEW, |staged| stopped_anywhere(staged, Stop::Kill));
}

#[test]
fn a_kill_anywhere_on_postgres() {
    let kinds = [SEVERAL_KINDS, &["moved"]].concat();
    each_case(Dialect::Postgres, &kinds, FEW, |staged| stopped_anywhere(staged, Stop::Kill));
}

#[test]
fn a_kill_anywhere_in_redshifts_script() {
    each_case(Dialect::Redshift, SEVERAL_KINDS, FEW, |staged| stopped_anywhere(staged, Stop::Kill));
}
