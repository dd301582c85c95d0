//! Promotions on Spark with Iceberg and on Databricks with Delta, executed.

use std::fs;
use std::path::Path;

use snowplow_backfill::warehouse::Dialect;

use crate::promotion::{Model, Promotion, Table, prove};
use crate::support::statements;

/// The three scripts of a file: each begins with a line that says what it is.
fn scripts(dialect: Dialect, case: &str) -> [String; 3] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/promote").join(dialect.adapter());
    let text = fs::read_to_string(folder.join(case)).expect("a file");
    let (promote, rest) = text.split_once("\n-- Rollback of ").expect("a rollback");
    let (rollback, verify) = rest.split_once("\n-- Verification of ").expect("a verification");
    [promote.to_owned(), format!("-- {rollback}"), format!("-- {verify}")]
}

const COLUMNS: &[(&str, &str)] = &[
    ("view_id", "concat('view ', id)"),
    ("start_tstamp", "timestamp '2023-10-10 23:59:59.999999Z' - make_dt_interval(id % 5)"),
    ("start_tstamp_date", "date '2023-10-10' - cast(id % 5 as int)"),
    ("page_views", "id * 3"),
    ("user_id", "nullif(concat('user ', id % 2), 'user 0')"),
    ("contexts", "array(named_struct('name', concat('ä', id), 'value', id / 3.0))"),
];

/// `fixtures/promote/spark/one_model.sql` is about this.
const ON_SPARK: Model<'_> = Model {
    name: "page_engagement",
    last_success: "2023-10-11 10:11:12.123456",
    replaced_row: None,
    has_first_success: false,
    staging_manifest: "staging_manifest.snowplow_site_incremental_manifest",
    prod_manifest: "prod_manifest.snowplow_site_incremental_manifest",
    table: Some(Table {
        staging: "staging_derived.page_engagement",
        prod: "prod_derived.page_engagement",
        replaced: false,
        columns: COLUMNS,
    }),
};

/// `fixtures/promote/databricks/one_model.sql` is about this.
const ON_DATABRICKS: Model<'_> = Model {
    staging_manifest: "`shop`.`staging_manifest`.`snowplow_site_incremental_manifest`",
    prod_manifest: "`shop`.`prod_manifest`.`snowplow_site_incremental_manifest`",
    table: Some(Table {
        staging: "`shop`.`staging_derived`.`page_engagement`",
        prod: "`shop`.`prod_derived`.`page_engagement`",
        replaced: false,
        columns: COLUMNS,
    }),
    ..ON_SPARK
};

#[test]
fn one_model_on_spark() {
    let [promote, rollback, verify] = &scripts(Dialect::Spark, "one_model.sql");
    let stand_ins =
        prove(&Promotion { dialect: Dialect::Spark, promote, rollback, verify, models: &[ON_SPARK] });
    assert_eq!(stand_ins, ["comment", "hash of all columns"]);
}

#[test]
fn one_model_on_databricks() {
    let [promote, rollback, verify] = &scripts(Dialect::Databricks, "one_model.sql");
    let stand_ins = prove(&Promotion {
        dialect: Dialect::Databricks,
        promote,
        rollback,
        verify,
        models: &[ON_DATABRICKS],
    });
    assert_eq!(stand_ins, ["comment on table", "deep clone", "grant", "hash of all columns"]);
}

/// Tries a script that is worse than the one that is written.
fn prove_worse(worsen: impl FnOnce(&mut Vec<&str>)) {
    let [promote, rollback, verify] = &scripts(Dialect::Spark, "one_model.sql");
    let mut statements = statements(Dialect::Spark, promote);
    worsen(&mut statements);
    let promote = &statements.join(";\n");
    prove(&Promotion { dialect: Dialect::Spark, promote, rollback, verify, models: &[ON_SPARK] });
}

fn place(statements: &[&str], beginning: &str) -> usize {
    statements.iter().position(|statement| statement.starts_with(beginning)).expect("such a statement")
}

#[test]
#[should_panic(expected = "page_engagement is recorded, but not whole")]
fn a_row_before_its_table_is_noticed() {
    prove_worse(|statements| {
        let record = statements.remove(place(statements, "merge into"));
        statements.insert(place(statements, "create table"), record);
    });
}

#[test]
#[should_panic(expected = "moved since it was planned")]
fn a_missing_look_at_staging_is_noticed() {
    prove_worse(|statements| {
        statements.remove(0);
    });
}

#[test]
#[should_panic(expected = "it was not noticed")]
fn a_missing_look_at_the_rows_is_noticed() {
    prove_worse(|statements| statements.truncate(statements.len() - 1));
}

#[test]
#[should_panic(expected = "after the promotion")]
fn a_copy_of_a_part_is_noticed() {
    prove_worse(|statements| {
        let create = place(statements, "create table");
        let complete = statements.iter().rposition(|it| it.contains("prod does not hold")).expect("a check");
        statements.remove(complete);
        statements[create] = "create table if not exists prod_derived.page_engagement using iceberg as select * from \
                              staging_derived.page_engagement where page_views > 0";
    });
}
