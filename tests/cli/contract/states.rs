//! The four states and their windows.

use chrono::Utc;

use super::shared::{
    BOTH_PACKAGES, FIRST_RUN, LIMITS, NEW_MODEL, NO_LIMIT, OUT_OF_SYNC, STANDARD, Window, record, run,
    said_in_any_order, time, vars, yesterday_at,
};
use crate::support::{Dbt, Engine, Lab, NEW, OLD, PREVIOUS};

/// Rows of models that are not in models_to_run, which count for nothing.
const OTHERS: [(&str, &str); 2] = [
    ("snowplow_site_users", "2022-01-02 03:04:05.678901"),
    ("snowplow_site_sessions", "2024-01-02 03:04:05.678901"),
];

/// A package's rows and what is to follow from them.
struct Case<'a> {
    rows: &'a [(&'a str, &'a str)],
    state: &'a str,
    lower: &'a str,
    /// None is the time of the run.
    upper: Option<&'a str>,
}

/// Lets both packages work out their windows in one call.
fn assert_windows(lab: &Lab, days: u32, site: &Case, shop: &Case) {
    record(lab, "site", &[site.rows, &OTHERS].concat());
    record(lab, "shop", shop.rows);
    let before = Utc::now().naive_utc();
    let output = run(lab, LIMITS, &vars(days, BOTH_PACKAGES)).success();
    let after = Utc::now().naive_utc();

    let mut announced = Vec::new();
    for (package, case) in [("site", site), ("shop", shop)] {
        let window = Window::of(lab, package);
        assert_eq!(window.lower, case.lower, "{package}");
        match case.upper {
            Some(upper) => assert_eq!(window.upper, upper, "{package}"),
            None => assert!((before..=after).contains(&time(&window.upper)), "{package}: {window:?}"),
        }
        announced.extend(window.announced(package, case.state));
    }
    announced.sort();
    assert_eq!(said_in_any_order(&output), announced);
}

fn each_state_has_its_window(engine: Engine, dbt: Dbt) {
    let mut lab = Lab::empty_with(engine, dbt);
    // Far from UTC, in which windows are.
    lab.set("TZ", "Asia/Tokyo");
    lab.set("PGTZ", "Asia/Tokyo");
    let yesterday = yesterday_at("08:15:30.123456");
    assert_windows(
        &lab,
        30,
        &Case {
            rows: &[],
            state: FIRST_RUN,
            lower: "2022-01-01 00:00:00",
            upper: Some("2022-01-31 00:00:00"),
        },
        &Case {
            rows: &[
                ("basket_value", "2022-03-10 08:15:30.123456"),
                ("snowplow_shop_carts", "2022-09-01 10:00:00.000001"),
            ],
            state: OUT_OF_SYNC,
            lower: "2022-03-10 02:15:30.123456",
            upper: Some("2022-04-09 08:15:30.123456"),
        },
    );
    assert_windows(
        &lab,
        30,
        &Case {
            rows: &[
                ("page_engagement", "2022-01-20 21:22:23.242526"),
                ("page_engagement_this_run", "2022-01-10 11:12:13.141516"),
            ],
            state: NEW_MODEL,
            lower: "2022-01-01 00:00:00",
            upper: Some("2022-01-20 21:22:23.242526"),
        },
        &Case {
            rows: &[("snowplow_shop_carts", "2022-01-31 00:00:00.000001")],
            state: NEW_MODEL,
            lower: "2022-01-01 00:00:00",
            upper: Some("2022-01-31 00:00:00"),
        },
    );
    assert_windows(
        &lab,
        30,
        &Case {
            rows: &[
                ("page_engagement", "2022-03-10 08:15:30.123456"),
                ("page_engagement_this_run", "2022-03-10 08:15:30.123456"),
                ("engaged_visitors", "2022-03-10 08:15:30.123456"),
            ],
            state: STANDARD,
            lower: "2022-03-10 02:15:30.123456",
            upper: Some("2022-04-09 08:15:30.123456"),
        },
        &Case {
            rows: &[("basket_value", &yesterday), ("snowplow_shop_carts", &yesterday)],
            state: STANDARD,
            lower: &yesterday_at("02:15:30.123456"),
            upper: None,
        },
    );
    assert_windows(
        &lab,
        NO_LIMIT,
        &Case {
            // The smallest difference that there is.
            rows: &[
                ("page_engagement", "2022-03-10 08:15:30.123456"),
                ("page_engagement_this_run", "2022-03-10 08:15:30.123457"),
                ("engaged_visitors", "2022-03-10 08:15:30.123456"),
            ],
            state: OUT_OF_SYNC,
            lower: "2022-03-10 02:15:30.123456",
            upper: Some("2022-03-10 08:15:30.123457"),
        },
        &Case { rows: &[], state: FIRST_RUN, lower: "2022-01-01 00:00:00", upper: None },
    );
}

#[test]
fn each_state_has_its_window_on_duckdb() {
    each_state_has_its_window(Engine::DuckDb, NEW);
}

#[test]
fn each_state_has_its_window_on_postgres() {
    each_state_has_its_window(Engine::Postgres, NEW);
}

#[test]
fn each_state_has_its_window_on_duckdb_with_the_previous_dbt() {
    each_state_has_its_window(Engine::DuckDb, PREVIOUS);
}

#[test]
fn each_state_has_its_window_on_duckdb_with_old_dbt() {
    each_state_has_its_window(Engine::DuckDb, OLD);
}
