//! Statements on the rows of incremental manifests: the last thing that a promotion writes, and the first
//! that its rollback takes back.

use super::row_conditions::{name_literals, planned_time_clause, planned_values_conditions};
use crate::promote::plan::{Ledger, MovedRow};
use crate::snowplow::Family;
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, Relation};

const LAST_SUCCESS: &str = "last_success";

fn columns(family: Family) -> &'static [&'static str] {
    match family {
        Family::Session => &["model", LAST_SUCCESS],
        Family::Load => &["model", "first_success", LAST_SUCCESS],
    }
}

/// What staging's row `s` gives to prod, one expression for each column.
fn given_expressions(dialect: Dialect, ledger: &Ledger) -> String {
    let value = |column: &&str| match ledger.cap {
        Some(cap) if *column == LAST_SUCCESS => {
            format!("{} as last_success", dialect.timestamp_literal(cap))
        }
        Some(_) | None => format!("s.{column}"),
    };
    columns(ledger.family).iter().map(value).collect::<Vec<_>>().join(", ")
}

/// Gives prod the rows that it lacks, with the values that staging holds.
#[must_use]
pub fn insert_rows_statement(dialect: Dialect, ledger: &Ledger) -> Option<String> {
    if ledger.added.is_empty() {
        return None;
    }
    let (prod, staging) = (&ledger.prod, &ledger.staging);
    let names = name_literals(ledger.added.iter().map(String::as_str));
    let all_columns = columns(ledger.family).join(", ");
    let given = given_expressions(dialect, ledger);
    let time = planned_time_clause(dialect, ledger, "s");
    let merge = |row_level: &str| {
        let values: Vec<_> = columns(ledger.family).iter().map(|column| format!("s.{column}")).collect();
        format!(
            "merge into {prod} as t\nusing (\n  select {given}\n  from {staging} as s\n  where s.model in \
             ({names}){}\n) as s\non t.model = s.model{row_level}\nwhen not matched then insert \
             ({all_columns}) values ({})",
            time.replace('\n', "\n  "),
            values.join(", ")
        )
    };
    Some(match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb | Dialect::BigQuery => format!(
            "insert into {prod} ({all_columns})\nselect {given}\nfrom {staging} as s\nwhere s.model in \
             ({names}){time}\n  and not exists (select 1 from {prod} as t where t.model = s.model)"
        ),
        Dialect::Snowflake | Dialect::Databricks => merge(""),
        // Spark turns a merge that only inserts into a plain append, which conflicts with nothing.
        Dialect::Spark => merge("\nwhen matched then update set last_success = t.last_success"),
    })
}

/// Sets a row of prod to staging's values, as long as it is the one that the plan found.
#[must_use]
pub fn set_row_statement(dialect: Dialect, ledger: &Ledger, row: &MovedRow) -> String {
    let (prod, staging, model) = (&ledger.prod, &ledger.staging, &row.model);
    let planned = planned_values_conditions(dialect, ledger, row, "t.").join(" and ");
    let time = planned_time_clause(dialect, ledger, "s");
    let assignments = |value: &dyn Fn(&str) -> String| {
        let set = columns(ledger.family)[1..].iter().map(|column| format!("{column} = {}", value(column)));
        set.collect::<Vec<_>>().join(", ")
    };
    let of_source = |column: &str| format!("s.{column}");
    match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => {
            let capped = |column: &str| match ledger.cap {
                Some(cap) if column == LAST_SUCCESS => dialect.timestamp_literal(cap),
                Some(_) | None => of_source(column),
            };
            format!(
                "update {prod} as t\nset {}\nfrom {staging} as s\nwhere t.model = '{model}' and {planned}\n  \
                 and s.model = t.model{time}",
                assignments(&capped)
            )
        }
        // The source is already capped.
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::Spark => format!(
            "merge into {prod} as t\nusing (\n  select {}\n  from {staging} as s\n  where s.model = \
             '{model}'{}\n) as s\non t.model = s.model\nwhen matched and {planned} then update set {}",
            given_expressions(dialect, ledger),
            time.replace('\n', "\n  "),
            assignments(&of_source)
        ),
    }
}

/// Sets a row of prod back to what it was. The plan knows the time: without a connection, no row is moved.
#[must_use]
pub fn restore_row_statement(dialect: Dialect, ledger: &Ledger, row: &MovedRow) -> String {
    let literal = |time: Option<Timestamp>| time.map(|time| dialect.timestamp_literal(time));
    let now = literal(ledger.recorded()).unwrap_or_default();
    let from = dialect.timestamp_literal(row.from);
    let first = match ledger.family {
        Family::Session => String::new(),
        Family::Load => {
            format!("first_success = {}, ", literal(row.first).unwrap_or_else(|| "null".to_owned()))
        }
    };
    format!(
        "update {} set {first}last_success = {from}\nwhere model = '{}' and last_success = {now}",
        ledger.prod, row.model
    )
}

/// Takes the added rows out of prod, as long as they are those that the promotion wrote.
#[must_use]
pub fn delete_rows_statement(dialect: Dialect, ledger: &Ledger) -> Option<String> {
    if ledger.added.is_empty() {
        return None;
    }
    let names = name_literals(ledger.added.iter().map(String::as_str));
    let guard = match ledger.recorded() {
        Some(time) => format!("last_success = {}", dialect.timestamp_literal(time)),
        None => format!(
            "last_success in (select s.last_success from {} as s where s.model in ({names}))",
            ledger.staging
        ),
    };
    Some(format!("delete from {}\nwhere model in ({names})\n  and {guard}", ledger.prod))
}

/// `--strategy move`: staging's rows leave with their tables.
#[must_use]
pub fn delete_staging_rows_statement(ledger: &Ledger, models: &[&str]) -> String {
    format!("delete from {}\nwhere model in ({})", ledger.staging, name_literals(models.iter().copied()))
}

/// The rollback of `--strategy move`: staging's rows come back with their tables.
#[must_use]
pub fn return_staging_rows_statement(ledger: &Ledger, models: &[&str]) -> String {
    let columns = columns(ledger.family).join(", ");
    format!(
        "insert into {} ({columns})\nselect {columns}\nfrom {}\nwhere model in ({})",
        ledger.staging,
        ledger.prod,
        name_literals(models.iter().copied())
    )
}

/// Makes everybody else who writes prod's rows wait until the transaction ends.
#[must_use]
pub fn lock_rows_statement(dialect: Dialect, ledger: &Ledger) -> Option<String> {
    let prod = &ledger.prod;
    match dialect {
        // Conflicts with itself and with every write, but not with reads.
        Dialect::Postgres => Some(format!("lock table {prod} in share row exclusive mode")),
        Dialect::Redshift => Some(format!("lock table {prod}")),
        // Inserts lock nothing there. An update that changes nothing takes the table's lock, or causes a
        // conflict.
        Dialect::Snowflake => Some(format!("update {prod} set last_success = last_success")),
        Dialect::BigQuery => Some(format!("update {prod} set last_success = last_success where true")),
        // On the first two, one statement decides; on DuckDB, the database file is the lock.
        Dialect::Databricks | Dialect::Spark | Dialect::DuckDb => None,
    }
}

/// Postgres: makes everybody who writes to staging wait. A user who may only read staging goes on without the
/// lock: each table is read in one statement, and what staging records is compared before and after.
#[must_use]
pub fn lock_staging_statement<'a>(staging: impl Iterator<Item = &'a Relation>) -> String {
    let staging: Vec<_> = staging.map(ToString::to_string).collect();
    format!(
        "do $still$\nbegin\n  lock table {} in share mode;\nexception when insufficient_privilege then\n  \
         raise notice 'staging is not locked: this user may only read it';\nend\n$still$",
        staging.join(", ")
    )
}
