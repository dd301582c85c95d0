//! What is promoted in each case, as facts that a warehouse of this dialect could have given.

#[path = "recorded.rs"]
mod recorded;

use std::collections::BTreeMap;

use anyhow::Result;
use snowplow_backfill::promote::{
    Column, Configured, CopyStrategy, Facts, Layout, ModelFacts, PackageFacts, Physical, TableFacts, Tables,
    Wishes, read_configured,
};
use snowplow_backfill::snowplow::Window;
use snowplow_backfill::snowplow::{Family, Row};
use snowplow_backfill::timestamp::Timestamp;
use snowplow_backfill::warehouse::{Dialect, Relation};

use recorded::Made;

/// A case, which is written for every warehouse.
pub struct Case {
    pub name: &'static str,
    pub wishes: fn(Dialect) -> Wishes,
    pub facts: fn(Dialect) -> Result<Facts>,
}

const PLAIN: Wishes = Wishes { strategy: None, replace: false, resume: false, sync: false, verify: None };

fn with(strategy: CopyStrategy) -> Wishes {
    Wishes { strategy: Some(strategy), ..PLAIN }
}

/// A warehouse's own copy keeps the layout of a table and does not restate it. Here it is restated on every
/// warehouse.
fn where_it_is_said(dialect: Dialect) -> Wishes {
    match dialect {
        Dialect::Redshift | Dialect::Databricks => with(CopyStrategy::Ctas),
        Dialect::Postgres | Dialect::Snowflake | Dialect::BigQuery | Dialect::Spark | Dialect::DuckDb => {
            PLAIN
        }
    }
}

/// All cases.
pub fn all() -> Vec<Case> {
    let plain = |_| PLAIN;
    let replace = |_| Wishes { replace: true, ..PLAIN };
    let case = |name, wishes, facts| Case { name, wishes, facts };
    vec![
        case("one_model", plain, one_model),
        case("helper_and_view", plain, helper_and_view),
        case("replace", replace, replace_facts),
        case("replace_with_an_older_one", replace, replace_older),
        case("replace_another_kind", replace, replace_another_kind),
        case("alias_and_schema", plain, alias_and_schema),
        case("odd_names", replace, odd_names),
        case("quoted_names", plain, quoted_names),
        case("partitioned_and_clustered", where_it_is_said, partitioned_and_clustered),
        case("restated_by_ctas", |_| with(CopyStrategy::Ctas), in_other_parts),
        case("laid_out_by_prod", plain, laid_out_by_prod),
        case("laid_out_by_prod_by_ctas", |_| with(CopyStrategy::Ctas), laid_out_by_prod),
        case("in_other_parts_than_staging", plain, in_other_parts_than_staging),
        case(
            "in_other_parts_than_asked_for",
            |dialect| with(CopyStrategy::of(dialect)[0]),
            in_other_parts_than_staging,
        ),
        case("configured", plain, configured),
        case("configured_by_ctas", |_| with(CopyStrategy::Ctas), configured),
        case("with_more_than_configured", plain, with_more),
        case("replace_one_with_more", replace, replace_one_with_more),
        case("table_clone", |_| with(CopyStrategy::Clone), one_model),
        case("moved", |_| with(CopyStrategy::Move), granted_in_staging),
        case("generated_column", plain, generated_column),
        case("grants", plain, grants),
        case("no_grants", plain, one_model),
        case("different_databases", plain, different_databases),
        case("different_databases_by_ctas", |_| with(CopyStrategy::Ctas), different_databases),
        case("resumed", |_| Wishes { resume: true, ..PLAIN }, resumed),
        case("in_step_with_prod", |_| Wishes { sync: true, ..PLAIN }, ahead_of_prod),
        case("two_packages", plain, two_packages),
        case("first_of_its_package", plain, first_of_its_package),
        case("load_family", plain, load_family),
        case("load_family_replace", replace, load_family_replace),
        case("offline", plain, offline),
        case("name_not_allowed", plain, name_not_allowed),
    ]
}

const TIME: &str = "2023-10-11 10:11:12.123456";

/// The `first_success` of a row of the load family in prod. Staging's is in 2020.
const FIRST: &str = "2022-01-02 03:04:05.000006";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

/// A relation as dbt renders it for the adapter.
fn relation(dialect: Dialect, database: &str, schema: &str, name: &str) -> Result<Relation> {
    let rendered = match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => {
            format!("\"{database}\".\"{schema}\".\"{name}\"")
        }
        Dialect::Snowflake => format!("{}.{schema}.{name}", database.to_uppercase()),
        Dialect::BigQuery | Dialect::Databricks => format!("`{database}`.`{schema}`.`{name}`"),
        Dialect::Spark if database == "analytics" => format!("{schema}.{name}"),
        Dialect::Spark => format!("{database}.{schema}.{name}"),
    };
    Relation::parse(&rendered, dialect)
}

fn row(model: &str, time: &str) -> Row {
    Row { model: model.to_owned(), last_success: Some(at(time)) }
}

fn package(dialect: Dialect, name: &str, family: Family, models: &[&str]) -> Result<PackageFacts> {
    let manifest = format!("{name}_incremental_manifest");
    let runs_in_prod = format!("{name}_views");
    let staging_rows = models.iter().map(|model| row(model, TIME)).collect();
    let mut enabled: Vec<_> = models.iter().map(|&model| model.to_owned()).collect();
    enabled.push(runs_in_prod.clone());
    Ok(PackageFacts {
        name: name.to_owned(),
        family,
        staging_manifest: relation(dialect, "analytics", "staging_snowplow_manifest", &manifest)?,
        prod_manifest: relation(dialect, "analytics", "prod_snowplow_manifest", &manifest)?,
        tables: Some(Tables {
            staging_rows: Some(staging_rows),
            prod_rows: Some(vec![row(&runs_in_prod, TIME)]),
            staging_window: Some(Window {
                lower: at("2023-10-11 04:00:00"),
                upper: at("2023-10-11 12:34:56.789"),
            }),
            staging_hidden: Some(Vec::new()),
            prod_hidden: Some(Vec::new()),
            ..Tables::default()
        }),
        manifest_layout: Layout::default(),
        memory: Vec::new(),
        enabled_in_prod: enabled,
        lookback_hours: 6,
        staging_lookback_hours: 6,
        limit_days: 30,
        start_date: Some(at("2020-01-01")),
        load_family_heals: true,
    })
}

/// A table of which it is known that nothing hides rows or values of it.
fn unguarded(physical: Physical) -> Physical {
    Physical { guards: Some(Vec::new()), hidden: Some(Vec::new()), ..physical }
}

fn table(dialect: Dialect, staging: Relation, prod: Relation) -> TableFacts {
    let physical = unguarded(recorded::physical(dialect, staging.identifier(), Made::Plainly));
    TableFacts {
        staging,
        prod,
        staging_exists: Some(true),
        prod_exists: Some(false),
        physical,
        replaced: Physical::default(),
        grants: BTreeMap::new(),
        date_column: Some("start_tstamp".to_owned()),
        layout: Layout::default(),
        configured: Configured::default(),
    }
}

fn copied(dialect: Dialect, model: &str) -> Result<ModelFacts> {
    let staging = relation(dialect, "analytics", "staging_derived", model)?;
    let prod = relation(dialect, "analytics", "prod_derived", model)?;
    let table = Some(table(dialect, staging, prod));
    Ok(ModelFacts { name: model.to_owned(), package: 0, is_tracked: true, table })
}

fn recorded_only(model: &str) -> ModelFacts {
    ModelFacts { name: model.to_owned(), package: 0, is_tracked: true, table: None }
}

fn facts(dialect: Dialect, models: Vec<ModelFacts>) -> Result<Facts> {
    let names: Vec<_> = models.iter().map(|model| model.name.as_str()).collect();
    Ok(Facts {
        dialect,
        from: "staging".to_owned(),
        to: "prod".to_owned(),
        selection: vec!["--select".to_owned(), "+my_model".to_owned()],
        packages: vec![package(dialect, "snowplow_unified", Family::Session, &names)?],
        models,
        lacking: Vec::new(),
        without_schema: Vec::new(),
        manifests: "0123456789abcdef0123456789abcdef".to_owned(),
        now: Some(at("2023-11-12 13:14:00")),
        notes: Vec::new(),
    })
}

pub fn one_model(dialect: Dialect) -> Result<Facts> {
    facts(dialect, vec![copied(dialect, "my_model")?])
}

fn granted_in_staging(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    if dialect == Dialect::Postgres {
        let table = facts.models[0].table.as_mut().expect("a table");
        table.physical.granted = vec![["select", "reporter"].map(str::to_owned)];
    }
    Ok(facts)
}

pub fn helper_and_view(dialect: Dialect) -> Result<Facts> {
    let models =
        vec![copied(dialect, "my_model")?, recorded_only("my_model_this_run"), recorded_only("my_view")];
    facts(dialect, models)
}

/// Prod runs the model, and staging has got further than prod.
pub fn replace_facts(dialect: Dialect) -> Result<Facts> {
    replaced(dialect, "2023-10-01 02:03:04.5")
}

/// Prod has got further than staging, so that its row goes back.
fn replace_older(dialect: Dialect) -> Result<Facts> {
    replaced(dialect, "2023-10-20 02:03:04.5")
}

fn replaced(dialect: Dialect, prod_time: &str) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    let tables = facts.packages[0].tables.as_mut().expect("read");
    tables.prod_rows.as_mut().expect("rows").push(row("my_model", prod_time));
    let table = facts.models[0].table.as_mut().expect("a table");
    table.prod_exists = Some(true);
    table.replaced = table.physical.clone();
    table.replaced.guards = Some(Vec::new());
    if dialect == Dialect::Postgres {
        table.replaced.dependents = vec!["prod_derived.a_view".to_owned()];
    }
    Ok(facts)
}

/// Prod's table is of another kind than staging's.
fn replace_another_kind(dialect: Dialect) -> Result<Facts> {
    let mut facts = replace_facts(dialect)?;
    let replaced = &mut facts.models[0].table.as_mut().expect("a table").replaced;
    match dialect {
        Dialect::Snowflake => replaced.transient = Some(false),
        Dialect::BigQuery => *replaced = unguarded(recorded::physical(dialect, "my_model", Made::InParts)),
        Dialect::Postgres | Dialect::Redshift | Dialect::Databricks | Dialect::Spark | Dialect::DuckDb => {}
    }
    Ok(facts)
}

fn alias_and_schema(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    let table = facts.models[0].table.as_mut().expect("a table");
    table.staging = relation(dialect, "analytics", "dev_anna_reporting", "page_engagement_v2")?;
    table.prod = relation(dialect, "analytics", "reporting", "page_engagement_v2")?;
    facts.packages[0].prod_manifest = relation(dialect, "analytics", "snowplow_meta", "manifest")?;
    Ok(facts)
}

/// Reserved words and mixed case.
/// Names that need quotes everywhere, and whose backups do not fit on Postgres.
fn odd_names(dialect: Dialect) -> Result<Facts> {
    let mut facts = replace_facts(dialect)?;
    let quote = dialect.quote();
    let relation = |schema: &str, name: &str| {
        let database = match dialect {
            Dialect::Spark => String::new(),
            Dialect::Snowflake => "ANALYTICS.".to_owned(),
            Dialect::Postgres
            | Dialect::Redshift
            | Dialect::BigQuery
            | Dialect::Databricks
            | Dialect::DuckDb => {
                format!("{quote}analytics{quote}.")
            }
        };
        Relation::parse(&format!("{database}{quote}{schema}{quote}.{quote}{name}{quote}"), dialect)
    };
    let table = facts.models[0].table.as_mut().expect("a table");
    table.staging = relation("Staging derived-2", "My Model of what visitors read-2")?;
    table.prod = relation("Prod derived-2", "My Model of what visitors read by day and by page-2")?;
    Ok(facts)
}

fn quoted_names(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    let table = facts.models[0].table.as_mut().expect("a table");
    let quoted = |schema: &str| match dialect {
        Dialect::Snowflake => Relation::parse(&format!("ANALYTICS.\"{schema}\".\"order\""), dialect),
        Dialect::Spark => Relation::parse(&format!("`{schema}`.`order`"), dialect),
        Dialect::Postgres | Dialect::Redshift | Dialect::BigQuery | Dialect::Databricks | Dialect::DuckDb => {
            relation(dialect, "analytics", schema, "order")
        }
    };
    table.staging = quoted("Staging")?;
    table.prod = quoted("Group")?;
    let odd = Column::plain("select");
    table.physical.columns.push(odd);
    // DuckDB copies the statement that made staging's table.
    table.physical.create_statement = table.physical.create_statement.is_some().then(|| {
        "CREATE TABLE \"Staging\".\"order\"(view_id VARCHAR, start_tstamp TIMESTAMP, \
                  start_tstamp_date DATE, engaged_seconds DOUBLE, \"select\" INTEGER);"
            .to_owned()
    });
    Ok(facts)
}

/// Prod's project configures the model like this.
fn configure(
    dialect: Dialect,
    table: &mut TableFacts,
    config: &serde_json::Value,
    description: Option<&str>,
) -> Result<()> {
    let config = config.as_object().expect("an object");
    table.layout = Layout::configured(dialect, config, description)?;
    let column_tags = match dialect {
        Dialect::Databricks => BTreeMap::from([
            ("view_id".to_owned(), serde_json::json!({"pii": "it's one", "checked": null})),
            ("not_there_yet".to_owned(), serde_json::json!({"pii": "no"})),
        ]),
        Dialect::Postgres
        | Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Spark
        | Dialect::DuckDb => BTreeMap::new(),
    };
    // With the rest that dbt gives to a table.
    let column_tags = if description.is_some() { column_tags } else { BTreeMap::new() };
    table.configured = read_configured(dialect, config, description, &column_tags)?;
    Ok(())
}

fn partitioned_and_clustered(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    let table = facts.models[0].table.as_mut().expect("a table");
    let config = match dialect {
        Dialect::Postgres | Dialect::DuckDb => serde_json::json!({}),
        Dialect::Redshift => {
            serde_json::json!({"dist": "view_id", "sort": ["start_tstamp"], "sort_type": "compound"})
        }
        Dialect::Snowflake => serde_json::json!({"cluster_by": ["to_date(start_tstamp)"]}),
        Dialect::BigQuery => serde_json::json!({
            "partition_by": {"field": "start_tstamp", "data_type": "timestamp"}, "cluster_by": ["view_id"],
            "require_partition_filter": true, "partition_expiration_days": 400
        }),
        Dialect::Databricks | Dialect::Spark => serde_json::json!({
            "partition_by": "start_tstamp_date", "tblproperties": {"delta.autoOptimize.optimizeWrite": "true"},
            "file_format": if dialect == Dialect::Spark { "iceberg" } else { "delta" }
        }),
    };
    configure(dialect, table, &config, None)?;
    table.physical = unguarded(recorded::physical(dialect, "my_model", Made::InParts));
    Ok(facts)
}

/// The same, by the other means that a warehouse has, which prod's project leaves to staging.
fn in_other_parts(dialect: Dialect) -> Result<Facts> {
    let mut facts = partitioned_and_clustered(dialect)?;
    let table = facts.models[0].table.as_mut().expect("a table");
    match dialect {
        Dialect::Redshift => {
            let config = serde_json::json!({"dist": "all", "sort": "auto"});
            configure(dialect, table, &config, None)?;
        }
        Dialect::Databricks | Dialect::Spark => {
            let config = serde_json::json!({"tblproperties": {"delta.autoOptimize.optimizeWrite": "true"}});
            configure(dialect, table, &config, None)?;
            table.physical = unguarded(recorded::physical(dialect, "my_model", Made::InOtherParts));
        }
        Dialect::Postgres | Dialect::Snowflake | Dialect::BigQuery | Dialect::DuckDb => {}
    }
    Ok(facts)
}

/// Prod's project configures another layout than staging's, which a copy can be given afterwards, if a warehouse can do that
/// at all.
fn laid_out_by_prod(dialect: Dialect) -> Result<Facts> {
    let mut facts = in_other_parts(dialect)?;
    let table = facts.models[0].table.as_mut().expect("a table");
    let config = match dialect {
        Dialect::Postgres | Dialect::DuckDb => serde_json::json!({}),
        Dialect::Redshift => {
            serde_json::json!({"dist": "Start_Tstamp_Date", "sort": ["start_tstamp_date", "view_id"]})
        }
        Dialect::Snowflake => {
            serde_json::json!({"cluster_by": "start_tstamp_date", "automatic_clustering": false})
        }
        Dialect::BigQuery => serde_json::json!({
            "partition_by": {"field": "start_tstamp", "data_type": "timestamp"}, "cluster_by": ["start_tstamp_date", "view_id"]
        }),
        Dialect::Databricks => serde_json::json!({"liquid_clustered_by": ["view_id"]}),
        Dialect::Spark => serde_json::json!({"partition_by": ["start_tstamp_date"]}),
    };
    configure(dialect, table, &config, None)?;
    Ok(facts)
}

/// The same, where only a query makes such a table.
fn in_other_parts_than_staging(dialect: Dialect) -> Result<Facts> {
    let mut facts = partitioned_and_clustered(dialect)?;
    let table = facts.models[0].table.as_mut().expect("a table");
    let config = match dialect {
        Dialect::Postgres | Dialect::DuckDb | Dialect::Snowflake => serde_json::json!({}),
        Dialect::Redshift => {
            serde_json::json!({"dist": "auto", "sort": ["view_id", "start_tstamp"], "sort_type": "interleaved"})
        }
        Dialect::BigQuery => serde_json::json!({
            "partition_by": {"field": "start_tstamp_date", "data_type": "date", "granularity": "month"},
            "require_partition_filter": true
        }),
        Dialect::Databricks => serde_json::json!({"auto_liquid_cluster": true}),
        Dialect::Spark => {
            serde_json::json!({"file_format": "parquet", "clustered_by": "view_id", "buckets": 8})
        }
    };
    configure(dialect, table, &config, None)?;
    Ok(facts)
}

/// Staging's table has what prod's project does not configure.
fn with_more(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    let table = facts.models[0].table.as_mut().expect("a table");
    table.physical = unguarded(recorded::physical(dialect, "my_model", Made::WithMore));
    Ok(facts)
}

/// Prod's project configures all that dbt gives to a table, and staging's table differs from it.
pub fn configured(dialect: Dialect) -> Result<Facts> {
    let mut facts = with_more(dialect)?;
    let table = facts.models[0].table.as_mut().expect("a table");
    let config = match dialect {
        Dialect::BigQuery => serde_json::json!({
            "labels": {"team": "web"}, "labels_from_meta": true, "meta": {"owner": "it's_anna"},
            "resource_tags": {"p/env": "prod"}, "hours_to_expiration": 24, "enable_change_history": false,
            "kms_key_name": "projects/p/locations/eu/keyRings/r/cryptoKeys/k"
        }),
        Dialect::Snowflake => serde_json::json!({
            "cluster_by": ["to_date(start_tstamp)"], "automatic_clustering": false, "change_tracking": true,
            "table_tag": "gov.public.team = 'web'", "copy_tags": true
        }),
        Dialect::Databricks => serde_json::json!({
            "auto_liquid_cluster": true, "databricks_tags": {"team": "it's web", "checked": null},
            "tblproperties": {"delta.autoOptimize.optimizeWrite": "true"}
        }),
        Dialect::Spark => serde_json::json!({
            "file_format": "iceberg", "tblproperties": {"write.format.default": "parquet"}
        }),
        Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => serde_json::json!({}),
    };
    configure(dialect, table, &config, Some("One row a view; it's the visitor's."))?;
    if matches!(dialect, Dialect::Databricks | Dialect::Spark) {
        table.layout.location = Some("s3://prod's/my_model".to_owned());
    }
    Ok(facts)
}

/// Prod's table has what neither staging's table has nor its project configures.
fn replace_one_with_more(dialect: Dialect) -> Result<Facts> {
    let mut facts = replace_facts(dialect)?;
    let table = facts.models[0].table.as_mut().expect("a table");
    table.replaced =
        Physical { guards: Some(Vec::new()), ..recorded::physical(dialect, "my_model", Made::WithMore) };
    Ok(facts)
}

fn generated_column(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    // On the other warehouses, copies keep such columns.
    facts.models[0].table.as_mut().expect("a table").physical =
        recorded::physical(dialect, "my_model", Made::Generating);
    Ok(facts)
}

fn grants(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    let table = facts.models[0].table.as_mut().expect("a table");
    let (privilege, grantees) = match dialect {
        Dialect::BigQuery => {
            ("roles/bigquery.dataViewer", vec!["user:anna@example.com", "group:analysts@example.com"])
        }
        Dialect::Redshift => ("select", vec!["reporter", "group analysts"]),
        Dialect::Postgres | Dialect::Snowflake | Dialect::Databricks | Dialect::Spark | Dialect::DuckDb => {
            ("select", vec!["reporter", "Data Team"])
        }
    };
    table.grants.insert(privilege.to_owned(), grantees.into_iter().map(str::to_owned).collect());
    Ok(facts)
}

fn different_databases(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    let table = facts.models[0].table.as_mut().expect("a table");
    table.staging = relation(dialect, "sandbox", "staging_derived", "my_model")?;
    facts.packages[0].staging_manifest =
        relation(dialect, "sandbox", "staging_snowplow_manifest", "snowplow_unified_incremental_manifest")?;
    Ok(facts)
}

/// Somebody has copied the table already.
fn resumed(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    facts.models[0].table.as_mut().expect("a table").prod_exists = Some(true);
    Ok(facts)
}

pub fn ahead_of_prod(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    let tables = facts.packages[0].tables.as_mut().expect("read");
    tables.prod_rows = Some(vec![row("snowplow_unified_views", "2023-10-11 09:08:07.000001")]);
    Ok(facts)
}

fn two_packages(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    let second = ModelFacts { package: 1, ..copied(dialect, "my_basket")? };
    facts.packages.push(package(dialect, "snowplow_ecommerce", Family::Session, &["my_basket"])?);
    facts.models.push(second);
    Ok(facts)
}

/// Prod has nothing of the package: no schema, no incremental manifest, no memory of sessions.
pub fn first_of_its_package(dialect: Dialect) -> Result<Facts> {
    let mut sessions = ModelFacts { is_tracked: false, ..copied(dialect, "my_sessions_lifecycle_manifest")? };
    sessions.table.as_mut().expect("a table").date_column = None;
    let mut facts = helper_and_view(dialect)?;
    let prod = relation(dialect, "analytics", "prod_derived", "my_model")?;
    facts.without_schema = vec![facts.packages[0].prod_manifest.clone(), prod.clone(), prod];
    // What the others are built from comes first.
    facts.models.insert(0, sessions);
    let package = &mut facts.packages[0];
    package.enabled_in_prod = vec!["my_model".into(), "my_model_this_run".into(), "my_view".into()];
    package.tables.as_mut().expect("read").prod_rows = None;
    Ok(facts)
}

fn load_family(dialect: Dialect) -> Result<Facts> {
    let mut facts = one_model(dialect)?;
    facts.packages = vec![package(dialect, "snowplow_identities", Family::Load, &["my_model"])?];
    Ok(facts)
}

/// Prod's row began elsewhere than staging's.
fn load_family_replace(dialect: Dialect) -> Result<Facts> {
    let mut facts = replace_facts(dialect)?;
    let mut package = package(dialect, "snowplow_identities", Family::Load, &["my_model"])?;
    let tables = package.tables.as_mut().expect("read");
    tables.prod_rows.as_mut().expect("rows").push(row("my_model", "2023-10-01 02:03:04.5"));
    tables.prod_first_success.insert("my_model".to_owned(), at(FIRST));
    facts.packages = vec![package];
    Ok(facts)
}

/// From two dbt manifests: nothing is known about rows and tables.
fn offline(dialect: Dialect) -> Result<Facts> {
    let mut facts = partitioned_and_clustered(dialect)?;
    facts.now = None;
    facts.packages[0].tables = None;
    let table = facts.models[0].table.as_mut().expect("a table");
    (table.staging_exists, table.prod_exists, table.physical) = (None, None, Physical::default());
    facts.models.push(recorded_only("my_model_this_run"));
    Ok(facts)
}

fn name_not_allowed(dialect: Dialect) -> Result<Facts> {
    let quote = dialect.quote();
    Relation::parse(&format!("{quote}prod{quote}.{quote}my;table{quote}"), dialect)?;
    one_model(dialect)
}
