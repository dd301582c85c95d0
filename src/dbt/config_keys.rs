//! The keys of a model's configuration that dbt 2 knows.

/// Whether dbt 2 knows a key at the top level of a model's configuration. Any other one belongs into `meta` there.
#[must_use]
pub fn is_config_key(key: &str) -> bool {
    KEYS.binary_search(&key).is_ok()
}

/// The keys for all warehouses: dbt 2 takes those of other warehouses, too. Sorted.
#[rustfmt::skip]
const KEYS: [&str; 199] = [
    "access", "adapter", "adapter_properties", "additional_libs", "alias", "alt_compute", "as_columnstore",
    "auto_liquid_cluster", "auto_refresh", "automatic_clustering", "backup", "base_location_root",
    "base_location_subpath", "batch_id", "batch_size", "begin", "bind", "buckets", "catalog", "catalog_name",
    "catchup", "category", "change_tracking", "classifiers", "cluster_by", "cluster_id", "clustered_by",
    "column_types", "compression", "compute", "concurrent_batches", "config_keys_defaults",
    "config_keys_used", "connection_overrides", "constraints", "contract", "copy_grants", "copy_tags",
    "create_notebook", "data_retention_time_in_days", "data_space", "database", "databricks_compute",
    "databricks_tags", "dataproc_cluster_name", "dataset", "definer", "description", "dist",
    "distribute_by_config", "docs", "enable_change_history", "enable_list_inference", "enable_refresh",
    "enabled", "engine", "environment_dependencies", "environment_key", "event_time",
    "external_access_integrations", "external_volume", "fields", "file_format", "format", "freshness",
    "full_refresh", "grant_access_to", "grants", "group", "hours_to_expiration", "http_path",
    "iceberg_version", "immutable_where", "imports", "include_full_name_in_path",
    "incremental_apply_config_changes", "incremental_predicates", "incremental_strategy", "index_url",
    "indexes", "initialize", "inserts_only", "intermediate_format", "jar_file_uri", "job_cluster_config",
    "job_execution_timeout_seconds", "kms_key_name", "labels", "labels_from_meta", "latest_version_pointer",
    "layout", "lifetime", "liquid_clustered_by", "loaded_at_field", "loaded_at_query", "location",
    "location_root", "lookback", "matched_condition", "materialized", "max_data_extension_time_in_days",
    "max_staleness", "merge_exclude_columns", "merge_update_columns", "merge_with_schema_evolution", "meta",
    "meta_keys_defaults", "meta_keys_used", "mv_on_schema_change", "not_matched_by_source_action",
    "not_matched_by_source_condition", "not_matched_condition", "notebook_template_id",
    "on_configuration_change", "on_error", "on_schema_change", "order_by", "packages", "partition_by",
    "partition_by_config", "partition_expiration_days", "partitions", "persist_constraints", "persist_docs",
    "post-hook", "post_hook", "pre-hook", "pre_hook", "predicates", "primary_key", "primary_key_config",
    "project", "projections", "propagate", "python_job_config", "python_version", "query_settings",
    "query_tag", "query_tags", "quoting", "range", "refresh_interval_minutes", "refresh_mode",
    "refresh_warehouse", "refreshable", "repopulate_from_mvs_on_full_refresh", "require_partition_filter",
    "reservation", "resource_tags", "row_access_policy", "row_filter", "schedule", "scheduler", "schema",
    "secrets", "secure", "settings", "skip_matched_step", "skip_not_matched_step", "skip_optimize",
    "snowflake_initialization_warehouse", "snowflake_warehouse", "sort", "sort_type", "source_alias",
    "source_type", "sql_header", "sql_security", "state", "static_analysis", "storage_serialization_policy",
    "storage_uri", "submission_method", "sync", "table", "table_format", "table_tag", "table_type", "tags",
    "target_alias", "target_file_size", "target_lag", "tblproperties", "timeout", "tmp_relation_type",
    "transient", "ttl", "unique_key", "unique_tmp_table_suffix", "unlogged", "update_field", "update_lag",
    "url", "use_anonymous_sproc", "use_safer_relation_operations", "use_uniform", "user_folder_for_python",
    "view_update_via_alter", "zorder",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_can_be_searched() {
        assert!(KEYS.is_sorted());
        for known in ["materialized", "post-hook", "pre_hook", "meta", "indexes", "tblproperties"] {
            assert!(is_config_key(known), "{known}");
        }
        for unknown in ["snowplow_optimize", "upsert_date_key", "+enabled", ""] {
            assert!(!is_config_key(unknown), "{unknown}");
        }
    }
}
