//! The warehouses' SQL: dialects, identifiers, relations. Nothing here reads or writes.

mod dialect;
mod relation;

pub use dialect::{Dialect, parse_timestamp};
pub use relation::{Relation, is_plain, may_be_quoted};
