//! The answers of a catalogue, by their places.

use crate::dbt::Answer;

/// The answers to the questions about one table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered<'a>(pub(super) &'a [Answer]);

/// A row of an answer.
pub(super) type Cells = [Option<String>];

impl<'a> Answered<'a> {
    /// The rows of an answer; empty where there is no answer.
    pub(super) fn rows(self, place: usize) -> &'a [Vec<Option<String>>] {
        match self.0.get(place) {
            Some(Answer::Rows(rows)) => rows,
            Some(Answer::Missing(_) | Answer::NoSchema(_)) | None => &[],
        }
    }

    /// A cell of the first answer's first row.
    pub(super) fn first(self, place: usize) -> Option<String> {
        self.rows(0).first().map(|row| cell(row, place))
    }

    /// The first cell of each row of an answer.
    pub(super) fn column(self, place: usize) -> Vec<String> {
        self.rows(place).iter().map(|row| cell(row, 0)).collect()
    }
}

/// A cell; empty where it is null.
pub(super) fn cell(row: &Cells, place: usize) -> String {
    row.get(place).cloned().flatten().unwrap_or_default()
}

#[cfg(test)]
pub(super) fn rows(rows: &[&[&str]]) -> Answer {
    Answer::Rows(rows.iter().map(|row| row.iter().map(|cell| Some((*cell).to_owned())).collect()).collect())
}
