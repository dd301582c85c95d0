//! Finds a warehouse's templates and renders them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value};
use serde::Serialize;

use super::filters;
use super::values::Sql;
use crate::warehouse::Dialect;

/// The path and the text of every template.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// Where the templates of a warehouse are. The first folder that has one counts.
///
/// Some warehouses have an `update … from`. On some, only a `merge` can insert what is not there yet.
fn folders(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Postgres => &["postgres", "update_from", "default"],
        Dialect::Redshift => &["redshift", "update_from", "default"],
        Dialect::Snowflake => &["snowflake", "merge", "default"],
        Dialect::BigQuery => &["bigquery", "default"],
        Dialect::Databricks => &["databricks", "merge", "default"],
        // Databricks' SQL is Spark's, and more.
        Dialect::Spark => &["spark", "databricks", "merge", "default"],
        Dialect::DuckDb => &["duckdb", "update_from", "default"],
    }
}

/// Renders a template of a warehouse. Names are paths without the first folder, such as `check.sql`.
///
/// # Errors
/// There is no such template, or it asks for what it is not given. Either is a mistake in this program.
pub fn render(dialect: Dialect, name: &str, context: &impl Serialize) -> Result<Sql> {
    let templates = Templates::of(dialect)?;
    let path = templates.paths.get(name).with_context(|| format!("{dialect} has no template {name}"))?;
    let context = Value::from(Serde(context));
    #[cfg(test)]
    super::testing::note(&templates.environment, dialect, path, &context);
    let template = templates.environment.get_template(path);
    let text = template.and_then(|template| template.render(context));
    let text = text.with_context(|| format!("cannot write {dialect}'s SQL by the template {path}"))?;
    Ok(Sql::of_checked(text.trim_end_matches('\n')))
}

/// The templates of one warehouse.
struct Templates {
    environment: Environment<'static>,
    /// The path of each template by its name.
    paths: BTreeMap<&'static str, &'static str>,
}

impl Templates {
    fn of(dialect: Dialect) -> Result<&'static Self> {
        static BUILT: [OnceLock<Result<Templates, Error>>; Dialect::ALL.len()] =
            [const { OnceLock::new() }; Dialect::ALL.len()];
        let built = BUILT[dialect as usize].get_or_init(|| Self::build(dialect));
        built.as_ref().map_err(|error| anyhow!("a template of {dialect} cannot be read: {error}"))
    }

    fn build(dialect: Dialect) -> Result<Self, Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        // Marks what templates put together themselves as SQL.
        environment.set_auto_escape_callback(|_| AutoEscape::Custom("sql".into()));
        environment.set_formatter(filters::print);
        filters::add_all(&mut environment, dialect);
        let mut paths = BTreeMap::new();
        for folder in folders(dialect).iter().rev() {
            for (path, _) in FILES {
                let name = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
                paths.extend(name.map(|name| (name, *path)));
            }
        }
        for (path, text) in FILES.iter().filter(|(path, _)| paths.values().any(|used| used == path)) {
            environment.add_template(path, text)?;
        }
        Ok(Self { environment, paths })
    }
}

/// All paths.
#[cfg(test)]
pub(super) fn all_paths() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(path, _)| *path)
}
