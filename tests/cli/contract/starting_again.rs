//! How models are made to start again.

use serde_json::{Value, json};

use super::shared::{
    ENGAGEMENT_AND_STAND_IN, FIRST_RUN, NEW_MODEL, STANDARD, Window, count, last_event, message, record,
    rows, run, run_with, said, vars, with,
};
use crate::support::{Engine, Events, Lab, NEW};

#[test]
fn models_to_remove_starts_again_each_time_but_moves_no_row_back() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::GAP);
    let ahead = "2022-02-20 01:02:03.456789";
    record(&lab, "site", &[("page_engagement", ahead), ("page_engagement_this_run", ahead)]);
    record(&lab, "shop", &[("basket_value", ahead)]);
    let removing = |models: Value| with(vars(30, ENGAGEMENT_AND_STAND_IN), "models_to_remove", models);
    let window = Window::new("2022-01-01 00:00:00", "2022-01-31 00:00:00");
    let last = last_event(&lab, &window.upper);

    // The other package's hook speaks first; it looks for the same models.
    let removed = [
        message("None of the supplied models exist in the manifest"),
        message("Models  'none'  do not exist in the manifest"),
        message("Deleted models  'page_engagement_this_run'  from the manifest"),
    ];
    let start_again = || {
        let output = run(&lab, "+page_engagement", &removing(json!(["page_engagement_this_run", "none"])));
        assert_eq!(said(&output.success()), [&removed[..], &window.announced("site", NEW_MODEL)].concat());
        let expected = format!("page_engagement | {ahead}\npage_engagement_this_run | {last}");
        assert_eq!(rows(&lab, "site"), expected);
        assert_eq!(rows(&lab, "shop"), format!("basket_value | {ahead}"));
    };
    start_again();
    lab.sql(&["delete from staging_derived.page_engagement"]);
    start_again();
    // The model whose row is ahead has seen all of the window, so it took nothing from it.
    assert!(count(&lab, "staging_scratch.page_engagement_this_run") > 0);
    assert_eq!(count(&lab, "staging_derived.page_engagement"), 0);

    let limits = "snowplow_site_base_new_event_limits";
    let both = run(&lab, limits, &removing(json!(["page_engagement", "page_engagement_this_run"]))).success();
    let removed = [
        message("None of the supplied models exist in the manifest"),
        message("Deleted models  'page_engagement','page_engagement_this_run'  from the manifest"),
    ];
    assert_eq!(said(&both), [&removed[..], &window.announced("site", FIRST_RUN)].concat());
    assert_eq!(rows(&lab, "site"), "");

    record(&lab, "site", &[("page_engagement", ahead), ("page_engagement_this_run", ahead)]);
    let one = run(&lab, limits, &removing(json!("page_engagement"))).success();
    let removed = [
        message("None of the supplied models exist in the manifest"),
        message("Deleted models  'page_engagement'  from the manifest"),
    ];
    assert_eq!(said(&one), [&removed[..], &window.announced("site", NEW_MODEL)].concat());
    assert_eq!(rows(&lab, "site"), format!("page_engagement_this_run | {ahead}"));
}

#[test]
fn a_full_refresh_drops_the_manifest_only_where_it_may() {
    let lab = Lab::empty(Engine::DuckDb);
    let select = "snowplow_site_incremental_manifest snowplow_site_base_new_event_limits";
    let past = "2022-03-10 08:15:30.123456";
    let window = Window::new("2022-03-10 02:15:30.123456", "2022-04-09 08:15:30.123456");
    let recorded = format!("page_engagement | {past}\npage_engagement_this_run | {past}");
    let vars = vars(30, ENGAGEMENT_AND_STAND_IN);
    // Other variables make dbt parse anew, which the permission needs.
    let allowed = with(vars.clone(), "snowplow__allow_refresh", true);
    let development = with(vars.clone(), "snowplow__dev_target_name", "staging");

    for (vars, flags, survives) in [
        (&vars, &["--full-refresh"][..], true),
        (&allowed, &["--full-refresh"], false),
        (&development, &["--full-refresh"], false),
        (&development, &[], true),
    ] {
        record(&lab, "site", &[("page_engagement", past), ("page_engagement_this_run", past)]);
        let output = run_with(&lab, select, vars, flags).success();
        if survives {
            assert_eq!(rows(&lab, "site"), recorded, "{flags:?} {vars}");
            assert_eq!(said(&output), window.announced("site", STANDARD));
        } else {
            assert_eq!(rows(&lab, "site"), "", "{flags:?} {vars}");
            let window = Window::new("2022-01-01 00:00:00", "2022-01-31 00:00:00");
            assert_eq!(said(&output), window.announced("site", FIRST_RUN));
        }
    }
}
