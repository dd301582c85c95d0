//! Two packages in one project: what one's hook does to the other.

use serde_json::Value;

use super::shared::{
    ENGAGEMENT, ENGAGEMENT_AND_STAND_IN, FIRST_RUN, Window, count, last_event, rows, run, said, vars,
};
use crate::support::{Dbt, Engine, Events, Lab, NEW, OLD, Output, PREVIOUS};

/// The hooks run in the order of the packages' names: shop, then site.
fn another_packages_hook_gets_in_the_way(engine: Engine, dbt: Dbt) {
    let lab = Lab::new(engine, dbt, Events::GAP);
    let raised = |output: &Output, operation: &str| {
        assert_eq!(output.code, if dbt == OLD { 1 } else { 2 }, "{output}");
        let error = if dbt == OLD {
            "  on-run-end failed, error:\n No enabled models identified.\n".to_owned()
        } else {
            format!(
                "\nCompilation Error in operation {operation} (./dbt_project.yml)\n  No enabled models \
                 identified.\n"
            )
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
}

#[test]
fn another_packages_hook_gets_in_the_way_on_duckdb() {
    another_packages_hook_gets_in_the_way(Engine::DuckDb, NEW);
}

#[test]
fn another_packages_hook_gets_in_the_way_on_postgres() {
    another_packages_hook_gets_in_the_way(Engine::Postgres, NEW);
}

#[test]
fn another_packages_hook_gets_in_the_way_on_duckdb_with_the_previous_dbt() {
    another_packages_hook_gets_in_the_way(Engine::DuckDb, PREVIOUS);
}

#[test]
fn another_packages_hook_gets_in_the_way_on_duckdb_with_old_dbt() {
    another_packages_hook_gets_in_the_way(Engine::DuckDb, OLD);
}
