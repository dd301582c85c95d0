//! The rules of `check` and what `plan` does: each rule says whether `run` and `plan` apply it, and that is true of
//! a project that breaks this rule.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::support::Output;
use crate::support::fake::{FakeDbt, manifest, model, tables};

/// What a selection of the whole project holds.
const BASE: [&str; 4] = ["shop_manifest", "shop_limits", "shop_events", "carts"];

/// A project that breaks nothing, to be changed.
struct Broken {
    manifest: Value,
    project: Value,
    /// The version of snowplow_utils.
    utils: &'static str,
    /// The incremental manifest's rows.
    rows: Vec<(&'static str, &'static str)>,
    selected: Vec<String>,
    /// Whether the selection touches two packages. The second one has no rows.
    has_two_packages: bool,
    /// Whether this dbt manifest is taken for prod's, too.
    has_prod: bool,
}

impl Broken {
    fn new() -> Self {
        let mut manifest: Value = serde_json::from_str(&manifest("1.11.16", &[])).expect("JSON");
        manifest["metadata"]["dbt_schema_version"] =
            "https://schemas.getdbt.com/dbt/manifest/v12.json".into();
        manifest["metadata"]["project_name"] = "faked".into();
        let mut broken = Self {
            manifest,
            project: json!({"name": "faked", "profile": "faked"}),
            utils: "1.0.1",
            rows: vec![("carts", "2021-05-01")],
            selected: Vec::new(),
            has_two_packages: false,
            has_prod: false,
        };
        let protected = json!({"macros": ["macro.snowplow_utils.allow_refresh"], "nodes": []});
        broken.node("shop_manifest")["depends_on"] = protected;
        broken.reads("shop_events", "model.faked.shop_limits");
        broken.add(model("carts", &["shop_incremental"], "incremental"));
        broken.node("carts")["config"] = json!({
            "materialized": "incremental", "unique_key": "id",
            "meta": {"snowplow_optimize": true, "upsert_date_key": "t"},
        });
        broken.node("carts")["depends_on"] = json!({
            "macros": ["macro.snowplow_utils.is_run_with_new_events"], "nodes": ["model.faked.shop_events"],
        });
        let call = "{{ snowplow_utils.is_run_with_new_events('shop') }}";
        broken.node("carts")["raw_code"] = call.into();
        broken.project["dispatch"] =
            json!([{"macro_namespace": "dbt", "search_order": ["snowplow_utils", "dbt"]}]);
        broken.manifest["macros"] = json!({"macro.snowplow_utils.default__get_merge_sql": {}});
        broken.selected = BASE.map(|name| format!("model.faked.{name}")).to_vec();
        broken
    }

    /// A node of the dbt manifest, by its name.
    fn node(&mut self, name: &str) -> &mut Value {
        let mut nodes = self.manifest["nodes"].as_object_mut().expect("nodes").values_mut();
        nodes.find(|node| node["name"] == name).expect(name)
    }

    fn reads(&mut self, name: &str, parent: &str) {
        self.node(name)["depends_on"] = json!({"macros": [], "nodes": [parent]});
    }

    /// Adds a node, which is selected.
    fn add(&mut self, node: Value) {
        let id = node["unique_id"].as_str().expect("an id").to_owned();
        self.selected.push(id.clone());
        self.manifest["nodes"][id] = node;
    }

    /// Another model like `carts`.
    fn add_carts(&mut self, name: &str) -> &mut Value {
        let mut node = self.node("carts").clone();
        node["name"] = name.into();
        node["alias"] = name.into();
        node["unique_id"] = format!("model.faked.{name}").into();
        self.add(node);
        self.rows.clear();
        self.node(name)
    }

    /// A second package, with this name and without a tracked model.
    fn add_package(&mut self, name: &str) {
        for what in ["manifest", "limits", "events"] {
            let mut node = self.node(&format!("shop_{what}")).clone();
            let id = format!("model.faked.{name}_{what}");
            node["name"] = format!("{name}_{what}").into();
            node["alias"] = node["name"].clone();
            node["unique_id"] = id.clone().into();
            let text = node.to_string().replace("model.faked.shop_", &format!("model.faked.{name}_"));
            self.manifest["nodes"][id] = serde_json::from_str(&text).expect("JSON");
        }
        let hook = self.manifest["nodes"]["operation.faked.hook"].to_string();
        let hook = hook.replace("'shop'", &format!("'{name}'")).replace("shop_", &format!("{name}_"));
        let hook = hook.replace("operation.faked.hook", &format!("operation.faked.{name}"));
        self.manifest["nodes"][format!("operation.faked.{name}")] =
            serde_json::from_str(&hook).expect("JSON");
    }

    /// Turns the package into one of the load-time family.
    fn load_family(&mut self) {
        let text = self.manifest.to_string();
        let text = text.replace("snowplow_incremental_post_hook", "snowplow_incremental_post_hook_t");
        self.manifest =
            serde_json::from_str(&text.replace("get_run_limits", "get_run_limits_t")).expect("JSON");
    }

    fn write(&self) -> FakeDbt {
        let text = self.manifest.to_string();
        let listed = self.selected.iter().map(|id| format!("{}\n", json!({"unique_id": id})));
        let window = (!self.rows.is_empty()).then_some(("2021-04-01", "2021-05-01"));
        let mut tables = tables("2021-06-01", &self.rows, window);
        if self.has_two_packages {
            let answers = [json!({"query": 3, "end": true}), json!({"query": 4, "missing": 0})];
            let lines = answers.map(|line| format!("snowplow-backfill:{line}\n")).concat();
            tables["stdout"] = format!("{}{lines}", tables["stdout"].as_str().expect("text")).into();
        }
        let fake = FakeDbt::new(&json!({
            "ls": [{"stdout": listed.collect::<String>(), "files": {"manifest.json": text}}],
            "run-operation": [tables],
        }));
        fs::write(fake.path("dbt_project.yml"), self.project.to_string()).expect("written");
        let utils = fake.path("dbt_packages/snowplow_utils");
        fs::create_dir_all(&utils).expect("folders");
        let about = format!("name: snowplow_utils\nversion: {}\n", self.utils);
        fs::write(utils.join("dbt_project.yml"), about).expect("written");
        fs::create_dir_all(fake.path("target")).expect("a folder");
        fs::write(fake.path("target/manifest.json"), text).expect("written");
        fake
    }

    /// What `check` and `plan` say.
    fn said(&self) -> (Vec<String>, Output) {
        let fake = self.write();
        let prod = ["--to-manifest", "target/manifest.json"];
        let prod = if self.has_prod { &prod[..] } else { &[] };
        let output = fake.tool(&[&["check", "--format", "json"], prod].concat());
        let Ok(report) = serde_json::from_str::<Value>(&output.stdout) else { panic!("{output}") };
        let findings = report["findings"].as_array().expect("findings").iter();
        let rules = findings.map(|finding| finding["rule"].as_str().expect("a rule").to_owned());
        (rules.collect(), fake.tool(&["plan", "--select", "+carts"]))
    }
}

/// Breaks one rule.
type Breaks = fn(&mut Broken);

/// How to break each rule.
fn cases() -> BTreeMap<&'static str, Breaks> {
    let mut cases: Vec<(&str, Breaks)> = of_models();
    cases.extend(of_packages());
    cases.extend(of_vars());
    cases.into_iter().collect()
}

fn of_models() -> Vec<(&'static str, Breaks)> {
    vec![
        ("untagged-model-reads-package", |it| {
            it.add(model("beside", &[], "table"));
            it.reads("beside", "model.faked.shop_events");
        }),
        ("ephemeral-tracked-model", |it| it.add(model("inlined", &["shop_incremental"], "ephemeral"))),
        ("snapshot-before-tracked-model", |it| {
            it.manifest["nodes"]["snapshot.faked.s"] =
                json!({"depends_on": {"nodes": ["model.faked.shop_events"]}});
            it.node("carts")["depends_on"]["nodes"] = json!(["snapshot.faked.s"]);
        }),
        ("tracked-versions-share-name", |it| {
            for version in [1, 2] {
                let mut node = model("pages", &["shop_incremental"], "table");
                node["unique_id"] = format!("model.faked.pages.v{version}").into();
                node["version"] = version.into();
                it.add(node);
            }
        }),
        ("tracked-name-in-two-packages", |it| {
            let mut node = it.node("carts").clone();
            node["unique_id"] = "model.other.carts".into();
            node["package_name"] = "other".into();
            it.add(node);
        }),
        ("tags-of-two-packages", |it| {
            it.add_package("ids");
            it.selected
                .extend(["manifest", "limits", "events"].map(|what| format!("model.faked.ids_{what}")));
            it.add_carts("both")["tags"] = json!(["shop_incremental", "ids_incremental"]);
            it.has_two_packages = true;
        }),
        ("tag-without-hook", |it| it.add(model("orphan", &["snowplow_ids_incremental"], "table"))),
        ("tracked-model-disabled", |it| {
            let node = model("off", &["shop_incremental"], "table");
            it.manifest["disabled"] = json!({"model.faked.off": [node]});
        }),
        ("tracked-model-not-in-default-selector", |it| {
            it.add_carts("left_out");
            let carts = json!({"method": "fqn", "value": "carts", "parents": true});
            it.manifest["selectors"] =
                json!({"usual": {"name": "usual", "default": true, "definition": carts}});
            for name in ["carts", "left_out"] {
                it.node(name)["fqn"] = json!(["faked", name]);
            }
        }),
        ("incremental-without-new-events-check", |it| {
            it.node("carts")["raw_code"] = "select 1".into();
            it.reads("carts", "model.faked.shop_events");
        }),
        ("new-events-of-another-package", |it| {
            it.add_package("site");
            it.manifest["nodes"]["model.faked.pages"] = model("pages", &["site_incremental"], "table");
            it.node("carts")["raw_code"] = "{{ snowplow_utils.is_run_with_new_events('site') }}".into();
        }),
        ("alias-differs-from-name", |it| it.node("carts")["alias"] = "baskets".into()),
        ("incremental-without-unique-key", |it| it.node("carts")["config"]["unique_key"] = Value::Null),
        ("incremental-without-upsert-date-key", |it| {
            it.node("carts")["config"]["meta"]["upsert_date_key"] = Value::Null;
        }),
        ("incremental-without-optimize", |it| {
            it.node("carts")["config"]["meta"]["snowplow_optimize"] = false.into();
        }),
        ("settings-not-read-from-meta", |it| it.utils = "0.17.4"),
        ("incremental-overwrites-partitions", |it| {
            it.node("carts")["config"]["incremental_strategy"] = "insert_overwrite".into();
        }),
        ("microbatch-ignores-window", |it| {
            it.node("carts")["config"]["incremental_strategy"] = "microbatch".into();
        }),
        ("tracked-model-always-refreshed", |it| it.node("carts")["config"]["full_refresh"] = true.into()),
    ]
}

fn of_packages() -> Vec<(&'static str, Breaks)> {
    vec![
        ("hook-missing", |it| {
            it.add_package("ids");
            it.manifest["nodes"].as_object_mut().expect("nodes").remove("operation.faked.ids");
            it.add(model("users", &["ids_incremental"], "table"));
            it.reads("users", "model.faked.ids_limits");
        }),
        ("hook-duplicated", |it| {
            let hook = it.manifest["nodes"]["operation.faked.hook"].clone();
            it.manifest["nodes"]["operation.faked.again"] = hook;
        }),
        ("hook-not-understood", |it| {
            it.add_package("ids");
            let call = "{{ snowplow_utils.snowplow_incremental_post_hook(var('x')) }}";
            it.manifest["nodes"]["operation.faked.ids"]["raw_code"] = call.into();
            it.add(model("users", &["ids_incremental"], "table"));
        }),
        ("package-without-tracked-models", |it| it.add_package("ids")),
        ("utils-too-old", |it| {
            it.load_family();
            it.add_carts("late");
            it.utils = "1.0.0";
            it.rows = vec![("carts", "2021-05-01"), ("late", "2021-04-01")];
        }),
        ("incremental-manifest-dropped", |it| {
            it.node("shop_manifest")["config"]["materialized"] = "table".into();
        }),
        ("sessions-dropped", |it| {
            let name = "shop_base_sessions_lifecycle_manifest";
            it.add(model(name, &[], "table"));
            it.reads("shop_events", &format!("model.faked.{name}"));
            it.reads(name, "model.faked.shop_limits");
        }),
        ("full-refresh-drops-incremental-manifest", |it| {
            it.node("shop_manifest")["depends_on"] = json!({});
        }),
        ("dispatch-missing", |it| it.project["dispatch"] = json!([])),
        ("unknown-config-key", |it| it.node("carts")["config"]["owner"] = "us".into()),
        ("config-key-without-plus", |it| it.project["models"] = json!({"faked": {"enabled": true}})),
        ("staging-and-prod-share-tables", |it| it.has_prod = true),
    ]
}

fn of_vars() -> Vec<(&'static str, Breaks)> {
    fn set(it: &mut Broken, name: &str, value: impl Into<Value>) {
        it.project["vars"] = json!({name: value.into()});
    }
    vec![
        ("backfill-limit-left-in-project", |it| set(it, "snowplow__backfill_limit_days", 365)),
        ("backfill-limit-below-one", |it| set(it, "snowplow__backfill_limit_days", 0)),
        ("quoted-number-in-vars", |it| {
            it.load_family();
            set(it, "snowplow__late_data_window_days", "3");
        }),
        ("unusable-start-date", |it| {
            it.rows.clear();
            set(it, "snowplow__start_date", "2999-01-01");
        }),
        ("session-timestamp-not-in-hook", |it| {
            set(it, "snowplow__session_timestamp", "collector_tstamp");
            let call = "{{ snowplow_utils.snowplow_incremental_post_hook('shop', session_timestamp='load_tstamp') }}";
            it.manifest["nodes"]["operation.faked.hook"]["raw_code"] = call.into();
        }),
        ("models-to-run-left-in-project", |it| set(it, "models_to_run", "carts")),
        ("models-to-remove-left-in-project", |it| set(it, "models_to_remove", json!(["carts"]))),
    ]
}

#[test]
fn plan_refuses_what_the_rules_say_it_refuses() {
    let (found, plan) = Broken::new().said();
    assert_eq!((found, plan.code, plan.stderr.as_str()), (vec![], 0, ""), "{plan}");
    let cases = cases();
    let list = Broken::new().write().tool(&["check", "--list-rules"]).success().stdout;
    assert_eq!(list.lines().count(), cases.len(), "a case a rule");
    let wrong: Vec<_> = list.lines().filter_map(|line| compared(line, &cases)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a rule, of which the list has this line.
fn compared(line: &str, cases: &BTreeMap<&str, Breaks>) -> Option<String> {
    let id = line.split_whitespace().next().expect("an id");
    let mut broken = Broken::new();
    cases.get(id).expect(id)(&mut broken);
    let (found, plan) = broken.said();
    let says = |word: &str| line.ends_with(&format!("(run and plan {word} it, too)"));
    let (refuses, warns) = (plan.code != 0, plan.stderr.contains("warning: "));
    let is_true = refuses == says("refuse") && (!refuses && warns) == says("warn of");
    (found != [id] || !is_true).then(|| format!("{line}\nfound: {found:?}\n{plan}"))
}

#[test]
fn plan_says_that_a_date_is_where_it_is_not_read() {
    let mut broken = Broken::new();
    broken.utils = "0.17.4";
    broken.node("carts")["config"]["snowplow_optimize"] = true.into();
    let (found, plan) = broken.said();
    // dbt 2 would not take the other setting where it is.
    assert_eq!(found, ["incremental-without-upsert-date-key", "unknown-config-key"]);
    assert_eq!(plan.code, 4, "{plan}");
    assert!(plan.stderr.contains("its upsert_date_key is in meta"), "{plan}");
    broken.node("carts")["config"]["upsert_date_key"] = "t".into();
    assert_eq!(broken.said().1.code, 0, "{plan}");
}
