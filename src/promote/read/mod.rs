//! Reading both sides of a promotion: their dbt manifests, and through dbt their tables and the warehouse's catalogue.

mod catalogue;
mod clauses;
mod gather;
mod guards;
mod layout;
mod reader;

pub use catalogue::read as read_catalogue;
pub use gather::{PackageVars, Side, facts, limits_of, read, unread_catalogue};
pub use reader::ProdReader;
