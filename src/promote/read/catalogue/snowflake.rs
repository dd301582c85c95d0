//! Snowflake's catalogue.

use super::answered::Answered;
use crate::promote::plan::{Layout, Physical};

/// The question about one table.
pub(super) const QUESTIONS: [&str; 1] = ["catalogue/table.sql"];

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    physical.transient = answers.first(0).map(|it| it == "YES");
    let key = answers.first(1).unwrap_or_default();
    // `LINEAR(to_date(start_tstamp))`
    let key = key.strip_prefix("LINEAR(").and_then(|key| key.strip_suffix(')')).unwrap_or(&key);
    let cluster_by = (!key.is_empty()).then(|| key.to_owned());
    physical.layout = answers.first(0).map(|_| Layout { cluster_by, ..Layout::default() });
    physical.description = answers.first(2);
}
