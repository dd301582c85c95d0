//! What models_to_run makes of names.

use serde_json::json;

use super::shared::{
    ENGAGEMENT_AND_STAND_IN, FIRST_RUN, NEW_MODEL, STANDARD, Window, last_event, record, rows, run, said,
    shifted, vars, with,
};
use crate::support::{Engine, Events, Lab, NEW};

#[test]
fn models_to_run_is_split_at_spaces_and_nothing_else() {
    let lab = Lab::empty(Engine::DuckDb);
    let past = "2022-03-10 08:15:30.123456";
    record(&lab, "site", &[("page_engagement", past), ("page_engagement_this_run", past)]);
    let limits = "snowplow_site_base_new_event_limits";

    let list = run(&lab, limits, &with(vars(30, ""), "models_to_run", json!(["page_engagement"])));
    assert_eq!(list.code, 2, "{list}");
    assert!(list.stdout.contains("'list object' has no attribute 'split'"), "{list}");

    // Names with a package, ids, and names with a line break between them are names of no model.
    let unmatched =
        "storefront.page_engagement model.storefront.page_engagement page_engagement\nsnowplow_shop_carts";
    let output = run(&lab, limits, &vars(30, unmatched));
    assert_eq!(output.code, 2, "{output}");
    assert_eq!(said(&output), [""; 0]);
    // Both the limits and the first hook raise it; listing does not.
    assert_eq!(output.stdout.matches("\n  No enabled models identified.\n").count(), 2, "{output}");
    lab.dbt(&["ls", "--select", limits, "--vars", &vars(30, unmatched).to_string()]).success();

    // More spaces do no harm, nor do line breaks that YAML folds into spaces.
    let folded = format!(
        "{{snowplow__start_date: '{}', models_to_run: '  page_engagement\n  page_engagement_this_run  \
         snowplow_shop_carts '}}",
        Events::START
    );
    let output = lab.dbt(&["run", "--select", limits, "--vars", &folded]).success();
    let window = Window::new("2022-03-10 02:15:30.123456", "2022-04-09 08:15:30.123456");
    assert_eq!(said(&output), window.announced("site", STANDARD));
}

#[test]
fn an_ephemeral_model_keeps_its_package_in_one_state_for_ever() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::GAP);
    let path = "models/site/scratch/page_engagement_this_run.sql";
    lab.write(path, &format!("{{{{ config(materialized='ephemeral') }}}}\n{}", lab.read(path)));
    let window = Window::new("2022-01-01 00:00:00", "2022-01-31 00:00:00");
    let last = last_event(&lab, &window.upper);
    let row = format!("page_engagement | {last}");

    let first = run(&lab, "+page_engagement", &vars(30, ENGAGEMENT_AND_STAND_IN)).success();
    assert_eq!(said(&first), window.announced("site", FIRST_RUN));
    assert_eq!(rows(&lab, "site"), row);
    for _ in 0..2 {
        let stuck = run(&lab, "+page_engagement", &vars(30, ENGAGEMENT_AND_STAND_IN)).success();
        assert_eq!(said(&stuck), Window::new(&window.lower, &last).announced("site", NEW_MODEL));
        assert_eq!(rows(&lab, "site"), row);
    }

    // Without its name, the package goes on.
    let standard = run(&lab, "+page_engagement", &vars(30, "page_engagement snowplow_shop_carts")).success();
    let window = Window::new(&shifted(&lab, &last, "-6 hours"), &shifted(&lab, &last, "30 days"));
    assert_eq!(said(&standard), window.announced("site", STANDARD));
    assert_eq!(rows(&lab, "site"), format!("page_engagement | {}", last_event(&lab, &window.upper)));
}
