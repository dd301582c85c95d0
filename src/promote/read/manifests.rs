//! The facts of a promotion, as far as both dbt manifests tell them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use regex::Regex;
use serde_json::Value;

use super::configured;
use crate::dbt::{Lineage, Manifest, Node, RelationName};
use crate::promote::plan::{self, Facts, Layout, ModelFacts, PackageFacts, Physical, TableFacts};
use crate::snowplow::model_settings::SettingsPlace;
use crate::snowplow::{Package, Packages, Settings, TouchedPackage, relation_of};
use crate::warehouse::{Dialect, Relation, is_plain, may_be_quoted};

/// One side of a promotion, as its dbt manifest has it.
#[derive(Debug)]
pub struct Side<'a> {
    /// What it is called: the name of a target, or of a file.
    pub name: &'a str,
    pub manifest: &'a Manifest,
    pub packages: &'a Packages,
    /// Where its snowplow_utils looks for its settings of a model.
    pub settings: SettingsPlace,
}

/// A package's vars in prod and, as far as staging's last window depends on them, in staging. They are the
/// package's defaults where nobody knows them.
#[derive(Debug, Clone, Copy)]
pub struct PackageVars {
    /// Prod's settings of its windows.
    pub settings: Settings,
    /// Prod's `snowplow__backfill_limit_days`.
    pub limit_days: u32,
    /// Staging's `snowplow__lookback_window_hours`.
    pub staging_lookback_hours: u32,
    /// Its version of snowplow_utils recovers by itself from rows of the load family that are out of sync.
    pub load_family_heals: bool,
}

impl Default for PackageVars {
    fn default() -> Self {
        Self {
            settings: Settings { start_date: None, lookback_hours: 6 },
            limit_days: 30,
            staging_lookback_hours: 6,
            load_family_heals: false,
        }
    }
}

/// What the dbt manifests say about the selected tracked models.
///
/// # Errors
/// Only one side has a model or a package, or a name is not allowed.
pub fn facts(
    dialect: Dialect,
    (staging, prod): (&Side<'_>, &Side<'_>),
    touched: &[TouchedPackage],
    selection: Vec<String>,
    mut vars: impl FnMut(&Package) -> Result<PackageVars>,
) -> Result<Facts> {
    let mut facts = Facts {
        dialect,
        from: staging.name.to_owned(),
        to: prod.name.to_owned(),
        selection,
        packages: Vec::new(),
        models: Vec::new(),
        lacking: Vec::new(),
        without_schema: Vec::new(),
        manifests: String::new(),
        now: None,
        notes: Vec::new(),
    };
    let mut said = Vec::new();
    for (place, touched) in touched.iter().enumerate() {
        let package = &touched.package;
        let Some(in_prod) = prod.packages.known.iter().find(|other| other.name == package.name) else {
            if let Some(trouble) = prod.packages.why_unclear(&package.name) {
                bail!("the package {} is not understood in {}: {trouble}", package.name, prod.name);
            }
            bail!(
                "the package {} is in {} but not in {}: is it enabled there?",
                package.name,
                staging.name,
                prod.name
            );
        };
        facts.packages.push(package_facts(dialect, (staging, package), (prod, in_prod), vars(in_prod)?)?);
        said.push(plan::of_package(&facts.packages[place]));
        // First, because a rollback goes the other way: what the others are built from is taken back last.
        for model in models_beneath(dialect, (staging, prod), (package, in_prod), touched, place)? {
            said.push(plan::of_model(&model));
            facts.models.push(model);
        }
        for name in &touched.tracked {
            let model = model(dialect, (staging, prod), package, name, place)?;
            said.push(plan::of_model(&model));
            facts.models.push(model);
        }
    }
    let said = serde_json::to_vec(&said).context("cannot write JSON")?;
    facts.manifests = plan::short_digest(&said);
    Ok(facts)
}

/// What the package keeps of earlier runs for its selected models, without a row of its own: incremental models that
/// these are built from, such as the memory of sessions. They belong to the package, or to the project that calls
/// itself one.
fn models_beneath(
    dialect: Dialect,
    (staging, prod): (&Side<'_>, &Side<'_>),
    (package, in_prod): (&Package, &Package),
    touched: &TouchedPackage,
    place: usize,
) -> Result<Vec<ModelFacts>> {
    let lineage = Lineage::of(prod.manifest);
    let selected = in_prod.tracked(prod.manifest).filter(|node| touched.tracked.contains(&node.name));
    let parents = selected.flat_map(|node| lineage.parents(&node.unique_id));
    let ids: BTreeSet<_> = lineage.ancestors(parents, usize::MAX).collect();
    let (tag, manifests) = (in_prod.tag(), [&package.incremental_manifest, &in_prod.incremental_manifest]);
    let is_beneath = |node: &&Node| {
        let is_the_packages =
            node.package_name == in_prod.dbt_package && !manifests.contains(&&node.unique_id);
        node.is_incremental() && is_the_packages && !node.has_tag(&tag)
    };
    let beneath = ids.into_iter().filter_map(|id| prod.manifest.node(id)).filter(is_beneath);
    let on_both = beneath.filter_map(|node| Some((staging.manifest.node(&node.unique_id)?, node)));
    on_both
        .filter(|(ours, _)| ours.is_incremental())
        .map(|(ours, theirs)| {
            let table = Some(table(dialect, ours, (theirs, prod.settings))?);
            Ok(ModelFacts { name: theirs.name.clone(), package: place, is_tracked: false, table })
        })
        .collect()
}

fn package_facts(
    dialect: Dialect,
    (staging, package): (&Side<'_>, &Package),
    (prod, in_prod): (&Side<'_>, &Package),
    vars: PackageVars,
) -> Result<PackageFacts> {
    fn node<'m>(side: &Side<'m>, package: &Package) -> Result<&'m Node> {
        let id = &package.incremental_manifest;
        side.manifest.node(id).with_context(|| format!("{id} is not in the dbt manifest"))
    }
    let manifest = |side: &Side<'_>, package: &Package| Relation::of_node(node(side, package)?, dialect);
    let tracked_in_prod = in_prod.tracked(prod.manifest).filter(|node| !node.is_ephemeral());
    Ok(PackageFacts {
        name: package.name.clone(),
        family: package.family,
        staging_manifest: manifest(staging, package)?,
        prod_manifest: manifest(prod, in_prod)?,
        manifest_layout: layout(dialect, node(prod, in_prod)?)?,
        memory: Vec::new(),
        tables: None,
        enabled_in_prod: tracked_in_prod.map(|node| node.name.clone()).collect(),
        lookback_hours: vars.settings.lookback_hours,
        staging_lookback_hours: vars.staging_lookback_hours,
        limit_days: vars.limit_days,
        start_date: vars.settings.start_date,
        load_family_heals: vars.load_family_heals,
    })
}

fn model(
    dialect: Dialect,
    (staging, prod): (&Side<'_>, &Side<'_>),
    package: &Package,
    name: &str,
    place: usize,
) -> Result<ModelFacts> {
    let is_it = |node: &&Node| node.name == name;
    let ours =
        package.tracked(staging.manifest).find(is_it).with_context(|| format!("{name} is not in staging"))?;
    let Some(theirs) = package.tracked(prod.manifest).find(is_it) else {
        bail!(
            "{name} is a tracked model of {} but not of {}: enable it for that target (do both need the same \
             --vars?), or leave it out",
            staging.name,
            prod.name
        );
    };
    if !may_be_quoted(name) {
        bail!(
            "the model name {name} is not allowed in a script: only letters, digits, blanks and the characters _ $ - are"
        );
    }
    // One package also gives its own incremental manifest the tag.
    let holds_history = ours.is_incremental() && ours.unique_id != package.incremental_manifest;
    let table = holds_history.then(|| table(dialect, ours, (theirs, prod.settings))).transpose()?;
    Ok(ModelFacts { name: name.to_owned(), package: place, is_tracked: true, table })
}

fn table(dialect: Dialect, staging: &Node, (prod, settings): (&Node, SettingsPlace)) -> Result<TableFacts> {
    Ok(TableFacts {
        staging: Relation::of_node(staging, dialect)?,
        prod: Relation::of_node(prod, dialect)?,
        staging_exists: None,
        prod_exists: None,
        physical: Physical::default(),
        replaced: Physical::default(),
        grants: grants(prod)?,
        date_column: settings.date_column(prod).filter(|column| is_plain(column)).map(str::to_owned),
        layout: layout(dialect, prod)?,
        configured: configured::read(dialect, &prod.config, description(prod), &prod.column_tags)
            .with_context(|| of_model(prod))?,
    })
}

fn description(node: &Node) -> Option<&str> {
    Some(node.description.as_str()).filter(|text| !text.is_empty())
}

fn of_model(node: &Node) -> String {
    format!("the model {}", node.name)
}

fn layout(dialect: Dialect, node: &Node) -> Result<Layout> {
    let configured =
        Layout::configured(dialect, &node.config, description(node)).with_context(|| of_model(node))?;
    Ok(Layout { location: configured::location(dialect, node), ..configured })
}

static PRIVILEGE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[A-Za-z][A-Za-z _./]*$").expect("a pattern"));

/// The configuration `grants`: the grantees of each privilege, which are a name or a list of names.
fn grants(node: &Node) -> Result<BTreeMap<String, Vec<String>>> {
    let mut grants = BTreeMap::new();
    let configured = node.config.get("grants").and_then(Value::as_object);
    for (privilege, grantees) in configured.into_iter().flatten() {
        if !PRIVILEGE.is_match(privilege) {
            bail!("the model {} grants {privilege}, which is not the name of a privilege", node.name);
        }
        let grantees: Vec<_> = match grantees {
            Value::String(one) => vec![one.clone()],
            Value::Array(many) if many.iter().all(Value::is_string) => {
                many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            other => bail!(
                "the model {} grants {privilege} to {other}, which is neither a name nor a list of names",
                node.name
            ),
        };
        if let Some(wrong) =
            grantees.iter().find(|name| name.is_empty() || name.chars().any(char::is_control))
        {
            bail!("the model {} grants {privilege} to {wrong:?}, which is not a name", node.name);
        }
        grants.insert(privilege.clone(), grantees);
    }
    Ok(grants)
}

/// A package's limits table.
///
/// # Errors
/// The dbt manifest has none.
pub fn limits_of(package: &Package, manifest: &Manifest) -> Result<RelationName> {
    let node = manifest.node(&package.limits);
    Ok(relation_of(node.with_context(|| format!("{} is not in the dbt manifest", package.limits))?))
}
