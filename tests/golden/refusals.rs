//! What makes a promotion be refused, and what the refusal says.

use anyhow::Result;
use snowplow_backfill::failure::Refusal;
use snowplow_backfill::promote::{
    Column, CopyStrategy, Facts, Layout, Plan, Right, Scripts, TableFacts, Tables, Wishes,
};
use snowplow_backfill::snowplow::{Family, Row};
use snowplow_backfill::timestamp::Timestamp;
use snowplow_backfill::warehouse::{Dialect, Relation};

use crate::cases;

fn plan(facts: &Facts, wishes: Wishes) -> Result<Plan> {
    Plan::of(facts, wishes, "2023-11-12 13:14:15".parse()?)
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn row(model: &str, time: &str) -> Row {
    Row { model: model.to_owned(), last_success: Some(at(time)) }
}

fn tables(facts: &mut Facts) -> &mut Tables {
    facts.packages[0].tables.as_mut().expect("read")
}

/// Changes the plain case, and expects a refusal with these words.
#[track_caller]
fn refused(change: impl Fn(&mut Facts), wishes: Wishes, words: &str) {
    let mut facts = cases::helper_and_view(Dialect::Postgres).expect("facts");
    assert!(plan(&facts, Wishes::default()).is_ok(), "the case itself is fine");
    change(&mut facts);
    let error = plan(&facts, wishes).expect_err("refused");
    let text = error.to_string();
    assert!(error.is::<Refusal>(), "{text}");
    assert!(text.contains(words), "{text}");
}

#[test]
fn staging_is_not_ready() {
    let plain = Wishes::default();
    refused(|facts| tables(facts).staging_rows = None, plain, "staging is empty");
    refused(
        |facts| tables(facts).staging_rows.as_mut().expect("rows").retain(|row| row.model != "my_view"),
        plain,
        "staging has no row of my_view",
    );
    refused(
        |facts| tables(facts).staging_rows.as_mut().expect("rows").push(row("my_model", "2023-10-11")),
        plain,
        "holds my_model 2 times",
    );
    refused(
        |facts| {
            let rows = tables(facts).staging_rows.as_mut().expect("rows");
            rows[1] = row("my_model_this_run", "2023-10-01");
        },
        plain,
        "out of sync: my_model_this_run at 2023-10-01",
    );
    refused(
        |facts| facts.models[0].table.as_mut().expect("a table").staging_exists = Some(false),
        plain,
        "staging has no table of my_model",
    );
}

#[test]
fn staging_is_behind_and_its_last_window_was_cut_by_a_limit() {
    let behind = |facts: &mut Facts| {
        tables(facts).prod_rows = Some(vec![row("snowplow_unified_views", "2023-11-01 02:03:04")]);
        let window = tables(facts).staging_window.as_mut().expect("a window");
        window.lower = at("2023-09-11 04:11:12.123456");
        window.upper = at("2023-10-11 10:11:12.123456");
    };
    refused(behind, Wishes::default(), "because of a limit of 30 days");
    // If the window ended at the time of its run, staging is caught up, whatever happened in prod since.
    let mut facts = cases::one_model(Dialect::Postgres).expect("facts");
    behind(&mut facts);
    tables(&mut facts).staging_window.as_mut().expect("a window").upper = at("2023-10-11 10:20:30.405060");
    let plan = plan(&facts, Wishes::default()).expect("fine");
    assert_eq!(plan.forecasts[0].state.describe(), "out of sync");
    assert!((plan.forecasts[0].hours_read_again - 495.864).abs() < 0.01, "{:?}", plan.forecasts);
}

#[test]
fn prod_is_not_ready() {
    let plain = Wishes::default();
    refused(|facts| tables(facts).prod_rows = None, plain, "also holds snowplow_unified_views");
    refused(
        |facts| {
            *facts = cases::first_of_its_package(Dialect::Postgres).expect("facts");
            let sessions = facts.models.iter_mut().find(|model| !model.is_tracked).expect("a model");
            sessions.table.as_mut().expect("a table").prod_exists = Some(true);
        },
        plain,
        "but no row of its package: a run that failed may have left it",
    );
    refused(
        |facts| facts.models[0].table.as_mut().expect("a table").prod_exists = Some(true),
        plain,
        "but does not record my_model",
    );
    refused(
        |facts| tables(facts).prod_rows.as_mut().expect("rows").push(row("my_model", "2023-10-11")),
        plain,
        "records my_model but has no table",
    );
    refused(
        |facts| {
            let rows = tables(facts).prod_rows.as_mut().expect("rows");
            rows.extend([row("x", "2023-10-11"), row("x", "2023-10-12")]);
        },
        plain,
        "holds x 2 times",
    );
    refused(
        |facts| facts.packages[0].enabled_in_prod.push("forgotten".to_owned()),
        plain,
        "also holds forgotten, tracked by snowplow_unified",
    );
}

/// Prod's next run begins where its rows are. What it keeps of sessions has to reach that far.
#[test]
fn rows_do_not_overtake_what_prod_keeps_of_sessions() {
    let replace = Wishes { replace: true, ..Wishes::default() };
    let ahead = |memory: &[&str]| {
        let mut facts = cases::replace_facts(Dialect::DuckDb).expect("facts");
        let package = &mut facts.packages[0];
        package.memory = memory.iter().map(|&name| name.to_owned()).collect();
        package.enabled_in_prod.retain(|model| model == "my_model");
        let rows = package.tables.as_mut().expect("read").prod_rows.as_mut().expect("rows");
        rows.retain(|row| row.model == "my_model");
        facts
    };
    plan(&ahead(&[]), replace).expect("it keeps nothing");
    let error = plan(&ahead(&["my_sessions_lifecycle_manifest"]), replace).expect_err("refused").to_string();
    let words = "it keeps of sessions (my_sessions_lifecycle_manifest) would lack what is in between";
    assert!(error.contains(words), "{error}");
    // With another model at prod's time, the next run reads what is in between.
    let mut facts = cases::replace_facts(Dialect::DuckDb).expect("facts");
    facts.packages[0].memory = vec!["my_sessions_lifecycle_manifest".to_owned()];
    plan(&facts, replace).expect("fine");
}

#[test]
fn what_goes_along_with_a_package() {
    let left = |change: &dyn Fn(&mut Facts)| {
        let mut facts = cases::first_of_its_package(Dialect::DuckDb).expect("facts");
        change(&mut facts);
        facts.leave_out_untracked();
        let goes = facts.models.iter().any(|model| !model.is_tracked);
        (goes, facts.packages[0].memory.len(), facts.notes.len())
    };
    let runs = |facts: &mut Facts| tables(facts).prod_rows = Some(vec![row("removed", "2021-02-01")]);
    let has = |facts: &mut Facts, in_prod: bool| {
        let sessions = facts.models.iter_mut().find(|model| !model.is_tracked).expect("a model");
        sessions.table.as_mut().expect("a table").prod_exists = Some(in_prod);
    };
    assert_eq!(left(&|_| ()), (true, 0, 0), "prod has nothing");
    assert_eq!(left(&|facts| tables(facts).prod_rows = Some(Vec::new())), (true, 0, 0), "no rows");
    assert_eq!(left(&runs), (true, 0, 0), "prod has rows, but nothing of sessions");
    let has_both = |facts: &mut Facts| {
        runs(facts);
        has(facts, true);
    };
    assert_eq!(left(&has_both), (false, 1, 0), "prod runs the package");
    let offline = |facts: &mut Facts| {
        facts.packages[0].tables = None;
        let sessions = facts.models.iter_mut().find(|model| !model.is_tracked).expect("a model");
        sessions.table.as_mut().expect("a table").prod_exists = None;
    };
    assert_eq!(left(&offline), (false, 1, 1), "nobody knows");
}

/// A clone shares its data with staging's table, and so its key.
#[test]
fn a_clone_that_needs_another_key_is_a_copy() {
    let facts = cases::configured(Dialect::BigQuery).expect("facts");
    let plan =
        plan(&facts, Wishes { strategy: Some(CopyStrategy::Clone), ..Wishes::default() }).expect("fine");
    let script = Scripts::of(&plan).expect("scripts").promote.to_text();
    assert!(
        script.contains(" copy `analytics`.`staging_derived`.`my_model` options (kms_key_name = "),
        "{script}"
    );
    assert!(!script.contains(" clone `"), "{script}");
}

#[test]
fn rights_that_the_script_needs() {
    let plain = Wishes::default();
    let replace = Wishes { replace: true, ..plain };
    let lacks = |facts: &mut Facts, right: Right, of: fn(&Facts) -> Relation| {
        facts.lacking = vec![(of(facts), right)];
    };
    let staging = |facts: &Facts| facts.models[0].table.as_ref().expect("a table").staging.clone();
    let prod = |facts: &Facts| facts.models[0].table.as_ref().expect("a table").prod.clone();
    let rows = |facts: &Facts| facts.packages[0].prod_manifest.clone();
    let words = "the connection of prod lacks rights that the script needs:";
    for (right, of, said) in [
        (
            Right::Select,
            staging as fn(&Facts) -> Relation,
            "select on \"analytics\".\"staging_derived\".\"my_model\"",
        ),
        (Right::Create, prod, "create in the schema \"analytics\".\"prod_derived\""),
        (Right::Delete, rows, "delete on \"analytics\".\"prod_snowplow_manifest\""),
    ] {
        refused(|facts| lacks(facts, right, of), plain, &format!("{words} {said}"));
    }
    // What only a replacement needs.
    let mut facts = cases::replace_facts(Dialect::Postgres).expect("facts");
    lacks(&mut facts, Right::Own, prod);
    let error = plan(&facts, replace).expect_err("refused").to_string();
    assert!(error.contains("ownership of \"analytics\".\"prod_derived\".\"my_model\""), "{error}");
    let mut facts = cases::one_model(Dialect::Postgres).expect("facts");
    lacks(&mut facts, Right::Own, staging);
    plan(&facts, plain).expect("fine");
    let error = plan(&facts, Wishes { strategy: Some(CopyStrategy::Move), ..plain })
        .expect_err("refused")
        .to_string();
    assert!(error.contains("ownership of"), "{error}");
}

#[test]
fn what_is_there_is_no_copy() {
    let resume = Wishes { resume: true, ..Wishes::default() };
    let with = |change: fn(&mut Vec<Column>)| {
        move |facts: &mut Facts| {
            let table = facts.models[0].table.as_mut().expect("a table");
            table.prod_exists = Some(true);
            let typed = |column: Column| Column { data_type: Some("text".to_owned()), ..column };
            table.physical.columns = table.physical.columns.drain(..).map(typed).collect();
            table.replaced.columns.clone_from(&table.physical.columns);
            change(&mut table.replaced.columns);
        }
    };
    let words = "is not a copy of \"analytics\".\"staging_derived\".\"my_model\": its columns are";
    refused(with(|columns| drop(columns.pop())), resume, words);
    refused(with(|columns| columns.swap(0, 1)), resume, words);
    refused(with(|columns| columns[0].name.push('2')), resume, words);
    refused(with(|columns| columns[0].data_type = Some("integer".to_owned())), resume, "view_id integer");
    let mut facts = cases::helper_and_view(Dialect::Postgres).expect("facts");
    with(|_| {})(&mut facts);
    assert!(plan(&facts, resume).is_ok(), "a copy");
    // What is not known is checked when the script is executed.
    with(|columns| columns[0].data_type = None)(&mut facts);
    assert!(plan(&facts, resume).is_ok(), "maybe a copy");
}

#[test]
fn a_new_table_would_show_what_policies_hide() {
    let replace = Wishes { replace: true, ..Wishes::default() };
    for dialect in Dialect::ALL {
        let mut facts = cases::replace_facts(dialect).expect("facts");
        let restricts = !matches!(dialect, Dialect::DuckDb | Dialect::Spark);
        // Nobody knows whether there are any.
        facts.models[0].table.as_mut().expect("a table").replaced.guards = None;
        let notes = plan(&facts, replace).expect("not known").notes.join("\n");
        assert_eq!(notes.contains("could not be read; the new table has none of them"), restricts, "{notes}");
        facts.models[0].table.as_mut().expect("a table").replaced.guards =
            Some(vec!["the policy own_rows".into()]);
        let error = plan(&facts, replace).expect_err("refused");
        assert!(
            error.is::<Refusal>() && error.to_string().contains("has the policy own_rows, which"),
            "{error}"
        );
    }
    let mut facts = cases::replace_facts(Dialect::Postgres).expect("facts");
    let replaced = &mut facts.models[0].table.as_mut().expect("a table").replaced;
    replaced.left_behind = vec!["the trigger audit".to_owned()];
    let notes = plan(&facts, replace).expect("fine").notes.join("\n");
    assert!(notes.contains("has what the new one does not get: the trigger audit"), "{notes}");
}

#[test]
fn a_copy_would_miss_what_policies_hide() {
    for dialect in Dialect::ALL {
        for &strategy in CopyStrategy::of(dialect) {
            let wishes = Wishes { strategy: Some(strategy), ..Wishes::default() };
            let with = |hidden: Option<Vec<String>>| {
                let mut facts = cases::helper_and_view(dialect).expect("facts");
                let physical = &mut facts.models[0].table.as_mut().expect("a table").physical;
                (physical.guards, physical.hidden) = (hidden.clone(), hidden);
                plan(&facts, wishes)
            };
            let by_query = matches!(strategy, CopyStrategy::Like | CopyStrategy::Ctas);
            let what = format!("{dialect} {strategy}");
            match with(Some(vec!["the policy own_rows".to_owned()])) {
                Err(error) => {
                    assert!(by_query && error.is::<Refusal>(), "{what}: {error}");
                    let words = "has the policy own_rows, so that the connection of prod may see only some of its rows";
                    assert!(error.to_string().contains(words), "{what}: {error}");
                }
                Ok(plan) => {
                    assert!(!by_query, "{what}");
                    let words = "staging's table has the policy own_rows, which can come along with it";
                    assert!(plan.notes.join("\n").contains(words), "{what}: {:?}", plan.notes);
                }
            }
            // Nobody knows whether there are any.
            let notes = with(None).expect("not known").notes.join("\n");
            let restricts = !matches!(dialect, Dialect::DuckDb | Dialect::Spark);
            let told = notes.contains("could not be read; what it does not see is not copied");
            assert_eq!(told, by_query && restricts, "{what}: {notes}");
        }
    }
    // A copy that somebody made is compared with what this reader sees.
    let mut facts = cases::helper_and_view(Dialect::Snowflake).expect("facts");
    let table = facts.models[0].table.as_mut().expect("a table");
    table.prod_exists = Some(true);
    table.physical.hidden = Some(vec!["the policy own_rows".to_owned()]);
    let error = plan(&facts, Wishes { resume: true, ..Wishes::default() }).expect_err("refused");
    assert!(error.to_string().contains("so that the connection of prod"), "{error}");
}

#[test]
fn rows_that_policies_hide_are_not_taken_for_missing() {
    for dialect in Dialect::ALL {
        let with = |change: &dyn Fn(&mut Tables)| {
            let mut facts = cases::helper_and_view(dialect).expect("facts");
            change(tables(&mut facts));
            plan(&facts, Wishes::default())
        };
        let guarded = || Some(vec!["the policy own_rows".to_owned()]);
        let of_staging = with(&|tables| tables.staging_hidden = guarded()).expect_err("refused");
        let of_prod = with(&|tables| tables.prod_hidden = guarded()).expect_err("refused");
        for (error, schema) in
            [(of_staging, "staging_snowplow_manifest"), (of_prod, "prod_snowplow_manifest")]
        {
            let text = error.to_string();
            assert!(error.is::<Refusal>() && text.contains("the incremental manifest "), "{dialect}: {text}");
            let words =
                "has the policy own_rows, so that the connection of prod may see only some of its rows";
            assert!(text.contains(schema) && text.contains(words), "{dialect}: {text}");
        }
        // Nobody knows whether there are any.
        let notes = with(&|tables| tables.prod_hidden = None).expect("not known").notes.join("\n");
        let restricts = !matches!(dialect, Dialect::DuckDb | Dialect::Spark);
        assert_eq!(
            notes.contains("could not be read; a model whose row it does not see"),
            restricts,
            "{notes}"
        );
    }
}

#[test]
fn tables_of_another_kind_are_not_copied_as_if_they_were_of_the_usual_one() {
    let by_ctas = Wishes { strategy: Some(CopyStrategy::Ctas), ..Wishes::default() };
    let bigquery = |change: fn(&mut TableFacts)| {
        let mut facts = cases::helper_and_view(Dialect::BigQuery).expect("facts");
        change(facts.models[0].table.as_mut().expect("a table"));
        facts
    };
    for by in ["TIMESTAMP_TRUNC(_PARTITIONTIME, DAY)", "_PARTITIONDATE"] {
        let mut facts = bigquery(|_| {});
        let table = facts.models[0].table.as_mut().expect("a table");
        table.physical.layout = Some(Layout { partition_by: Some(by.to_owned()), ..Layout::default() });
        assert!(plan(&facts, Wishes::default()).is_ok(), "a copy keeps the time");
        is_refused(&facts, by_ctas, "is partitioned by the time of ingestion");
    }
    // No statement turns one into the other.
    let mut other = bigquery(|_| {});
    let table = other.models[0].table.as_mut().expect("a table");
    let layout = |by: &str| Layout { partition_by: Some(by.to_owned()), ..Layout::default() };
    (table.physical.layout, table.layout) = (Some(layout("_PARTITIONDATE")), layout("t"));
    is_refused(
        &other,
        Wishes::default(),
        "the day of _partitiontime, and prod's project configures the partitioning by",
    );
    // Offline, the project tells.
    let mut facts = bigquery(|table| table.physical.layout = None);
    let config = serde_json::json!({"partition_by": {"field": "x", "time_ingestion_partitioning": true}});
    let layout = Layout::configured(Dialect::BigQuery, config.as_object().expect("an object"), None);
    facts.models[0].table.as_mut().expect("a table").layout = layout.expect("allowed");
    is_refused(&facts, by_ctas, "is partitioned by the time of ingestion");
    for strategy in CopyStrategy::of(Dialect::BigQuery) {
        let wishes = Wishes { strategy: Some(*strategy), ..Wishes::default() };
        is_refused(&bigquery(|table| table.physical.is_iceberg = true), wishes, "is an Iceberg table");
        let configured = bigquery(|table| table.configured.is_iceberg = true);
        is_refused(&configured, wishes, "prod's project configures `analytics`.`prod_derived`.`my_model`");
    }
}

#[test]
fn a_table_that_is_laid_out_as_configured_is_replaced_by_one_that_is_too() {
    let mut facts = cases::replace_facts(Dialect::BigQuery).expect("facts");
    let table = facts.models[0].table.as_mut().expect("a table");
    let layout = |by: &str| Layout { partition_by: Some(by.to_owned()), ..Layout::default() };
    (table.physical.layout, table.replaced.layout) = (Some(layout("DATE(t)")), Some(layout("DATE(u)")));
    let replace = Wishes { replace: true, ..Wishes::default() };
    is_refused(
        &facts,
        replace,
        "the new table has the partitioning by the day of t: BigQuery replaces no table",
    );
    facts.models[0].table.as_mut().expect("a table").layout = layout("timestamp_trunc(u, day)");
    let planned = plan(&facts, replace).expect("the new one is laid out as prod's is");
    let note = "which reads and writes all of it";
    assert!(planned.notes.iter().any(|text| text.ends_with(note)), "{:?}", planned.notes);
}

#[test]
fn a_copy_on_snowflake_is_no_iceberg_table_and_not_without_its_policy() {
    let snowflake = |change: fn(&mut TableFacts)| {
        let mut facts = cases::helper_and_view(Dialect::Snowflake).expect("facts");
        change(facts.models[0].table.as_mut().expect("a table"));
        facts
    };
    let [by_clone, by_ctas] = [CopyStrategy::Clone, CopyStrategy::Ctas]
        .map(|strategy| Wishes { strategy: Some(strategy), ..Wishes::default() });
    for wishes in [by_clone, by_ctas] {
        is_refused(&snowflake(|table| table.physical.is_iceberg = true), wishes, "is an Iceberg table");
        is_refused(
            &snowflake(|table| table.replaced.is_iceberg = true),
            wishes,
            "prod_derived.my_model is an",
        );
        is_refused(
            &snowflake(|table| table.configured.is_iceberg = true),
            wishes,
            "configures ANALYTICS.prod",
        );
    }
    let mut facts = snowflake(|table| table.configured.row_access_policy = Some("p on (view_id)".to_owned()));
    let words = "configures the row access policy p on (view_id)";
    is_refused(&facts, by_clone, words);
    let guard = |facts: &mut Facts, guards: Option<Vec<String>>| {
        facts.models[0].table.as_mut().expect("a table").physical.guards = guards;
    };
    guard(&mut facts, Some(vec!["row access policy P on VIEW_ID".to_owned()]));
    assert!(plan(&facts, by_clone).is_ok(), "the clone has it");
    is_refused(&facts, by_ctas, words);
    guard(&mut facts, None);
    let notes = plan(&facts, by_clone).expect("not known").notes.join("\n");
    assert!(notes.contains(words) && notes.contains("which is not known"), "{notes}");
}

#[test]
fn files_of_databricks_and_spark_are_of_the_right_format_and_in_their_place() {
    let changed = |dialect, change: fn(&mut TableFacts)| {
        let mut facts = cases::replace_facts(dialect).expect("facts");
        change(facts.models[0].table.as_mut().expect("a table"));
        facts
    };
    let [by_clone, by_ctas] = [CopyStrategy::Clone, CopyStrategy::Ctas].map(|strategy| Wishes {
        strategy: Some(strategy),
        replace: true,
        ..Wishes::default()
    });
    let format = |format: &str| Some(format.to_owned());
    let databricks = |change| changed(Dialect::Databricks, change);
    let of_staging = |table: &mut TableFacts| {
        table.physical.layout.as_mut().expect("a layout").format = Some("parquet".to_owned());
    };
    is_refused(&databricks(of_staging), by_clone, "is in the format parquet");
    let of_project = |table: &mut TableFacts| table.layout.format = Some("parquet".to_owned());
    is_refused(&databricks(of_project), by_clone, "configures the format parquet");
    is_refused(&databricks(of_project), by_ctas, "which no statement replaces as a whole");
    is_refused(&changed(Dialect::Spark, of_project), by_ctas, "which no statement replaces as a whole");
    let unknown = |table: &mut TableFacts| {
        (table.configured.is_iceberg, table.physical.layout) = (true, None);
    };
    is_refused(&databricks(unknown), by_ctas, "as an Iceberg table");
    for dialect in [Dialect::Databricks, Dialect::Spark] {
        let mut facts = changed(dialect, |table| table.layout.location = Some("s3://b/t/".to_owned()));
        is_refused(&facts, by_ctas, "at where the warehouse keeps its own tables, and prod's project");
        let table = facts.models[0].table.as_mut().expect("a table");
        table.replaced.layout.as_mut().expect("a layout").location = format("s3://b/other");
        is_refused(&facts, by_ctas, "at s3://b/other, and prod's project configures s3://b/t/");
        let table = facts.models[0].table.as_mut().expect("a table");
        table.replaced.layout.as_mut().expect("a layout").location = format("s3://b/t");
        let plan = plan(&facts, by_ctas).expect("the same place");
        let script = Scripts::of(&plan).expect("scripts").promote.to_text();
        assert_eq!(script.matches("location 's3://b/t/'").count(), 1, "not the backup's: {script}");
    }
}

#[test]
fn clustering_that_somebody_suspended_stays_suspended() {
    let replace = Wishes { replace: true, ..Wishes::default() };
    let resumes = |configured: Option<bool>, replaced: Option<bool>| {
        let mut facts = cases::replace_facts(Dialect::Snowflake).expect("facts");
        let table = facts.models[0].table.as_mut().expect("a table");
        let key = Some("to_date(start_tstamp)".to_owned());
        table.physical.layout = Some(Layout { cluster_by: key, ..Layout::default() });
        table.physical.automatic_clustering = Some(false);
        (table.configured.automatic_clustering, table.replaced.automatic_clustering) = (configured, replaced);
        let plan = plan(&facts, replace).expect("fine");
        let scripts = Scripts::of(&plan).expect("scripts");
        let [promote, rollback] = [scripts.promote, scripts.rollback].map(|script| script.to_text());
        assert_eq!(rollback.contains(" resume recluster"), replaced == Some(true), "{rollback}");
        assert_ne!(promote.contains(" resume recluster"), promote.contains("stays suspended"), "{promote}");
        promote.contains(" resume recluster")
    };
    assert!(resumes(None, None) && resumes(None, Some(true)) && resumes(Some(true), Some(false)));
    assert!(!resumes(None, Some(false)) && !resumes(Some(false), Some(true)) && !resumes(Some(false), None));
}

#[track_caller]
fn is_refused(facts: &Facts, wishes: Wishes, words: &str) {
    let error = plan(facts, wishes).expect_err("refused");
    assert!(error.is::<Refusal>() && error.to_string().contains(words), "{error}");
}

#[test]
fn both_sides_are_the_same() {
    refused(
        |facts| facts.packages[0].prod_manifest = facts.packages[0].staging_manifest.clone(),
        Wishes::default(),
        "share one incremental manifest",
    );
    refused(
        |facts| {
            let table = facts.models[0].table.as_mut().expect("a table");
            table.prod = table.staging.clone();
        },
        Wishes::default(),
        "one and the same table",
    );
}

#[test]
fn prod_runs_all_of_it_already() {
    let runs = |facts: &mut Facts| {
        let rows = tables(facts).prod_rows.as_mut().expect("rows");
        rows.extend(["my_model", "my_model_this_run", "my_view"].map(|model| row(model, "2023-10-11")));
        facts.models[0].table.as_mut().expect("a table").prod_exists = Some(true);
    };
    refused(runs, Wishes::default(), "already runs all selected models");
    // When the table is replaced, helpers and views that prod runs stay as they are.
    let mut facts = cases::helper_and_view(Dialect::Postgres).expect("facts");
    runs(&mut facts);
    let plan = plan(&facts, Wishes { replace: true, ..Wishes::default() }).expect("fine");
    assert_eq!(plan.left_alone, ["my_model_this_run", "my_view"]);
    assert_eq!(plan.ledgers[0].moved.len(), 1);
    assert!(plan.ledgers[0].added.is_empty());
}

#[test]
fn the_load_family_would_stay_out_of_sync() {
    refused(
        |facts| {
            let package = &mut facts.packages[0];
            (package.family, package.load_family_heals) = (Family::Load, false);
            tables(facts).prod_rows = Some(vec![row("snowplow_unified_views", "2023-10-01")]);
        },
        Wishes::default(),
        "out of sync afterwards",
    );
}

#[test]
fn a_promotion_in_sync_with_prod_is_followed_by_a_standard_run() {
    let facts = cases::ahead_of_prod(Dialect::DuckDb).expect("facts");
    let state = |wishes| plan(&facts, wishes).expect("fine").forecasts[0].state.describe();
    assert_eq!(state(Wishes::default()), "out of sync");
    assert_eq!(state(Wishes { sync: true, ..Wishes::default() }), "standard");
}

#[test]
fn names_of_backups_are_kept_short_enough() {
    let mut facts = cases::replace_facts(Dialect::Postgres).expect("facts");
    let table = facts.models[0].table.as_mut().expect("a table");
    table.prod = table.prod.sibling(&"x".repeat(63)).expect("allowed");
    let plan = plan(&facts, Wishes { replace: true, ..Wishes::default() }).expect("fine");
    let snowplow_backfill::promote::Action::Replace { backup } = &plan.tables[0].action else {
        panic!("replaced")
    };
    assert_eq!(backup.identifier(), format!("{}_75220b47__bk_20231112131415", "x".repeat(35)));
}
