//! What was executed: its record, and what prod holds of it.

mod record;
mod standing;
mod verdict;

pub use record::{Progress, Record, write_files};
pub use standing::{Rows, Standing, TableWitness, Witnesses};
pub use verdict::{Known, Verdict};
