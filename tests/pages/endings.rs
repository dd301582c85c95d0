//! How a command can end, and with which exit code.

use std::collections::BTreeSet;

use snowplow_backfill::outcome::Outcome;

use crate::events::variants;
use crate::table;

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
    let known: BTreeSet<_> = Outcome::all().iter().map(name).collect();
    assert_eq!(known, variants::<Outcome>(Some("outcome")), "an ending is missing in `Outcome::all`");
    let rows = Outcome::all().into_iter().map(|ending| {
        let name = match signal(&ending) {
            Some(signal) => format!("`{}` ({signal})", name(&ending)),
            None => format!("`{}`", name(&ending)),
        };
        [ending.exit_code().to_string(), name, ending.meaning().to_owned()]
    });
    table(["code", "outcome", "meaning"], rows)
}

#[test]
fn endings_are_in_the_order_of_their_codes() {
    let codes: Vec<_> = Outcome::all().iter().map(Outcome::exit_code).collect();
    assert!(codes.is_sorted(), "{codes:?}");
}
