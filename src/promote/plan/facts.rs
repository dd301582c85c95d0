//! What a plan is made from: both sides as they are, read through dbt or, offline, from dbt manifests alone.

use std::collections::BTreeMap;

use super::layout::{Layout, arrangement};
use super::properties::{Held, Property};
use super::right::Right;
use crate::snowplow::Window;
use crate::snowplow::{Family, Row};
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, Relation};

/// Everything that is known about both sides.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The warehouse of both sides.
    pub dialect: Dialect,
    /// What staging is called: the name of a target, or of a file.
    pub from: String,
    /// The same of prod.
    pub to: String,
    /// The user's selection, as dbt's arguments.
    pub selection: Vec<String>,
    /// The Snowplow packages that the selection touches.
    pub packages: Vec<PackageFacts>,
    /// The selected tracked models, and what they are built from where that goes to prod with them.
    pub models: Vec<ModelFacts>,
    /// What prod's connection may not do, where the warehouse tells.
    pub lacking: Vec<(Relation, Right)>,
    /// Relations of prod whose schemas do not exist.
    pub without_schema: Vec<Relation>,
    /// A digest of what the dbt manifests say about these packages and models.
    pub manifests: String,
    /// The warehouse's current time; none offline.
    pub now: Option<Timestamp>,
    /// What could not be read.
    pub notes: Vec<String>,
}

impl Facts {
    /// Leaves out the models without rows of their own that prod has, unless their package is new to it. Says so where nobody
    /// knows.
    pub fn leave_out_untracked(&mut self) {
        for (place, package) in self.packages.iter().enumerate() {
            let untracked = self.models.iter().filter(|model| model.package == place && !model.is_tracked);
            let names: Vec<_> = untracked.map(|model| model.name.as_str()).collect();
            if package.tables.is_none() && !names.is_empty() {
                self.notes.push(format!(
                    "if prod has processed nothing of {} yet, it also needs what staging keeps in {}: promote with a \
                     connection (--target, --to), which takes that along",
                    package.name,
                    names.join(", ")
                ));
            }
        }
        let is_new: Vec<_> = self.packages.iter().map(PackageFacts::is_new).collect();
        let is_left_out = |model: &mut ModelFacts| {
            let table = model.table.as_ref();
            let is_lacking =
                table.is_some_and(|it| (it.staging_exists, it.prod_exists) == (Some(true), Some(false)));
            !(model.is_tracked || is_lacking || is_new[model.package])
        };
        for model in self.models.extract_if(.., is_left_out) {
            self.packages[model.package].memory.push(model.name);
        }
    }

    /// The tables of both sides that exist, and what is known of each.
    pub fn existing_tables(&mut self) -> Vec<(&Relation, &mut Physical)> {
        let mut existing = Vec::new();
        for table in self.models.iter_mut().filter_map(|model| model.table.as_mut()) {
            if table.staging_exists == Some(true) {
                existing.push((&table.staging, &mut table.physical));
            }
            if table.prod_exists == Some(true) {
                existing.push((&table.prod, &mut table.replaced));
            }
        }
        existing
    }
}

/// A package on both sides.
#[derive(Debug, Clone)]
pub struct PackageFacts {
    pub name: String,
    /// How it computes its windows.
    pub family: Family,
    pub staging_manifest: Relation,
    pub prod_manifest: Relation,
    /// The layout that prod's project configures for its incremental manifest.
    pub manifest_layout: Layout,
    /// Models in which prod keeps what it knows of earlier events beside its rows: they stay as they are.
    pub memory: Vec<String>,
    /// What was read of its tables; none offline.
    pub tables: Option<Tables>,
    /// The names of all its tracked models in prod's project. Prod's next run depends on all of them.
    pub enabled_in_prod: Vec<String>,
    /// `snowplow__lookback_window_hours` in prod.
    pub lookback_hours: u32,
    /// `snowplow__lookback_window_hours` in staging.
    pub staging_lookback_hours: u32,
    /// `snowplow__backfill_limit_days` in prod.
    pub limit_days: u32,
    /// `snowplow__start_date` in prod.
    pub start_date: Option<Timestamp>,
    /// Its version of snowplow_utils recovers by itself from rows of the load family that are out of sync.
    pub load_family_heals: bool,
}

impl PackageFacts {
    /// Whether prod has processed nothing of the package: a promotion that was taken back leaves an incremental
    /// manifest without rows.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.tables.as_ref().is_some_and(|tables| tables.prod_rows.iter().all(Vec::is_empty))
    }

    /// The incremental manifests of both sides that exist, and what may hide their rows from this connection.
    pub fn existing_manifests(&mut self) -> Vec<(&Relation, &mut Option<Vec<String>>)> {
        let Some(tables) = &mut self.tables else { return Vec::new() };
        let staging =
            tables.staging_rows.is_some().then_some((&self.staging_manifest, &mut tables.staging_hidden));
        let prod = tables.prod_rows.is_some().then_some((&self.prod_manifest, &mut tables.prod_hidden));
        staging.into_iter().chain(prod).collect()
    }

    /// Whether prod has no incremental manifest.
    #[must_use]
    pub fn lacks_manifest(&self) -> bool {
        self.tables.as_ref().is_some_and(|tables| tables.prod_rows.is_none())
    }
}

/// A package's tables on both sides; none where a table does not exist.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Rows of staging's incremental manifest.
    pub staging_rows: Option<Vec<Row>>,
    pub prod_rows: Option<Vec<Row>>,
    /// `first_success` of prod's rows by model. Only the load family has it.
    pub prod_first_success: BTreeMap<String, Timestamp>,
    /// The window of staging's last run.
    pub staging_window: Option<Window>,
    /// What may hide rows of staging's incremental manifest from this connection; none where that is not known.
    pub staging_hidden: Option<Vec<String>>,
    /// The same of prod's.
    pub prod_hidden: Option<Vec<String>>,
}

/// A selected tracked model, or one that those are built from.
#[derive(Debug, Clone)]
pub struct ModelFacts {
    /// Its name, as the incremental manifests have it.
    pub name: String,
    /// Its package's place in [`Facts::packages`].
    pub package: usize,
    /// Whether it has a row of its own. An incremental model of the package without one, such as its memory of
    /// sessions, goes to prod only with the whole package.
    pub is_tracked: bool,
    /// Its table, where that holds history: prod could get it otherwise only by reading all events again.
    /// None for helpers, views and tables that every run rebuilds.
    pub table: Option<TableFacts>,
}

/// A table that is to be copied, on both sides.
#[derive(Debug, Clone)]
pub struct TableFacts {
    pub staging: Relation,
    pub prod: Relation,
    /// Whether staging's exists, as prod's connection sees it; none offline.
    pub staging_exists: Option<bool>,
    /// Whether prod's exists; none offline.
    pub prod_exists: Option<bool>,
    /// What the warehouse says about staging's table.
    pub physical: Physical,
    /// What it says about prod's table, where that exists.
    pub replaced: Physical,
    /// Grants that prod's project configures: the grantees of each privilege.
    pub grants: BTreeMap<String, Vec<String>>,
    /// The project's `upsert_date_key`: the column that says how recent a row is.
    pub date_column: Option<String>,
    /// The layout that the project configures, for copies that have to restate it.
    pub layout: Layout,
    /// What else the project configures.
    pub configured: Configured,
}

/// What prod's project configures for a table, besides its layout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configured {
    /// In the same words as what the catalogue says.
    pub held: Held,
    /// The table's format is Iceberg on a warehouse that has one of its own.
    pub is_iceberg: bool,
    /// The description that dbt writes to the warehouse.
    pub description: Option<String>,
    /// Snowflake: whether the table is kept in the order of its clustering key; none where the project does not say.
    pub automatic_clustering: Option<bool>,
    /// Snowflake: whether changes of the table are tracked.
    pub change_tracking: Option<bool>,
    /// Snowflake and Databricks: tags with their values, as SQL.
    pub tags: Option<String>,
    /// Databricks: tags of columns with their values, as SQL.
    pub column_tags: BTreeMap<String, String>,
    /// Snowflake: the table keeps the tags of the one that it replaces.
    pub copies_tags: bool,
    /// Snowflake: a row access policy, in dbt's words.
    pub row_access_policy: Option<String>,
}

impl TableFacts {
    /// The layout of staging's table: the catalogue's where that is known, else the one that the project configures.
    #[must_use]
    pub fn known_layout(&self) -> &Layout {
        self.physical.layout.as_ref().unwrap_or(&self.layout)
    }

    /// The same of the table that is replaced.
    #[must_use]
    pub fn replaced_layout(&self) -> &Layout {
        self.replaced.layout.as_ref().unwrap_or(&self.layout)
    }
}

/// What a warehouse's catalogue says about a table. Empty where it was not asked, or did not answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Physical {
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Snowflake: a transient table, which cannot be cloned to a permanent one.
    pub transient: Option<bool>,
    /// Its layout, as the catalogue has it.
    pub layout: Option<Layout>,
    /// The table's description, where a copy loses it. It may be empty.
    pub description: Option<String>,
    /// DuckDB: the statement that made the table.
    pub create_statement: Option<String>,
    /// DuckDB: the statements that made its indexes.
    pub indexes: Vec<String>,
    /// BigQuery: how many bytes it has.
    pub bytes: Option<u64>,
    /// Views on the table. When it is swapped, they stay on the old one.
    pub dependents: Vec<String>,
    /// Postgres: what else is bound to it and not to its name, as PostgreSQL describes it: functions, policies of other
    /// tables, columns of its type.
    pub bound: Vec<String>,
    /// Policies and masks that hide some of its rows or values from some users; none where they are not known.
    pub guards: Option<Vec<String>>,
    /// Those that may hide some from this connection; none where they are not known.
    pub hidden: Option<Vec<String>>,
    /// Postgres: its indexes, keys, checks and extended statistics, which a table like it gets, without their names.
    pub definition: Vec<String>,
    /// Postgres: foreign keys of other tables to it.
    pub referenced_by: Vec<String>,
    /// Postgres: its owner, if that is not the user of this connection.
    pub other_owner: Option<String>,
    /// Postgres and Redshift: its grants, each a privilege and a grantee.
    pub granted: Vec<[String; 2]>,
    /// What `create table … as select` does not carry over, where the catalogue tells.
    pub lost_by_ctas: Vec<String>,
    /// Postgres: its columns with grants of their own, which no copy carries over.
    pub granted_columns: Vec<String>,
    /// What no copy carries over, and this tool does not restate.
    pub left_behind: Vec<String>,
    /// What else it has. Each has words for a note.
    pub held: Held,
    /// Its format is Iceberg on a warehouse that has one of its own; false where that is not known.
    pub is_iceberg: bool,
    /// Snowflake: whether it is kept in the order of its clustering key.
    pub automatic_clustering: Option<bool>,
    /// Snowflake: the names of its tags, as SQL.
    pub tags: Vec<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// Its type, in the warehouse's words; none where it was not asked.
    pub data_type: Option<String>,
    /// The table computes it, so that no value can be given.
    pub generated: bool,
    /// The table numbers it.
    pub identity: Option<Identity>,
    /// Postgres: a sequence beside the table numbers it, as for `serial`.
    pub is_serial: bool,
    /// Its description, where a copy loses it.
    pub description: Option<String>,
}

/// Whether an identity column takes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Only where the statement overrides the numbering.
    Always,
    ByDefault,
}

impl Column {
    /// An ordinary column, of which only the name is known.
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

impl Physical {
    /// Adds its layout to what it has.
    pub fn hold_layout(&mut self, dialect: Dialect) {
        for (property, words) in self.layout.iter().flat_map(|layout| arrangement(dialect, layout)) {
            self.held.entry(property).or_default().push(words);
        }
    }

    /// Adds to what it has.
    pub fn hold(&mut self, property: Property, item: String) {
        self.held.entry(property).or_default().push(item);
    }
}
