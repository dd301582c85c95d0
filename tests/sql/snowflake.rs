//! Promotions on Snowflake, executed on an imitation of it: those of the golden files.

use std::collections::BTreeMap;

use snowplow_backfill::timestamp::Timestamp;
use snowplow_backfill::warehouse::Dialect;

use crate::promotion::{Before, Copied, Manifests, Promotion, Row, promotions, say};
use crate::support::{Lab, Rows};

/// Cases whose scripts have statements, or an order of them, that no other case has.
const UNUSUAL: &[&str] = &["one_model", "replace"];

/// All tables, without the order of their rows; none for a table that is not there.
type State = BTreeMap<String, Option<Rows>>;

fn lab(promotions: &[(&str, Promotion)]) -> Lab {
    let relations: Vec<_> = promotions.iter().flat_map(|(_, promotion)| promotion.relations()).collect();
    Lab::start_snowflake(&relations)
}

/// Staging and prod as they were when the promotion was planned.
fn set_up(lab: &mut Lab, promotion: &Promotion) {
    lab.empty();
    for manifests in &promotion.manifests {
        create_manifest(lab, manifests, &manifests.staging, &manifests.staging_rows);
        let create = format!("create transient table if not exists {} as", manifests.prod);
        if !promotion.promote.iter().any(|statement| statement.starts_with(&create)) {
            create_manifest(lab, manifests, &manifests.prod, &manifests.prod_rows);
        }
    }
    for table in &promotion.tables {
        create(lab, table, &table.staging, "(0), (1), (2), (3), (4)");
        match table.before {
            Before::Nothing => {}
            Before::Another => create(lab, table, &table.prod, "(1), (7)"),
            Before::Copy => create(lab, table, &table.prod, "(0), (1), (2), (3), (4)"),
        }
    }
}

fn create_manifest(lab: &mut Lab, manifests: &Manifests, name: &str, rows: &[Row]) {
    let columns = manifests.columns()[1..].join(" timestamp_ntz, ");
    lab.must(&format!("create table {name} (model varchar, {columns} timestamp_ntz)"));
    for row in rows {
        lab.must(&format!("insert into {name} {}", select(manifests, row)));
    }
}

/// The query of a row.
fn select(manifests: &Manifests, row: &Row) -> String {
    let time = |time: Timestamp, name| format!("to_timestamp_ntz('{}') as {name}", time.to_all_digits());
    let last_success = time(row.last_success, "last_success");
    if !manifests.has_first_success {
        return format!("select '{}', {last_success}", row.model);
    }
    format!("select '{}', {}, {last_success}", row.model, time(row.first_success, "first_success"))
}

fn create(lab: &mut Lab, table: &Copied, name: &str, ids: &str) {
    let value = |column: &str| match column.trim_matches('"').to_lowercase().as_str() {
        "start_tstamp" => "dateadd(day, -id, to_timestamp_ntz('2023-10-10 23:59:59.999999'))",
        "start_tstamp_date" => "dateadd(day, -id, '2023-10-10'::date)",
        "engaged_seconds" => "(id / 3)::number(18, 6)",
        _ => "iff(id % 2 = 0, 'ä' || id::varchar, null)",
    };
    let columns: Vec<_> =
        table.columns.iter().map(|(column, _)| format!("{} as {column}", value(column))).collect();
    lab.must(&format!(
        "create table {name} as select {} from (values {ids}) as ids (id)",
        columns.join(", ")
    ));
}

fn state(lab: &mut Lab, promotion: &Promotion) -> State {
    let mut state = State::new();
    for manifests in &promotion.manifests {
        for name in [&manifests.staging, &manifests.prod] {
            let rows = lab.read(name, &manifests.columns().join(", "));
            // A rollback leaves it empty where the promotion made it.
            state.insert(name.clone(), Some(rows.unwrap_or_default()));
        }
    }
    for table in &promotion.tables {
        let columns: Vec<_> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
        for name in [&table.staging, &table.prod] {
            state.insert(name.clone(), lab.read(name, &columns.join(", ")));
        }
    }
    state
}

/// What the state is to be in the end: prod holds what staging holds, and nothing else has changed.
fn promoted(lab: &mut Lab, promotion: &Promotion, before: &State) -> State {
    let mut state = before.clone();
    for manifests in &promotion.manifests {
        let rows = state.get_mut(&manifests.prod).and_then(Option::as_mut).expect("prod's rows");
        rows.retain(|row| manifests.promoted.iter().all(|promoted| promoted.model != row[0]));
        rows.extend(manifests.promoted.iter().flat_map(|row| lab.must(&select(manifests, row))));
        rows.sort();
    }
    for table in &promotion.tables {
        state.insert(table.prod.clone(), state[&table.staging].clone());
    }
    state
}

/// Executed as it is meant to be, compared, and taken back.
fn stands_what_is_usual(lab: &mut Lab, promotion: &Promotion) {
    set_up(lab, promotion);
    let before = state(lab, promotion);
    let after = promoted(lab, promotion, &before);
    must_run(lab, &promotion.promote);
    assert_eq!(state(lab, promotion), after, "after the promotion");
    let compared = must_run(lab, &promotion.verify);
    assert!(!compared.is_empty(), "it verifies nothing");
    for row in compared.iter().flatten() {
        assert!(row.len() == 3 && row[1] == row[2] && row[1] != "null", "differs: {row:?}");
    }
    must_run(lab, &promotion.rollback);
    assert_eq!(state(lab, promotion), before, "after the rollback");
}

/// Executed twice, taken back twice, and refused on what is not as it was planned.
fn stands_what_is_unusual(lab: &mut Lab, promotion: &Promotion) {
    set_up(lab, promotion);
    let before = state(lab, promotion);
    let after = promoted(lab, promotion, &before);
    must_run(lab, &promotion.promote);
    must_run(lab, &promotion.promote);
    assert_eq!(state(lab, promotion), after, "after a second execution");
    must_run(lab, &promotion.rollback);
    // Refused or not.
    let _ = lab.run(&promotion.rollback);
    assert_eq!(state(lab, promotion), before, "after a second rollback");

    must_run(lab, &promotion.promote);
    let Manifests { prod, promoted, .. } = &promotion.manifests[0];
    lab.must(&format!(
        "update {prod} set last_success = to_timestamp_ntz('2024-02-02 02:02:02') where model = '{}'",
        promoted[0].model
    ));
    let moved = state(lab, promotion);
    for script in [&promotion.promote, &promotion.rollback] {
        let refused = lab.run(script).expect_err("prod ran");
        assert!(refused.starts_with("Division by zero"), "{refused}");
        assert_eq!(state(lab, promotion), moved, "after it was refused");
    }
}

fn must_run(lab: &mut Lab, statements: &[String]) -> Vec<Rows> {
    lab.run(statements).unwrap_or_else(|error| panic!("{error}"))
}

/// A stand-in is used only where a statement fails without it.
#[test]
fn snowflake_stands_what_is_usual() {
    let promotions = promotions(Dialect::Snowflake);
    let mut lab = lab(&promotions);
    for (name, promotion) in &promotions {
        say(name, Dialect::Snowflake);
        stands_what_is_usual(&mut lab, promotion);
    }
    assert_eq!(
        lab.stand_ins.into_iter().collect::<Vec<_>>(),
        [
            "alter session",
            "clone that replaces",
            "comment",
            "comment on table",
            "grant",
            "hash_agg",
            "length of texts",
            "set change tracking",
            "transaction",
            "unset retention"
        ]
    );
}

#[test]
fn snowflake_stands_what_is_unusual() {
    let mut promotions = promotions(Dialect::Snowflake);
    promotions.retain(|(name, _)| UNUSUAL.contains(name));
    assert_eq!(promotions.len(), UNUSUAL.len(), "their names have changed");
    let mut lab = lab(&promotions);
    for (name, promotion) in &promotions {
        say(name, Dialect::Snowflake);
        stands_what_is_unusual(&mut lab, promotion);
    }
    assert_eq!(
        lab.stand_ins.into_iter().collect::<Vec<_>>(),
        ["alter session", "clone if not exists", "clone that replaces", "transaction", "unset retention"]
    );
}

/// Why there is a stand-in for transactions, although a `begin` alone does not fail.
#[test]
fn a_merge_in_a_transaction_needs_its_stand_in() {
    let mut promotions = promotions(Dialect::Snowflake);
    promotions.truncate(1);
    let promotion = &promotions[0].1;
    let mut lab = lab(&promotions);
    set_up(&mut lab, promotion);
    lab.must("begin");
    let mut statements = promotion.promote.iter();
    lab.must(statements.find(|it| it.starts_with("update ")).expect("a lock"));
    let merge = statements.find(|it| it.starts_with("merge ")).expect("a merge");
    let error = lab.execute(merge).expect_err("a merge");
    assert!(error.contains("a single transaction can only write to a single attached database"), "{error}");
}

#[test]
#[should_panic(expected = "after the promotion")]
fn a_row_that_is_not_recorded_is_noticed() {
    let mut promotions = promotions(Dialect::Snowflake);
    promotions.truncate(1);
    let mut lab = lab(&promotions);
    let promotion = &mut promotions[0].1;
    promotion.promote.retain(|it| !it.starts_with("merge ") && !it.contains("is_missing_doubled_or"));
    stands_what_is_usual(&mut lab, promotion);
}
