//! How an incremental model gets its new rows into its table.

use serde_json::Value;

use crate::dbt::Node;

/// What becomes of the rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    /// Those with the keys of the new ones are replaced: `merge`, `delete+insert`, and what adapters do by default.
    Upsert,
    /// All stay.
    Append,
    /// Whole partitions, or the table, are replaced by the new rows.
    Overwrite,
    /// Those of a predicate or of a batch are replaced: `replace_where`, `microbatch`.
    Replace,
    /// The project's own.
    Custom,
}

impl Strategy {
    /// That of an incremental model on a warehouse.
    pub(super) fn of(node: &Node, adapter: &str) -> Self {
        match node.config.get("incremental_strategy").and_then(Value::as_str) {
            Some("append") => Self::Append,
            Some("insert_overwrite") => Self::Overwrite,
            Some("replace_where" | "microbatch") => Self::Replace,
            Some("merge" | "delete+insert" | "default") => Self::Upsert,
            Some(_) => Self::Custom,
            // The one adapter that Snowplow's packages run on whose default is no upsert.
            None if adapter == "spark" => Self::Append,
            None => Self::Upsert,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::Lab;
    use super::*;

    #[test]
    fn adapters_have_defaults_of_their_own() {
        for (given, adapter, expected) in [
            (None, "snowflake", Strategy::Upsert),
            (None, "spark", Strategy::Append),
            (Some("merge"), "spark", Strategy::Upsert),
            (Some("delete+insert"), "redshift", Strategy::Upsert),
            (Some("append"), "postgres", Strategy::Append),
            (Some("insert_overwrite"), "bigquery", Strategy::Overwrite),
            (Some("replace_where"), "databricks", Strategy::Replace),
            (Some("microbatch"), "postgres", Strategy::Replace),
            (Some("ours"), "postgres", Strategy::Custom),
        ] {
            let mut lab = Lab::new();
            lab.model("m", &[], "incremental", &[]).config("incremental_strategy", given.into());
            let subject = lab.subject();
            let node = subject.node("model.store.m").expect("the model");
            assert_eq!(Strategy::of(node, adapter), expected, "{given:?} on {adapter}");
        }
    }
}
