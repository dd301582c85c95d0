//! A real dbt 2, where there is one: `cargo xtask test --dbt2`.

use crate::promotion::afterwards::all_new_models;
use crate::support::{DBT_2, Engine, Events, Lab};

const NEEDED: [&str; 7] =
    ["run", "--select", "+page_engagement", "--start-date", Events::START, "--limit-days", "30"];

#[test]
#[ignore = "needs a dbt 2: cargo xtask test --dbt2"]
fn a_backfill_catches_up_over_a_gap() {
    let lab = Lab::new(Engine::DuckDb, DBT_2, Events::GAP);
    let output = lab.tool(&NEEDED).success();
    assert!(output.stderr.contains("up to date: snowplow_site"), "{output}");
    let last = "select max(collector_tstamp) from atomic.events where dvce_sent_tstamp <= \
                dvce_created_tstamp + interval '3 days'";
    let rows = lab.lines(&format!(
        "select model, last_success = ({last}) from \
         staging_snowplow_manifest.snowplow_site_incremental_manifest order by model"
    ));
    assert_eq!(rows.to_lowercase(), "page_engagement | true\npage_engagement_this_run | true");
}

#[test]
#[ignore = "needs a dbt 2: cargo xtask test --dbt2"]
fn a_promotion_makes_the_next_run_of_prod_a_standard_one() {
    all_new_models(Engine::DuckDb, DBT_2);
}

#[test]
#[ignore = "needs a dbt 2: cargo xtask test --dbt2"]
fn a_project_is_checked() {
    let lab = Lab::of_project("project", DBT_2);
    let output = lab.tool(&["check", "--parse"]).success();
    assert!(output.stdout.contains("no findings"), "{output}");
}
