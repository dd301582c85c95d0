//! What a promotion is worked out from: both sides as they are, read through dbt or, offline, from dbt manifests.

use std::collections::BTreeMap;

use crate::snowplow::Window;
use crate::snowplow::{Family, Row};
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, Relation};

/// Everything that is known.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The warehouse of both sides.
    pub dialect: Dialect,
    /// What staging is called: a target, or a file.
    pub from: String,
    /// What prod is called.
    pub to: String,
    /// The user's selection, as dbt's arguments.
    pub selection: Vec<String>,
    /// The Snowplow packages that the selection touches.
    pub packages: Vec<PackageFacts>,
    /// The selected tracked models.
    pub models: Vec<ModelFacts>,
    /// A digest of what the dbt manifests say about all this.
    pub manifests: String,
    /// The warehouse's clock; none offline.
    pub now: Option<Timestamp>,
    /// What could not be read.
    pub notes: Vec<String>,
}

/// A package on both sides.
#[derive(Debug, Clone)]
pub struct PackageFacts {
    /// Its name.
    pub name: String,
    /// How it works out its windows.
    pub family: Family,
    /// Staging's incremental manifest.
    pub staging_manifest: Relation,
    /// Prod's incremental manifest.
    pub prod_manifest: Relation,
    /// What was read of them; none offline.
    pub tables: Option<Tables>,
    /// Node names of all its tracked models in prod's project: what prod's next run counts.
    pub enabled_in_prod: Vec<String>,
    /// `snowplow__lookback_window_hours` in prod.
    pub lookback_hours: u32,
    /// The same in staging.
    pub staging_lookback_hours: u32,
    /// `snowplow__backfill_limit_days` in prod.
    pub limit_days: u32,
    /// `snowplow__start_date` in prod.
    pub start_date: Option<Timestamp>,
    /// Its snowplow_utils gets the load family back into step by itself.
    pub load_family_heals: bool,
}

/// A package's tables on both sides; none where a table does not exist.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Rows of staging's incremental manifest.
    pub staging_rows: Option<Vec<Row>>,
    /// Rows of prod's.
    pub prod_rows: Option<Vec<Row>>,
    /// `first_success` of prod's rows, which only the load family has.
    pub prod_first_success: BTreeMap<String, Timestamp>,
    /// The window of staging's last run.
    pub staging_window: Option<Window>,
    /// `snowplow__lookback_window_hours` in staging.
    pub staging_lookback_hours: u32,
}

/// A selected tracked model.
#[derive(Debug, Clone)]
pub struct ModelFacts {
    /// Its node name: what the incremental manifests call it.
    pub name: String,
    /// Its package's place in [`Facts::packages`].
    pub package: usize,
    /// Where its table is, where that holds history which prod could only get by reading all events again; none for
    /// helpers, views and tables that every run builds anew.
    pub table: Option<TableFacts>,
}

/// A table that is to be copied, on both sides.
#[derive(Debug, Clone)]
pub struct TableFacts {
    /// In staging.
    pub staging: Relation,
    /// In prod.
    pub prod: Relation,
    /// Whether staging's exists, as prod's connection sees it; none offline.
    pub staging_exists: Option<bool>,
    /// Whether prod's exists; none offline.
    pub prod_exists: Option<bool>,
    /// What the warehouse says of staging's table.
    pub physical: Physical,
    /// What it says of prod's, where that exists.
    pub replaced: Physical,
    /// Grants that prod's project configures: privilege to grantees.
    pub grants: BTreeMap<String, Vec<String>>,
    /// The column of its dates, by the project's `upsert_date_key`.
    pub date_column: Option<String>,
    /// What the project configures of its table, for copies that have to say it again.
    pub layout: Layout,
}

/// What a warehouse's catalogue says of a table. Empty where it was not asked, or did not answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Physical {
    /// In order.
    pub columns: Vec<Column>,
    /// Snowflake: a transient table, which cannot be cloned to a permanent one.
    pub transient: Option<bool>,
    /// Where rows are kept together, as the catalogue says it.
    pub layout: Option<Layout>,
    /// The table's description, where a copy loses it. Empty: none.
    pub description: Option<String>,
    /// DuckDB: the statement that made it.
    pub create_statement: Option<String>,
    /// DuckDB: statements of its indexes.
    pub indexes: Vec<String>,
    /// BigQuery: the table, or its partitions, expire.
    pub expires: bool,
    /// Views on it that a swap leaves on the old table.
    pub dependents: Vec<String>,
    /// What keeps its readers from some of its rows or values; none where that is not known.
    pub guards: Option<Vec<String>>,
    /// Redshift: who may do what with it, as the ends of grants: privilege, grantee.
    pub granted: Vec<[String; 2]>,
    /// What a copy by `create table … as select` does not carry over, where the catalogue tells.
    pub lost_by_ctas: Vec<String>,
    /// What no copy carries over and this tool does not restate.
    pub left_behind: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as the warehouse says it; none where it was not asked.
    pub data_type: Option<String>,
    /// Computed by the table, so that no value can be given.
    pub generated: bool,
    /// Numbered by the table.
    pub identity: Option<Identity>,
    /// Postgres: numbered by a sequence beside the table, as `serial` does.
    pub is_serial: bool,
    /// Its description, where a copy loses it.
    pub description: Option<String>,
}

/// How an identity column takes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Refuses them unless overridden.
    Always,
    /// Takes them.
    ByDefault,
}

impl Column {
    /// An ordinary column.
    #[must_use]
    pub fn plain(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            data_type: None,
            generated: false,
            identity: None,
            is_serial: false,
            description: None,
        }
    }
}

/// How a table is laid out: of the project's configuration, or of the catalogue. Contents of SQL clauses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// A `partition by` clause's contents.
    pub partition_by: Option<String>,
    /// A `cluster by` clause's contents.
    pub cluster_by: Option<String>,
    /// Redshift: `diststyle …` or `distkey (…)`.
    pub distribution: Option<String>,
    /// Redshift: `sortkey (…)`.
    pub sort_key: Option<String>,
    /// Table properties; BigQuery: options, their values as SQL.
    pub properties: BTreeMap<String, String>,
    /// BigQuery: the column without which in a filter no query reads the table.
    pub filtered_by: Option<String>,
    /// Snowflake: `transient`, where the project says so.
    pub transient: Option<bool>,
}
