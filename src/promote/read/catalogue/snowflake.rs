//! Snowflake's catalogue.

use super::super::words::described;
use super::answered::Answered;
use crate::promote::plan::{Layout, Physical, Property};
use crate::warehouse::Dialect;

/// The question about one table.
pub(super) const QUESTIONS: [&str; 1] = ["catalogue/table.sql"];

/// For how many days Snowflake keeps what was, where nobody says anything else.
const DAYS_BY_DEFAULT: &str = "1";

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    physical.transient = answers.first(0).map(|it| it == "YES");
    let key = answers.first(1).unwrap_or_default();
    // `LINEAR(to_date(start_tstamp))`
    let key = key.strip_prefix("LINEAR(").and_then(|key| key.strip_suffix(')')).unwrap_or(&key);
    let cluster_by = (!key.is_empty()).then(|| key.to_owned());
    if cluster_by.is_some() {
        // The automatism can be on or off only where there is a key.
        physical.automatic_clustering = answers.first(4).map(|it| it == "YES");
    }
    physical.layout = answers.first(0).map(|_| Layout { cluster_by, ..Layout::default() });
    physical.hold_layout(Dialect::Snowflake);
    physical.description = answers.first(2);
    if let Some(description) = physical.description.clone().filter(|text| !text.is_empty()) {
        physical.hold(Property::Description, described(&description));
    }
    physical.is_iceberg = answers.first(3).is_some_and(|it| it == "YES");
    if let Some(days) = answers.first(5).filter(|days| !days.is_empty() && days != DAYS_BY_DEFAULT) {
        physical.hold(Property::Retention, format!("{days} days of Time Travel"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::answered::rows;
    use super::*;

    fn physical(row: &[&str]) -> Physical {
        let mut physical = Physical::default();
        read(Answered(&[rows(&[row])]), &mut physical);
        physical
    }

    #[test]
    fn what_somebody_set_is_seen() {
        let plain = physical(&["YES", "", "", "NO", "NO", "1"]);
        assert_eq!((plain.automatic_clustering, plain.is_iceberg, plain.held.len()), (None, false, 0));
        let more = physical(&["NO", "LINEAR(TO_DATE(T), ID)", "x", "YES", "NO", "7"]);
        assert_eq!((more.automatic_clustering, more.is_iceberg), (Some(false), true));
        let held: Vec<_> = more.held.values().flatten().map(String::as_str).collect();
        assert_eq!(
            held,
            ["the clustering key to_date(t), id", "the description \"x\"", "7 days of Time Travel"]
        );
    }
}
