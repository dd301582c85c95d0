//! The dbt manifest as a whole, for looking at all models at once: what `check` reads, and no more.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::json_stream::JsonStream;
use super::manifest::{
    Dependent, KeptConfig, Manifest, Metadata, Node, Parsed, is_kept, read_macros, read_node,
};
use crate::dbt::version;

/// A dbt manifest and what stands in it besides the nodes.
///
/// Its nodes keep a few keys of their configuration only.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The enabled models and the hooks.
    pub manifest: Manifest,
    /// The disabled models; one a definition, and a model can be defined more than once.
    pub disabled: Vec<Node>,
    /// The parents of nodes that are no models but can stand between some, by `unique_id`.
    pub between: HashMap<String, Vec<String>>,
    /// Package, folders and name of the enabled models, joined by dots, by `unique_id`.
    pub fqns: HashMap<String, String>,
    /// The project's default selector.
    pub default_selector: Option<DefaultSelector>,
}

/// The selector of `selectors.yml` that dbt takes where the command line selects nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct DefaultSelector {
    /// Its name.
    pub name: String,
    /// Its definition, which dbt has resolved: no short forms, no references to other selectors.
    pub definition: Value,
}

impl Graph {
    /// Reads a manifest.json.
    ///
    /// # Errors
    /// It cannot be read, or was not written by a dbt that this tool works with.
    pub fn read(path: &Utf8Path) -> Result<Self> {
        if path.is_dir() {
            bail!(
                "{path} is a folder: give the path of the dbt manifest in it ({})",
                path.join("manifest.json")
            );
        }
        let file = File::open(path).with_context(|| format!("cannot read the dbt manifest {path}"))?;
        // In what is no file, such as a pipe, there is no looking at the end.
        let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let mut json = JsonStream::new(file);
        Self::parse(&mut json, is_file)
            .and_then(|(graph, is_enough)| {
                let end = if is_enough { json.skip_to_the_end() } else { json.end() };
                end.map(|()| graph)
            })
            .with_context(|| format!("{path} is not a dbt manifest that this tool can read"))
    }

    /// Reads what stands in a manifest.json.
    ///
    /// # Errors
    /// It was not written by a dbt that this tool works with.
    pub fn of_text(text: &str) -> Result<Self> {
        Self::parse(&mut JsonStream::new(text.as_bytes()), false).map(|(graph, _)| graph)
    }

    /// Where it `stops_early`, only as far as there is something to be read; whether that was before the end.
    fn parse<R: Read>(json: &mut JsonStream<R>, stops_early: bool) -> Result<(Self, bool)> {
        if json.is_blank()? {
            bail!("the file is empty");
        }
        let mut graph = Self {
            manifest: Manifest {
                metadata: Metadata::default(),
                nodes: BTreeMap::new(),
                macros: HashMap::new(),
            },
            disabled: Vec::new(),
            between: HashMap::new(),
            fqns: HashMap::new(),
            default_selector: None,
        };
        // Behind the last of these dbt writes who is whose parent and child once more, which no rule looks at.
        let mut missing = vec!["metadata", "nodes", "macros", "selectors", "disabled"];
        let is_enough = json.object_until(|json, section| {
            graph.read_section(json, section)?;
            missing.retain(|wanted| *wanted != section);
            Ok(stops_early && missing.is_empty())
        })?;
        if let Some(section) = missing.into_iter().find(|section| ["metadata", "nodes"].contains(section)) {
            bail!("it has no {section}");
        }
        Ok((graph, is_enough))
    }

    fn read_section<R: Read>(&mut self, json: &mut JsonStream<R>, section: &str) -> Result<()> {
        match section {
            "metadata" => self.manifest.metadata = json.value::<Writer>()?.into_metadata()?,
            "nodes" => self.read_nodes(json)?,
            "macros" => read_macros(json, &mut self.manifest.macros)?,
            "disabled" => self.read_disabled(json)?,
            "selectors" => json.object_or_null(|json, name| {
                let selector: Selector = json.value()?;
                if selector.default {
                    self.default_selector =
                        Some(DefaultSelector { name: name.to_owned(), definition: selector.definition });
                }
                Ok(())
            })?,
            _ => json.skip_section()?,
        }
        Ok(())
    }

    fn read_nodes<R: Read>(&mut self, json: &mut JsonStream<R>) -> Result<()> {
        json.object(|json, id| {
            if is_kept(id) {
                let Parsed { node, fqn, .. } = read_node::<_, CheckedConfig>(json, id)?;
                self.fqns.insert(id.to_owned(), fqn);
                self.manifest.nodes.insert(id.to_owned(), node);
            } else if id.starts_with("snapshot.") {
                self.between.insert(id.to_owned(), json.value::<Dependent>()?.depends_on.nodes);
            } else {
                json.skip()?;
            }
            Ok(())
        })
    }

    fn read_disabled<R: Read>(&mut self, json: &mut JsonStream<R>) -> Result<()> {
        json.object_or_null(|json, id| {
            if !id.starts_with("model.") {
                return json.skip();
            }
            let definitions: Vec<Parsed<CheckedConfig>> = json.value()?;
            self.disabled.extend(
                definitions.into_iter().map(|parsed| Node { unique_id: id.to_owned(), ..parsed.node }),
            );
            Ok(())
        })
    }
}

/// `metadata`, with what tells a dbt manifest from dbt's other artifacts.
#[derive(Deserialize)]
struct Writer {
    #[serde(default)]
    dbt_schema_version: String,
    #[serde(default)]
    dbt_version: String,
    #[serde(default)]
    adapter_type: Option<String>,
    #[serde(default)]
    project_name: Option<String>,
    #[serde(default)]
    generated_at: Option<String>,
}

impl Writer {
    fn into_metadata(self) -> Result<Metadata> {
        // https://schemas.getdbt.com/dbt/manifest/v12.json
        let mut parts = self.dbt_schema_version.rsplit('/').skip(1);
        match parts.next() {
            Some("manifest") => {}
            Some(other) => bail!("it is another artifact of dbt's: {other}"),
            None => bail!("its metadata states no dbt_schema_version"),
        }
        version::check(&self.dbt_version)?;
        Ok(Metadata {
            dbt_version: self.dbt_version,
            adapter_type: self.adapter_type.unwrap_or_default(),
            project_name: self.project_name,
            generated_at: self.generated_at,
        })
    }
}

#[derive(Deserialize)]
struct Selector {
    #[serde(default)]
    default: bool,
    definition: Value,
}

/// The part of `meta` that is this tool's.
#[derive(Deserialize)]
struct Meta {
    snowplow_backfill: Option<Value>,
}

/// The part of a configuration that rules look at.
#[derive(Default)]
struct CheckedConfig(Map<String, Value>);

impl CheckedConfig {
    const KEYS: [&str; 6] = [
        "full_refresh",
        "incremental_strategy",
        "materialized",
        "snowplow_optimize",
        "unique_key",
        "upsert_date_key",
    ];
}

impl KeptConfig for CheckedConfig {
    fn keeps_code_of(tag: &str) -> bool {
        tag.ends_with("_incremental")
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
                        if let Some(own) =
                            map.next_value::<Option<Meta>>()?.and_then(|meta| meta.snowplow_backfill)
                        {
                            kept.insert(key.into_owned(), json!({"snowplow_backfill": own}));
                        }
                    } else if CheckedConfig::KEYS.contains(&&*key) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(manifest: &Value) -> Result<Graph> {
        Graph::of_text(&manifest.to_string())
    }

    #[test]
    fn reads_what_rules_look_at() {
        let model = |name: &str, tags: &[&str], config: Value| {
            json!({"resource_type": "model", "name": name, "package_name": "p", "fqn": ["p", "a.b", name], "tags": tags,
                "config": config, "raw_code": "select \"é\"", "columns": {"c": {"name": "c"}}})
        };
        let graph = parse(&json!({
            "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v11.json", "dbt_version": "1.7.20",
                "adapter_type": "duckdb"},
            "nodes": {
                "model.p.tracked": model("tracked", &["x_incremental"], json!({"materialized": "incremental", "grants": {}})),
                "model.p.other": model("other", &["x"], json!({"unique_key": null, "meta": {"a": 1, "snowplow_backfill": {"ignore": {}}}})),
                "test.p.t": {"anything": 1},
                "snapshot.p.s": {"depends_on": {"nodes": ["model.p.other"]}},
            },
            "macros": {"macro.p.m": {"macro_sql": "…", "depends_on": {"macros": ["macro.q.n"]}}},
            "selectors": {
                "some": {"name": "some", "definition": {"method": "tag", "value": "x"}},
                "usual": {"name": "usual", "default": true, "definition": {"method": "fqn", "value": "*"}},
            },
            "disabled": {"model.p.off": [model("off", &[], json!({})), model("off", &["y"], json!({}))], "test.p.u": [{}]},
            "exposures": [],
        }))
        .expect("a graph");
        let node = |name: &str| graph.manifest.node(&format!("model.p.{name}")).expect("a node");
        assert_eq!(
            (node("tracked").raw_code.as_str(), node("other").raw_code.as_str()),
            ("select \"é\"", "")
        );
        assert_eq!(Value::from(node("tracked").config.clone()), json!({"materialized": "incremental"}));
        assert_eq!(
            Value::from(node("other").config.clone()),
            json!({"meta": {"snowplow_backfill": {"ignore": {}}}})
        );
        assert_eq!(graph.fqns["model.p.other"], "p.a.b.other");
        assert_eq!(graph.between["snapshot.p.s"], ["model.p.other"]);
        assert_eq!(graph.manifest.macros["macro.p.m"].calls, ["macro.q.n"]);
        assert_eq!(graph.disabled.len(), 2);
        assert_eq!(graph.default_selector.expect("a selector").name, "usual");
    }

    #[test]
    fn sections_may_be_null() {
        let metadata = json!({"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "dbt_version": "1.11.16"});
        let graph = parse(
            &json!({"metadata": metadata, "nodes": {}, "macros": null, "selectors": null, "disabled": null, "docs": null}),
        );
        assert!(graph.expect("a graph").disabled.is_empty());
    }

    #[test]
    fn refuses_other_artifacts_and_other_versions() {
        for (schema, version, expected) in [
            (
                "https://schemas.getdbt.com/dbt/run-results/v6.json",
                "1.11.16",
                "another artifact of dbt's: run-results",
            ),
            ("https://schemas.getdbt.com/dbt/manifest/v10.json", "1.6.18", "dbt 1.6.18 is too old"),
            ("", "1.11.16", "states no dbt_schema_version"),
        ] {
            let metadata = json!({"dbt_schema_version": schema, "dbt_version": version});
            let error = parse(&json!({"metadata": metadata, "nodes": {}})).expect_err(expected);
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        }
    }
}
