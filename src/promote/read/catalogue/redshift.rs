//! Redshift's catalogue.

use super::answered::{Answered, Cells, cell};
use crate::promote::plan::{Layout, Physical};
use crate::warehouse::Dialect;

/// The questions about one table.
pub(super) const QUESTIONS: [&str; 6] = [
    "catalogue/description.sql",
    "catalogue/column_descriptions.sql",
    "catalogue/left_behind.sql",
    "catalogue/grants.sql",
    "catalogue/distribution.sql",
    "catalogue/keys.sql",
];

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    physical.description = answers.first(0);
    for column in &mut physical.columns {
        let its = answers.rows(1).iter().find(|row| cell(row, 0) == column.name);
        column.description = its.map(|row| cell(row, 1));
    }
    physical.left_behind = answers.column(2);
    physical.granted = answers.rows(3).iter().filter_map(|row| granted(row)).collect();
    physical.layout = answers.column(4).first().map(|style| layout(style, answers.rows(5)));
    physical.hold_layout(Dialect::Redshift);
}

/// The distribution, and the columns of both keys: each with whether it is that of the distribution, and its place in the
/// sort key.
fn layout(style: &str, keys: &[Vec<Option<String>>]) -> Layout {
    let distributed = keys.iter().find(|row| cell(row, 1) == "yes").filter(|_| style == "key");
    let distribution = match distributed {
        Some(row) => Some(format!("diststyle key distkey ({})", cell(row, 0))),
        // The warehouse's choice, where nobody says anything.
        None => (style != "auto").then(|| format!("diststyle {style}")),
    };
    let sorted = keys.iter().filter(|row| cell(row, 2) != "0");
    let columns: Vec<_> = sorted.map(|row| cell(row, 0)).collect();
    let is_interleaved = keys.iter().any(|row| cell(row, 2).starts_with('-'));
    let kind = if is_interleaved { "interleaved " } else { "" };
    let sort_key = (!columns.is_empty()).then(|| format!("{kind}sortkey ({})", columns.join(", ")));
    Layout { distribution, sort_key, ..Layout::default() }
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

#[cfg(test)]
mod tests {
    use super::super::answered::rows;
    use super::*;

    fn known(style: &str, keys: &[&[&str]]) -> Vec<String> {
        let nothing = || rows(&[]);
        let answers = [nothing(), nothing(), nothing(), nothing(), rows(&[&[style]]), rows(keys)];
        let mut physical = Physical::default();
        read(Answered(&answers), &mut physical);
        physical.held.into_values().flatten().collect()
    }

    #[test]
    fn keys_are_put_together_from_their_columns() {
        let keys: &[&[&str]] = &[&["id", "yes", "0"], &["day", "no", "1"], &["page", "no", "2"]];
        assert_eq!(known("key", keys), ["the distribution key id", "the sort key day, page"]);
        // The warehouse chose the column.
        assert_eq!(known("auto", &keys[..1]), [""; 0]);
        let interleaved: &[&[&str]] = &[&["day", "no", "1"], &["page", "no", "-2"]];
        assert_eq!(
            known("all", interleaved),
            ["the distribution style all", "the interleaved sort key day, page"]
        );
    }
}
