//! Rows of incremental manifests: the last thing that a promotion writes, and the first that its rollback takes back.

use super::assertion::all;
use crate::promote::plan::{Ledger, MovedRow};
use crate::snowplow::Family;
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, Relation};

/// Names as a list of literals. They are plain, which was checked.
fn names<'a>(models: impl IntoIterator<Item = &'a str>) -> String {
    models.into_iter().map(|model| format!("'{model}'")).collect::<Vec<_>>().join(", ")
}

fn columns(family: Family) -> &'static [&'static str] {
    match family {
        Family::Session => &["model", "last_success"],
        Family::Load => &["model", "first_success", "last_success"],
    }
}

/// What staging's row `s` gives to prod, a column each.
fn values(dialect: Dialect, ledger: &Ledger) -> String {
    let value = |column: &&str| match ledger.cap {
        Some(cap) if *column == "last_success" => {
            format!("{} as last_success", dialect.timestamp_literal(cap))
        }
        _ => format!("s.{column}"),
    };
    columns(ledger.family).iter().map(value).collect::<Vec<_>>().join(", ")
}

/// The columns of a source `s` that has them by name.
fn named(family: Family) -> String {
    columns(family).iter().map(|column| format!("s.{column}")).collect::<Vec<_>>().join(", ")
}

/// Staging's rows at the planned time; offline, at whatever time they are.
fn at_time(dialect: Dialect, ledger: &Ledger, alias: &str) -> String {
    ledger
        .time
        .map(|time| format!("\n  and {alias}.last_success = {}", dialect.timestamp_literal(time)))
        .unwrap_or_default()
}

/// Staging holds one row of each model, all at the planned time.
#[must_use]
pub fn as_planned(dialect: Dialect, ledger: &Ledger) -> String {
    let (staging, names, count) = (&ledger.staging, names(ledger.models()), ledger.models().count());
    let times = match ledger.time {
        Some(time) => {
            format!("min(last_success) = {0} and max(last_success) = {0}", dialect.timestamp_literal(time))
        }
        None => "min(last_success) = max(last_success)".to_owned(),
    };
    format!(
        "(select count(*) from (select model from {staging} where model in ({names}) group by model having count(*) = 1 and \
         {times}) as planned) = {count}\n  and (select count(distinct last_success) from {staging} where model in ({names})) = 1"
    )
}

/// Prod holds no row of the added models; of the moved ones, the row that was planned. `or_done`: or what the script
/// itself wrote when it was executed before.
#[must_use]
pub fn free_or_done(dialect: Dialect, ledger: &Ledger, or_done: bool) -> String {
    let (prod, staging) = (&ledger.prod, &ledger.staging);
    let mut conditions = Vec::new();
    if !ledger.added.is_empty() {
        let names = names(ledger.added.iter().map(String::as_str));
        conditions.push(match (or_done, ledger.recorded()) {
            (false, _) => format!("(select count(*) from {prod} where model in ({names})) = 0"),
            (true, Some(time)) => format!(
                "(select count(*) from {prod} where model in ({names}) and last_success <> {}) = 0",
                dialect.timestamp_literal(time)
            ),
            (true, None) => format!(
                "(select count(*) from {prod} as t join {staging} as s on s.model = t.model where t.model in ({names}) and \
                 t.last_success <> s.last_success) = 0"
            ),
        });
    }
    for row in &ledger.moved {
        let done = ledger.recorded().filter(|_| or_done);
        conditions.push(one_row(dialect, ledger, row, done));
    }
    all(&conditions)
}

/// Prod's row of a model is as it was planned, or of this time; and there is no other one.
fn one_row(dialect: Dialect, ledger: &Ledger, row: &MovedRow, or_at: Option<Timestamp>) -> String {
    let of_model = format!("(select count(*) from {} where model = '{}'", ledger.prod, row.model);
    let planned = as_it_was(dialect, ledger, row, "").join(" and ");
    let is_it = match or_at {
        Some(time) => format!("(({planned}) or last_success = {})", dialect.timestamp_literal(time)),
        None => planned,
    };
    all(&[format!("{of_model} and {is_it}) = 1"), format!("{of_model}) = 1")])
}

/// The planned values of a row that prod has, as conditions.
fn as_it_was(dialect: Dialect, ledger: &Ledger, row: &MovedRow, prefix: &str) -> Vec<String> {
    let mut values = vec![format!("{prefix}last_success = {}", dialect.timestamp_literal(row.from))];
    values.extend(match (ledger.family, row.first) {
        (Family::Session, _) => None,
        (Family::Load, Some(first)) => {
            Some(format!("{prefix}first_success = {}", dialect.timestamp_literal(first)))
        }
        (Family::Load, None) => Some(format!("{prefix}first_success is null")),
    });
    values
}

/// Prod holds one row of each model, the same as staging's or of the time that was planned.
#[must_use]
pub fn recorded(dialect: Dialect, ledger: &Ledger) -> String {
    let (prod, staging) = (&ledger.prod, &ledger.staging);
    let (names, count) = (names(ledger.models()), ledger.models().count());
    let time = at_time(dialect, ledger, "s");
    let recorded = ledger.cap.map_or("s.last_success".to_owned(), |cap| dialect.timestamp_literal(cap));
    format!(
        "(select count(*) from {prod} as t join {staging} as s on s.model = t.model where t.last_success = {recorded} and \
         t.model in ({names}){time}) = {count}\n  and (select count(*) from {prod} where model in ({names})) = {count}"
    )
}

/// Prod's rows are what the promotion wrote, whatever staging did since.
#[must_use]
pub fn written(dialect: Dialect, ledger: &Ledger) -> String {
    let Some(time) = ledger.recorded() else { return recorded(dialect, ledger) };
    let (prod, names, count) = (&ledger.prod, names(ledger.models()), ledger.models().count());
    let time = dialect.timestamp_literal(time);
    format!(
        "(select count(*) from {prod} where model in ({names}) and last_success = {time}) = {count}\n  and (select count(*) from \
         {prod} where model in ({names})) = {count}"
    )
}

/// Puts the rows into prod that it lacks, with the values that staging holds.
#[must_use]
pub fn insert_rows(dialect: Dialect, ledger: &Ledger) -> Option<String> {
    if ledger.added.is_empty() {
        return None;
    }
    let (prod, staging) = (&ledger.prod, &ledger.staging);
    let names = names(ledger.added.iter().map(String::as_str));
    let all_columns = columns(ledger.family).join(", ");
    let (selected, given) = (values(dialect, ledger), named(ledger.family));
    let time = at_time(dialect, ledger, "s");
    Some(match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb | Dialect::BigQuery => format!(
            "insert into {prod} ({all_columns})\nselect {selected}\nfrom {staging} as s\nwhere s.model in ({names}){time}\n  \
             and not exists (select 1 from {prod} as t where t.model = s.model)"
        ),
        Dialect::Snowflake | Dialect::Databricks | Dialect::Spark => {
            // Spark turns a merge that only inserts into a plain append, which conflicts with nothing.
            let row_level = match dialect {
                Dialect::Spark => "\nwhen matched then update set last_success = t.last_success",
                _ => "",
            };
            format!(
                "merge into {prod} as t\nusing (\n  select {selected}\n  from {staging} as s\n  where s.model in \
                 ({names}){}\n) as s\non t.model = s.model{row_level}\nwhen not matched then insert ({all_columns}) values \
                 ({given})",
                time.replace('\n', "\n  ")
            )
        }
    })
}

/// Sets a row of prod to staging's values, if it still is what was planned.
#[must_use]
pub fn set_row(dialect: Dialect, ledger: &Ledger, row: &MovedRow) -> String {
    let (prod, staging, model) = (&ledger.prod, &ledger.staging, &row.model);
    let from = as_it_was(dialect, ledger, row, "t.").join(" and ");
    let time = at_time(dialect, ledger, "s");
    let set = |capped: bool| {
        let value = |column: &&str| match ledger.cap {
            Some(cap) if *column == "last_success" && !capped => {
                format!("last_success = {}", dialect.timestamp_literal(cap))
            }
            _ => format!("{column} = s.{column}"),
        };
        columns(ledger.family)[1..].iter().map(value).collect::<Vec<_>>().join(", ")
    };
    match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => format!(
            "update {prod} as t\nset {}\nfrom {staging} as s\nwhere t.model = '{model}' and {from}\n  and \
             s.model = t.model{time}",
            set(false)
        ),
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::Spark => format!(
            "merge into {prod} as t\nusing (\n  select {}\n  from {staging} as s\n  where s.model = '{model}'{}\n) as s\non \
             t.model = s.model\nwhen matched and {from} then update set {}",
            values(dialect, ledger),
            time.replace('\n', "\n  "),
            set(true)
        ),
    }
}

/// Whether the promotion sets a row back.
#[must_use]
pub fn lower(ledger: &Ledger, row: &MovedRow) -> bool {
    ledger.recorded().is_some_and(|time| time < row.from)
}

/// Sets a row of prod back to what it was. Only ever with a planned time: without a connection no row is moved.
#[must_use]
pub fn restored(dialect: Dialect, ledger: &Ledger, row: &MovedRow) -> String {
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

/// Takes the added rows out of prod, if they still are what the promotion wrote.
#[must_use]
pub fn delete_rows(dialect: Dialect, ledger: &Ledger) -> Option<String> {
    if ledger.added.is_empty() {
        return None;
    }
    let names = names(ledger.added.iter().map(String::as_str));
    let guard = match ledger.recorded() {
        Some(time) => format!("last_success = {}", dialect.timestamp_literal(time)),
        None => format!(
            "last_success in (select s.last_success from {} as s where s.model in ({names}))",
            ledger.staging
        ),
    };
    Some(format!("delete from {}\nwhere model in ({names})\n  and {guard}", ledger.prod))
}

/// Prod's row of a model is what it was before the promotion. One that the promotion set back may still be so: with it prod
/// reads too much rather than too little.
#[must_use]
pub fn taken_back(dialect: Dialect, ledger: &Ledger, model: &str) -> String {
    let of_model = format!("(select count(*) from {} where model = '{model}'", ledger.prod);
    let Some(row) = ledger.moved.iter().find(|row| row.model == model) else {
        return format!("{of_model}) = 0");
    };
    one_row(dialect, ledger, row, ledger.recorded().filter(|_| lower(ledger, row)))
}

/// `--strategy move`: staging's rows go with the tables, and come back with them.
#[must_use]
pub fn staging_moves(ledger: &Ledger, models: &[&str], back: bool) -> String {
    let (prod, staging, names) = (&ledger.prod, &ledger.staging, names(models.iter().copied()));
    if back {
        let columns = columns(ledger.family).join(", ");
        format!("insert into {staging} ({columns})\nselect {columns}\nfrom {prod}\nwhere model in ({names})")
    } else {
        format!("delete from {staging}\nwhere model in ({names})")
    }
}

/// Makes everybody else who writes the rows wait, until the transaction ends.
#[must_use]
pub fn lock(dialect: Dialect, ledger: &Ledger) -> Option<String> {
    let prod = &ledger.prod;
    match dialect {
        // Conflicts with itself and with every write, not with reads.
        Dialect::Postgres => Some(format!("lock table {prod} in share row exclusive mode")),
        Dialect::Redshift => Some(format!("lock table {prod}")),
        // Inserts lock nothing there; an update that changes nothing takes the table's lock, or makes a conflict.
        Dialect::Snowflake => Some(format!("update {prod} set last_success = last_success")),
        Dialect::BigQuery => Some(format!("update {prod} set last_success = last_success where true")),
        // One statement decides there, or the database file is the lock.
        Dialect::Databricks | Dialect::Spark | Dialect::DuckDb => None,
    }
}

/// Postgres: makes everybody wait who writes to staging. Who may only read it goes on without: each table is read in one
/// statement, and what staging records is compared before and after.
#[must_use]
pub fn still<'a>(staging: impl Iterator<Item = &'a Relation>) -> String {
    let staging: Vec<_> = staging.map(ToString::to_string).collect();
    format!(
        "do $still$\nbegin\n  lock table {} in share mode;\nexception when insufficient_privilege then\n  \
         raise notice 'staging is not locked: this user may only read it';\nend\n$still$",
        staging.join(", ")
    )
}
