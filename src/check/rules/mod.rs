//! The rules, one file each.

mod alias_differs_from_name;
mod backfill_limit_below_one;
mod backfill_limit_left_in_project;
mod config_key_without_plus;
mod dispatch_missing;
mod ephemeral_tracked_model;
mod full_refresh_drops_incremental_manifest;
mod hook_duplicated;
mod hook_missing;
mod hook_not_understood;
mod incremental_manifest_dropped;
mod incremental_overwrites_partitions;
mod incremental_without_new_events_check;
mod incremental_without_optimize;
mod incremental_without_unique_key;
mod incremental_without_upsert_date_key;
mod microbatch_ignores_window;
mod models_to_remove_left_in_project;
mod models_to_run_left_in_project;
mod new_events_of_another_package;
mod package_without_tracked_models;
mod quoted_number_in_vars;
mod session_timestamp_not_in_hook;
mod sessions_dropped;
mod settings_not_read_from_meta;
mod snapshot_before_tracked_model;
mod staging_and_prod_share_tables;
mod tag_without_hook;
mod tags_of_two_packages;
mod tracked_model_always_refreshed;
mod tracked_model_disabled;
mod tracked_model_not_in_default_selector;
mod tracked_name_in_two_packages;
mod tracked_versions_share_name;
mod unknown_config_key;
mod untagged_model_reads_package;
mod unusable_start_date;
mod utils_too_old;

#[cfg(test)]
pub(super) mod testing;

use super::rule::Rule;

/// All rules, in the order in which they are documented: models, incremental models, packages,
/// dbt_project.yml, two targets.
pub const RULES: &[Rule] = &[
    untagged_model_reads_package::RULE,
    ephemeral_tracked_model::RULE,
    snapshot_before_tracked_model::RULE,
    tracked_versions_share_name::RULE,
    tracked_name_in_two_packages::RULE,
    tags_of_two_packages::RULE,
    tag_without_hook::RULE,
    tracked_model_disabled::RULE,
    tracked_model_not_in_default_selector::RULE,
    incremental_without_new_events_check::RULE,
    new_events_of_another_package::RULE,
    alias_differs_from_name::RULE,
    incremental_without_unique_key::RULE,
    incremental_without_upsert_date_key::RULE,
    incremental_without_optimize::RULE,
    settings_not_read_from_meta::RULE,
    incremental_overwrites_partitions::RULE,
    microbatch_ignores_window::RULE,
    tracked_model_always_refreshed::RULE,
    hook_missing::RULE,
    hook_duplicated::RULE,
    hook_not_understood::RULE,
    package_without_tracked_models::RULE,
    utils_too_old::RULE,
    incremental_manifest_dropped::RULE,
    sessions_dropped::RULE,
    full_refresh_drops_incremental_manifest::RULE,
    dispatch_missing::RULE,
    unknown_config_key::RULE,
    config_key_without_plus::RULE,
    backfill_limit_left_in_project::RULE,
    backfill_limit_below_one::RULE,
    quoted_number_in_vars::RULE,
    unusable_start_date::RULE,
    session_timestamp_not_in_hook::RULE,
    models_to_run_left_in_project::RULE,
    models_to_remove_left_in_project::RULE,
    staging_and_prod_share_tables::RULE,
];

/// A rule by its id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}
