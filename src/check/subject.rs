//! What rules look at: a project without dbt and without a warehouse.

use std::collections::HashSet;

use anyhow::Result;
use serde_yaml::Value;

use super::code::without_comments;
use super::package::{CheckedHook, CheckedPackage};
use crate::dbt::{Lineage, MacroCall, Manifest, ModelSetting, Node, Project, VarScope, Vars};
use crate::snowplow::facts::IncrementalStrategy;
use crate::snowplow::model_settings::SettingsPlace;
use crate::snowplow::{self, values};
use crate::timestamp::Timestamp;

/// The macro by which a model asks whether a run has new events for it.
pub(super) const NEW_EVENTS_MACRO: &str = "is_run_with_new_events";

/// A project, as far as it is known without dbt and without a warehouse.
#[derive(Debug)]
pub struct Subject {
    pub manifest: Manifest,
    /// The dbt manifest of prod, if given.
    pub prod: Option<Manifest>,
    pub project: Project,
    /// The user's `--vars`.
    pub vars: Vars,
    /// The name of the prod target.
    pub prod_target: String,
    /// Whether this tool had dbt parse the project for it, and so without `--full-refresh`.
    is_parsed_here: bool,
    /// The time on this machine.
    pub now: Timestamp,
    /// The Snowplow packages, each once.
    pub packages: Vec<CheckedPackage>,
    /// `unique_id` of hooks that cannot be understood, and why.
    pub strange_hooks: Vec<(String, String)>,
    /// The installed version of snowplow_utils.
    pub utils_version: Option<String>,
    /// Where that version looks for its settings of a model.
    pub settings: SettingsPlace,
    /// The dbt packages that the user writes: the root project and the packages in its folder.
    own: HashSet<String>,
}

/// The parts of a [`Subject`] that are read.
#[derive(Debug)]
pub struct Given {
    pub manifest: Manifest,
    /// The dbt manifest of prod, if given.
    pub prod: Option<Manifest>,
    pub project: Project,
    /// The user's `--vars`.
    pub vars: Vars,
    /// The name of the prod target.
    pub prod_target: String,
    /// Whether this tool had dbt parse the project for it, and so without `--full-refresh`.
    pub is_parsed_here: bool,
}

/// A var that the root project sets, in dbt_project.yml or vars.yml.
#[derive(Debug)]
pub struct Assignment<'s> {
    /// The keys in that file that lead to it.
    pub keys: Vec<&'s str>,
    pub value: &'s Value,
}

impl Subject {
    /// Finds the Snowplow packages in what was read.
    ///
    /// # Errors
    /// The dbt_project.yml of an installed package cannot be read.
    pub fn new(given: Given) -> Result<Self> {
        let Given { manifest, prod, project, vars, prod_target, is_parsed_here } = given;
        let lineage = Lineage::of(&manifest);
        let mut packages: Vec<CheckedPackage> = Vec::new();
        let mut strange_hooks = Vec::new();
        for hook in snowplow::hooks(&manifest) {
            let id = hook.node.unique_id.clone();
            let package = match hook.package {
                Ok(package) => package,
                Err(error) => {
                    strange_hooks.push((id, error.root_cause().to_string()));
                    continue;
                }
            };
            let hook = CheckedHook { id, dbt_package: hook.node.package_name.clone(), call: hook.call };
            // Two hooks can have the same package name but different incremental manifests.
            let is_it = |known: &&mut CheckedPackage| {
                known.package.name == package.name
                    && known.package.incremental_manifest == package.incremental_manifest
            };
            match packages.iter_mut().find(is_it) {
                Some(known) => known.hooks.push(hook),
                None => packages.push(CheckedPackage::new(package, hook, &manifest, &lineage, &project)?),
            }
        }
        let hooked = packages.iter().map(|package| package.package.dbt_package.as_str());
        let own = snowplow::own_packages(&manifest, &project, hooked);
        let utils_version = project.package_version("snowplow_utils");
        let settings = SettingsPlace::of(utils_version.as_deref(), &manifest);
        Ok(Self {
            manifest,
            prod,
            project,
            vars,
            prod_target,
            is_parsed_here,
            now: Timestamp::of_this_machine(),
            packages,
            strange_hooks,
            utils_version,
            settings,
            own,
        })
    }

    /// The root project's name.
    #[must_use]
    pub fn root(&self) -> &str {
        self.manifest.metadata.project_name.as_deref().unwrap_or(&self.project.name)
    }

    /// An enabled model or hook.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.manifest.node(id)
    }

    /// The name of dbt's adapter for the warehouse.
    #[must_use]
    pub fn adapter(&self) -> &str {
        &self.manifest.metadata.adapter_type
    }

    /// All tracked models with the package that tracks them. A model that two packages track appears twice.
    pub fn tracked(&self) -> impl Iterator<Item = (&CheckedPackage, &Node)> {
        self.packages.iter().flat_map(move |package| {
            package.tracked.iter().filter_map(move |id| Some((package, self.node(id)?)))
        })
    }

    /// All tracked models, each only with the first package that tracks it.
    pub fn tracked_once(&self) -> impl Iterator<Item = (&CheckedPackage, &Node)> {
        let mut seen = HashSet::new();
        self.tracked().filter(move |(_, node)| seen.insert(node.unique_id.as_str()))
    }

    /// The tracked incremental models, without those that are part of a package's own machinery.
    pub fn tracked_incremental(&self) -> impl Iterator<Item = (&CheckedPackage, &Node)> {
        self.tracked_once().filter(|(_, node)| {
            node.is_incremental()
                && self.packages.iter().all(|package| !package.is_base_model(&node.unique_id))
        })
    }

    /// The tracked incremental models that the user has written.
    pub fn own_tracked_incremental(&self) -> impl Iterator<Item = (&CheckedPackage, &Node)> {
        self.tracked_incremental().filter(|(_, node)| self.is_own(node))
    }

    /// Whether the user can change a model: an installed package does not own it.
    #[must_use]
    pub fn is_own(&self, node: &Node) -> bool {
        self.own.contains(&node.package_name)
    }

    /// The installed snowplow_utils, with its version if it is known.
    pub(super) fn utils(&self) -> String {
        match &self.utils_version {
            Some(version) => format!("snowplow_utils {version}"),
            None => "the installed snowplow_utils".to_owned(),
        }
    }

    /// The beginning of an advice to set one of Snowplow's settings for a model.
    pub(super) fn set_setting(&self) -> &'static str {
        match self.settings {
            SettingsPlace::MetaFirst => "In its meta, set",
            SettingsPlace::TopLevel => "Set",
        }
    }

    /// How an incremental model adds its new rows to its table.
    pub(super) fn strategy(&self, node: &Node) -> IncrementalStrategy {
        IncrementalStrategy::of(node, self.adapter())
    }

    /// A model's source text without comments.
    #[must_use]
    pub fn live_code(&self, node: &Node) -> String {
        without_comments(&node.raw_code, self.adapter())
    }

    /// Whether a node's code calls a macro, itself or through other macros, or calls it only when it runs.
    #[must_use]
    pub fn calls(&self, node: &Node, macro_name: &str) -> bool {
        let live = self.live_code(node);
        let name = |id: &&str| id.rsplit('.').next().unwrap_or_default().to_owned();
        let is_called_by_another = |id: &str| {
            let others = node.macros.iter().filter(|other| *other != id);
            let mut calls =
                others.filter_map(|other| self.manifest.macros.get(other)).flat_map(|it| &it.calls);
            calls.any(|called| called == id)
        };
        // dbt also lists macros that are called in SQL comments. dbt 2 lists what these call, too.
        let is_live = |id: &&str| {
            let name = name(id);
            live.contains(&name) || !node.raw_code.contains(&name) && !is_called_by_another(id)
        };
        let macros = node.macros.iter().map(String::as_str).filter(is_live);
        if self.manifest.macros_called(macros).any(|id| name(&id) == macro_name) {
            return true;
        }
        // While dbt parses, it does not see calls in branches that it does not take, such as those of
        // `{% if is_incremental() %}`.
        !MacroCall::find_all(&live, macro_name).is_empty()
    }

    /// Whether only the call that wrote the dbt manifest refreshed a model: snowplow_utils' macro returns whether dbt was
    /// called with `--full-refresh`.
    pub(super) fn may_owe_refresh_to_its_call(&self, node: &Node) -> bool {
        !self.is_parsed_here
            && self.calls(node, "allow_refresh")
            && self.setting_in_project(node, "full_refresh").is_none()
    }

    /// What dbt_project.yml sets for a key of a model's configuration, unless it is false or null. For the root project's own
    /// models, what the model itself sets takes precedence; for those of packages, dbt_project.yml does.
    pub(super) fn setting_in_project(&self, node: &Node, key: &str) -> Option<ModelSetting<'_>> {
        if node.package_name == self.root() && self.live_code(node).contains(key) {
            return None;
        }
        let set = self.project.model_setting(&node.fqn, key)?;
        (!set.value.is_null() && set.value.as_bool() != Some(false)).then_some(set)
    }

    /// The models of the dbt manifest that a package's runs write.
    pub fn written_by<'s>(&'s self, package: &'s CheckedPackage) -> impl Iterator<Item = &'s Node> {
        let is_installed = !self.own.contains(&package.package.dbt_package);
        self.manifest.models().filter(move |node| {
            let id = &node.unique_id;
            package.tracked.contains(id)
                || package.is_base_model(id)
                || is_installed && node.package_name == package.package.dbt_package
        })
    }

    /// The keys that lead to the value that a package sees for a var, if the root project sets it.
    #[must_use]
    pub fn keys_of_var<'s>(&'s self, package: &'s CheckedPackage, name: &'s str) -> Option<Vec<&'s str>> {
        let scope = package.package.dbt_package.as_str();
        let set = self.all_assignments(name);
        let ways = [vec!["vars", scope, name], vec!["vars", name]];
        ways.into_iter().find(|keys| set.iter().any(|set| set.keys == *keys))
    }

    /// Where the root project sets a var to a value that is known, for all packages or for one.
    #[must_use]
    pub fn assignments<'s>(&'s self, name: &'s str) -> Vec<Assignment<'s>> {
        let mut known = self.all_assignments(name);
        known.retain(|assignment| !values::holds_jinja(assignment.value));
        known
    }

    /// The same with values that only dbt knows.
    #[must_use]
    pub fn all_assignments<'s>(&'s self, name: &'s str) -> Vec<Assignment<'s>> {
        let (_, vars) = self.project.root_vars(self.dbt_version());
        let everywhere = vars.get(name).map(|value| Assignment { keys: vec!["vars", name], value });
        let scoped = vars.iter().filter_map(|(scope, vars)| {
            let (scope, value) = (scope.as_str()?, vars.as_mapping()?.get(name)?);
            Some(Assignment { keys: vec!["vars", scope, name], value })
        });
        everywhere.into_iter().chain(scoped).collect()
    }

    /// The file that the root project's vars are in.
    #[must_use]
    pub fn vars_file(&self) -> &'static str {
        self.project.root_vars(self.dbt_version()).0
    }

    fn dbt_version(&self) -> &str {
        &self.manifest.metadata.dbt_version
    }

    /// The vars as a package sees them.
    #[must_use]
    pub fn scope<'s>(&'s self, package: &'s CheckedPackage) -> VarScope<'s> {
        let name = &package.package.dbt_package;
        VarScope::with(name, package.project.clone(), &self.project, &self.vars, self.dbt_version())
    }

    /// The vars as a hook sees them.
    #[must_use]
    pub fn scope_of_hook<'s>(&'s self, package: &'s CheckedPackage, hook: &'s CheckedHook) -> VarScope<'s> {
        // The package's own dbt_project.yml only applies to its own hooks.
        let project = (hook.dbt_package == package.package.dbt_package).then(|| package.project.clone());
        let name = &hook.dbt_package;
        VarScope::with(name, project.flatten(), &self.project, &self.vars, self.dbt_version())
    }

    /// The call that asks a package whether a run has new events.
    ///
    /// The macro finds the package's tables by its name only if their names begin with it.
    pub(super) fn new_events_call(&self, package: &CheckedPackage) -> String {
        let tables = [
            ("new_event_limits_table", &package.package.limits, "base_new_event_limits"),
            ("incremental_manifest_table", &package.package.incremental_manifest, "incremental_manifest"),
        ];
        let name = package.name();
        let given = tables.into_iter().filter_map(|(parameter, id, usual)| {
            let table = &self.node(id)?.name;
            (*table != format!("{name}_{usual}")).then(|| format!(", {parameter}='{table}'"))
        });
        format!("snowplow_utils.{NEW_EVENTS_MACRO}('{name}'{})", given.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::Lab;

    #[test]
    fn knows_whose_models_are_whose() {
        let mut lab = Lab::new();
        lab.local_package("ours");
        lab.local_package("shop");
        lab.model("a", &[], "table", &[]);
        for package in ["ours", "attribution"] {
            lab.model_of(package, package, &[], "table", &[]);
        }
        let subject = lab.subject();
        let is_own = |id: &str| subject.is_own(subject.node(id).expect(id));
        assert!(is_own("model.store.a") && is_own("model.ours.ours"));
        assert!(!is_own("model.attribution.attribution") && !is_own("model.shop.shop_incremental_manifest"));
    }

    #[test]
    fn yields_a_model_of_two_packages_once() {
        let mut lab = Lab::new();
        lab.package("site");
        lab.model("both", &["shop_incremental", "site_incremental"], "incremental", &[]);
        let subject = lab.subject();
        assert_eq!((subject.tracked().count(), subject.own_tracked_incremental().count()), (2, 1));
    }
}
