//! How an incremental model is configured.

use serde_json::Value;

use crate::dbt::Node;

/// What an incremental model does with the rows that its table already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IncrementalStrategy {
    /// It replaces the rows with the keys of the new rows: `merge`, `delete+insert`, and the default of most
    /// adapters.
    Upsert,
    /// It keeps all of them.
    Append,
    /// It replaces whole partitions, or the whole table, with the new rows.
    Overwrite,
    /// It replaces the rows of a predicate or of a batch: `replace_where`, `microbatch`.
    Replace,
    /// Unknown: the strategy is the project's own.
    Custom,
}

impl IncrementalStrategy {
    /// The strategy of an incremental model with an adapter.
    pub(super) fn of(node: &Node, adapter: &str) -> Self {
        match node.config.get("incremental_strategy").and_then(Value::as_str) {
            Some("append") => Self::Append,
            Some("insert_overwrite") => Self::Overwrite,
            Some("replace_where" | "microbatch") => Self::Replace,
            Some("merge" | "delete+insert" | "default") => Self::Upsert,
            Some(_) => Self::Custom,
            // Of the adapters that Snowplow's packages run on, only this one does not upsert by default.
            None if adapter == "spark" => Self::Append,
            None => Self::Upsert,
        }
    }
}

/// Whether an incremental model uses Snowplow's own way to upsert, as Jinja reads the configuration.
pub(super) fn is_optimized(node: &Node) -> bool {
    match node.config.get("snowplow_optimize") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(set)) => *set,
        Some(_) => !is_empty(node, "snowplow_optimize"),
    }
}

/// Whether a model's configuration sets nothing for a key.
pub(super) fn is_empty(node: &Node, key: &str) -> bool {
    match node.config.get(key) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::Lab;
    use super::*;

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
            (Some("microbatch"), "postgres", IncrementalStrategy::Replace),
            (Some("ours"), "postgres", IncrementalStrategy::Custom),
        ] {
            let mut lab = Lab::new();
            lab.model("m", &[], "incremental", &[]).config("incremental_strategy", given.into());
            let subject = lab.subject();
            let node = subject.node("model.store.m").expect("the model");
            assert_eq!(IncrementalStrategy::of(node, adapter), expected, "{given:?} on {adapter}");
        }
    }
}
