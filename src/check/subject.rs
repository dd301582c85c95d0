//! What rules look at, and what they ask of it.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::{Context, Result};
use serde_yaml::Value;

use super::settings::RuleSettings;
use crate::dbt::{Graph, Node, Project, Scope, Vars};
use crate::snowplow::{self, Package};
use crate::timestamp::Timestamp;

/// A project, as far as it can be known without dbt and without a warehouse.
#[derive(Debug)]
pub struct Subject {
    /// The dbt manifest.
    pub graph: Graph,
    /// That of prod, where it was given.
    pub prod: Option<Graph>,
    /// dbt_project.yml.
    pub project: Project,
    /// The user's `--vars`.
    pub vars: Vars,
    /// The name of the prod target.
    pub prod_target: String,
    /// This machine's clock.
    pub now: Timestamp,
    /// The configuration of the rules.
    pub settings: RuleSettings,
    /// The Snowplow packages, each once.
    pub packages: Vec<CheckedPackage>,
    /// `unique_id` of hooks that cannot be understood, and why.
    pub strange_hooks: Vec<(String, String)>,
}

/// What a [`Subject`] is put together from.
#[derive(Debug)]
pub struct Given {
    /// The dbt manifest.
    pub graph: Graph,
    /// That of prod, where it was given.
    pub prod: Option<Graph>,
    /// dbt_project.yml.
    pub project: Project,
    /// The user's `--vars`.
    pub vars: Vars,
    /// The name of the prod target.
    pub prod_target: String,
    /// The configuration of the rules.
    pub settings: RuleSettings,
}

/// A Snowplow package, with what rules ask of it again and again.
#[derive(Debug)]
pub struct CheckedPackage {
    /// The package.
    pub package: Package,
    /// Its own dbt_project.yml, where it is installed.
    pub project: Option<Project>,
    /// `unique_id` of all its hooks.
    pub hooks: Vec<String>,
    /// `unique_id` of its tracked models, ephemeral ones included.
    pub tracked: BTreeSet<String>,
    /// `unique_id` of the models that its events of a run are made from, these events included.
    pub base: HashSet<String>,
}

/// A var that dbt_project.yml sets.
#[derive(Debug)]
pub struct Assignment<'s> {
    /// The keys that lead to it.
    pub keys: Vec<&'s str>,
    /// What it is set to.
    pub value: &'s Value,
}

impl Subject {
    /// Puts together what was read.
    ///
    /// # Errors
    /// The dbt_project.yml of an installed package cannot be read.
    pub fn new(given: Given) -> Result<Self> {
        let Given { graph, prod, project, vars, prod_target, settings } = given;
        let mut packages: Vec<CheckedPackage> = Vec::new();
        let mut strange_hooks = Vec::new();
        for hook in snowplow::hooks(&graph.manifest) {
            let id = hook.node.unique_id.clone();
            match hook.package {
                Err(error) => strange_hooks.push((id, format!("{:#}", error.root_cause()))),
                Ok(package) => match packages.iter_mut().find(|known| known.package.name == package.name) {
                    Some(known) => known.hooks.push(id),
                    None => packages.push(CheckedPackage::new(package, id, &graph, &project)?),
                },
            }
        }
        Ok(Self {
            graph,
            prod,
            project,
            vars,
            prod_target,
            now: Timestamp::of_this_machine(),
            settings,
            packages,
            strange_hooks,
        })
    }

    /// The root project's name.
    #[must_use]
    pub fn root(&self) -> &str {
        self.graph.manifest.metadata.project_name.as_deref().unwrap_or(&self.project.name)
    }

    /// An enabled model or hook.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.graph.manifest.node(id)
    }

    /// All tracked models with the package that tracks them; one that two packages track comes twice.
    pub fn tracked(&self) -> impl Iterator<Item = (&CheckedPackage, &Node)> {
        self.packages.iter().flat_map(move |package| {
            package.tracked.iter().filter_map(move |id| Some((package, self.node(id)?)))
        })
    }

    /// The tracked incremental models that the user has written.
    pub fn own_tracked_incremental(&self) -> impl Iterator<Item = (&CheckedPackage, &Node)> {
        self.tracked().filter(|(package, node)| {
            self.is_own(node) && is_incremental(node) && !package.is_base_model(&node.unique_id)
        })
    }

    /// Whether the user can change a model: it is not one that a Snowplow package brings along.
    #[must_use]
    pub fn is_own(&self, node: &Node) -> bool {
        node.package_name == self.root()
            || self.packages.iter().all(|package| package.package.dbt_package != node.package_name)
    }

    /// Whether a node's code calls a macro, itself or through other macros, or its text would do so once it runs.
    #[must_use]
    pub fn calls(&self, node: &Node, macro_name: &str) -> bool {
        let mut seen = HashSet::new();
        let mut open: Vec<&str> = node.macros.iter().map(String::as_str).collect();
        while let Some(id) = open.pop() {
            if id.rsplit('.').next() == Some(macro_name) {
                return true;
            }
            if seen.insert(id) {
                open.extend(self.graph.macros.get(id).into_iter().flatten().map(String::as_str));
            }
        }
        // dbt does not see calls in branches that are not taken while it parses, such as `{% if is_incremental() %}`.
        without_jinja_comments(&node.raw_code).contains(macro_name)
    }

    /// Where dbt_project.yml sets a var: for all packages, or for one.
    #[must_use]
    pub fn assignments<'s>(&'s self, name: &'s str) -> Vec<Assignment<'s>> {
        let vars = &self.project.vars;
        let everywhere = vars.get(name).map(|value| Assignment { keys: vec!["vars", name], value });
        let scoped = vars.iter().filter_map(|(scope, vars)| {
            let (scope, value) = (scope.as_str()?, vars.as_mapping()?.get(name)?);
            Some(Assignment { keys: vec!["vars", scope, name], value })
        });
        everywhere.into_iter().chain(scoped).collect()
    }

    /// The vars as a package sees them.
    #[must_use]
    pub fn scope<'s>(&'s self, package: &'s CheckedPackage) -> Scope<'s> {
        Scope::with(&package.package.dbt_package, package.project.clone(), &self.project, &self.vars)
    }

    /// Nodes by name, for those with more than one.
    pub(super) fn by_name<'s>(nodes: impl Iterator<Item = &'s Node>) -> Vec<(&'s str, Vec<&'s Node>)> {
        let mut by_name: HashMap<&str, Vec<&Node>> = HashMap::new();
        for node in nodes {
            let same = by_name.entry(&node.name).or_default();
            if same.iter().all(|known| known.unique_id != node.unique_id) {
                same.push(node);
            }
        }
        let mut several: Vec<_> = by_name.into_iter().filter(|(_, nodes)| nodes.len() > 1).collect();
        several.sort_by_key(|&(name, _)| name);
        several
    }
}

impl CheckedPackage {
    fn new(package: Package, hook: String, graph: &Graph, root: &Project) -> Result<Self> {
        let project = root
            .package(&package.dbt_package)
            .with_context(|| format!("cannot read the package {}", package.dbt_package))?;
        let tracked = package.tracked(&graph.manifest).map(|node| node.unique_id.clone()).collect();
        let mut base = HashSet::new();
        let mut open = vec![package.base_events.as_str()];
        while let Some(id) = open.pop() {
            if let Some(node) = graph.manifest.node(id).filter(|_| base.insert(id.to_owned())) {
                open.extend(node.parents.iter().map(String::as_str));
            }
        }
        Ok(Self { package, project, hooks: vec![hook], tracked, base })
    }

    /// The name of the package, as its hook gives it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.package.name
    }

    /// Whether a model is one of those that the package's machinery is made of.
    #[must_use]
    pub fn is_base_model(&self, id: &str) -> bool {
        self.base.contains(id) || self.package.incremental_manifest == id || self.package.limits == id
    }
}

/// Whether a model keeps its rows from run to run: dbt's own materialization or a custom one.
pub(super) fn is_incremental(node: &Node) -> bool {
    node.materialized() == "incremental" || node.materialized().ends_with("_incremental")
}

/// Names in a sentence.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// What Jinja reads of a text.
pub(super) fn without_jinja_comments(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some((before, comment)) = rest.split_once("{#") {
        kept.push_str(before);
        rest = comment.split_once("#}").map_or("", |(_, after)| after);
    }
    kept + rest
}

/// Whether an incremental model finds the rows that it replaces by their key, rather than by whole partitions.
pub(super) fn upserts(node: &Node) -> bool {
    let strategy = node.config.get("incremental_strategy").and_then(serde_json::Value::as_str);
    !matches!(strategy, Some("insert_overwrite" | "microbatch"))
}

/// Whether a configuration says nothing for a key.
pub(super) fn is_empty(node: &Node, key: &str) -> bool {
    match node.config.get(key) {
        None | Some(serde_json::Value::Null) => true,
        Some(serde_json::Value::String(text)) => text.is_empty(),
        Some(serde_json::Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}
