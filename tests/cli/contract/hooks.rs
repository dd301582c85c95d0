//! Two packages in one project: what one's hook does to the other.

use serde_json::Value;

use super::shared::*;
use crate::support::{Dbt, Engine, Events, Lab, NEW, OLD, Output};

/// The hooks run in the order of the packages' names: shop, then site.
fn another_packages_hook_and_doubled_rows_get_in_the_way(engine: Engine, dbt: Dbt) {
    let lab = Lab::new(engine, dbt, Events::GAP);
    let raised = |output: &Output, operation: &str| {
        assert_eq!(output.code, if dbt == NEW { 2 } else { 1 }, "{output}");
        let error = if dbt == NEW {
            format!(
                "\nCompilation Error in operation {operation} (./dbt_project.yml)\n  No enabled models identified.\n"
            )
        } else {
            "  on-run-end failed, error:\n No enabled models identified.\n".to_owned()
        };
        assert!(output.stdout.contains(&error), "{output}");
    };

    // The other hook comes first: all models are built and no row is written.
    let site_only = run(&lab, "+page_engagement", &vars(30, ENGAGEMENT));
    raised(&site_only, "snowplow_shop-on-run-end-0");
    assert!(count(&lab, "staging_derived.page_engagement") > 0);
    assert_eq!(rows(&lab, "site"), "");
    let results: Value = serde_json::from_str(&lab.read("target/run_results.json")).expect("JSON");
    let results = results["results"].as_array().expect("a list");
    assert!(results.iter().all(|result| result["status"] == "success"), "{results:?}");
    let hooks = results.iter().filter(|result| result["unique_id"].to_string().contains("on-run-end"));
    assert_eq!(hooks.count(), 0, "{results:?}");

    // The other hook comes second: the row is written.
    let shop_only = run(&lab, "+basket_value", &vars(30, "basket_value"));
    raised(&shop_only, "snowplow_site-on-run-end-0");
    let shop = rows(&lab, "shop");
    assert!(shop.starts_with("basket_value | 2022-01-"), "{shop}");

    // With a stand-in all is well. The window is that of the call that wrote nothing.
    let window = Window::new("2022-01-01 00:00:00", "2022-01-31 00:00:00");
    let output = run(&lab, "+page_engagement", &vars(30, ENGAGEMENT_AND_STAND_IN)).success();
    assert_eq!(said(&output), window.announced("site", FIRST_RUN));
    let last = last_event(&lab, &window.upper);
    assert_eq!(rows(&lab, "site"), format!("page_engagement | {last}\npage_engagement_this_run | {last}"));
    assert_eq!(rows(&lab, "shop"), shop);

    // A doubled row makes its incremental model fail and stay behind, while the others advance.
    record(
        &lab,
        "site",
        &[
            ("page_engagement", &last),
            ("page_engagement", &last),
            ("page_engagement_this_run", "2022-01-10 00:00:00"),
        ],
    );
    let doubled = run(&lab, "+page_engagement", &vars(30, ENGAGEMENT_AND_STAND_IN));
    assert_eq!(doubled.code, 1, "{doubled}");
    let error = "ore than one row returned by a subquery used as an expression";
    assert!(doubled.stdout.contains(error), "{doubled}");
    assert_eq!(said(&doubled), Window::new(&window.lower, &last).announced("site", NEW_MODEL));
    assert_eq!(
        rows(&lab, "site"),
        format!("page_engagement | {last}\npage_engagement | {last}\npage_engagement_this_run | {last}")
    );

    // It also stands in for the missing row of a new model, which so is never backfilled.
    record(
        &lab,
        "site",
        &[
            ("page_engagement", &last),
            ("page_engagement_this_run", &last),
            ("page_engagement_this_run", &last),
        ],
    );
    let models = format!("{ENGAGEMENT_AND_STAND_IN} engaged_visitors");
    let masked = run(&lab, "+engaged_visitors", &vars(30, &models)).success();
    let window = Window::new(&shifted(&lab, &last, "-6 hours"), &shifted(&lab, &last, "30 days"));
    assert_eq!(said(&masked), window.announced("site", STANDARD));
    let last = last_event(&lab, &window.upper);
    let rows = rows(&lab, "site");
    assert!(rows.starts_with(&format!("engaged_visitors | {last}\npage_engagement | {last}\n")), "{rows}");
}

#[test]
fn another_packages_hook_and_doubled_rows_get_in_the_way_on_duckdb() {
    another_packages_hook_and_doubled_rows_get_in_the_way(Engine::DuckDb, NEW);
}

#[test]
fn another_packages_hook_and_doubled_rows_get_in_the_way_on_postgres() {
    another_packages_hook_and_doubled_rows_get_in_the_way(Engine::Postgres, NEW);
}

#[test]
fn another_packages_hook_and_doubled_rows_get_in_the_way_on_duckdb_with_old_dbt() {
    another_packages_hook_and_doubled_rows_get_in_the_way(Engine::DuckDb, OLD);
}
