//! The warehouses, and how their SQL differs. Every difference is an exhaustive `match`.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};

use crate::timestamp::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    Postgres,
    Redshift,
    Snowflake,
    BigQuery,
    /// Databricks with Delta tables.
    Databricks,
    /// Spark with Iceberg tables.
    Spark,
    DuckDb,
}

impl Dialect {
    pub const ALL: [Self; 7] = [
        Self::Postgres,
        Self::Redshift,
        Self::Snowflake,
        Self::BigQuery,
        Self::Databricks,
        Self::Spark,
        Self::DuckDb,
    ];

    /// dbt's `adapter_type`.
    #[must_use]
    pub fn adapter(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redshift => "redshift",
            Self::Snowflake => "snowflake",
            Self::BigQuery => "bigquery",
            Self::Databricks => "databricks",
            Self::Spark => "spark",
            Self::DuckDb => "duckdb",
        }
    }

    /// The character that quotes names.
    #[must_use]
    pub fn quote(self) -> char {
        match self {
            Self::Postgres | Self::Redshift | Self::Snowflake | Self::DuckDb => '"',
            Self::BigQuery | Self::Databricks | Self::Spark => '`',
        }
    }

    /// The longest name that the warehouse keeps, in bytes. Postgres and Redshift silently cut longer ones.
    #[must_use]
    pub fn longest_name(self) -> usize {
        match self {
            Self::Postgres => 63,
            Self::Redshift => 127,
            Self::Snowflake | Self::Databricks | Self::Spark => 255,
            Self::BigQuery => 1024,
            Self::DuckDb => 300,
        }
    }

    /// Text as a literal. Warehouses read a backslash differently, and some read `''` as
    /// the border between two literals.
    #[must_use]
    pub fn text_literal(self, text: &str) -> String {
        let escaped = match self {
            Self::Postgres | Self::DuckDb => text.replace('\'', "''"),
            Self::Redshift | Self::Snowflake => text.replace('\\', "\\\\").replace('\'', "''"),
            Self::BigQuery | Self::Databricks | Self::Spark => {
                text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r")
            }
        };
        format!("'{escaped}'")
    }

    /// A column's name in quotes, whatever characters it has.
    #[must_use]
    pub fn column(self, name: &str) -> String {
        let quote = self.quote();
        format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
    }

    /// The current time in UTC, as Snowplow's packages read it.
    #[must_use]
    pub fn now_expression(self) -> &'static str {
        match self {
            Self::Postgres => "(current_timestamp at time zone 'UTC')",
            // Whole seconds, as in the packages. A more exact clock could be later than theirs.
            Self::Redshift => "getdate()",
            Self::Snowflake => "convert_timezone('UTC', current_timestamp())::timestamp_ntz",
            Self::BigQuery | Self::Databricks | Self::Spark | Self::DuckDb => "current_timestamp",
        }
    }

    /// A timestamp as text that [`parse_timestamp`] reads, with all its digits.
    ///
    /// dbt itself would cut or round values. Where a timestamp has a zone, dbt's text also depends on the
    /// session's zone.
    #[must_use]
    pub fn timestamp_text_expression(self, expression: &str) -> String {
        match self {
            Self::Postgres | Self::Redshift => format!("to_char({expression}, 'YYYY-MM-DD HH24:MI:SS.US')"),
            Self::Snowflake => format!("to_char({expression}::timestamp_ntz, 'YYYY-MM-DD HH24:MI:SS.FF9')"),
            Self::BigQuery => format!("format_timestamp('%Y-%m-%d %H:%M:%E6S', {expression}, 'UTC')"),
            Self::Databricks | Self::Spark => format!("cast(unix_micros({expression}) as string)"),
            Self::DuckDb => format!("cast(epoch_us({expression}) as varchar)"),
        }
    }

    /// A point in time as a literal that does not depend on the session's settings.
    #[must_use]
    pub fn timestamp_literal(self, time: Timestamp) -> String {
        let text = time.to_all_digits();
        match self {
            Self::Postgres | Self::Redshift | Self::DuckDb => format!("timestamp '{text}'"),
            Self::Snowflake => format!("to_timestamp_ntz('{text}')"),
            Self::BigQuery => format!("timestamp '{text}+00'"),
            Self::Databricks | Self::Spark => format!("timestamp '{text}Z'"),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.adapter())
    }
}

impl FromStr for Dialect {
    type Err = anyhow::Error;

    fn from_str(adapter: &str) -> Result<Self> {
        match Self::ALL.into_iter().find(|dialect| dialect.adapter() == adapter) {
            Some(dialect) => Ok(dialect),
            None => bail!(
                "the adapter {adapter} is not supported: Snowplow's packages run on {}",
                Self::ALL.map(Self::adapter).join(", ")
            ),
        }
    }
}

/// Reads what [`Dialect::timestamp_text_expression`] yields: microseconds since 1970, or a date and time.
///
/// # Errors
/// Any other text.
pub fn parse_timestamp(text: &str) -> Result<Timestamp> {
    match text.parse::<i64>() {
        Ok(micros) => Timestamp::from_micros(micros),
        Err(_) => text.parse(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_and_dialects_are_one_to_one() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.adapter().parse::<Dialect>().expect("known"), dialect);
        }
        let error = "trino".parse::<Dialect>().expect_err("unknown").to_string();
        assert!(error.contains("trino") && error.contains("bigquery"), "{error}");
    }

    #[test]
    fn literals_have_all_digits_and_a_definite_zone() {
        let time = "2023-10-11 10:11:12.5".parse().expect("a timestamp");
        let literals = Dialect::ALL.map(|dialect| dialect.timestamp_literal(time));
        assert_eq!(
            literals,
            [
                "timestamp '2023-10-11 10:11:12.500000'",
                "timestamp '2023-10-11 10:11:12.500000'",
                "to_timestamp_ntz('2023-10-11 10:11:12.500000')",
                "timestamp '2023-10-11 10:11:12.500000+00'",
                "timestamp '2023-10-11 10:11:12.500000Z'",
                "timestamp '2023-10-11 10:11:12.500000Z'",
                "timestamp '2023-10-11 10:11:12.500000'",
            ]
        );
    }

    #[test]
    fn any_text_becomes_one_literal() {
        let text = "it's a \\ and\na line";
        assert_eq!(Dialect::Postgres.text_literal(text), "'it''s a \\ and\na line'");
        assert_eq!(Dialect::Snowflake.text_literal(text), "'it''s a \\\\ and\na line'");
        assert_eq!(Dialect::Databricks.text_literal(text), "'it\\'s a \\\\ and\\na line'");
    }

    #[test]
    fn reads_both_texts_of_a_timestamp() {
        for text in ["1697019072500000", "2023-10-11 10:11:12.500000", "2023-10-11 10:11:12.500000000"] {
            assert_eq!(parse_timestamp(text).expect(text).to_string(), "2023-10-11 10:11:12.500");
        }
        assert!(parse_timestamp("soon").is_err());
    }
}
