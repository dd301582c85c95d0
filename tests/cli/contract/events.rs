//! The generated events have what makes backfills hard.

use insta::assert_snapshot;

use crate::support::{Engine, Events, Lab, NEW};

const LATE: &str = "dvce_sent_tstamp > dvce_created_tstamp + interval";

/// What both engines must agree on: the same rows, whichever made them.
fn summary(engine: Engine) -> String {
    let events = |what: &str| format!("select {what} from atomic.events");
    let events_where = |which: &str| format!("select count(*) from atomic.events where {which}");
    let sessions_where = |which: &str| {
        format!(
            "select count(*) from (select min(collector_tstamp) as first, max(collector_tstamp) as last \
             from atomic.events group by domain_sessionid) as sessions where {which}"
        )
    };
    let facts = [
        ("events", events("count(*)")),
        ("first", events("min(collector_tstamp)")),
        ("last", events("max(collector_tstamp)")),
        ("revenue", events("sum(price)")),
        ("microseconds", events("sum(cast(extract(microseconds from collector_tstamp) as bigint))")),
        ("in the gap", events_where("collector_tstamp >= '2022-03-01' and collector_tstamp < '2022-09-17'")),
        ("copies", events("count(*) - count(distinct event_id)")),
        ("late, and taken", events_where(&format!("{LATE} '1 day' and not {LATE} '3 days'"))),
        ("too late", events_where(&format!("{LATE} '3 days'"))),
        ("sessions", sessions_where("true")),
        ("over midnight", sessions_where("cast(first as date) < cast(last as date)")),
        ("over the longest", sessions_where("last > first + interval '3 days'")),
    ];
    let (names, queries): (Vec<_>, Vec<_>) = facts.into_iter().unzip();
    let row = Lab::new(engine, NEW, Events::GAP).lines(&format!("select ({})", queries.join("), (")));
    let lines = names.iter().zip(row.split(" | ")).map(|(name, value)| format!("{name}: {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn both_engines_make_the_same_hard_events() {
    let made = summary(Engine::DuckDb);
    assert_eq!(made, summary(Engine::Postgres));
    assert_snapshot!(made, @"
    events: 2071
    first: 2022-01-05 05:13:31.210215
    last: 2022-11-10 23:44:06.762028
    revenue: 34520.38
    microseconds: 62827868711
    in the gap: 0
    copies: 49
    late, and taken: 60
    too late: 11
    sessions: 440
    over midnight: 20
    over the longest: 4
    ");
}
