//! What the warehouses' manuals say and no grammar here knows. The last validator, for what the others let
//! through.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use regex::{Captures, Regex};
use snowplow_backfill::warehouse::Dialect;

/// A pattern of statements, with their texts emptied and in lower case, and why they are wrong.
type Rule = (&'static str, &'static str);

fn rules(dialect: Dialect) -> &'static [Rule] {
    match dialect {
        Dialect::Postgres | Dialect::DuckDb => &[],
        Dialect::Redshift => &[
            ("^do ", "Redshift has no anonymous blocks"),
            (r"^alter table \S+ set schema ", "Redshift moves no table to another schema"),
            (r"^merge into \S+ (as )?\w+ using", "the target of Redshift's MERGE has no alias"),
            (r"\bfrom \(values ", "Redshift takes no list of VALUES for a table"),
        ],
        Dialect::Snowflake => &[
            (r"^alter table \S+ set schema ", "Snowflake moves a table by RENAME TO"),
            (r"then insert \([^)]*\)$", "a row that is inserted has VALUES"),
            (r"\btimestamp ''", "what TIMESTAMP means is a setting of the session"),
            ("^grant .* to (role )?[^,]+,", "a grant has one grantee"),
        ],
        Dialect::BigQuery => &[
            (r"^alter table \S+ rename to \S+\.\S+$", "the new name stays in its dataset"),
            ("^create or replace table .* clone ", "BigQuery replaces no table by a clone"),
        ],
        Dialect::Databricks | Dialect::Spark => &[
            (r"\btimestamp ''", "a time without Z depends on the session's zone"),
            ("^grant .* to [^,]+,", "a grant has one principal"),
            ("''''", "a doubled quote is the end of one text and the beginning of the next"),
        ],
    }
}

/// Why a statement is wrong.
pub fn judge(dialect: Dialect, statement: &str) -> Option<String> {
    let plain = plain(dialect, statement);
    rules(dialect).iter().find(|(pattern, _)| is_match(pattern, &plain)).map(|(_, why)| (*why).to_owned())
}

/// Why statements are wrong in this order.
pub fn judge_order(dialect: Dialect, statements: &[&str]) -> Option<String> {
    let mut is_first = false;
    let mut within = false;
    for &statement in statements {
        let plain = plain(dialect, statement);
        let why = match dialect {
            Dialect::Redshift if is_first && !is_match("^lock ", &plain) => Some(
                "what a transaction of Redshift sees is settled by its first statement: that is its lock",
            ),
            Dialect::Redshift if within && is_match(r"^truncate |^alter table \S+ append ", &plain) => {
                Some("this statement commits Redshift's transaction")
            }
            Dialect::Snowflake
                if within
                    && is_match("^(create|alter|drop|undrop|grant|revoke|truncate|comment) ", &plain) =>
            {
                Some("this statement commits Snowflake's transaction")
            }
            Dialect::BigQuery if within && is_match("^(create|alter|drop|grant|revoke) ", &plain) => {
                Some("BigQuery's transactions hold no such statement")
            }
            _ => None,
        };
        if let Some(why) = why {
            return Some(format!("{why}: {statement}"));
        }
        is_first = is_match("^begin( transaction| isolation level .*)?$", &plain);
        within = (within || is_first) && !is_match("^(commit|rollback)( transaction)?$", &plain);
    }
    within.then(|| "the transaction is not ended".to_owned())
}

/// Compiling a pattern costs more than everything else here.
fn is_match(pattern: &'static str, text: &str) -> bool {
    static COMPILED: LazyLock<Mutex<HashMap<&'static str, Regex>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().expect("no panic meanwhile");
    compiled.entry(pattern).or_insert_with(|| Regex::new(pattern).expect("a pattern")).is_match(text)
}

/// A statement on one line in lower case, its texts empty: only a zone is kept, as `'z'`, and doubled quotes.
fn plain(dialect: Dialect, statement: &str) -> String {
    static PLAIN_TEXTS: LazyLock<Regex> = LazyLock::new(|| Regex::new("'[^']*'").expect("a pattern"));
    static TEXTS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"'(?:[^'\\]|\\.)*'").expect("a pattern"));
    let texts = if matches!(dialect, Dialect::Postgres | Dialect::DuckDb) { &PLAIN_TEXTS } else { &TEXTS };
    let emptied = texts.replace_all(statement, |text: &Captures<'_>| {
        let is_zoned = dialect != Dialect::Snowflake && text[0].ends_with("Z'");
        if is_zoned { "'z'" } else { "''" }
    });
    emptied.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[test]
fn an_order_that_a_warehouse_does_not_take() {
    for (dialect, statements) in [
        (Dialect::Redshift, &["begin", "select 1", "commit"][..]),
        (Dialect::Redshift, &["begin", "lock table a", "truncate table b", "commit"]),
        (Dialect::Snowflake, &["begin transaction", "update a set b = b", "drop table c", "commit"]),
        (
            Dialect::BigQuery,
            &["begin transaction", "create table `a`.`b` copy `a`.`c`", "commit transaction"],
        ),
        (Dialect::Postgres, &["begin", "select 1"]),
    ] {
        assert!(judge_order(dialect, statements).is_some(), "{dialect}: {statements:?}");
    }
}

#[test]
fn an_order_that_a_warehouse_takes() {
    for (dialect, statements) in [
        (
            Dialect::Redshift,
            &["begin", "lock table a", "alter table b rename to c", "commit", "truncate table d"][..],
        ),
        (Dialect::Snowflake, &["begin transaction", "update a set b = b", "commit", "drop table c"]),
        (Dialect::BigQuery, &["begin transaction", "delete from `a` where true", "commit transaction"]),
        (Dialect::Postgres, &["begin", "drop table a", "commit"]),
    ] {
        assert_eq!(judge_order(dialect, statements), None, "{dialect}: {statements:?}");
    }
}
