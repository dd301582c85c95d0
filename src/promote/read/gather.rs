//! The facts of a promotion: what both dbt manifests say, and what the warehouse holds.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use regex::Regex;
use serde_json::Value;

use super::{catalogue, guards};
use crate::dbt::{Answer, Manifest, Node, Query, RelationName};
use crate::event::Emit;
use crate::failure::{Failure, FailureKind};
use crate::promote::plan::{
    self, Column, Facts, Layout, ModelFacts, PackageFacts, Physical, TableFacts, Tables,
};
use crate::snowplow::{Family, Package, Settings, TouchedPackage};
use crate::snowplow::{relation_of, tables};
use crate::warehouse::{Dialect, Relation, is_plain};
use crate::workspace::OpenTarget;

/// One side of a promotion, as its dbt manifest has it.
#[derive(Debug)]
pub struct Side<'a> {
    /// What it is called: a target, or a file.
    pub name: &'a str,
    /// Its dbt manifest.
    pub manifest: &'a Manifest,
    /// Its Snowplow packages.
    pub packages: &'a [Package],
}

/// A package's vars in prod and, as far as its window tells of it, in staging; defaults where they are not known.
#[derive(Debug, Clone, Copy)]
pub struct PackageVars {
    /// Prod's.
    pub settings: Settings,
    /// Prod's `snowplow__backfill_limit_days`.
    pub limit_days: u32,
    /// Staging's `snowplow__lookback_window_hours`.
    pub staging_lookback_hours: u32,
    /// Its snowplow_utils gets the load family back into step by itself.
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

/// What the dbt manifests say of the selected tracked models.
///
/// # Errors
/// A model or package that only one side has, adapters that differ, names that are not allowed.
pub fn facts(
    dialect: Dialect,
    (staging, prod): (&Side<'_>, &Side<'_>),
    touched: &[TouchedPackage],
    selection: Vec<String>,
    vars: impl Fn(&Package) -> Result<PackageVars>,
) -> Result<Facts> {
    let mut facts = Facts {
        dialect,
        from: staging.name.to_owned(),
        to: prod.name.to_owned(),
        selection,
        packages: Vec::new(),
        models: Vec::new(),
        manifests: String::new(),
        now: None,
        notes: Vec::new(),
    };
    let mut said = Vec::new();
    for (place, touched) in touched.iter().enumerate() {
        let package = &touched.package;
        let Some(in_prod) = prod.packages.iter().find(|other| other.name == package.name) else {
            bail!(
                "the package {} is in {} but not in {}: is it enabled there?",
                package.name,
                staging.name,
                prod.name
            );
        };
        let vars = vars(in_prod)?;
        let relation = |side: &Side<'_>, package: &Package| {
            let id = &package.incremental_manifest;
            let node = side.manifest.node(id).with_context(|| format!("{id} is not in the dbt manifest"))?;
            Relation::of_node(node, dialect)
        };
        let tracked_in_prod = in_prod.tracked(prod.manifest).filter(|node| !node.is_ephemeral());
        facts.packages.push(PackageFacts {
            name: package.name.clone(),
            family: package.family,
            staging_manifest: relation(staging, package)?,
            prod_manifest: relation(prod, in_prod)?,
            tables: None,
            enabled_in_prod: tracked_in_prod.map(|node| node.name.clone()).collect(),
            lookback_hours: vars.settings.lookback_hours,
            staging_lookback_hours: vars.staging_lookback_hours,
            limit_days: vars.limit_days,
            start_date: vars.settings.start_date,
            load_family_heals: vars.load_family_heals,
        });
        said.push(plan::of_package(&facts.packages[place]));
        for name in &touched.tracked {
            let model = model(dialect, (staging, prod), package, name, place)?;
            said.push(plan::of_model(&model));
            facts.models.push(model);
        }
    }
    let said = serde_json::to_vec(&said).context("cannot write JSON")?;
    facts.manifests = plan::short(&said);
    Ok(facts)
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
            "{name} is a tracked model of {} but not of {}: enable it for that target (with the same --vars?), or leave it out",
            staging.name,
            prod.name
        );
    };
    if !is_plain(name) {
        bail!("the model name {name} is not allowed in a script: only letters, digits and underscores are");
    }
    // One package tags its own manifest too.
    let holds_history = ours.is_incremental() && ours.unique_id != package.incremental_manifest;
    let table = holds_history.then(|| table(dialect, ours, theirs)).transpose()?;
    Ok(ModelFacts { name: name.to_owned(), package: place, table })
}

fn table(dialect: Dialect, staging: &Node, prod: &Node) -> Result<TableFacts> {
    let date_column = prod.config.get("upsert_date_key").and_then(Value::as_str);
    Ok(TableFacts {
        staging: Relation::of_node(staging, dialect)?,
        prod: Relation::of_node(prod, dialect)?,
        staging_exists: None,
        prod_exists: None,
        physical: Physical::default(),
        replaced: Physical::default(),
        grants: grants(prod)?,
        date_column: date_column.filter(|column| is_plain(column)).map(str::to_owned),
        layout: Layout::configured(dialect, &prod.config)
            .with_context(|| format!("the model {}", prod.name))?,
    })
}

static PRIVILEGE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[A-Za-z][A-Za-z _./]*$").expect("a pattern"));

/// The configuration `grants`: privilege to grantees, each a word or a list.
fn grants(node: &Node) -> Result<BTreeMap<String, Vec<String>>> {
    let mut grants = BTreeMap::new();
    let configured = node.config.get("grants").and_then(Value::as_object);
    for (privilege, grantees) in configured.into_iter().flatten() {
        if !PRIVILEGE.is_match(privilege) {
            bail!("the model {} grants {privilege}, which is no privilege", node.name);
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
            bail!("the model {} grants {privilege} to {wrong:?}, which is no name", node.name);
        }
        grants.insert(privilege.clone(), grantees);
    }
    Ok(grants)
}

/// Reads rows, windows, the clock, and which tables are there with which columns: all in one call. Then, as far as it answers,
/// the catalogue; why it does not, where it does not.
///
/// # Errors
/// dbt cannot read them.
pub fn read(
    facts: &mut Facts,
    prod: &OpenTarget<'_>,
    limits: &[RelationName],
    emit: Emit<'_>,
) -> Result<Option<Failure>> {
    let dialect = facts.dialect;
    let mut queries = vec![tables::clock_query(dialect)];
    for (package, limits) in facts.packages.iter().zip(limits) {
        queries.push(tables::rows_query(dialect, &package.staging_manifest.name()));
        queries.push(tables::rows_query(dialect, &package.prod_manifest.name()));
        queries.push(tables::window_query(dialect, limits));
        if package.family == Family::Load {
            queries.push(tables::first_successes_query(dialect, &package.prod_manifest.name()));
        }
    }
    let columns_of = |relation: &Relation| Query { relations: vec![relation.name()], sql: None };
    for table in facts.models.iter().filter_map(|model| model.table.as_ref()) {
        queries.extend([columns_of(&table.staging), columns_of(&table.prod)]);
    }
    let told = prod.query(&queries, emit)?;
    let mut answers = told.answers.iter();
    let mut next = || answers.next().context("an answer is missing");
    facts.now = Some(tables::read_clock(next()?)?);
    for package in &mut facts.packages {
        let rows = |answer: &Answer| match answer {
            Answer::Missing(_) => Ok(None),
            Answer::Rows(_) => tables::read_rows(answer).map(Some),
        };
        package.tables = Some(Tables {
            staging_rows: rows(next()?)
                .with_context(|| format!("cannot read {}", package.staging_manifest))?,
            prod_rows: rows(next()?).with_context(|| format!("cannot read {}", package.prod_manifest))?,
            staging_window: tables::read_window(next()?)?,
            prod_first_success: match package.family {
                Family::Load => tables::read_first_successes(next()?)
                    .with_context(|| format!("cannot read {}", package.prod_manifest))?,
                Family::Session => BTreeMap::new(),
            },
            staging_lookback_hours: package.staging_lookback_hours,
        });
    }
    for table in facts.models.iter_mut().filter_map(|model| model.table.as_mut()) {
        (table.staging_exists, table.physical.columns) = columns(next()?);
        (table.prod_exists, table.replaced.columns) = columns(next()?);
    }
    guards::read(facts, prod, emit)?;
    read_catalogue(facts, prod, emit)
}

/// What a script says whose tables the catalogue does not tell of.
#[must_use]
pub fn unread_catalogue(failure: &Failure) -> String {
    let said = failure.text();
    let said: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!(
        "the catalogue does not say how the tables are made; the script goes by the project's configuration: {}",
        said.join(": ")
    )
}

fn columns(answer: &Answer) -> (Option<bool>, Vec<Column>) {
    match answer {
        Answer::Missing(_) => (Some(false), Vec::new()),
        Answer::Rows(rows) => {
            let column = |row: &Vec<Option<String>>| {
                let data_type = row.get(1).cloned().flatten();
                Some(Column { data_type, ..Column::plain(row.first()?.as_deref()?) })
            };
            (Some(true), rows.iter().filter_map(column).collect())
        }
    }
}

fn read_catalogue(facts: &mut Facts, prod: &OpenTarget<'_>, emit: Emit<'_>) -> Result<Option<Failure>> {
    let dialect = facts.dialect;
    let mut asked: Vec<(&Relation, &mut Physical)> = Vec::new();
    for table in facts.models.iter_mut().filter_map(|model| model.table.as_mut()) {
        if table.staging_exists == Some(true) {
            asked.push((&table.staging, &mut table.physical));
        }
        if table.prod_exists == Some(true) {
            asked.push((&table.prod, &mut table.replaced));
        }
    }
    if asked.is_empty() {
        return Ok(None);
    }
    let queries: Vec<_> =
        asked.iter().flat_map(|(relation, _)| catalogue::queries(dialect, &relation.name())).collect();
    let error = match prod.query(&queries, emit) {
        Ok(told) => {
            for ((_, physical), answers) in
                asked.iter_mut().zip(told.answers.chunks(catalogue::count(dialect)))
            {
                catalogue::read(dialect, answers, physical);
            }
            return Ok(None);
        }
        Err(error) => error,
    };
    // A user without the right to read it is one thing, a warehouse that has gone is another.
    let failure = error.downcast::<Failure>()?;
    if failure.kind == FailureKind::Connection {
        return Err(failure.into());
    }
    facts.notes.push(unread_catalogue(&failure));
    Ok(Some(failure))
}

/// A package's limits table, for [`read`].
///
/// # Errors
/// The dbt manifest has none.
pub fn limits_of(package: &Package, manifest: &Manifest) -> Result<RelationName> {
    let node = manifest.node(&package.limits);
    Ok(relation_of(node.with_context(|| format!("{} is not in the dbt manifest", package.limits))?))
}
