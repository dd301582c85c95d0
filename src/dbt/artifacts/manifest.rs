//! The dbt manifest (`manifest.json`), as far as this tool reads it. dbt 1.7 (schema v11) to 1.11 (v12).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read;
use std::marker::PhantomData;

use anyhow::{Context, Result, anyhow, bail};
use camino::Utf8Path;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::json_stream::JsonStream;

/// The dbt manifest.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Who wrote it and when.
    pub metadata: Metadata,
    /// Models and operations (hooks) by `unique_id`; everything else is left out.
    pub nodes: BTreeMap<String, Node>,
    /// All macros by `unique_id`.
    pub macros: HashMap<String, Macro>,
}

/// A macro.
#[derive(Debug, Clone, Default)]
pub struct Macro {
    /// `unique_id` of the macros that it calls.
    pub calls: Vec<String>,
    /// Its source text where it calls an on-run-end hook of Snowplow's; else empty, as there are many.
    pub code: String,
}

/// Who wrote a dbt manifest and when.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Metadata {
    /// `1.11.16`.
    pub dbt_version: String,
    /// `postgres`, `duckdb`, …
    pub adapter_type: String,
    /// The root project's name.
    #[serde(default)]
    pub project_name: Option<String>,
    /// When dbt read the project, as it writes it: `2024-01-31T12:00:00.123456Z`.
    #[serde(default)]
    pub generated_at: Option<String>,
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
    /// A hook's source text, in a [`Graph`](super::Graph) that of tracked models too; empty for the rest, which can be large.
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
        self.macros.iter().any(|id| id.strip_suffix(macro_name).is_some_and(|owner| owner.ends_with('.')))
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
        let file = File::open(path).with_context(|| format!("cannot read the dbt manifest {path}"))?;
        Self::parse(file).with_context(|| format!("{path} is not a dbt manifest that this tool can read"))
    }

    fn parse(source: impl Read) -> Result<Self> {
        let mut json = JsonStream::new(source);
        let (mut metadata, mut nodes, mut macros) = (None, None, HashMap::new());
        if json.is_blank()? {
            bail!("the file is empty");
        }
        json.object(|json, section| match section {
            "metadata" => {
                metadata = Some(json.value()?);
                Ok(())
            }
            "nodes" => {
                let nodes = nodes.insert(BTreeMap::new());
                json.object(|json, id| {
                    if !is_kept(id) {
                        return json.skip();
                    }
                    nodes.insert(id.to_owned(), read_node::<_, Map<String, Value>>(json, id)?.node);
                    Ok(())
                })
            }
            "macros" => read_macros(json, &mut macros),
            _ => json.skip_section(),
        })?;
        json.end()?;
        Ok(Self {
            metadata: metadata.context("it has no metadata")?,
            nodes: nodes.context("it has no nodes")?,
            macros,
        })
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

/// Reads the section of the macros.
///
/// # Errors
/// It is not as dbt writes it.
pub(super) fn read_macros<R: Read>(
    json: &mut JsonStream<R>,
    macros: &mut HashMap<String, Macro>,
) -> Result<()> {
    json.object_or_null(|json, id| {
        let read = json.value_and(|parsed: Dependent, text| {
            let calls = parsed.depends_on.macros;
            let code = if calls.iter().any(|id| id.contains(HOOK)) {
                serde_json::from_slice::<MacroCode>(text)?.macro_sql.unwrap_or_default()
            } else {
                String::new()
            };
            Ok(Macro { calls, code })
        })?;
        macros.insert(id.to_owned(), read);
        Ok(())
    })
}

/// How the names of the macros begin that Snowplow's packages call on-run-end.
const HOOK: &str = ".snowplow_incremental_post_hook";

#[derive(Deserialize)]
struct MacroCode {
    #[serde(default)]
    macro_sql: Option<String>,
}

/// A node of which only what it depends on is read.
#[derive(Deserialize)]
pub(super) struct Dependent {
    #[serde(default)]
    pub(super) depends_on: DependsOn,
}

/// Whether a `unique_id` is one of a node that is kept: most are tests.
pub(super) fn is_kept(id: &str) -> bool {
    ["model.", "operation."].iter().any(|kind| id.starts_with(kind))
}

/// Reads a model or a hook.
///
/// # Errors
/// It is not as dbt writes it.
pub(super) fn read_node<R: Read, C: KeptConfig>(json: &mut JsonStream<R>, id: &str) -> Result<Parsed<C>> {
    let read = json.value_and(|mut parsed: Parsed<C>, text| {
        let node = &mut parsed.node;
        id.clone_into(&mut node.unique_id);
        // Source text is long and full of escapes: it is only read where it is kept.
        if node.kind == NodeKind::Operation || node.tags.iter().any(|tag| C::keeps_code_of(tag)) {
            node.raw_code = serde_json::from_slice::<Code>(text)?.raw_code.unwrap_or_default();
        }
        Ok(parsed)
    });
    read.map_err(|error| anyhow!("{id}: {error:#}"))
}

#[derive(Deserialize)]
struct Code {
    #[serde(default)]
    raw_code: Option<String>,
}

/// What is kept of a node's configuration.
pub(super) trait KeptConfig: DeserializeOwned + Default {
    /// Whether a model with such a tag keeps its source text.
    fn keeps_code_of(tag: &str) -> bool;

    fn into_map(self) -> Map<String, Value>;
}

/// All of it, for work on a few models.
impl KeptConfig for Map<String, Value> {
    fn keeps_code_of(_: &str) -> bool {
        false
    }

    fn into_map(self) -> Self {
        self
    }
}

/// A node, and what a [`Node`] does not hold.
pub(super) struct Parsed<C> {
    pub(super) node: Node,
    /// Package, folders and name, joined by dots.
    pub(super) fqn: String,
    config: PhantomData<C>,
}

impl<'de, C: KeptConfig> Deserialize<'de> for Parsed<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawNode::<C>::deserialize(deserializer)?;
        let fqn = raw.fqn.join(".");
        Ok(Self { node: raw.into_node(), fqn, config: PhantomData })
    }
}

/// A node as it stands in the file, borrowing from it.
#[derive(Deserialize)]
#[serde(bound(deserialize = "C: KeptConfig, 'de: 'a"))]
struct RawNode<'a, C> {
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
    #[serde(borrow, default)]
    fqn: Vec<Cow<'a, str>>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    config: C,
    #[serde(default)]
    depends_on: DependsOn,
    #[serde(borrow, default)]
    original_file_path: Option<Cow<'a, str>>,
    #[serde(default)]
    version: Option<Value>,
}

#[derive(Deserialize, Default)]
pub(super) struct DependsOn {
    #[serde(default)]
    pub(super) macros: Vec<String>,
    #[serde(default)]
    pub(super) nodes: Vec<String>,
}

impl<C: KeptConfig> RawNode<'_, C> {
    fn into_node(self) -> Node {
        let kind = if self.resource_type == "operation" { NodeKind::Operation } else { NodeKind::Model };
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        Node {
            // The key in front of it.
            unique_id: String::new(),
            kind,
            alias: owned(self.alias).unwrap_or_else(|| self.name.clone().into_owned()),
            name: self.name.into_owned(),
            package_name: self.package_name.into_owned(),
            database: owned(self.database),
            schema: owned(self.schema).unwrap_or_default(),
            relation_name: owned(self.relation_name),
            tags: self.tags,
            config: self.config.into_map(),
            macros: self.depends_on.macros,
            parents: self.depends_on.nodes,
            raw_code: String::new(),
            path: owned(self.original_file_path).unwrap_or_default(),
            version: self.version.filter(|version| !version.is_null()),
        }
    }
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
            "macros": {
                "macro.p.end": {"macro_sql": "{{ h() }}", "depends_on": {"macros": ["macro.u.snowplow_incremental_post_hook_t"]}},
                "macro.p.other": {"macro_sql": "{{ m() }}", "depends_on": {"macros": ["macro.u.m"]}}
            },
            "sources": {}
        }"#;
        let manifest = Manifest::parse(text.as_bytes()).expect("a manifest");
        assert_eq!(manifest.nodes.len(), 2);
        let [end, other] = ["end", "other"].map(|name| &manifest.macros[&format!("macro.p.{name}")]);
        assert_eq!((end.code.as_str(), other.code.as_str()), ("{{ h() }}", ""));
        assert_eq!(other.calls, ["macro.u.m"]);
        let model = manifest.node("model.p.ab").expect("the model");
        assert_eq!((model.materialized(), model.relation()), ("incremental", r#""d"."s"."other""#));
        assert!(model.has_tag("t") && model.calls("m") && !model.calls("n") && model.raw_code.is_empty());
        assert_eq!(manifest.operations().next().expect("the hook").raw_code, r#"{{ hook("p") }}"#);
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        for (text, expected) in [
            ("", "empty"),
            ("{", "ends too early"),
            ("{\"metadata\": {}}", "dbt_version"),
            (r#"{"metadata":{"dbt_version":"1","adapter_type":"x"}}"#, "no nodes"),
            (r#"{"nodes":{}}"#, "no metadata"),
            (r#"{"nodes":{"model.p.a":{"name":1}}}"#, "model.p.a: invalid type: integer `1`"),
        ] {
            let error = format!("{:#}", Manifest::parse(text.as_bytes()).expect_err(text));
            assert!(error.contains(expected), "{error}");
        }
    }
}
