//! How a command can end, and with which exit code.

use std::collections::BTreeSet;

use snowplow_backfill::outcome::Outcome;

use crate::events::variants;
use crate::table;

/// One of each ending, in the order of their exit codes; several where the code depends on a signal.
pub fn endings() -> Vec<Outcome> {
    vec![
        Outcome::Done,
        Outcome::CaughtUp,
        Outcome::NoEvents,
        Outcome::Reached { until: "2024-01-02".parse().expect("a time") },
        Outcome::RanOnce { more: true },
        Outcome::Findings,
        Outcome::Differs,
        Outcome::DbtFailed,
        Outcome::Error { message: String::new() },
        Outcome::Stopped { by: String::new() },
        Outcome::Refused { reason: String::new() },
        Outcome::Interrupted { signal: 1 },
        Outcome::Interrupted { signal: 2 },
        Outcome::Interrupted { signal: 13 },
        Outcome::Interrupted { signal: 15 },
    ]
}

fn name(ending: &Outcome) -> String {
    let value = serde_json::to_value(ending).expect("JSON");
    value["outcome"].as_str().expect("a name").to_owned()
}

fn signal(ending: &Outcome) -> Option<&'static str> {
    let Outcome::Interrupted { signal } = ending else { return None };
    match signal {
        1 => Some("SIGHUP"),
        2 => Some("SIGINT"),
        13 => Some("SIGPIPE"),
        15 => Some("SIGTERM"),
        other => panic!("signal {other} has no name here"),
    }
}

pub fn text() -> String {
    let known: BTreeSet<_> = endings().iter().map(name).collect();
    assert_eq!(known, variants::<Outcome>(Some("outcome")), "an ending is missing in `endings`");
    let rows = endings().into_iter().map(|ending| {
        let name = match signal(&ending) {
            Some(signal) => format!("`{}` ({signal})", name(&ending)),
            None => format!("`{}`", name(&ending)),
        };
        [ending.exit_code().to_string(), name, ending.meaning().to_owned()]
    });
    table(["code", "outcome", "meaning"], rows)
}

#[test]
fn the_manual_page_knows_every_ending() {
    let names: BTreeSet<_> = Outcome::all().iter().map(name).collect();
    assert_eq!(names, variants::<Outcome>(Some("outcome")), "an ending is missing in `Outcome::all`");
}

#[test]
fn endings_are_in_the_order_of_their_codes() {
    let codes: Vec<_> = endings().iter().map(Outcome::exit_code).collect();
    assert!(codes.is_sorted(), "{codes:?}");
}
