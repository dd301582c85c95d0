//! What many windows build.

use insta::assert_snapshot;

use super::shared::{NO_LIMIT, Window, count, run, run_with, vars, with};
use crate::support::{Engine, Events, Lab, NEW};

#[test]
fn many_windows_build_the_same_tables_as_one() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::GAP);
    let vars = |days: u32| with(vars(days, ""), "snowplow__start_date", "2022-01-07");
    run_with(&lab, "", &vars(NO_LIMIT), &["--target", "prod"]).success();

    let mut sessions_cut = Vec::new();
    for days in [30, 30, 218, 40] {
        run(&lab, "", &vars(days)).success();
        let end = Window::of(&lab, "site").upper;
        let sessions = "select domain_sessionid from atomic.events group by 1";
        let cut = format!("having min(collector_tstamp) < '{end}' and max(collector_tstamp) > '{end}'");
        sessions_cut.push(count(&lab, &format!("({sessions} {cut}) as sessions")));
    }
    // One is longer than a session may be and is cut beyond its cap, the other is cut below it.
    assert_eq!(sessions_cut, [1, 0, 1, 0]);

    let tables = lab.lines(
        "select table_schema || '.' || table_name from information_schema.tables \
         where table_schema in ('prod_derived', 'prod_snowplow_manifest') order by 1",
    );
    let comparisons = tables.lines().map(|at_once| {
        let in_windows = at_once.replacen("prod_", "staging_", 1);
        format!(
            "select '{at_once}', (select count(*) from {at_once}), \
               (select count(*) from (select * from {at_once} except all select * from {in_windows})), \
               (select count(*) from (select * from {in_windows} except all select * from {at_once}))"
        )
    });
    // Rows in all, missing rows, surplus rows.
    assert_snapshot!(lab.lines(&comparisons.collect::<Vec<_>>().join(" union all ")), @"
    prod_derived.basket_value | 147 | 0 | 0
    prod_derived.daily_traffic | 108 | 0 | 0
    prod_derived.engaged_visitors | 148 | 0 | 0
    prod_derived.page_engagement | 803 | 0 | 0
    prod_derived.snowplow_shop_carts | 119 | 0 | 0
    prod_derived.snowplow_shop_product_interactions | 314 | 0 | 0
    prod_derived.snowplow_site_landing_pages | 12 | 0 | 0
    prod_derived.snowplow_site_page_views | 803 | 0 | 0
    prod_derived.snowplow_site_sessions | 433 | 0 | 0
    prod_derived.snowplow_site_users | 148 | 0 | 0
    prod_snowplow_manifest.snowplow_shop_base_quarantined_sessions | 1 | 0 | 0
    prod_snowplow_manifest.snowplow_shop_base_sessions_lifecycle_manifest | 147 | 0 | 0
    prod_snowplow_manifest.snowplow_shop_incremental_manifest | 5 | 0 | 0
    prod_snowplow_manifest.snowplow_site_base_quarantined_sessions | 4 | 0 | 0
    prod_snowplow_manifest.snowplow_site_base_sessions_lifecycle_manifest | 433 | 0 | 0
    prod_snowplow_manifest.snowplow_site_incremental_manifest | 11 | 0 | 0
    ");
}
