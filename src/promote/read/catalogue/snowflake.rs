//! Snowflake's catalogue.

use super::answered::Answered;
use crate::promote::plan::{Layout, Physical};

/// The questions about one table.
pub(super) const QUERIES: [&str; 1] =
    ["select is_transient, coalesce(clustering_key, ''), coalesce(comment, '') from \
     @0.database@.information_schema.tables where table_schema = '@0.schema@' and table_name = \
     '@0.identifier@'"];

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    physical.transient = answers.first(0).map(|it| it == "YES");
    let key = answers.first(1).unwrap_or_default();
    // `LINEAR(to_date(start_tstamp))`
    let key = key.strip_prefix("LINEAR(").and_then(|key| key.strip_suffix(')')).unwrap_or(&key);
    let cluster_by = (!key.is_empty()).then(|| key.to_owned());
    physical.layout = answers.first(0).map(|_| Layout { cluster_by, ..Layout::default() });
    physical.description = answers.first(2);
}
