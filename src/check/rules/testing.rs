//! A small project in memory, for the rules' tests: a package `shop` in a project `store`, and what a test
//! adds.

use std::fs;

use camino::Utf8Path;
use serde_json::{Map, Value, json};

use crate::check::finding::Found;
use crate::check::rule::Rule;
use crate::check::settings::RuleSettings;
use crate::check::subject::{Given, Subject};
use crate::dbt::{Manifest, Project, ReadFor, Vars};

/// The project's dbt manifest and files.
pub(in crate::check) struct Lab {
    nodes: Map<String, Value>,
    disabled: Map<String, Value>,
    macros: Map<String, Value>,
    selectors: Value,
    vars: String,
    dispatch: String,
    utils_version: Option<String>,
    /// The dbt packages in the project's own folder.
    local: Vec<String>,
    settings: RuleSettings,
    schema: String,
    prod: Option<Manifest>,
    models: String,
    is_parsed_here: bool,
}

/// A model that a test changes.
pub(in crate::check) struct Change<'l>(&'l mut Value);

impl Change<'_> {
    pub(in crate::check) fn macros(self, macros: &[&str]) -> Self {
        self.0["depends_on"]["macros"] = json!(macros);
        self
    }

    /// dbt does not tell what it reads.
    pub(in crate::check) fn without_parents(self) -> Self {
        self.0["depends_on"]["nodes"] = json!([]);
        self
    }

    pub(in crate::check) fn code(self, code: &str) -> Self {
        self.0["raw_code"] = code.into();
        self
    }

    pub(in crate::check) fn config(self, key: &str, value: Value) -> Self {
        self.0["config"][key] = value;
        self
    }

    pub(in crate::check) fn path(self, path: &str) -> Self {
        self.0["original_file_path"] = path.into();
        self
    }

    pub(in crate::check) fn relation(self, name: &str) -> Self {
        self.0["relation_name"] = name.into();
        self
    }

    pub(in crate::check) fn alias(self, alias: &str) -> Self {
        self.0["alias"] = alias.into();
        self
    }
}

impl Lab {
    pub(in crate::check) fn new() -> Self {
        let mut lab = Self::without_packages();
        lab.package("shop");
        lab
    }

    pub(in crate::check) fn without_packages() -> Self {
        Self {
            nodes: Map::new(),
            disabled: Map::new(),
            macros: Map::new(),
            selectors: json!({}),
            vars: "{}".to_owned(),
            dispatch: "[]".to_owned(),
            utils_version: None,
            local: Vec::new(),
            settings: RuleSettings::default(),
            schema: "staging".to_owned(),
            prod: None,
            models: "{}".to_owned(),
            is_parsed_here: false,
        }
    }

    /// Adds a package with its base models and its hook, but without a tracked model.
    pub(in crate::check) fn package(&mut self, name: &str) {
        let of = |what: &str| format!("{name}_{what}");
        self.model_of(name, &of("incremental_manifest"), &[], "incremental", &[])
            .macros(&["macro.snowplow_utils.allow_refresh"]);
        self.model_of(name, &of("base_new_event_limits"), &[], "table", &[&of("incremental_manifest")])
            .macros(&["macro.snowplow_utils.get_run_limits"]);
        self.model_of(name, &of("base_events_this_run"), &[], "table", &[&of("base_new_event_limits")]);
        self.hook(name, name);
    }

    /// Adds a package of the load-time family.
    pub(in crate::check) fn load_package(&mut self, name: &str) {
        self.package(name);
        self.change(&format!("{name}_base_new_event_limits"))
            .macros(&["macro.snowplow_utils.get_run_limits_t"]);
        let hook = self.change(&format!("{name}-on-run-end-0"));
        hook.code(&format!("{{{{ snowplow_utils.snowplow_incremental_post_hook_t('{name}') }}}}"))
            .macros(&["macro.snowplow_utils.snowplow_incremental_post_hook_t"]);
    }

    /// Installs a dbt package from the project's own folder.
    pub(in crate::check) fn local_package(&mut self, name: &str) {
        self.local.push(name.to_owned());
    }

    /// The version of snowplow_utils that is installed.
    pub(in crate::check) fn utils_version(&mut self, version: &str) {
        self.utils_version = Some(version.to_owned());
    }

    /// Adds a hook of a package to a dbt package.
    pub(in crate::check) fn hook(&mut self, owner: &str, package: &str) {
        let id = |what: &str| format!("model.{package}.{package}_{what}");
        let name = format!("{owner}-on-run-end-0");
        let hook = json!({
            "resource_type": "operation", "name": name, "package_name": owner, "tags": ["on-run-end"],
            "raw_code": format!("{{{{ snowplow_utils.snowplow_incremental_post_hook('{package}') }}}}"),
            "original_file_path": "./dbt_project.yml",
            "depends_on": {
                "macros": ["macro.snowplow_utils.snowplow_incremental_post_hook"],
                "nodes": [id("incremental_manifest"), id("base_events_this_run")],
            },
        });
        self.nodes.insert(format!("operation.{owner}.{name}"), hook);
    }

    pub(in crate::check) fn drop_hook(&mut self, owner: &str) {
        self.nodes.remove(&format!("operation.{owner}.{owner}-on-run-end-0"));
    }

    pub(in crate::check) fn hook_code(&mut self, owner: &str, code: &str) {
        self.nodes[&format!("operation.{owner}.{owner}-on-run-end-0")]["raw_code"] = code.into();
    }

    /// Adds a model of the user's.
    pub(in crate::check) fn model(
        &mut self,
        name: &str,
        tags: &[&str],
        materialized: &str,
        parents: &[&str],
    ) -> Change<'_> {
        self.model_of("store", name, tags, materialized, parents)
    }

    /// Adds a model of a dbt package. Its parents must have been added before.
    pub(in crate::check) fn model_of(
        &mut self,
        package: &str,
        name: &str,
        tags: &[&str],
        materialized: &str,
        parents: &[&str],
    ) -> Change<'_> {
        let find = |parent: &&str| {
            let mut nodes = self.nodes.iter().rev();
            nodes.find(|(_, node)| node["name"] == *parent).expect(parent).0.clone()
        };
        let parents: Vec<_> = parents.iter().map(find).collect();
        let id = format!("model.{package}.{name}");
        let relation = (materialized != "ephemeral").then(|| format!("db.{}.{name}", self.schema));
        let node = json!({
            "resource_type": "model", "name": name, "package_name": package, "alias": name, "tags": tags,
            "schema": self.schema, "relation_name": relation, "fqn": [package, name],
            "config": {"materialized": materialized}, "original_file_path": format!("models/{name}.sql"),
            "depends_on": {"macros": [], "nodes": parents},
        });
        self.nodes.insert(id.clone(), node);
        Change(&mut self.nodes[&id])
    }

    /// Adds a snapshot of the user's. What it reads must have been added before.
    pub(in crate::check) fn snapshot(&mut self, name: &str, parent: &str) {
        self.model(name, &[], "table", &[parent]);
        let node = self.nodes.remove(&format!("model.store.{name}")).expect("just added");
        self.nodes.insert(format!("snapshot.store.{name}"), node);
    }

    /// Adds a version of an incremental model of the user's.
    pub(in crate::check) fn version(&mut self, name: &str, version: u32, tags: &[&str]) -> Change<'_> {
        self.model(name, tags, "incremental", &[]);
        let mut node = self.nodes.remove(&format!("model.store.{name}")).expect("just added");
        node["version"] = version.into();
        let id = format!("model.store.{name}.v{version}");
        self.nodes.insert(id.clone(), node);
        Change(&mut self.nodes[&id])
    }

    pub(in crate::check) fn change(&mut self, name: &str) -> Change<'_> {
        let node = self.nodes.values_mut().find(|node| node["name"] == name).expect(name);
        Change(node)
    }

    pub(in crate::check) fn disabled(&mut self, package: &str, name: &str, tags: &[&str]) {
        let node = json!({"resource_type": "model", "name": name, "package_name": package, "tags": tags});
        let definitions = self.disabled.entry(format!("model.{package}.{name}")).or_insert_with(|| json!([]));
        definitions.as_array_mut().expect("a list").push(node);
    }

    pub(in crate::check) fn macros(&mut self, id: &str, calls: &[&str]) {
        self.macros.insert(id.to_owned(), json!({"depends_on": {"macros": calls}}));
    }

    pub(in crate::check) fn macro_code(&mut self, id: &str, code: &str) {
        self.macros[id]["macro_sql"] = code.into();
    }

    pub(in crate::check) fn default_selector(&mut self, definition: &Value) {
        self.selectors = json!({"usual": {"name": "usual", "default": true, "definition": definition}});
    }

    /// The vars of dbt_project.yml.
    pub(in crate::check) fn vars(&mut self, yaml: &str) {
        yaml.clone_into(&mut self.vars);
    }

    /// The `dispatch` of dbt_project.yml.
    pub(in crate::check) fn dispatch(&mut self, yaml: &str) {
        yaml.clone_into(&mut self.dispatch);
    }

    /// The `models` of dbt_project.yml.
    pub(in crate::check) fn models(&mut self, yaml: &str) {
        yaml.clone_into(&mut self.models);
    }

    /// This tool had dbt parse the project.
    pub(in crate::check) fn parsed_here(&mut self) {
        self.is_parsed_here = true;
    }

    /// The configuration of the rules.
    pub(in crate::check) fn settings(&mut self, yaml: &str) {
        let value = serde_yaml::from_str(yaml).expect("YAML");
        self.settings = RuleSettings::from_value(&value).expect("settings");
    }

    pub(in crate::check) fn settings_of_rules(&self) -> &RuleSettings {
        &self.settings
    }

    /// The schema of the models that are added from here on.
    pub(in crate::check) fn schema(&mut self, name: &str) {
        name.clone_into(&mut self.schema);
        let package = Self { schema: name.to_owned(), ..Self::without_packages() };
        self.nodes = { package }.with_shop().nodes;
    }

    fn with_shop(mut self) -> Self {
        self.package("shop");
        self
    }

    /// The dbt manifest of prod.
    pub(in crate::check) fn prod(&mut self, prod: &Self) {
        self.prod = Some(prod.manifest());
    }

    fn manifest(&self) -> Manifest {
        let manifest = json!({
            "metadata": {
                "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "dbt_version": "1.11.16",
                "adapter_type": "duckdb", "project_name": "store",
            },
            "nodes": self.nodes, "disabled": self.disabled, "macros": self.macros, "selectors": self.selectors,
        });
        Manifest::of_text(&manifest.to_string(), ReadFor::Checks).expect("a manifest")
    }

    pub(in crate::check) fn subject(&self) -> Subject {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8").canonicalize_utf8().expect("a folder");
        fs::write(
            root.join("dbt_project.yml"),
            format!(
                "name: store\nvars: {}\ndispatch: {}\nmodels: {}\n",
                indented(&self.vars),
                self.dispatch,
                self.models
            ),
        )
        .expect("written");
        let installed = root.join("dbt_packages");
        for name in &self.local {
            fs::create_dir_all(root.join("local").join(name)).expect("a folder");
            fs::create_dir_all(&installed).expect("a folder");
            std::os::unix::fs::symlink(root.join("local").join(name), installed.join(name)).expect("a link");
        }
        if let Some(version) = &self.utils_version {
            let utils = installed.join("snowplow_utils");
            fs::create_dir_all(&utils).expect("folders");
            fs::write(utils.join("dbt_project.yml"), format!("name: snowplow_utils\nversion: {version}\n"))
                .expect("written");
        }
        let project = Project::read(root).expect("a project");
        let given = Given {
            manifest: self.manifest(),
            prod: self.prod.clone(),
            project,
            vars: Vars::default(),
            prod_target: "prod".to_owned(),
            is_parsed_here: self.is_parsed_here,
        };
        let mut subject = Subject::new(given).expect("a subject");
        subject.now = "2024-06-01 12:00:00".parse().expect("a time");
        subject
    }

    /// What a rule finds, in the order of the models' names.
    pub(in crate::check) fn check(&self, rule: &Rule) -> Vec<Found> {
        let mut found = rule.find(&self.subject(), self.settings.number(rule));
        found.sort_by_key(|found| found.model.as_ref().map(|model| model.name.clone()));
        found
    }

    #[track_caller]
    pub(in crate::check) fn expect(&self, rule: &Rule, models: &[&str]) {
        let found = self.check(rule);
        let found: Vec<_> =
            found.iter().map(|found| found.model.as_ref().map_or("", |model| &model.name)).collect();
        assert_eq!(found, models);
    }

    #[track_caller]
    pub(in crate::check) fn expect_messages(&self, rule: &Rule, messages: &[&str]) {
        let found: Vec<_> = self.check(rule).into_iter().map(|found| found.message).collect();
        assert_eq!(found, messages);
    }

    #[track_caller]
    pub(in crate::check) fn expect_none(&self, rule: &Rule) {
        self.expect_messages(rule, &[]);
    }
}

/// YAML as the value of a key.
fn indented(yaml: &str) -> String {
    if yaml.starts_with('{') { yaml.to_owned() } else { format!("\n  {yaml}") }
}
