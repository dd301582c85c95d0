//! Digests of what a plan was made from. Its script contains them, and so tells whether anything has moved
//! since.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::facts::{Configured, Facts, ModelFacts, PackageFacts};
use super::layout::Layout;
use crate::snowplow::{Family, Row};

/// Digests of what a plan depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints {
    /// What both dbt manifests say about the models, their relations and their configuration.
    pub manifests: String,
    /// Staging's rows of the selected models; none offline.
    pub staging_rows: Option<String>,
    /// Prod's rows of the selected models; none offline.
    pub prod_rows: Option<String>,
}

/// Takes the fingerprints of what is known.
#[must_use]
pub fn of(facts: &Facts) -> Fingerprints {
    let selected = |package: usize, row: &Row| {
        facts.models.iter().any(|model| model.package == package && model.name == row.model)
    };
    let digest = |side: fn(&super::facts::Tables) -> &Option<Vec<Row>>| {
        let mut lines = Vec::new();
        for (place, package) in facts.packages.iter().enumerate() {
            let rows = side(package.tables.as_ref()?);
            let mut own: Vec<_> = rows.iter().flatten().filter(|row| selected(place, row)).collect();
            own.sort_by_key(|row| (&row.model, row.last_success));
            lines.extend(own.into_iter().map(|row| {
                let time = row.last_success.map(|time| time.to_string()).unwrap_or_default();
                format!("{} {} {time}\n", package.name, row.model)
            }));
        }
        Some(short_digest(lines.concat().as_bytes()))
    };
    Fingerprints {
        manifests: facts.manifests.clone(),
        staging_rows: digest(|tables| &tables.staging_rows),
        prod_rows: digest(|tables| &tables.prod_rows),
    }
}

/// What the dbt manifests and vars say about a package. It is a list of values, so that renaming a field
/// changes no fingerprint.
#[must_use]
pub fn of_package(package: &PackageFacts) -> Value {
    json!([
        package.name,
        match package.family {
            Family::Session => "session",
            Family::Load => "load",
        },
        package.staging_manifest.to_string(),
        package.prod_manifest.to_string(),
        package.enabled_in_prod,
        package.lookback_hours,
        package.staging_lookback_hours,
        package.limit_days,
        package.start_date.map(|date| date.to_string()),
        package.load_family_heals,
    ])
}

/// What the dbt manifests say about a model.
#[must_use]
pub fn of_model(model: &ModelFacts) -> Value {
    let table = model.table.as_ref().map(|table| {
        let layout = &table.layout;
        let mut said = vec![
            json!(table.staging.to_string()),
            json!(table.prod.to_string()),
            json!(table.grants),
            json!(table.date_column),
            json!([&layout.partition_by, &layout.cluster_by, &layout.distribution, &layout.sort_key]),
            json!(layout.properties),
            json!(layout.transient),
            json!(layout.filtered_by()),
        ];
        // As it was before these were read, where they say nothing.
        said.extend(
            [of_configured(&table.configured), of_files(layout)].into_iter().filter(|it| !it.is_null()),
        );
        Value::from(said)
    });
    json!([model.name, model.package, table])
}

/// Databricks and Spark: what the project says of the files; null where that is nothing.
fn of_files(layout: &Layout) -> Value {
    let files = (&layout.format, &layout.location, layout.is_clustered_by_choice);
    if files == (&None, &None, false) { Value::Null } else { json!(files) }
}

/// What the project configures besides; null where that is nothing, as it was before this was read.
fn of_configured(configured: &Configured) -> Value {
    if *configured == Configured::default() {
        return Value::Null;
    }
    let items: Vec<_> = configured.held.values().collect();
    json!([
        items,
        configured.is_iceberg,
        configured.description,
        configured.automatic_clustering,
        configured.change_tracking,
        configured.tags,
        configured.copies_tags,
        configured.row_access_policy,
    ])
}

/// The first 16 bytes of a SHA-256, in hexadecimal digits.
#[must_use]
pub fn short_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promote::{Physical, TableFacts};
    use crate::warehouse::{Dialect, Relation};

    /// Everything that would change a reviewed script changes the fingerprint, and nothing else does.
    #[test]
    fn the_fingerprint_of_a_model_is_of_what_the_project_says() {
        let relation = |name: &str| Relation::parse(name, Dialect::Postgres).expect("a relation");
        let table = TableFacts {
            staging: relation("stg.a"),
            prod: relation("prd.a"),
            staging_exists: None,
            prod_exists: None,
            physical: Physical::default(),
            replaced: Physical::default(),
            grants: [("select".to_owned(), vec!["bi".to_owned()])].into(),
            date_column: Some("day".into()),
            layout: Layout::default(),
            configured: Configured::default(),
        };
        let of = |table: &TableFacts| {
            let table = Some(table.clone());
            of_model(&ModelFacts { name: "a".into(), package: 0, is_tracked: true, table }).to_string()
        };
        let written =
            r#"["a",0,["stg.a","prd.a",{"select":["bi"]},"day",[null,null,null,null],{},null,null]]"#;
        assert_eq!(of(&table), written);
        assert_eq!(of(&TableFacts { staging_exists: Some(true), ..table.clone() }), written);
        let layout = Layout { cluster_by: Some("day".into()), ..Layout::default() };
        assert_ne!(of(&TableFacts { layout, ..table.clone() }), written);
        let configured = Configured { copies_tags: true, ..Configured::default() };
        assert_ne!(of(&TableFacts { configured, ..table }), written);
    }
}
