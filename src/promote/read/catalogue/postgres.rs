//! Postgres' catalogue, which everybody may read.

use super::answered::{Answered, Cells, cell};
use crate::dbt::Answer;
use crate::promote::plan::{Column, Identity, Physical, Property};

/// The questions about one table.
pub(super) const QUESTIONS: [&str; 13] = [
    "catalogue/columns.sql",
    "catalogue/left_behind.sql",
    "catalogue/dependents.sql",
    "catalogue/guards.sql",
    "catalogue/lost_by_ctas.sql",
    "catalogue/hidden.sql",
    "catalogue/definition.sql",
    "catalogue/referenced.sql",
    "catalogue/owner.sql",
    "catalogue/grants.sql",
    "catalogue/granted_columns.sql",
    "catalogue/descriptions.sql",
    "catalogue/bound.sql",
];

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    physical.columns = answers.rows(0).iter().map(|row| column(row)).collect();
    physical.left_behind = answers.column(1);
    physical.dependents = answers.column(2);
    let column_if_told = |place| match answers.0.get(place) {
        Some(Answer::Rows(_)) => Some(answers.column(place)),
        Some(Answer::Missing(_) | Answer::NoSchema(_)) | None => None,
    };
    physical.guards = column_if_told(3);
    physical.lost_by_ctas = answers.column(4);
    physical.hidden = column_if_told(5);
    physical.definition = answers.column(6);
    physical.referenced_by = answers.column(7);
    physical.other_owner = answers.column(8).into_iter().next();
    physical.granted_columns = answers.column(10);
    for description in answers.column(11) {
        physical.hold(Property::Description, description);
    }
    physical.bound = answers.column(12);
    physical.granted = answers.rows(9).iter().map(|row| [cell(row, 0), cell(row, 1)]).collect();
}

fn column(row: &Cells) -> Column {
    Column {
        name: cell(row, 0),
        data_type: row.get(3).cloned().flatten(),
        generated: cell(row, 1) == "yes",
        identity: match cell(row, 2).as_str() {
            "a" => Some(Identity::Always),
            "d" => Some(Identity::ByDefault),
            _ => None,
        },
        is_serial: cell(row, 4) == "serial",
        description: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::answered::rows;
    use super::*;

    #[test]
    fn columns_that_cannot_be_given_are_known() {
        let mut physical = Physical::default();
        let columns = rows(&[&["id", "no", "a"], &["sum", "yes", ""], &["n", "no", "d"]]);
        let guards = rows(&[&["the policy y"]]);
        let answers = [columns, rows(&[&["the trigger x"]]), rows(&[]), guards];
        read(Answered(&answers), &mut physical);
        let kinds: Vec<_> =
            physical.columns.iter().map(|column| (column.generated, column.identity)).collect();
        assert_eq!(
            kinds,
            [(false, Some(Identity::Always)), (true, None), (false, Some(Identity::ByDefault))]
        );
        assert_eq!(physical.left_behind, ["the trigger x"]);
        assert_eq!(physical.guards.expect("known"), ["the policy y"]);
    }
}
