//! How models_to_run is read.

use serde_json::json;

use super::shared::*;
use crate::support::{Engine, Events, Lab};

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
        "{{snowplow__start_date: '{}', models_to_run: '  page_engagement\n  page_engagement_this_run  snowplow_shop_carts '}}",
        Events::START
    );
    let output = lab.dbt(&["run", "--select", limits, "--vars", &folded]).success();
    let window = Window::new("2022-03-10 02:15:30.123456", "2022-04-09 08:15:30.123456");
    assert_eq!(said(&output), window.announced("site", STANDARD));
}
