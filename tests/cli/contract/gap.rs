//! What a gap in the events does.

use insta::assert_snapshot;

use super::shared::{
    ENGAGEMENT_AND_STAND_IN, FIRST_RUN, STANDARD, Window, count, last_event, rows, run, said, shifted, time,
    vars, with,
};
use crate::support::{Engine, Events, Lab, NEW};

#[test]
fn a_gap_is_neither_crossed_nor_mentioned() {
    let lab = Lab::new(Engine::DuckDb, NEW, Events::GAP);

    // Without any event from the start date on, there is a warning and no row.
    let sixty_days = vars(60, ENGAGEMENT_AND_STAND_IN);
    let empty =
        run(&lab, "+page_engagement", &with(sixty_days.clone(), "snowplow__start_date", "2022-04-01"));
    assert_snapshot!(said(&empty.success()).join("\n"), @r#"
    [TIME] + Snowplow: No data in manifest. Processing data from start_date
    [TIME] + Snowplow: Processing data between '2022-04-01 00:00:00' and '2022-05-31 00:00:00' (snowplow_site)
    [TIME] + Snowplow Warning: *************
    [WARNING]: Snowplow Warning: No data in "storefront"."staging_scratch"."snowplow_site_base_sessions_this_run" for date range from variables, please modify your run variables to include data if this is not expected.
    [TIME] + Snowplow Warning: *************
    "#);
    assert_eq!(rows(&lab, "site"), "");

    let first = run(&lab, "+page_engagement", &sixty_days).success();
    let window = Window::new("2022-01-01 00:00:00", "2022-03-02 00:00:00");
    let last = last_event(&lab, &window.upper);
    let before_the_gap = format!("page_engagement | {last}\npage_engagement_this_run | {last}");
    assert_eq!(Window::of(&lab, "site"), window);
    assert_eq!(said(&first), window.announced("site", FIRST_RUN));
    assert_eq!(rows(&lab, "site"), before_the_gap);
    // The stand-in was neither built nor recorded.
    let tables = "information_schema.tables where table_name like 'snowplow_shop%'";
    assert_eq!(count(&lab, tables), 0);

    let stuck = Window::new(&shifted(&lab, &last, "-6 hours"), &shifted(&lab, &last, "60 days"));
    for _ in 0..2 {
        let stalled = run(&lab, "+page_engagement", &sixty_days).success();
        assert_eq!(Window::of(&lab, "site"), stuck);
        assert_eq!(said(&stalled), stuck.announced("site", STANDARD));
        assert!(stalled.stdout.contains(" WARN=0 "), "{stalled}");
        assert_eq!(rows(&lab, "site"), before_the_gap);
        // The lookback finds events again, so nothing looks empty.
        let events = "staging_scratch.snowplow_site_base_events_this_run";
        assert_eq!(lab.lines(&format!("select max(collector_tstamp) from {events}")), last);
    }

    run(&lab, "+page_engagement", &vars(250, ENGAGEMENT_AND_STAND_IN)).success();
    let over = last_event(&lab, &shifted(&lab, &last, "250 days"));
    assert!(time(&over) > time("2022-09-17 00:00:00"), "{over}");
    assert_eq!(rows(&lab, "site"), format!("page_engagement | {over}\npage_engagement_this_run | {over}"));
}
