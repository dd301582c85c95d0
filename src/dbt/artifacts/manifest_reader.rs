//! Reads a dbt manifest: one entry at a time, and no more than is needed. The files of large projects are
//! huge.

use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::json_stream::JsonStream;
use super::manifest::{DefaultSelector, Macro, Manifest, Metadata, Node};
use super::manifest_node::{CheckedConfig, DependsOn, ParsedNode, read_node};
use crate::dbt::dialect;

/// How much of a dbt manifest is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFor {
    /// Runs and promotions: the whole configuration of the enabled models, the source text of those that filter
    /// Snowplow's events, and the default selector.
    Runs,
    /// Checks: a few keys of the configuration of all models, the source text of tracked models, the disabled
    /// models, and the default selector.
    Checks,
}

impl ReadFor {
    /// The sections of the file that are read. After the last of them, dbt lists parents and children
    /// again.
    fn sections(self) -> &'static [&'static str] {
        match self {
            Self::Runs => &["metadata", "nodes", "macros", "selectors", FUNCTIONS],
            Self::Checks => &["metadata", "nodes", "macros", "selectors", "disabled", FUNCTIONS],
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The end of the text.
    End,
    /// The last section that is read.
    LastSection,
}

/// dbt 1.11 writes them last, behind the lists of parents and children.
const FUNCTIONS: &str = "functions";

/// What a manifest.json must have.
const REQUIRED: [&str; 2] = ["metadata", "nodes"];

impl Manifest {
    /// Reads a manifest.json.
    ///
    /// # Errors
    /// It cannot be read, or is not a dbt manifest. For checks: its version of dbt is not supported.
    pub fn read(path: &Utf8Path, read_for: ReadFor) -> Result<Self> {
        if path.is_dir() {
            bail!(
                "{path} is a folder: give the path of the dbt manifest in it ({})",
                path.join("manifest.json")
            );
        }
        let file = File::open(path).with_context(|| format!("cannot read the dbt manifest {path}"))?;
        // The end of a pipe cannot be read without all that is before it.
        let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let until = if is_file { Until::LastSection } else { Until::End };
        let mut json = JsonStream::new(file);
        Self::parse(&mut json, read_for, until)
            .and_then(|(manifest, reached)| {
                match reached {
                    Until::LastSection => json.skip_to_the_end()?,
                    Until::End => json.end()?,
                }
                Ok(manifest)
            })
            .with_context(|| format!("{path} is not a dbt manifest that this tool can read"))
    }

    /// Reads the text of a manifest.json.
    ///
    /// # Errors
    /// It is not a dbt manifest. For checks: its version of dbt is not supported.
    pub fn of_text(text: &str, read_for: ReadFor) -> Result<Self> {
        Self::parse(&mut JsonStream::new(text.as_bytes()), read_for, Until::End).map(|(manifest, _)| manifest)
    }

    /// The manifest, and how far it was read.
    fn parse<R: Read>(json: &mut JsonStream<R>, read_for: ReadFor, until: Until) -> Result<(Self, Until)> {
        if json.is_blank()? {
            bail!("the file is empty");
        }
        let mut manifest = Self::default();
        let mut missing = read_for.sections().to_vec();
        let is_enough = json.object_until(|json, section| {
            if read_for.sections().contains(&section) {
                manifest.read_section(json, section, read_for)?;
                missing.retain(|wanted| *wanted != section);
            } else {
                json.skip_section()?;
            }
            // Most projects have no functions, and most files go on for long before them.
            let mut needed =
                missing.iter().filter(|wanted| **wanted != FUNCTIONS || manifest.reads_a_function());
            Ok(until == Until::LastSection && needed.next().is_none())
        })?;
        if let Some(section) = REQUIRED.into_iter().find(|required| missing.contains(required)) {
            bail!("it has no {section}");
        }
        manifest.complete_operations();
        Ok((manifest, if is_enough { Until::LastSection } else { Until::End }))
    }

    fn read_section<R: Read>(
        &mut self,
        json: &mut JsonStream<R>,
        section: &str,
        read_for: ReadFor,
    ) -> Result<()> {
        match section {
            "metadata" => self.metadata = json.value::<Writer>()?.into_metadata(read_for)?,
            "nodes" => self.read_nodes(json, read_for)?,
            "macros" => self.read_macros(json)?,
            "disabled" => self.read_disabled(json)?,
            "selectors" => self.read_selectors(json)?,
            FUNCTIONS => self.read_functions(json)?,
            _ => json.skip_section()?,
        }
        Ok(())
    }

    fn read_nodes<R: Read>(&mut self, json: &mut JsonStream<R>, read_for: ReadFor) -> Result<()> {
        json.object(|json, id| {
            // Most nodes are tests.
            if ["model.", "operation."].iter().any(|kind| id.starts_with(kind)) {
                let node = match read_for {
                    ReadFor::Runs => read_node::<_, Map<String, Value>>(json, id)?,
                    ReadFor::Checks => read_node::<_, CheckedConfig>(json, id)?,
                };
                self.nodes.insert(id.to_owned(), node);
            } else if id.starts_with("snapshot.") {
                self.snapshots.insert(id.to_owned(), json.value::<Dependent>()?.depends_on.nodes);
            } else {
                json.skip()?;
            }
            Ok(())
        })
    }

    fn read_macros<R: Read>(&mut self, json: &mut JsonStream<R>) -> Result<()> {
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
            self.macros.insert(id.to_owned(), read);
            Ok(())
        })
    }

    fn read_functions<R: Read>(&mut self, json: &mut JsonStream<R>) -> Result<()> {
        json.object_or_null(|json, id| {
            self.functions.insert(id.to_owned(), json.value::<Dependent>()?.depends_on.nodes);
            Ok(())
        })
    }

    /// Whether a model or a snapshot reads a function.
    fn reads_a_function(&self) -> bool {
        let of_nodes = self.nodes.values().map(|node| &node.parents);
        of_nodes.chain(self.snapshots.values()).flatten().any(|parent| parent.starts_with("function."))
    }

    fn read_disabled<R: Read>(&mut self, json: &mut JsonStream<R>) -> Result<()> {
        json.object_or_null(|json, id| {
            if !id.starts_with("model.") {
                return json.skip();
            }
            let definitions: Vec<ParsedNode<CheckedConfig>> = json.value()?;
            let nodes =
                definitions.into_iter().map(|parsed| Node { unique_id: id.to_owned(), ..parsed.node });
            self.disabled.extend(nodes);
            Ok(())
        })
    }

    fn read_selectors<R: Read>(&mut self, json: &mut JsonStream<R>) -> Result<()> {
        json.object_or_null(|json, name| {
            let Selector { default, definition } = json.value()?;
            if default {
                let definition = definition.clone();
                self.default_selector = Some(DefaultSelector { name: name.to_owned(), definition });
            }
            self.selectors.insert(name.to_owned(), definition);
            Ok(())
        })
    }
}

/// The start of the names of the macros that Snowplow's on-run-end hooks call.
const HOOK: &str = ".snowplow_incremental_post_hook";

#[derive(Deserialize)]
struct MacroCode {
    #[serde(default)]
    macro_sql: Option<String>,
}

/// An entry of which only what it depends on is read.
#[derive(Deserialize)]
struct Dependent {
    #[serde(default)]
    depends_on: DependsOn,
}

/// `metadata`, with what tells a dbt manifest from dbt's other artifacts.
#[derive(Deserialize)]
struct Writer {
    #[serde(default)]
    dbt_schema_version: String,
    #[serde(default)]
    dbt_version: Option<String>,
    #[serde(default)]
    adapter_type: Option<String>,
    #[serde(default)]
    project_name: Option<String>,
    #[serde(default)]
    generated_at: Option<String>,
}

impl Writer {
    fn into_metadata(self, read_for: ReadFor) -> Result<Metadata> {
        if read_for == ReadFor::Checks {
            self.require_dbt_manifest()?;
        }
        let dbt_version = self.dbt_version.context("its metadata states no dbt_version")?;
        let adapter_type = match read_for {
            ReadFor::Runs => self.adapter_type.context("its metadata states no adapter_type")?,
            ReadFor::Checks => self.adapter_type.unwrap_or_default(),
        };
        Ok(Metadata {
            dbt_version,
            adapter_type,
            project_name: self.project_name,
            generated_at: self.generated_at,
        })
    }

    /// The user can name any file for a check.
    fn require_dbt_manifest(&self) -> Result<()> {
        // https://schemas.getdbt.com/dbt/manifest/v12.json
        match self.dbt_schema_version.rsplit('/').nth(1) {
            Some("manifest") => dialect::check_version(self.dbt_version.as_deref().unwrap_or_default()),
            Some(other) => bail!("it is another artifact of dbt's: {other}"),
            None => bail!("its metadata states no dbt_schema_version"),
        }
    }
}

#[derive(Deserialize)]
struct Selector {
    #[serde(default)]
    default: bool,
    definition: Value,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
        let manifest = Manifest::of_text(text, ReadFor::Runs).expect("a manifest");
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
    fn a_description_is_kept_where_dbt_writes_it_to_the_warehouse() {
        let node = |persists: bool| {
            json!({"resource_type": "model", "name": "a", "package_name": "p", "description": "It's \"a\".",
                "config": {"persist_docs": {"relation": persists}}})
        };
        let nodes = json!({"model.p.a": node(true), "model.p.b": node(false)});
        let text = json!({"metadata": {"dbt_version": "1.11.16", "adapter_type": "bigquery"}, "nodes": nodes,
            "macros": {}, "sources": {}})
        .to_string();
        let manifest = Manifest::of_text(&text, ReadFor::Runs).expect("a manifest");
        let description = |id: &str| manifest.node(id).expect("a model").description.as_str();
        assert_eq!([description("model.p.a"), description("model.p.b")], ["It's \"a\".", ""]);
    }

    #[test]
    fn tags_are_kept_of_the_columns_that_have_any() {
        let columns =
            json!({"a": {"name": "a", "databricks_tags": {"pii": "yes"}}, "b": {"name": "b", "meta": {}}});
        let node = |columns: Value| json!({"resource_type": "model", "name": "m", "package_name": "p", "columns": columns});
        let nodes = json!({"model.p.m": node(columns), "model.p.n": node(Value::Null)});
        let text =
            json!({"metadata": {"dbt_version": "1.11.16", "adapter_type": "databricks"}, "nodes": nodes,
            "macros": {}, "sources": {}})
            .to_string();
        let manifest = Manifest::of_text(&text, ReadFor::Runs).expect("a manifest");
        let tagged = |id: &str| json!(manifest.node(id).expect("a model").column_tags);
        assert_eq!([tagged("model.p.m"), tagged("model.p.n")], [json!({"a": {"pii": "yes"}}), json!({})]);
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
            let error = format!("{:#}", Manifest::of_text(text, ReadFor::Runs).expect_err(text));
            assert!(error.contains(expected), "{error}");
        }
    }

    fn parse(manifest: &Value) -> Result<Manifest> {
        Manifest::of_text(&manifest.to_string(), ReadFor::Checks)
    }

    #[test]
    fn reads_what_rules_look_at() {
        let model = |name: &str, tags: &[&str], config: Value| {
            json!({"resource_type": "model", "name": name, "package_name": "p", "fqn": ["p", "a.b", name], "tags": tags,
                "config": config, "raw_code": "select \"é\"", "columns": {"c": {"name": "c"}}})
        };
        let manifest = parse(&json!({
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
        .expect("a manifest");
        let node = |name: &str| manifest.node(&format!("model.p.{name}")).expect("a node");
        assert_eq!(
            (node("tracked").raw_code.as_str(), node("other").raw_code.as_str()),
            ("select \"é\"", "")
        );
        assert_eq!(Value::from(node("tracked").config.clone()), json!({"materialized": "incremental"}));
        assert_eq!(
            Value::from(node("other").config.clone()),
            json!({"meta": {"snowplow_backfill": {"ignore": {}}}})
        );
        assert_eq!(node("other").fqn, "p.a.b.other");
        assert_eq!(manifest.snapshots["snapshot.p.s"], ["model.p.other"]);
        assert_eq!(manifest.macros["macro.p.m"].calls, ["macro.q.n"]);
        assert_eq!(manifest.disabled.len(), 2);
        assert_eq!(manifest.default_selector.expect("a selector").name, "usual");
    }

    #[test]
    fn reads_functions_wherever_they_are() {
        let metadata = r#""metadata": {"dbt_version": "1.11.16", "adapter_type": "duckdb"}"#;
        let nodes = |parent: &str| {
            let model = json!({"resource_type": "model", "name": "a", "package_name": "p", "depends_on": {"nodes": [parent]}});
            format!(r#""nodes": {{"model.p.a": {model}}}"#)
        };
        let functions = r#""functions": {"function.p.f": {"name": "f", "depends_on": {"macros": [], "nodes": ["model.p.b"]}}}"#;
        let (macros, map) = (r#""macros": {}"#, r#""parent_map": {"model.p.a": []}"#);
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8Path::from_path(folder.path()).expect("UTF-8").join("manifest.json");
        let read = |sections: &[&str]| {
            std::fs::write(&path, format!("{{{}}}", sections.join(", "))).expect("written");
            Manifest::read(&path, ReadFor::Runs).expect("a manifest").functions
        };
        let (with, without) = (nodes("function.p.f"), nodes("model.p.b"));
        let orders = [[metadata, &with, macros, map, functions], [functions, map, metadata, macros, &with]];
        for sections in orders {
            assert_eq!(read(&sections)["function.p.f"], ["model.p.b"], "{sections:?}");
        }
        // What nothing reads need not be read.
        assert!(read(&[metadata, &without, macros, r#""selectors": {}"#, map, functions]).is_empty());
        assert!(read(&[metadata, &with, macros, r#""functions": null"#]).is_empty());
    }

    #[test]
    fn sections_may_be_null() {
        let metadata = json!({"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "dbt_version": "1.11.16"});
        let manifest = parse(
            &json!({"metadata": metadata, "nodes": {}, "macros": null, "selectors": null, "disabled": null, "docs": null}),
        );
        assert!(manifest.expect("a manifest").disabled.is_empty());
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
