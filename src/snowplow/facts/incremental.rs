//! How an incremental model is configured.

use serde_json::Value;
use serde_yaml::Value as Yaml;

use crate::dbt::{Manifest, Node, Project};
use crate::snowplow::model_settings::{SettingsPlace, UPSERTS};

/// What an incremental model does with the rows that its table already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncrementalStrategy {
    /// It replaces the rows with the keys of the new rows: `merge`, `delete+insert`, and the default of most
    /// adapters.
    Upsert,
    /// It keeps all of them.
    Append,
    /// It replaces whole partitions, or the whole table, with the new rows.
    Overwrite,
    /// It replaces the rows of a predicate: `replace_where`.
    Replace,
    /// dbt itself divides its events by time and builds the last batches up to now: `microbatch`.
    Microbatch,
    /// Unknown: the strategy is the project's own.
    Custom,
}

impl IncrementalStrategy {
    /// The strategy of an incremental model with an adapter.
    #[must_use]
    pub fn of(node: &Node, adapter: &str) -> Self {
        match node.config.get("incremental_strategy").and_then(Value::as_str) {
            Some("append") => Self::Append,
            Some("insert_overwrite") => Self::Overwrite,
            Some("replace_where") => Self::Replace,
            Some("microbatch") => Self::Microbatch,
            Some("merge" | "delete+insert" | "default") => Self::Upsert,
            Some(_) => Self::Custom,
            // Of the adapters that Snowplow's packages run on, only this one does not upsert by default.
            None if adapter == "spark" => Self::Append,
            None => Self::Upsert,
        }
    }
}

/// Whether dbt builds only the last batches of an incremental model up to its own now, whatever the window.
///
/// dbt runs a macro of the project's own for this strategy once, as that of any other strategy, unless a flag says
/// otherwise.
#[must_use]
pub fn is_microbatch(node: &Node, manifest: &Manifest, project: &Project) -> bool {
    let is_own = |id: &String| id.ends_with(".get_incremental_microbatch_sql") && id != MICROBATCH;
    node.materialized() == "incremental"
        && IncrementalStrategy::of(node, &manifest.metadata.adapter_type) == IncrementalStrategy::Microbatch
        && (project.sets_flag("require_batched_execution_for_custom_microbatch_strategy")
            || !manifest.macros.keys().any(is_own))
}

/// dbt's own macro of the strategy.
const MICROBATCH: &str = "macro.dbt.get_incremental_microbatch_sql";

/// Whether a model's configuration sets nothing for a key.
#[must_use]
pub fn is_empty(node: &Node, key: &str) -> bool {
    match node.config.get(key) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

/// Whether an incremental model is set to Snowplow's own way to upsert and lacks the date that it needs.
#[must_use]
pub fn has_no_date(node: &Node, adapter: &str, settings: SettingsPlace) -> bool {
    node.is_incremental()
        && settings.is_optimized(node)
        && IncrementalStrategy::of(node, adapter) == IncrementalStrategy::Upsert
        && settings.lacks_date_key(node)
}

/// Whether every run of a model that [has no date](has_no_date) fails but the one that creates its table.
///
/// It does if dbt takes the statement from snowplow_utils: that macro requires the date. Without the project's
/// dispatch, snowplow_optimize has no effect. Without a unique_key, some adapters only append.
#[must_use]
pub fn fails_after_its_first_run(
    node: &Node,
    manifest: &Manifest,
    project: &Project,
    settings: SettingsPlace,
) -> bool {
    let is_keyed = !is_empty(node, "unique_key") || !is_empty(node, "incremental_strategy");
    has_no_date(node, &manifest.metadata.adapter_type, settings)
        && node.materialized() == "incremental"
        && is_keyed
        && dispatches_to_utils(project)
        && manifest.macros.keys().any(|id| UPSERTS.contains(&id.as_str()))
}

/// Whether dbt searches snowplow_utils for its own macros before itself.
#[must_use]
pub fn dispatches_to_utils(project: &Project) -> bool {
    let entries = project.dispatch.as_ref().and_then(Yaml::as_sequence);
    let of_dbt = entries.into_iter().flatten().find(|entry| entry["macro_namespace"] == "dbt");
    let Some(order) = of_dbt.and_then(|entry| entry["search_order"].as_sequence()) else { return false };
    let place = |name: &str| order.iter().position(|package| package == name);
    place("snowplow_utils").is_some_and(|utils| place("dbt").is_none_or(|dbt| utils < dbt))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use camino::Utf8PathBuf;

    use super::*;
    use crate::dbt::Macro;

    #[test]
    fn a_macro_of_the_project_makes_microbatch_its_own() {
        let config = [("materialized", "incremental"), ("incremental_strategy", "microbatch")];
        let config = config.map(|(key, value)| (key.to_owned(), value.into())).into_iter().collect();
        let node = Node { config, ..Node::default() };
        let with = |ids: &[&str]| {
            let macros = ids.iter().map(|id| ((*id).to_owned(), Macro::default())).collect();
            Manifest { macros, ..Manifest::default() }
        };
        let folder = tempfile::tempdir().expect("a folder");
        let folder = Utf8PathBuf::from_path_buf(folder.path().to_owned()).expect("UTF-8");
        let [usual, batched] = [false, true].map(|flag| {
            let flags = format!("{{require_batched_execution_for_custom_microbatch_strategy: {flag}}}");
            fs::write(folder.join("dbt_project.yml"), format!("name: shop\nflags: {flags}\n"))
                .expect("written");
            Project::read(folder.clone()).expect("a project")
        });
        let dbts = with(&[MICROBATCH, "macro.dbt.default__get_incremental_microbatch_sql"]);
        assert!(is_microbatch(&node, &dbts, &usual));
        let own = with(&[MICROBATCH, "macro.shop.get_incremental_microbatch_sql"]);
        assert!(!is_microbatch(&node, &own, &usual));
        assert!(is_microbatch(&node, &own, &batched));
        assert!(!is_microbatch(&Node::default(), &with(&[]), &usual));
    }

    #[test]
    fn adapters_have_defaults_of_their_own() {
        for (given, adapter, expected) in [
            (None, "snowflake", IncrementalStrategy::Upsert),
            (None, "spark", IncrementalStrategy::Append),
            (Some("merge"), "spark", IncrementalStrategy::Upsert),
            (Some("delete+insert"), "redshift", IncrementalStrategy::Upsert),
            (Some("append"), "postgres", IncrementalStrategy::Append),
            (Some("insert_overwrite"), "bigquery", IncrementalStrategy::Overwrite),
            (Some("replace_where"), "databricks", IncrementalStrategy::Replace),
            (Some("microbatch"), "postgres", IncrementalStrategy::Microbatch),
            (Some("ours"), "postgres", IncrementalStrategy::Custom),
        ] {
            let config = [("incremental_strategy".to_owned(), given.into())].into_iter().collect();
            let node = Node { config, ..Node::default() };
            assert_eq!(IncrementalStrategy::of(&node, adapter), expected, "{given:?} on {adapter}");
        }
    }
}
