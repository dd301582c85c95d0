//! What is known about the properties of each warehouse's tables.
//!
//! Source: the vendors' manuals and the statements that dbt's adapters write.

use super::Fate::{
    Configured, ConfiguredElseStaging, ConfiguredElseUncertain, ConfiguredOverStaging, Lost, OfSchema,
    Refused, Staging, Uncertain,
};
use super::{Fate, Known, OfReplaced, Property};
use crate::warehouse::Dialect;

pub(super) fn of(dialect: Dialect) -> &'static [Known] {
    match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Redshift => REDSHIFT,
        Dialect::Snowflake => SNOWFLAKE,
        Dialect::BigQuery => BIGQUERY,
        Dialect::Databricks => DATABRICKS,
        Dialect::Spark => SPARK,
        Dialect::DuckDb => DUCKDB,
    }
}

const fn known(
    property: Property,
    title: &'static str,
    config: &'static str,
    becomes: &'static [Fate],
    of_replaced: OfReplaced,
) -> Known {
    Known { property, title, config, becomes, of_replaced }
}

/// By `like`, `ctas` and `move`.
const POSTGRES: &[Known] = &[
    known(
        Property::Keys,
        "indexes, keys, checks, extended statistics",
        "",
        &[Staging, Lost, Staging],
        OfReplaced::Named,
    ),
    known(
        Property::Columns,
        "NOT NULL, defaults, collations, storage, generated or numbered columns",
        "",
        &[Staging, Lost, Staging],
        OfReplaced::Named,
    ),
    known(
        Property::Description,
        "descriptions of the table and its columns",
        "",
        &[Staging, Staging, Staging],
        OfReplaced::Named,
    ),
    known(
        Property::OtherOptions,
        "triggers, rules, foreign keys, storage options, publications and the like",
        "",
        &[Lost, Lost, Staging],
        OfReplaced::Named,
    ),
    known(Property::Guards, "policies", "", &[Lost, Lost, Staging], OfReplaced::Refused),
    known(Property::Grants, "grants", "`grants`", &[Configured, Configured, Configured], OfReplaced::Kept),
];

/// By `like` and `ctas`.
const REDSHIFT: &[Known] = &[
    known(
        Property::Distribution,
        "distribution",
        "`dist`",
        &[ConfiguredElseStaging, Configured],
        OfReplaced::Named,
    ),
    known(
        Property::SortKey,
        "sort key",
        "`sort`, `sort_type`",
        &[ConfiguredElseStaging, Configured],
        OfReplaced::Named,
    ),
    known(
        Property::Columns,
        "encodings, NOT NULL, defaults and identities of columns",
        "",
        &[Staging, Lost],
        OfReplaced::NotRead,
    ),
    known(Property::Keys, "keys", "", &[Lost, Lost], OfReplaced::Named),
    known(
        Property::Description,
        "descriptions of the table and its columns",
        "",
        &[Staging, Staging],
        OfReplaced::NotRead,
    ),
    known(Property::Guards, "policies and masks", "", &[Lost, Lost], OfReplaced::Refused),
    known(Property::Grants, "grants", "`grants`", &[Configured, Configured], OfReplaced::Kept),
];

/// By `clone` and `ctas`.
const SNOWFLAKE: &[Known] = &[
    known(
        Property::Layout,
        "clustering key",
        "`cluster_by`",
        &[ConfiguredElseStaging, ConfiguredElseStaging],
        OfReplaced::Named,
    ),
    known(
        Property::AutomaticClustering,
        "automatic clustering",
        "`automatic_clustering`",
        &[Configured, Configured],
        OfReplaced::Decides,
    ),
    known(
        Property::Transience,
        "transient or permanent",
        "`transient`",
        &[ConfiguredElseStaging, ConfiguredElseStaging],
        OfReplaced::Decides,
    ),
    known(Property::Retention, "days of Time Travel", "", &[OfSchema, OfSchema], OfReplaced::Named),
    known(
        Property::Description,
        "description",
        "`persist_docs`",
        &[ConfiguredElseStaging, ConfiguredElseStaging],
        OfReplaced::Named,
    ),
    known(Property::Tags, "tags", "`table_tag`, `copy_tags`", &[Configured, Configured], OfReplaced::Kept),
    known(Property::ColumnTags, "tags of columns", "", &[Staging, Lost], OfReplaced::Kept),
    known(
        Property::ChangeHistory,
        "change tracking",
        "`change_tracking`",
        &[ConfiguredElseUncertain, Configured],
        OfReplaced::NotRead,
    ),
    known(
        Property::Columns,
        "descriptions, NOT NULL and defaults of columns",
        "",
        &[Staging, Lost],
        OfReplaced::NotRead,
    ),
    known(Property::Keys, "keys", "", &[Staging, Lost], OfReplaced::NotRead),
    known(Property::Guards, "policies", "`row_access_policy`", &[Uncertain, Lost], OfReplaced::Refused),
    known(Property::Grants, "grants", "`grants`", &[Configured, Configured], OfReplaced::Kept),
    known(Property::Iceberg, "Iceberg format", "`table_format`", &[Refused, Refused], OfReplaced::Refused),
];

/// By `copy`, `clone` and `ctas`.
const BIGQUERY: &[Known] = &[
    known(
        Property::Layout,
        "partitioning and clustering",
        "`partition_by`, `cluster_by`",
        &[ConfiguredElseStaging, ConfiguredElseStaging, ConfiguredElseStaging],
        OfReplaced::RefusedIfOther,
    ),
    known(
        Property::IngestionTime,
        "partitioning by the time of ingestion",
        "`partition_by`",
        &[Staging, Staging, Refused],
        OfReplaced::RefusedIfOther,
    ),
    known(
        Property::Description,
        "description",
        "`persist_docs`",
        &[ConfiguredElseStaging, ConfiguredElseStaging, ConfiguredElseStaging],
        OfReplaced::Named,
    ),
    known(
        Property::Labels,
        "labels",
        "`labels`, `labels_from_meta`",
        &[Configured, Configured, Configured],
        OfReplaced::Named,
    ),
    known(
        Property::Tags,
        "resource tags",
        "`resource_tags`",
        &[Configured, Configured, Configured],
        OfReplaced::Named,
    ),
    known(
        Property::EncryptionKey,
        "encryption key",
        "`kms_key_name`",
        &[ConfiguredElseUncertain, ConfiguredElseUncertain, Configured],
        OfReplaced::Named,
    ),
    known(
        Property::Expiration,
        "expiration",
        "`hours_to_expiration`",
        &[Configured, Configured, Configured],
        OfReplaced::Named,
    ),
    known(
        Property::PartitionExpiration,
        "expiration of partitions",
        "`partition_expiration_days`",
        &[Configured, Configured, Configured],
        OfReplaced::Named,
    ),
    known(
        Property::PartitionFilter,
        "filter that every query needs",
        "`require_partition_filter`",
        &[ConfiguredElseStaging, ConfiguredElseStaging, ConfiguredElseStaging],
        OfReplaced::Named,
    ),
    known(
        Property::ChangeHistory,
        "change history",
        "`enable_change_history`",
        &[Configured, Configured, Configured],
        OfReplaced::Named,
    ),
    known(
        Property::NameOptions,
        "friendly name, rounding mode",
        "",
        &[Staging, Staging, Staging],
        OfReplaced::Named,
    ),
    known(Property::OtherOptions, "other options", "", &[Uncertain, Uncertain, Lost], OfReplaced::Named),
    known(
        Property::Columns,
        "descriptions, NOT NULL and defaults of columns",
        "",
        &[Staging, Staging, Lost],
        OfReplaced::NotRead,
    ),
    known(Property::Keys, "keys", "", &[Uncertain, Uncertain, Lost], OfReplaced::NotRead),
    known(
        Property::Guards,
        "row access policies and policy tags",
        "",
        &[Uncertain, Uncertain, Lost],
        OfReplaced::Refused,
    ),
    known(
        Property::Grants,
        "access to the single table",
        "`grants`",
        &[Configured, Configured, Configured],
        OfReplaced::Kept,
    ),
    known(
        Property::Iceberg,
        "Iceberg format",
        "`table_format`",
        &[Refused, Refused, Refused],
        OfReplaced::Refused,
    ),
];

/// By `clone` and `ctas`.
const DATABRICKS: &[Known] = &[
    known(
        Property::Layout,
        "partitioning and clustering",
        "`partition_by`, `liquid_clustered_by`, `auto_liquid_cluster`, `clustered_by`",
        &[ConfiguredElseStaging, ConfiguredElseStaging],
        OfReplaced::Named,
    ),
    known(
        Property::Format,
        "format other than Delta",
        "`file_format`",
        &[Refused, Configured],
        OfReplaced::Refused,
    ),
    known(
        Property::Location,
        "location of the files",
        "`location_root`",
        &[Configured, Configured],
        OfReplaced::RefusedIfOther,
    ),
    known(
        Property::TableProperties,
        "table properties",
        "`tblproperties`",
        &[ConfiguredOverStaging, ConfiguredOverStaging],
        OfReplaced::Named,
    ),
    known(
        Property::Description,
        "description",
        "`persist_docs`",
        &[ConfiguredElseStaging, ConfiguredElseStaging],
        OfReplaced::Named,
    ),
    known(Property::Tags, "tags", "`databricks_tags`", &[Configured, Configured], OfReplaced::MayStay),
    known(
        Property::ColumnTags,
        "tags of columns",
        "`databricks_tags` of columns",
        &[Configured, Configured],
        OfReplaced::MayStay,
    ),
    known(
        Property::Columns,
        "descriptions, NOT NULL, checks and defaults of columns, generated columns",
        "",
        &[Staging, Lost],
        OfReplaced::NotRead,
    ),
    known(Property::Guards, "row filters and masks", "", &[Uncertain, Lost], OfReplaced::Refused),
    known(Property::Grants, "grants", "`grants`", &[Configured, Configured], OfReplaced::Kept),
];

/// By `ctas`.
const SPARK: &[Known] = &[
    known(
        Property::Layout,
        "partitioning and buckets",
        "`partition_by`, `clustered_by`",
        &[ConfiguredElseStaging],
        OfReplaced::Named,
    ),
    known(
        Property::Format,
        "format other than Delta and Iceberg",
        "`file_format`",
        &[ConfiguredElseStaging],
        OfReplaced::Refused,
    ),
    known(
        Property::Location,
        "location of the files",
        "`location_root`",
        &[Configured],
        OfReplaced::RefusedIfOther,
    ),
    known(
        Property::TableProperties,
        "table properties",
        "`tblproperties`",
        &[ConfiguredOverStaging],
        OfReplaced::Named,
    ),
    known(
        Property::Description,
        "description",
        "`persist_docs`",
        &[ConfiguredElseStaging],
        OfReplaced::Named,
    ),
    known(
        Property::Columns,
        "descriptions and NOT NULL of columns, the write order and identifier fields",
        "",
        &[Lost],
        OfReplaced::NotRead,
    ),
];

/// By `like` and `ctas`.
const DUCKDB: &[Known] = &[
    known(
        Property::Keys,
        "indexes, keys, checks, NOT NULL, defaults and generated columns",
        "",
        &[Staging, Lost],
        OfReplaced::NotRead,
    ),
    known(
        Property::Description,
        "descriptions of the table and its columns",
        "",
        &[Staging, Staging],
        OfReplaced::NotRead,
    ),
    known(Property::OtherOptions, "sequences of its own", "", &[Lost, Lost], OfReplaced::Named),
];
