//! What a duplicate row of the incremental manifest does.

use super::shared::{
    ENGAGEMENT_AND_STAND_IN, NEW_MODEL, STANDARD, Window, last_event, record, rows, run, said, shifted, vars,
};
use crate::support::{Dbt, Engine, Events, Lab, NEW, OLD};

fn a_duplicate_row_breaks_and_hides_models(engine: Engine, dbt: Dbt) {
    let lab = Lab::new(engine, dbt, Events::GAP);
    run(&lab, "+page_engagement", &vars(30, ENGAGEMENT_AND_STAND_IN)).success();
    let last = last_event(&lab, "2022-01-31 00:00:00");
    assert_eq!(rows(&lab, "site"), format!("page_engagement | {last}\npage_engagement_this_run | {last}"));

    // Its incremental model fails and stays behind, while the others advance.
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
    assert_eq!(said(&doubled), Window::new("2022-01-01 00:00:00", &last).announced("site", NEW_MODEL));
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
    let models =
        ["engaged_visitors", "page_engagement", "page_engagement_this_run", "page_engagement_this_run"];
    assert_eq!(rows(&lab, "site"), models.map(|model| format!("{model} | {last}")).join("\n"));
}

#[test]
fn a_duplicate_row_breaks_and_hides_models_on_duckdb() {
    a_duplicate_row_breaks_and_hides_models(Engine::DuckDb, NEW);
}

#[test]
fn a_duplicate_row_breaks_and_hides_models_on_postgres() {
    a_duplicate_row_breaks_and_hides_models(Engine::Postgres, NEW);
}

#[test]
fn a_duplicate_row_breaks_and_hides_models_on_duckdb_with_old_dbt() {
    a_duplicate_row_breaks_and_hides_models(Engine::DuckDb, OLD);
}
