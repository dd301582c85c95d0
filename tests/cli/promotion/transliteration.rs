//! Scripts of warehouses that cannot be had here, as DuckDB can execute them: what is done stays, how it is
//! said changes, and what DuckDB has no notion of is left out by name.

use std::sync::LazyLock;

use regex::Regex;
use snowplow_backfill::warehouse::Dialect::{self, BigQuery, Databricks, Snowflake, Spark};

/// A pattern, and what stands in its place.
struct Rule {
    of: &'static [Dialect],
    pattern: &'static str,
    replacement: &'static str,
}

const fn rule(of: &'static [Dialect], pattern: &'static str, replacement: &'static str) -> Rule {
    Rule { of, pattern, replacement }
}

/// In this order.
const RULES: &[Rule] = &[
    // Names and literals.
    rule(&[BigQuery, Databricks, Spark], "`", "\""),
    rule(&[Snowflake], r"\bANALYTICS\.", ""),
    rule(&[BigQuery, Databricks, Spark], r"\\'", "''"),
    rule(&[Snowflake], r"to_timestamp_ntz\(('[^']+')\)", "timestamp $1"),
    rule(&[BigQuery], r"(timestamp '[^']+)\+00'", "$1'"),
    rule(&[Databricks, Spark], r"(timestamp '[^']+)Z'", "$1'"),
    // Assertions: DuckDB divides by zero without an error.
    rule(
        &[Snowflake],
        "(?s)^select 1 / case when \\(\n(.*)\n\\) then 1 else 0 end as \"(\\w+)\"$",
        "select case when not (\n$1\n) then error('$2') end",
    ),
    rule(
        &[BigQuery],
        "(?s)^assert \\(\n(.*)\n\\s*\\) as ('(?:[^']|'')*')$",
        "select case when not (\n$1\n) then error($2) end",
    ),
    rule(
        &[Databricks, Spark],
        "(?s)^select assert_true\\(\n(.*),\n  ('(?:[^']|'')*')\n\\)$",
        "select case when not (\n$1\n) then error($2) end",
    ),
    // What a table holds, and its columns.
    rule(
        &[Snowflake],
        r#"select hash_agg\(\*\) from ((?:"[^"]*"|[\w.])+)"#,
        "select sum(hash(t)) from $1 as t",
    ),
    rule(
        &[BigQuery],
        r"sum\(cast\(farm_fingerprint\(to_json_string\((\w+)\)\) as bignumeric\)\)",
        "sum(hash($1))",
    ),
    rule(
        &[Databricks, Spark],
        r#"sum\(cast\(xxhash64\(\*\) as decimal\(38, 0\)\)\) from ((?:"[^"]*"|[\w.])+)"#,
        "sum(hash(t)) from $1 as t",
    ),
    rule(&[Databricks, Spark], r"sum\(cast\(xxhash64\(([^()*]+)\) as decimal\(38, 0\)\)\)", "sum(hash($1))"),
    rule(&[Databricks, Spark], r"typeof\(struct\((\w+)\.\*\)\)", "typeof($1)"),
    rule(
        &[Snowflake],
        r"table_schema = ('[^']+') and table_name = ('[^']+')",
        "upper(table_schema) = upper($1) and upper(table_name) = upper($2)",
    ),
    rule(
        &[BigQuery],
        r#""\w+"\."([^"]+)"\.INFORMATION_SCHEMA\.COLUMNS where "#,
        "information_schema.columns where table_schema = '$1' and ",
    ),
    // Copies: where rows are kept together, and what is said about a table, do not change what it holds.
    rule(&[Snowflake], r"\btransient ", ""),
    rule(&[Snowflake], r"\s+copy grants\b( copy tags\b)?", ""),
    rule(&[Snowflake], "\ncluster by [^\n]+", ""),
    rule(&[Snowflake], "\ncomment = [^\n]+", ""),
    rule(&[Snowflake], r#" clone ((?:"[^"]*"|[\w.])+)$"#, " as select * from $1"),
    rule(&[BigQuery], "\n(partition by|cluster by|options) [^\n]+", ""),
    rule(&[BigQuery], r" options \(kms_key_name = [^)]+\)$", ""),
    rule(&[BigQuery], r#" (copy|clone) ((?:"[^"]*"|[\w.])+)$"#, " as select * from $2"),
    rule(
        &[Databricks, Spark],
        "\n(using \\w+|partitioned by|clustered by|cluster by|location|comment|tblproperties)\\b[^\n]*",
        "",
    ),
    rule(&[Databricks], r" location '[^\n]+$", ""),
    rule(&[Databricks], r#" deep clone ((?:"[^"]*"|[\w.])+)$"#, " as select * from $1"),
    // Left out.
    rule(&[Snowflake], "^alter session set [^\n]+$", ""),
    rule(&[Snowflake], r#"^alter table (?:"[^"]*"|[\w.])+ (resume|suspend) recluster$"#, ""),
    rule(&[Snowflake], r#"^alter table (?:"[^"]*"|[\w.])+ cluster by [^\n]+$"#, ""),
    rule(&[Snowflake], r#"^alter table (?:"[^"]*"|[\w.])+ unset data_retention_time_in_days$"#, ""),
    rule(&[Snowflake], r#"^alter table (?:"[^"]*"|[\w.])+ (set|unset) tag [^\n]+$"#, ""),
    rule(&[Snowflake], r#"^alter table (?:"[^"]*"|[\w.])+ set change_tracking = true$"#, ""),
    rule(
        &[Databricks],
        r#"^alter table (?:"[^"]*"|[\w.])+ (set tags|alter column \S+ set tags|set tblproperties|cluster by)[^\n]*$"#,
        "",
    ),
    rule(&[BigQuery], r#"^alter table (?:"[^"]*"|[\w.])+ set options [^\n]+$"#, ""),
    rule(&[Snowflake, BigQuery, Databricks], "^grant [^\n]+$", ""),
    // The end of a transaction.
    rule(&[BigQuery], "^commit transaction$", "commit"),
];

/// The same, ready for use.
static PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| RULES.iter().map(|rule| Regex::new(rule.pattern).expect(rule.pattern)).collect());

/// Words that DuckDB has another meaning for, or none.
static FOREIGN: LazyLock<Regex> = LazyLock::new(|| {
    let words = "clone|deep|transient|assert|assert_true|tblproperties|using delta|using \
                 iceberg|to_timestamp_ntz|options|recluster|exception|unset|tag|change_tracking";
    Regex::new(&format!(r"`|\\'|(?i)\b({words})\b")).expect("a pattern")
});

/// A text literal.
static TEXT: LazyLock<Regex> = LazyLock::new(|| Regex::new("'(?:[^']|'')*'").expect("a pattern"));

/// DuckDB's statements for a warehouse's one.
#[track_caller]
pub fn for_duckdb(dialect: Dialect, sql: &str) -> Vec<String> {
    let statements = match block(sql) {
        Some(inner) => inner,
        None => vec![sql.to_owned()],
    };
    let mut written = Vec::new();
    for mut statement in statements {
        for (_, rule, pattern) in rules(dialect) {
            statement = pattern.replace_all(&statement, rule.replacement).into_owned();
        }
        if !statement.is_empty() {
            let text = TEXT.replace_all(&statement, "''");
            assert!(!FOREIGN.is_match(&text), "{dialect}: not understood:\n{statement}");
            written.push(statement);
        }
    }
    written
}

fn rules(dialect: Dialect) -> impl Iterator<Item = (usize, &'static Rule, &'static Regex)> {
    let rules = RULES.iter().zip(PATTERNS.iter()).enumerate();
    rules
        .filter(move |(_, (rule, _))| rule.of.contains(&dialect))
        .map(|(place, (rule, pattern))| (place, rule, pattern))
}

/// The statements of BigQuery's block, which is one transaction: if one fails, all are taken back.
fn block(sql: &str) -> Option<Vec<String>> {
    let inner = sql.strip_prefix("begin\n  begin transaction;\n")?;
    let (inner, handler) = inner.split_once("\nexception when error then\n").expect("a handler");
    assert_eq!(handler, "  rollback transaction;\n  raise;\nend");
    let statements = inner.split(";\n").map(|statement| statement.trim().trim_end_matches(';').to_owned());
    Some(["begin transaction".to_owned()].into_iter().chain(statements).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A rule that nothing needs any more hides what a new one would show.
    #[test]
    fn every_rule_is_needed() {
        let mut needed = BTreeSet::new();
        for dialect in [Snowflake, BigQuery, Databricks, Spark] {
            for sql in super::super::staged::all_statements(dialect) {
                for mut statement in block(&sql).unwrap_or_else(|| vec![sql.clone()]) {
                    for (place, rule, pattern) in rules(dialect) {
                        if pattern.is_match(&statement) {
                            needed.insert((place, dialect.adapter()));
                        }
                        statement = pattern.replace_all(&statement, rule.replacement).into_owned();
                    }
                }
            }
        }
        let all: BTreeSet<_> = RULES
            .iter()
            .enumerate()
            .flat_map(|(place, rule)| rule.of.iter().map(move |dialect| (place, dialect.adapter())))
            .collect();
        assert_eq!(needed, all);
    }

    #[test]
    fn what_is_not_understood_is_not_executed() {
        for (dialect, sql) in [
            (Snowflake, "create table a clone b at (offset => -60)"),
            (BigQuery, "assert false"),
            (Databricks, "create table a shallow clone b"),
        ] {
            assert!(std::panic::catch_unwind(|| for_duckdb(dialect, sql)).is_err(), "{sql}");
        }
    }
}
