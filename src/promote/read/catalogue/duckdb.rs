//! DuckDB's catalogue.

use super::super::clauses;
use super::answered::{Answered, cell};
use crate::promote::plan::Physical;

/// The questions about one table.
pub(super) const QUESTIONS: [&str; 3] =
    ["catalogue/table.sql", "catalogue/column_descriptions.sql", "catalogue/indexes.sql"];

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    physical.create_statement = answers.first(0);
    // The catalogue's list of columns does not tell which are generated.
    let made = physical.create_statement.as_deref().and_then(clauses::columns).unwrap_or_default();
    for column in &mut physical.columns {
        column.generated = made.iter().any(|made| clauses::is_generated(made, &column.name));
    }
    physical.indexes = answers.column(2);
    let numbered = made.iter().filter(|made| made.contains("nextval("));
    physical.left_behind = numbered
        .map(|made| format!("a sequence of its own: staging's numbers {made}, and is needed for that"))
        .collect();
    physical.lost_by_ctas = lost_by_ctas(physical);
    physical.description = answers.first(1);
    for (column, row) in physical.columns.iter_mut().zip(answers.rows(1)) {
        column.description = Some(cell(row, 1)).filter(|_| cell(row, 0) == column.name);
    }
}

/// What the statement that made a table says besides the types of its columns.
fn lost_by_ctas(physical: &Physical) -> Vec<String> {
    let Some(statement) = &physical.create_statement else { return Vec::new() };
    let words = ["PRIMARY KEY", "UNIQUE", "CHECK", "FOREIGN KEY", "NOT NULL", "DEFAULT", "GENERATED ALWAYS"];
    let lost = words.into_iter().filter(|word| statement.contains(word)).map(str::to_lowercase);
    lost.chain((!physical.indexes.is_empty()).then(|| "indexes".to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::answered::rows;
    use super::*;
    use crate::promote::plan::Column;

    #[test]
    fn duckdbs_generated_columns_are_known() {
        let statement = "CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER GENERATED ALWAYS AS((a * 2)));";
        let mut physical =
            Physical { columns: ["a", "b"].map(Column::plain).to_vec(), ..Physical::default() };
        read(Answered(&[rows(&[&[statement]]), rows(&[]), rows(&[])]), &mut physical);
        assert!(physical.create_statement.is_some() && physical.left_behind.is_empty());
        assert_eq!(physical.columns.iter().map(|column| column.generated).collect::<Vec<_>>(), [false, true]);
    }
}
