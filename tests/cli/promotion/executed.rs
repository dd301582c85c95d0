//! The golden scripts of the warehouses whose engine is here, and Redshift's on Postgres, which takes them
//! too.

use snowplow_backfill::promote::{Action, CopyStrategy, written_as};
use snowplow_backfill::warehouse::Dialect;

use super::client::{Client, Rows};
use super::definition::{definition, grants};
use super::dump::assert_same;
use super::staged::{Staged, possible};
use super::stops::{Stop, refused, stopped_anywhere};
use crate::support::Engine;

const EVENTS: u32 = 3_000;

/// Redshift's words for where rows are kept, which are all that Postgres does not know of its scripts.
pub fn for_postgres(sql: &str) -> Vec<String> {
    let words = [" alter sortkey ", " alter compound sortkey ", " alter diststyle ", " alter distkey "];
    if sql.starts_with("alter table ") && words.into_iter().any(|words| sql.contains(words)) {
        return Vec::new();
    }
    let is_layout = |line: &&str| {
        ["diststyle", "distkey", "compound sortkey", "interleaved sortkey", "sortkey"]
            .iter()
            .any(|word| line.starts_with(word))
    };
    vec![sql.lines().filter(|line| !is_layout(line)).collect::<Vec<_>>().join("\n")]
}

/// Cases whose scripts are killed too, or lose their connection, which takes longer: one of each kind.
const KILLED: &[&str] = &["helper_and_view", "replace", "two_packages", "moved"];

/// Every case of a warehouse. Each check leaves the database as it was.
fn golden_scripts(dialect: Dialect) {
    let engine = if dialect == Dialect::DuckDb { Engine::DuckDb } else { Engine::Postgres };
    for case in possible(dialect) {
        let staged = Staged::of_case(&case, dialect, engine, EVENTS, for_postgres);
        promoted_then_rolled_back(&staged);
        conflicts(&staged);
        stopped_anywhere(&staged.scripted, Stop::Failure);
        if KILLED.contains(&case.name) {
            stopped_anywhere(&staged.scripted, Stop::Kill);
            if engine == Engine::Postgres {
                stopped_anywhere(&staged.scripted, Stop::Loss);
            }
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
            "select count(*) from (select {columns} from {one} except all select {columns} from {other}) as \
             lacking"
        ))
    })
}

fn promoted_then_rolled_back(staged: &Staged) {
    let (name, dialect) = (&staged.scripted.name, staged.scripted.dialect);
    let mut client = staged.scripted.client();
    let before = staged.scripted.dump(&mut client);
    // What staging holds, for the strategy that takes it away.
    let mut definitions = Vec::new();
    for (place, table) in staged.plan.tables.iter().enumerate() {
        let staging = staged.plain(&table.facts.staging);
        client.run(&[format!("create temporary table kept_{place} as select * from {staging}")]);
        definitions.push(definition(&mut client, dialect, staged.name_of(&table.facts.staging)));
    }

    let granted = replaced_grants(staged, &mut client);
    client.run(&staged.scripted.promote);
    assert_eq!(replaced_grants(staged, &mut client), granted, "{name}");
    for (place, table) in staged.plan.tables.iter().enumerate() {
        let prod = staged.plain(&table.facts.prod);
        let rows = client.value(&format!("select count(*) from {prod}"));
        assert!(rows.parse::<u32>().expect("a number") > 2_000, "{name}: {rows}");
        assert_eq!(differences(&mut client, &format!("kept_{place}"), &prod), ["0", "0"], "{name}");
        let strategy = written_as(dialect, staged.plan.strategy, table);
        let is_exact = matches!(strategy, CopyStrategy::Like | CopyStrategy::Move)
            && table.action != Action::Keep
            && !table.facts.physical.columns.is_empty();
        if is_exact {
            let made = definition(&mut client, dialect, staged.name_of(&table.facts.prod));
            assert_eq!(made, definitions[place], "{name}");
        }
    }
    for query in &staged.scripted.verify {
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
    let after = staged.scripted.dump(&mut client);
    assert_ne!(before, after);

    let is_moved = staged.plan.strategy == CopyStrategy::Move;
    let words = if is_moved { "does not exist" } else { "records these models already" };
    refused(&staged.scripted, &mut client, &staged.scripted.promote, words);
    client.run(&staged.scripted.rollback);
    client.disconnect();
    assert_same(&staged.scripted.dump(&mut client), &before, name);
    refused(
        &staged.scripted,
        &mut client,
        &staged.scripted.rollback,
        "does not hold the rows of this promotion",
    );
}

/// What may be done with tables that are replaced, where the script keeps it.
fn replaced_grants(staged: &Staged, client: &mut Client) -> Vec<Rows> {
    let is_kept = staged.scripted.dialect == Dialect::Postgres;
    let replaced = staged.plan.tables.iter().filter(|table| matches!(table.action, Action::Replace { .. }));
    let tables = replaced.filter(|_| is_kept).map(|table| staged.plain(&table.facts.prod));
    tables
        .map(|table| {
            let grants = grants(client, &table);
            assert!(grants.len() > 3, "{grants:?}");
            grants
        })
        .collect()
}

/// Both sides are not as planned.
fn conflicts(staged: &Staged) {
    let mut client = staged.scripted.client();
    for ledger in &staged.plan.ledgers {
        let (staging, prod) = (staged.plain(&ledger.staging), staged.plain(&ledger.prod));
        let moved = |table: &str, model: &str, sign: char| {
            format!(
                "update {table} set last_success = last_success {sign} interval '1 microsecond' where model \
                 = '{model}'"
            )
        };
        for model in ledger.models() {
            // Staging went on by the smallest step there is.
            client.run(&[moved(&staging, model, '+')]);
            refused(&staged.scripted, &mut client, &staged.scripted.promote, "moved since this was planned");
            client.run(&[moved(&staging, model, '-')]);
        }
        for model in &ledger.added {
            // Prod records the model meanwhile, be it with the very time that staging has.
            client.run(&[format!(
                "insert into {prod} (model, last_success) select model, last_success from {staging} where \
                 model = '{model}'"
            )]);
            refused(&staged.scripted, &mut client, &staged.scripted.promote, "records these models already");
            client.run(&[format!("delete from {prod} where model = '{model}'")]);
        }
        for row in &ledger.moved {
            client.run(&[moved(&prod, &row.model, '+')]);
            refused(&staged.scripted, &mut client, &staged.scripted.promote, "records these models already");
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
        refused(&staged.scripted, &mut client, &staged.scripted.promote, "does not hold what");
        client.run(&[seconds('-'), format!("alter table {prod} rename column engaged_seconds to seconds")]);
        refused(&staged.scripted, &mut client, &staged.scripted.promote, "has other columns than");
        client.run(&[format!("alter table {prod} rename column seconds to engaged_seconds")]);
    }
    client.run(&staged.scripted.promote);
    // Once prod went on, there is no way back.
    for ledger in &staged.plan.ledgers {
        let prod = staged.plain(&ledger.prod);
        for model in ledger.models() {
            let row = format!("where model = '{model}'");
            client.run(&[format!("update {prod} set last_success = last_success + interval '1 hour' {row}")]);
            refused(
                &staged.scripted,
                &mut client,
                &staged.scripted.rollback,
                "does not hold the rows of this promotion",
            );
            client.run(&[format!("update {prod} set last_success = last_success - interval '1 hour' {row}")]);
        }
    }
    client.run(&staged.scripted.rollback);
}
