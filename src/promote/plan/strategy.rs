//! How tables get from staging to prod.

use std::fmt;

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde::Serialize;

use crate::warehouse::Dialect;

/// A way of copying a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyStrategy {
    /// The warehouse's own clone: Snowflake's, Databricks' deep clone, BigQuery's table clone
    Clone,
    /// BigQuery's copy job
    Copy,
    /// create table … as select, which loses what is not restated
    Ctas,
    /// A new table of the same definition, then filled
    Like,
    /// Move staging's table itself, so that staging loses it (Postgres)
    Move,
}

impl CopyStrategy {
    /// What a warehouse can do, the best way first.
    ///
    /// Source: the vendors' manuals; tried on Postgres, DuckDB and Spark SQL.
    #[must_use]
    pub fn of(dialect: Dialect) -> &'static [Self] {
        match dialect {
            Dialect::Postgres => &[Self::Like, Self::Ctas, Self::Move],
            Dialect::Redshift | Dialect::DuckDb => &[Self::Like, Self::Ctas],
            Dialect::Snowflake | Dialect::Databricks => &[Self::Clone, Self::Ctas],
            Dialect::BigQuery => &[Self::Copy, Self::Clone, Self::Ctas],
            Dialect::Spark => &[Self::Ctas],
        }
    }

    /// The user's choice, or else the warehouse's best way.
    ///
    /// # Errors
    /// The warehouse cannot do what the user chose.
    pub fn choose(dialect: Dialect, wanted: Option<Self>) -> Result<Self> {
        let possible = Self::of(dialect);
        match wanted {
            None => Ok(possible[0]),
            Some(wanted) if possible.contains(&wanted) => Ok(wanted),
            Some(wanted) => {
                let possible: Vec<_> = possible.iter().map(ToString::to_string).collect();
                bail!("{dialect} cannot do --strategy {wanted}: choose one of {}", possible.join(", "))
            }
        }
    }
}

impl fmt::Display for CopyStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clone => "clone",
            Self::Copy => "copy",
            Self::Ctas => "ctas",
            Self::Like => "like",
            Self::Move => "move",
        })
    }
}
