//! The dbt manifest (`manifest.json`), as far as this tool reads it. dbt 1.7 (schema v11) to 1.11 (v12).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The dbt manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    /// Who wrote it and when.
    pub metadata: Metadata,
    /// Models and operations (hooks) by `unique_id`; everything else is left out.
    #[serde(deserialize_with = "nodes")]
    pub nodes: BTreeMap<String, Node>,
}

/// Who wrote a dbt manifest and when.
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    /// `1.11.16`.
    pub dbt_version: String,
    /// `postgres`, `duckdb`, …
    pub adapter_type: String,
    /// The root project's name.
    #[serde(default)]
    pub project_name: Option<String>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// A model.
    Model,
    /// An on-run-start or on-run-end hook.
    Operation,
}

/// A model or a hook.
#[derive(Debug, Clone)]
pub struct Node {
    /// `model.package.name`.
    pub unique_id: String,
    /// Model or operation.
    pub kind: NodeKind,
    /// The node's name: what Snowplow's packages write to their incremental manifest.
    pub name: String,
    /// The dbt package that owns it.
    pub package_name: String,
    /// The resolved database, where the adapter has one.
    pub database: Option<String>,
    /// The resolved schema.
    pub schema: String,
    /// The relation's name in the warehouse.
    pub alias: String,
    /// The relation as dbt renders it; none for ephemeral models and hooks.
    pub relation_name: Option<String>,
    /// All its tags.
    pub tags: Vec<String>,
    /// The resolved configuration.
    pub config: Map<String, Value>,
    /// Macros that its code calls.
    pub macros: Vec<String>,
    /// Nodes that its code refers to.
    pub parents: Vec<String>,
    /// A hook's source text; empty for models, which can be large.
    pub raw_code: String,
    /// The file it stands in, relative to its package.
    pub path: String,
    /// The version of a versioned model.
    pub version: Option<Value>,
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

    /// Whether it carries a tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }

    /// Whether its code calls a macro of this name, whichever package it comes from.
    #[must_use]
    pub fn calls(&self, macro_name: &str) -> bool {
        self.macros.iter().any(|id| id.rsplit('.').next() == Some(macro_name))
    }

    /// The relation as dbt renders it, else its name.
    #[must_use]
    pub fn relation(&self) -> &str {
        self.relation_name.as_deref().unwrap_or(&self.alias)
    }
}

impl Manifest {
    /// Reads a manifest.json.
    ///
    /// # Errors
    /// It cannot be read or is not a dbt manifest.
    pub fn read(path: &Utf8Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read the dbt manifest {path}"))?;
        Self::parse(&bytes).with_context(|| format!("{path} is not a dbt manifest that this tool can read"))
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            bail!("the file is empty");
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// The models, in the order of their `unique_id`.
    pub fn models(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values().filter(|node| node.kind == NodeKind::Model)
    }

    /// The hooks, in the order of their `unique_id`.
    pub fn operations(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values().filter(|node| node.kind == NodeKind::Operation)
    }

    /// A node by its `unique_id`.
    #[must_use]
    pub fn node(&self, unique_id: &str) -> Option<&Node> {
        self.nodes.get(unique_id)
    }
}

/// A node as it stands in the file, borrowing from it; most of them are tests and are dropped at once.
#[derive(Deserialize)]
struct RawNode<'a> {
    #[serde(borrow)]
    resource_type: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    package_name: Cow<'a, str>,
    #[serde(borrow, default)]
    database: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    schema: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    alias: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    relation_name: Option<Cow<'a, str>>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    config: Map<String, Value>,
    #[serde(borrow, default)]
    depends_on: DependsOn<'a>,
    #[serde(borrow, default)]
    raw_code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    original_file_path: Option<Cow<'a, str>>,
    #[serde(default)]
    version: Option<Value>,
}

#[derive(Deserialize, Default)]
struct DependsOn<'a> {
    #[serde(borrow, default)]
    macros: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    nodes: Vec<Cow<'a, str>>,
}

impl RawNode<'_> {
    fn into_node(self, unique_id: String) -> Option<Node> {
        let kind = match &*self.resource_type {
            "model" => NodeKind::Model,
            "operation" => NodeKind::Operation,
            _ => return None,
        };
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        Some(Node {
            unique_id,
            kind,
            alias: owned(self.alias).unwrap_or_else(|| self.name.clone().into_owned()),
            name: self.name.into_owned(),
            package_name: self.package_name.into_owned(),
            database: owned(self.database),
            schema: owned(self.schema).unwrap_or_default(),
            relation_name: owned(self.relation_name),
            tags: self.tags,
            config: self.config,
            macros: self.depends_on.macros.into_iter().map(Cow::into_owned).collect(),
            parents: self.depends_on.nodes.into_iter().map(Cow::into_owned).collect(),
            raw_code: match kind {
                NodeKind::Operation => owned(self.raw_code).unwrap_or_default(),
                NodeKind::Model => String::new(),
            },
            path: owned(self.original_file_path).unwrap_or_default(),
            version: self.version.filter(|version| !version.is_null()),
        })
    }
}

fn nodes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Node>, D::Error> {
    struct Nodes;

    impl<'de> Visitor<'de> for Nodes {
        type Value = BTreeMap<String, Node>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of nodes")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut nodes = BTreeMap::new();
            while let Some((id, raw)) = map.next_entry::<Cow<'de, str>, RawNode<'de>>()? {
                if let Some(node) = raw.into_node(id.into_owned()) {
                    nodes.insert(node.unique_id.clone(), node);
                }
            }
            Ok(nodes)
        }
    }

    deserializer.deserialize_map(Nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_models_and_hooks_and_drops_the_rest() {
        let text = r#"{
            "metadata": {"dbt_version": "1.11.16", "adapter_type": "duckdb", "project_name": "p", "env": {}},
            "nodes": {
                "model.p.a\u0062": {"resource_type": "model", "name": "ab", "package_name": "p", "database": "d",
                    "schema": "s", "alias": "other", "relation_name": "\"d\".\"s\".\"other\"", "tags": ["t"],
                    "config": {"materialized": "incremental"}, "depends_on": {"macros": ["macro.u.m"], "nodes": []},
                    "raw_code": "select 1", "original_file_path": "models/ab.sql", "version": null},
                "operation.p.p-on-run-end-0": {"resource_type": "operation", "name": "p-on-run-end-0",
                    "package_name": "p", "database": "d", "schema": "s", "alias": "x", "raw_code": "{{ hook(\"p\") }}"},
                "test.p.t": {"resource_type": "test", "name": "t", "package_name": "p"}
            },
            "sources": {}
        }"#;
        let manifest = Manifest::parse(text.as_bytes()).expect("a manifest");
        assert_eq!(manifest.nodes.len(), 2);
        let model = manifest.node("model.p.ab").expect("the model");
        assert_eq!((model.materialized(), model.relation()), ("incremental", r#""d"."s"."other""#));
        assert!(model.has_tag("t") && model.calls("m") && !model.calls("n") && model.raw_code.is_empty());
        assert_eq!(manifest.operations().next().expect("the hook").raw_code, r#"{{ hook("p") }}"#);
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        for (text, expected) in [
            ("", "empty"),
            ("{", "EOF"),
            ("{\"metadata\": {}}", "dbt_version"),
            (r#"{"metadata":{"dbt_version":"1","adapter_type":"x"}}"#, "nodes"),
        ] {
            let error = Manifest::parse(text.as_bytes()).expect_err(text);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
