//! Writes a dbt manifest like that of a large project, without dbt. Its bytes are the same on every machine.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use camino::Utf8Path;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::{CompactFormatter, Formatter};
use serde_json::{Map, Value, json};

/// Models of the project itself, without those of the Snowplow package.
const MODELS: usize = 4_996;
const SOURCES: usize = 300;
/// About as many as dbt and an adapter have.
const MACROS: usize = 600;
/// One model in this many is tracked by the Snowplow package.
const TRACKED_EVERY: usize = 50;

/// Writes the dbt manifest.
pub fn write(path: &Utf8Path) -> Result<()> {
    let file = BufWriter::new(File::create(path).with_context(|| format!("cannot create {path}"))?);
    let mut serializer = serde_json::Serializer::with_formatter(file, AsPython);
    Manifest.serialize(&mut serializer).with_context(|| format!("cannot write {path}"))?;
    serializer.into_inner().flush().with_context(|| format!("cannot write {path}"))
}

/// Writes a file for each model of the project. `check` only looks at their age, so they are tiny.
pub fn write_models(project: &Utf8Path) -> Result<()> {
    for number in 0..MODELS {
        let folder = project.join("models").join(folder_of(number));
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {folder}"))?;
        let path = folder.join(format!("{}.sql", model_name(number)));
        fs::write(&path, "select 1\n").with_context(|| format!("cannot write {path}"))?;
        make_older(&path)?;
    }
    Ok(())
}

/// Makes a file older than the manifest's own date.
pub fn make_older(path: &Utf8Path) -> Result<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_000_000);
    let file = File::options().write(true).open(path).with_context(|| format!("cannot open {path}"))?;
    file.set_modified(time).with_context(|| format!("cannot change the time of {path}"))
}

/// Writes JSON as dbt does, with Python's `json.dumps`: with a space after each comma and colon.
struct AsPython;

impl Formatter for AsPython {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        CompactFormatter.begin_object_value(writer)?;
        writer.write_all(b" ")
    }
}

/// Keeps one node in memory at a time. A process inherits the peak memory of its parent, so it would count
/// for the contenders, too.
struct Manifest;

impl Serialize for Manifest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let metadata = json!({
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "dbt_version": "1.11.16",
            "generated_at": "2026-01-01T00:00:00.000000Z",
            "invocation_id": "00000000-0000-4000-8000-000000000000",
            "invocation_started_at": "2026-01-01T00:00:00.000000Z", "env": {}, "project_name": PROJECT,
            "project_id": "0123456789abcdef0123456789abcdef", "user_id": null,
            "send_anonymous_usage_stats": false,
            "adapter_type": "snowflake",
            "quoting": {"database": false, "schema": false, "identifier": false, "column": null},
            "run_started_at": "2026-01-01T00:00:00.000000+00:00",
        });
        let mut sections = serializer.serialize_map(None)?;
        sections.serialize_entry("metadata", &metadata)?;
        sections.serialize_entry("nodes", &Entries(nodes))?;
        sections.serialize_entry("sources", &Entries(|| (0..SOURCES).map(source)))?;
        sections.serialize_entry("macros", &Entries(|| (0..MACROS).map(jinja_macro)))?;
        for empty in ["docs", "exposures", "metrics", "groups", "selectors", "disabled"] {
            sections.serialize_entry(empty, &json!({}))?;
        }
        let (parents, children) = relatives();
        sections.serialize_entry("parent_map", &parents)?;
        sections.serialize_entry("child_map", &children)?;
        for empty in ["group_map", "saved_queries", "semantic_models", "unit_tests", "functions"] {
            sections.serialize_entry(empty, &json!({}))?;
        }
        sections.end()
    }
}

/// A section of the dbt manifest: nodes by their `unique_id`.
struct Entries<F>(F);

impl<I: Iterator<Item = Value>, F: Fn() -> I> Serialize for Entries<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map((self.0)().map(|value| (id_of(&value), value)))
    }
}

fn nodes() -> impl Iterator<Item = Value> {
    let of_project =
        (0..MODELS).flat_map(|number| [project_model(number)].into_iter().chain(tests_of(number)));
    snowplow_nodes().into_iter().chain(of_project)
}

type Relatives = BTreeMap<String, Vec<String>>;

/// The parents and the children of every node.
fn relatives() -> (Relatives, Relatives) {
    let (mut all_parents, mut children) = (Relatives::new(), Relatives::new());
    for node in nodes() {
        let parents = node["depends_on"]["nodes"].as_array().into_iter().flatten();
        let parents: Vec<_> = parents.filter_map(Value::as_str).map(str::to_owned).collect();
        let id = id_of(&node);
        for parent in &parents {
            children.entry(parent.clone()).or_default().push(id.clone());
        }
        children.entry(id.clone()).or_default();
        all_parents.insert(id, parents);
    }
    (all_parents, children)
}

const PROJECT: &str = "warehouse";
const PACKAGE: &str = "snowplow_unified";
const DOMAINS: [&str; 8] =
    ["finance", "marketing", "product", "logistics", "support", "sales", "people", "web"];
const LAYERS: [&str; 4] = ["stg", "int", "fct", "dim"];

fn id_of(node: &Value) -> String {
    node["unique_id"].as_str().unwrap_or_default().to_owned()
}

/// Numbers that look random, but are the same every time.
fn scattered(number: usize, salt: usize) -> usize {
    let mixed = (number as u64 ^ ((salt as u64) << 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from((mixed ^ (mixed >> 29)) >> 33).unwrap_or(0)
}

fn hexadecimal(number: usize, salt: usize, digits: usize) -> String {
    let words =
        (0..digits.div_ceil(6)).map(|word| format!("{:06x}", scattered(number, salt + word) & 0xFF_FFFF));
    words.collect::<String>().chars().take(digits).collect()
}

fn model_name(number: usize) -> String {
    let (domain, layer) = (DOMAINS[number % DOMAINS.len()], LAYERS[number / DOMAINS.len() % LAYERS.len()]);
    format!("{layer}_{domain}__orders_and_refunds_{number:04}")
}

fn folder_of(number: usize) -> String {
    format!("{}/{}", DOMAINS[number % DOMAINS.len()], LAYERS[number / DOMAINS.len() % LAYERS.len()])
}

fn project_model(number: usize) -> Value {
    let (name, folder) = (model_name(number), folder_of(number));
    if number.is_multiple_of(TRACKED_EVERY) {
        let code = format!(
            "{{{{\n  config(\n    materialized='incremental',\n    unique_key='column_00',\n    \
             meta={{'upsert_date_key': 'column_01', 'snowplow_optimize': true}}\n  )\n}}}}\n\n\
             {}\nwhere {{{{ snowplow_utils.is_run_with_new_events('{PACKAGE}') }}}}",
            select(number, "{{ ref('snowplow_unified_base_events_this_run') }}")
        );
        let parents = ["base_events_this_run", "base_new_event_limits", "incremental_manifest"]
            .map(|what| format!("model.{PACKAGE}.{PACKAGE}_{what}"));
        return model(&Model {
            package: PROJECT,
            folder: &folder,
            name: &name,
            tags: &[&format!("{PACKAGE}_incremental")],
            materialized: "incremental",
            config: json!({
                "unique_key": "column_00", "meta": {"upsert_date_key": "column_01", "snowplow_optimize": true},
            }),
            code: &code,
            macros: &["macro.snowplow_utils.is_run_with_new_events"],
            parents: &parents,
            columns: columns(number),
            number,
        });
    }
    let parents: Vec<_> = (0..2.min(number / 40))
        .map(|salt| format!("model.{PROJECT}.{}", model_name(scattered(number, salt) % number)))
        .chain([format!("source.{PROJECT}.raw_{}.table_{:03}", number % DOMAINS.len(), number % SOURCES)])
        .collect();
    let code =
        format!("{{{{ config(materialized='table') }}}}\n\n{}", select(number, "{{ ref('upstream') }}"));
    model(&Model {
        package: PROJECT,
        folder: &folder,
        name: &name,
        tags: &["daily"],
        materialized: if number.is_multiple_of(3) { "table" } else { "view" },
        config: json!({}),
        code: &code,
        macros: &["macro.dbt_utils.generate_surrogate_key", "macro.dbt.type_string"],
        parents: &parents,
        columns: columns(number),
        number,
    })
}

fn select(number: usize, from: &str) -> String {
    let columns = (0..16 + number % 9).map(|column| {
        let column = format!("column_{column:02}");
        format!("    cast(source.{column} as {{{{ dbt.type_string() }}}}) as {column}, -- \"as given\"\n")
    });
    format!(
        "with source as (\n\n    select * from {from}\n\n),\n\nrenamed as (\n\n  select\n{}    1 as one\n  \
         from source\n\n)\n\nselect * from renamed",
        columns.collect::<String>()
    )
}

fn columns(number: usize) -> Value {
    let columns = (0..8 + number % 8).map(|column| {
        let name = format!("column_{column:02}");
        let value = json!({
            "name": name,
            "description": format!("What the source calls column {column}; empty where it is not known."),
            "meta": {}, "data_type": null, "constraints": [], "quote": null,
            "config": {"meta": {}, "tags": []}, "tags": [],
            "granularity": null, "doc_blocks": [],
        });
        (name, value)
    });
    columns.collect::<Map<_, _>>().into()
}

struct Model<'a> {
    package: &'a str,
    folder: &'a str,
    name: &'a str,
    tags: &'a [&'a str],
    materialized: &'a str,
    config: Value,
    code: &'a str,
    macros: &'a [&'a str],
    parents: &'a [String],
    columns: Value,
    number: usize,
}

fn model(of: &Model<'_>) -> Value {
    let Model { package, folder, name, tags, .. } = *of;
    let mut config = json!({
        "enabled": true, "alias": null, "schema": folder.split('/').next(), "database": null, "tags": tags,
        "meta": {"owner": "data-platform", "tier": of.number % 4}, "group": null, "static_analysis": null,
        "materialized": of.materialized, "incremental_strategy": null, "batch_size": null, "lookback": 1,
        "begin": null,
        "persist_docs": {}, "post-hook": [], "pre-hook": [], "quoting": {}, "column_types": {},
        "full_refresh": null,
        "unique_key": null, "on_schema_change": "ignore", "on_configuration_change": "apply", "grants": {},
        "packages": [],
        "docs": {"show": true, "node_color": null}, "contract": {"enforced": false, "alias_types": true},
        "event_time": null, "concurrent_batches": null, "access": "protected", "freshness": null,
    });
    for (key, value) in of.config.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    let schema = format!("prod_{}", folder.split('/').next().unwrap_or_default());
    let fqn = format!("{package}/{folder}/{name}");
    let refs = of.parents.iter().filter_map(|parent| parent.strip_prefix("model.")?.split('.').nth(1));
    let refs: Vec<_> = refs.map(|name| json!({"name": name, "package": null, "version": null})).collect();
    let mut node = json!({
        "database": "ANALYTICS", "schema": schema, "name": name, "resource_type": "model",
        "package_name": package,
        "path": format!("{folder}/{name}.sql"), "original_file_path": format!("models/{folder}/{name}.sql"),
        "unique_id": format!("model.{package}.{name}"), "fqn": fqn.split('/').collect::<Vec<_>>(),
        "alias": name,
        "checksum": {"name": "sha256", "checksum": hexadecimal(of.number, 7, 64)}, "config": config,
        "tags": tags,
        "description": "One row an order or refund, with what the source knows of it.", "columns": of.columns,
        "meta": {"owner": "data-platform", "tier": of.number % 4}, "group": null,
        "docs": {"show": true, "node_color": null},
        "patch_path": format!("{package}://models/{folder}/schema.yml"), "build_path": null,
        "unrendered_config": {"materialized": of.materialized, "tags": tags},
        "created_at": 1_767_225_600.123_456_7,
        "relation_name": format!("ANALYTICS.{schema}.{name}"), "raw_code": of.code,
    });
    extend(&mut node, compiled(&json!(refs), &json!({"macros": of.macros, "nodes": of.parents})));
    extend(
        &mut node,
        json!({
            "access": "protected", "constraints": [], "version": null, "latest_version": null,
            "deprecation_date": null,
            "primary_key": ["column_00"], "time_spine": null,
        }),
    );
    node
}

/// The fields at the end of every node that has code.
fn compiled(refs: &Value, depends_on: &Value) -> Value {
    json!({
        "doc_blocks": [], "language": "sql", "refs": refs, "sources": [], "metrics": [], "functions": [],
        "depends_on": depends_on, "compiled_path": null,
        "contract": {"enforced": false, "alias_types": true, "checksum": null},
    })
}

fn extend(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}

/// The tests of a model. Most nodes of a dbt manifest are tests.
fn tests_of(number: usize) -> [Value; 2] {
    let of = model_name(number);
    ["unique", "not_null"].map(|test| {
        let name = format!("{test}_{of}_column_00");
        let hash = hexadecimal(number, test.len(), 10);
        let config = json!({
            "enabled": true, "alias": null, "schema": "dbt_test__audit", "database": null, "tags": [],
            "meta": {},
            "group": null, "static_analysis": null, "materialized": "test", "severity": "ERROR",
            "store_failures": null,
            "store_failures_as": null, "where": null, "limit": null, "fail_calc": "count(*)",
            "warn_if": "!= 0",
            "error_if": "!= 0",
        });
        let mut node = json!({
            "database": "ANALYTICS", "schema": "prod_dbt_test__audit", "name": name, "resource_type": "test",
            "package_name": PROJECT, "path": format!("{name}.sql"), "original_file_path": "models/schema.yml",
            "unique_id": format!("test.{PROJECT}.{name}.{hash}"), "fqn": [PROJECT, name], "alias": name,
            "checksum": {"name": "none", "checksum": ""}, "config": config, "tags": [], "description": "",
            "columns": {},
            "meta": {}, "group": null, "docs": {"show": true, "node_color": null}, "patch_path": null,
            "build_path": null,
            "unrendered_config": {}, "created_at": 1_767_225_600.765_432_1, "relation_name": null,
            "raw_code": format!("{{{{ test_{test}(**_dbt_generic_test_kwargs) }}}}"),
        });
        let model = format!("model.{PROJECT}.{of}");
        let macros = [format!("macro.dbt.test_{test}"), "macro.dbt.get_where_subquery".to_owned()];
        extend(
            &mut node,
            compiled(
                &json!([{"name": of, "package": null, "version": null}]),
                &json!({"macros": macros, "nodes": [model]}),
            ),
        );
        let tested = format!("{{{{ get_where_subquery(ref('{of}')) }}}}");
        extend(
            &mut node,
            json!({
                "column_name": "column_00", "file_key_name": format!("models.{of}"), "attached_node": model,
                "test_metadata": {
                    "name": test, "kwargs": {"column_name": "column_00", "model": tested}, "namespace": null,
                },
            }),
        );
        node
    })
}

fn source(number: usize) -> Value {
    let (schema, name) = (format!("raw_{}", number % DOMAINS.len()), format!("table_{number:03}"));
    json!({
        "database": "RAW", "schema": schema, "name": name, "resource_type": "source", "package_name": PROJECT,
        "path": "models/sources.yml", "original_file_path": "models/sources.yml",
        "unique_id": format!("source.{PROJECT}.{schema}.{name}"), "fqn": [PROJECT, schema, name],
        "source_name": schema,
        "source_description": "", "loader": "", "identifier": name, "description": "As the loader leaves it.",
        "columns": columns(number), "meta": {}, "source_meta": {}, "tags": [], "config": {"enabled": true},
        "relation_name": format!("RAW.{schema}.{name}"), "created_at": 1_767_225_600.5,
    })
}

fn jinja_macro(number: usize) -> Value {
    let (package, name) = match number {
        0 => ("snowplow_utils", "is_run_with_new_events".to_owned()),
        1 => ("snowplow_utils", "get_run_limits".to_owned()),
        2 => ("snowplow_utils", "snowplow_incremental_post_hook".to_owned()),
        3 => ("snowplow_utils", "allow_refresh".to_owned()),
        _ => ("dbt", format!("default__do_something_with_a_relation_{number}")),
    };
    let line = "  {% if not execute %}{{ return('') }}{% endif %}\n  \
                {% do adapter.execute(\"select 1\", auto_begin=True) %}\n";
    let lines = line.repeat(2 + number % 9);
    json!({
        "name": name, "resource_type": "macro", "package_name": package, "path": format!("macros/{name}.sql"),
        "original_file_path": format!("macros/{name}.sql"), "unique_id": format!("macro.{package}.{name}"),
        "macro_sql": format!("{{% macro {name}(relation) -%}}\n{lines}{{%- endmacro %}}"),
        "depends_on": {"macros": ["macro.dbt.run_query"]}, "description": "", "meta": {},
        "docs": {"show": true, "node_color": null},
        "config": {"meta": {}, "docs": {"show": true, "node_color": null}},
        "patch_path": null, "arguments": [], "created_at": 1_767_225_600.25, "supported_languages": null,
    })
}

/// The base models and the hook of the Snowplow package.
fn snowplow_nodes() -> Vec<Value> {
    let id = |what: &str| format!("model.{PACKAGE}.{PACKAGE}_{what}");
    let base = |what: &str, materialized: &str, macros: &[&str], parents: &[String]| {
        model(&Model {
            package: PACKAGE,
            folder: "base",
            name: &format!("{PACKAGE}_{what}"),
            tags: &[],
            materialized,
            config: json!({}),
            code: "{{ the_package_knows() }}",
            macros,
            parents,
            columns: json!({}),
            number: 1,
        })
    };
    let mut hook = base(
        "hook",
        "view",
        &["macro.snowplow_utils.snowplow_incremental_post_hook"],
        &[id("incremental_manifest"), id("base_events_this_run")],
    );
    let name = format!("{PACKAGE}-on-run-end-0");
    hook["resource_type"] = "operation".into();
    hook["tags"] = json!(["on-run-end"]);
    hook["name"] = name.clone().into();
    hook["unique_id"] = format!("operation.{PACKAGE}.{name}").into();
    hook["original_file_path"] = "./dbt_project.yml".into();
    hook["raw_code"] =
        format!("{{{{ snowplow_utils.snowplow_incremental_post_hook(package_name='{PACKAGE}') }}}}").into();
    vec![
        base("incremental_manifest", "incremental", &["macro.snowplow_utils.allow_refresh"], &[]),
        base(
            "base_new_event_limits",
            "table",
            &["macro.snowplow_utils.get_run_limits"],
            &[id("incremental_manifest")],
        ),
        base("base_sessions_this_run", "table", &[], &[id("base_new_event_limits")]),
        base("base_events_this_run", "table", &[], &[id("base_sessions_this_run")]),
        hook,
    ]
}
