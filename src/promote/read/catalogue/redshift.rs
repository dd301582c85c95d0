//! Redshift's catalogue.

use super::answered::{Answered, Cells, cell};
use crate::promote::plan::Physical;
use crate::warehouse::Dialect;

/// The questions about one table.
pub(super) const QUESTIONS: [&str; 4] = [
    "catalogue/description.sql",
    "catalogue/column_descriptions.sql",
    "catalogue/left_behind.sql",
    "catalogue/grants.sql",
];

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    physical.description = answers.first(0);
    for column in &mut physical.columns {
        let its = answers.rows(1).iter().find(|row| cell(row, 0) == column.name);
        column.description = its.map(|row| cell(row, 1));
    }
    physical.left_behind = answers.column(2);
    physical.granted = answers.rows(3).iter().filter_map(|row| granted(row)).collect();
}

/// A privilege and its grantee, as SQL.
fn granted(row: &Cells) -> Option<[String; 2]> {
    let [privilege, kind, name] = [0, 1, 2].map(|place| cell(row, place));
    let is_privilege =
        matches!(privilege.as_str(), "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "REFERENCES" | "DROP");
    let name = Dialect::Redshift.column(&name);
    let to = match kind.as_str() {
        "user" => name,
        "group" | "role" => format!("{kind} {name}"),
        "public" => kind,
        _ => return None,
    };
    is_privilege.then(|| [privilege.to_lowercase(), to])
}
