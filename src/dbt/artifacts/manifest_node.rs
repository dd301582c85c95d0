//! Reads a model or a hook from a manifest.json.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::marker::PhantomData;

use anyhow::{Result, anyhow};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::json_stream::JsonStream;
use super::manifest::{Node, NodeKind};
use crate::dbt::config_keys::is_config_key;

/// Reads a model or a hook.
///
/// # Errors
/// It is not as dbt writes it.
pub(super) fn read_node<R: Read, C: KeptConfig>(json: &mut JsonStream<R>, id: &str) -> Result<Node> {
    let read = json.value_and(|ParsedNode { mut node, .. }: ParsedNode<C>, text| {
        id.clone_into(&mut node.unique_id);
        // Source text is long and full of escapes: it is only read where it is kept.
        if node.kind == NodeKind::Operation || C::keeps_code_of(&node) {
            node.raw_code = serde_json::from_slice::<Code>(text)?.raw_code.unwrap_or_default();
        }
        Ok(node)
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
    /// Whether a model keeps its source text.
    fn keeps_code_of(model: &Node) -> bool;

    fn into_map(self) -> Map<String, Value>;
}

/// The names of the macros by which Snowplow's packages filter their events, or what these begin with.
const EVENT_FILTERS: [&str; 3] =
    [".base_create_snowplow_events_this_run", ".app_id_filter", ".event_name_filter"];

/// All of it, for work on a few models.
impl KeptConfig for Map<String, Value> {
    fn keeps_code_of(model: &Node) -> bool {
        model.macros.iter().any(|id| EVENT_FILTERS.iter().any(|name| id.contains(name)))
    }

    fn into_map(self) -> Self {
        self
    }
}

/// A node without its `unique_id`, which is the key in front of it.
pub(super) struct ParsedNode<C> {
    pub(super) node: Node,
    config: PhantomData<C>,
}

impl<'de, C: KeptConfig> Deserialize<'de> for ParsedNode<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = RawNode::<C>::deserialize(deserializer)?.into_node();
        Ok(Self { node, config: PhantomData })
    }
}

/// A node as the file has it, borrowing from the text.
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
    #[serde(borrow, default)]
    description: Option<Cow<'a, str>>,
    #[serde(default)]
    columns: TaggedColumns,
}

/// The tags of columns on Databricks, by the names of the columns that have any.
#[derive(Default)]
struct TaggedColumns(BTreeMap<String, Value>);

#[derive(Deserialize)]
struct Column {
    #[serde(default)]
    databricks_tags: Option<Value>,
}

impl<'de> Deserialize<'de> for TaggedColumns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let columns: Option<BTreeMap<String, Column>> = Option::deserialize(deserializer)?;
        let tagged =
            columns.into_iter().flatten().filter_map(|(name, column)| Some((name, column.databricks_tags?)));
        Ok(Self(tagged.collect()))
    }
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
        let config = self.config.into_map();
        let persists = config.get("persist_docs").and_then(|docs| docs.get("relation"));
        let is_persisted = persists.and_then(Value::as_bool) == Some(true);
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
            fqn: self.fqn.join("."),
            config,
            macros: self.depends_on.macros,
            parents: self.depends_on.nodes,
            raw_code: String::new(),
            path: owned(self.original_file_path).unwrap_or_default(),
            version: self.version.filter(|version| !version.is_null()),
            description: owned(self.description.filter(|_| is_persisted)).unwrap_or_default(),
            column_tags: self.columns.0,
        }
    }
}

/// The parts of `meta` that rules look at: this tool's own, and the settings that snowplow_utils reads.
#[derive(Deserialize)]
struct Meta {
    snowplow_backfill: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    snowplow_optimize: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    upsert_date_key: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    disable_upsert_lookback: Option<Value>,
}

/// A value that is there, even if it is null: snowplow_utils looks no further then.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Meta {
    fn into_map(self) -> Map<String, Value> {
        let kept = [
            ("snowplow_backfill", self.snowplow_backfill),
            ("snowplow_optimize", self.snowplow_optimize),
            ("upsert_date_key", self.upsert_date_key),
            ("disable_upsert_lookback", self.disable_upsert_lookback),
        ];
        kept.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

/// The part of a configuration that rules look at: some keys, and those that dbt 2 does not know.
#[derive(Default)]
pub(super) struct CheckedConfig(Map<String, Value>);

impl CheckedConfig {
    const KEYS: [&str; 4] = ["full_refresh", "incremental_strategy", "materialized", "unique_key"];
}

impl KeptConfig for CheckedConfig {
    fn keeps_code_of(model: &Node) -> bool {
        model.tags.iter().any(|tag| tag.ends_with("_incremental"))
    }

    fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

impl<'de> Deserialize<'de> for CheckedConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = CheckedConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a configuration")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CheckedConfig, A::Error> {
                let mut kept = Map::new();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    if key == "meta" {
                        // Most models have some, for others.
                        let meta = map.next_value::<Option<Meta>>()?.map(Meta::into_map);
                        if let Some(meta) = meta.filter(|meta| !meta.is_empty()) {
                            kept.insert(key.into_owned(), meta.into());
                        }
                    } else if CheckedConfig::KEYS.contains(&&*key) || !is_config_key(&key) {
                        let value: Value = map.next_value()?;
                        if !value.is_null() {
                            kept.insert(key.into_owned(), value);
                        }
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(CheckedConfig(kept))
            }
        }

        deserializer.deserialize_map(Keys)
    }
}
