//! The dbt manifest (`manifest.json`), as far as this tool reads it. dbt 1.7 (schema v11) to 1.11 (v12).

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

/// The dbt manifest. How much of it is read depends on [`ReadFor`](super::ReadFor).
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// Who wrote it and when.
    pub metadata: Metadata,
    /// Enabled models and operations (hooks) by `unique_id`.
    pub nodes: BTreeMap<String, Node>,
    /// All macros by `unique_id`.
    pub macros: HashMap<String, Macro>,
    /// The parents of snapshots, by the `unique_id` of the snapshot: a model can read another one through a
    /// snapshot.
    pub snapshots: HashMap<String, Vec<String>>,
    /// The parents of functions (dbt 1.11), by the `unique_id` of the function: a model can read another one
    /// through a function. A function has no data of its own.
    pub functions: HashMap<String, Vec<String>>,
    /// The disabled models, one entry per definition: a model can be defined more than once. Only read for
    /// checks.
    pub disabled: Vec<Node>,
    /// The definitions of all selectors, by their names.
    pub selectors: BTreeMap<String, Value>,
    /// The project's default selector.
    pub default_selector: Option<DefaultSelector>,
}

/// The selector of `selectors.yml` that dbt uses when the command line selects nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct DefaultSelector {
    pub name: String,
    /// Its definition. dbt has resolved it: there are no short forms. From 1.12 on, it may refer to other selectors.
    pub definition: Value,
}

#[derive(Debug, Clone, Default)]
pub struct Macro {
    /// `unique_id` of the macros that it calls.
    pub calls: Vec<String>,
    /// Its source text where it calls an on-run-end hook of Snowplow's; else empty, as there are many.
    pub code: String,
}

/// Who wrote a dbt manifest and when.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    /// `1.11.16`.
    pub dbt_version: String,
    /// `postgres`, `duckdb`, …
    pub adapter_type: String,
    /// The root project's name.
    pub project_name: Option<String>,
    /// When dbt read the project, as it writes it: `2024-01-31T12:00:00.123456Z`.
    pub generated_at: Option<String>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NodeKind {
    #[default]
    Model,
    /// An on-run-start or on-run-end hook.
    Operation,
}

/// A model or a hook.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// `model.package.name`.
    pub unique_id: String,
    pub kind: NodeKind,
    /// The node's name: what Snowplow's packages write to their incremental manifest.
    pub name: String,
    /// The dbt package that owns it.
    pub package_name: String,
    /// The resolved database, where the adapter has one.
    pub database: Option<String>,
    pub schema: String,
    /// The relation's name in the warehouse.
    pub alias: String,
    /// The relation as dbt renders it; none for ephemeral models and hooks.
    pub relation_name: Option<String>,
    pub tags: Vec<String>,
    /// Package, folders and name, joined by dots: dbt's `fqn`.
    pub fqn: String,
    /// The resolved configuration. For checks, only the keys that rules look at.
    pub config: Map<String, Value>,
    /// Macros that its code calls.
    pub macros: Vec<String>,
    /// Nodes that its code refers to.
    pub parents: Vec<String>,
    /// The source text of a hook; for checks also that of tracked models, for runs that of models that filter
    /// Snowplow's events. Empty for the rest, because it can be large.
    pub raw_code: String,
    /// Its file, relative to its package.
    pub path: String,
    /// The version of a versioned model.
    pub version: Option<Value>,
    /// Its description, where dbt writes it to the warehouse (`persist_docs`); else empty, as there are many.
    pub description: String,
    /// Databricks: the tags that dbt gives to its columns, as the project has them.
    pub column_tags: BTreeMap<String, Value>,
}

impl Node {
    /// `view`, `table`, `incremental`, `ephemeral`, or a custom materialization.
    #[must_use]
    pub fn materialized(&self) -> &str {
        self.config.get("materialized").and_then(Value::as_str).unwrap_or("view")
    }

    /// Inlined into its children and never built.
    #[must_use]
    pub fn is_ephemeral(&self) -> bool {
        self.materialized() == "ephemeral"
    }

    /// Whether its table keeps its rows from run to run: dbt's own `incremental`, or a materialization of the
    /// project's own.
    ///
    /// A custom materialization can have any name, so everything counts that is not known to keep no history.
    /// What the warehouse itself keeps up to date by a query holds nothing that is not in the events.
    #[must_use]
    pub fn is_incremental(&self) -> bool {
        !matches!(
            self.materialized(),
            "view"
                | "table"
                | "ephemeral"
                | "materialized_view"
                | "dynamic_table"
                | "streaming_table"
                | "external"
                | "seed"
                | "clone"
                | "function"
                | "test"
                | "unit"
        )
    }

    /// Whether it carries a tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }

    /// Whether its code calls a macro of this name, whichever package it comes from.
    #[must_use]
    pub fn calls(&self, macro_name: &str) -> bool {
        self.macros.iter().any(|id| id.strip_suffix(macro_name).is_some_and(|owner| owner.ends_with('.')))
    }

    /// The relation as dbt renders it, else its name.
    #[must_use]
    pub fn relation(&self) -> &str {
        self.relation_name.as_deref().unwrap_or(&self.alias)
    }
}

impl Manifest {
    /// The models, in the order of their `unique_id`.
    pub fn models(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values().filter(|node| node.kind == NodeKind::Model)
    }

    /// The hooks, in the order of their `unique_id`.
    pub fn operations(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values().filter(|node| node.kind == NodeKind::Operation)
    }

    /// The parents of everything that connects models without being one, with its `unique_id`: snapshots and
    /// functions.
    pub fn connections(&self) -> impl Iterator<Item = (&str, &[String])> {
        let both = self.snapshots.iter().chain(&self.functions);
        both.map(|(id, parents)| (id.as_str(), parents.as_slice()))
    }

    /// What a model, a hook, a snapshot or a function reads; none if it is none of these.
    #[must_use]
    pub fn parents(&self, unique_id: &str) -> Option<&[String]> {
        let of_node = self.node(unique_id).map(|node| &node.parents);
        let connection = || self.snapshots.get(unique_id).or_else(|| self.functions.get(unique_id));
        of_node.or_else(connection).map(Vec::as_slice)
    }

    /// A node by its `unique_id`.
    #[must_use]
    pub fn node(&self, unique_id: &str) -> Option<&Node> {
        self.nodes.get(unique_id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn custom_materializations_are_incremental_too() {
        let node = |materialized: &str| Node {
            config: json!({"materialized": materialized}).as_object().cloned().unwrap_or_default(),
            ..Node::default()
        };
        for materialized in ["incremental", "snowplow_incremental", "insert_by_period", "scd2"] {
            assert!(node(materialized).is_incremental(), "{materialized}");
        }
        for materialized in ["view", "table", "ephemeral", "materialized_view", "dynamic_table", "external"] {
            assert!(!node(materialized).is_incremental(), "{materialized}");
        }
        assert!(!Node::default().is_incremental(), "dbt's default is a view");
    }
}
