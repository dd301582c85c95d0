//! What the tests of verdicts and stalls share: a package `p` with the models `a` and `b`.

use std::sync::Arc;

use super::verdict::Verdict;
use crate::snowplow::{Family, PackageTables, Row, Settings, TrackedPackage, Window};
use crate::timestamp::Timestamp;

pub(super) const NOW: &str = "2021-01-01";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

pub(super) fn tables(rows: &[(&str, &str)]) -> PackageTables {
    let package = TrackedPackage {
        name: "p".into(),
        family: Family::Session,
        models: ["a", "b"].map(str::to_owned).to_vec(),
        settings: Settings { start_date: None, lookback_hours: 6 },
        load_family_heals: true,
    };
    let rows = rows
        .iter()
        .map(|(model, time)| Row { model: (*model).to_owned(), last_success: Some(at(time)) })
        .collect();
    PackageTables { package: Arc::new(package), has_manifest: true, rows, window: None }
}

pub(super) fn verdict(before: &[(&str, &str)], after: &[(&str, &str)], window: (&str, &str)) -> Verdict {
    let window = Window { lower: at(window.0), upper: at(window.1) };
    Verdict::of(&tables(before), &tables(after), window, at(NOW))
}

pub(super) fn both(time: &str) -> [(&str, &str); 2] {
    [("a", time), ("b", time)]
}
