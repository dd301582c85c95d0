//! All that knows SQL: dialects, relations, and reading rows through dbt.

mod dialect;
mod reader;
mod relation;
pub mod tables;

pub use dialect::{Dialect, parse_timestamp};
pub use reader::{Events, FirstEvent, Reader, Sources, relation_of};
pub use relation::{Relation, is_plain};
