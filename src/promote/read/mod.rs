//! Reading both sides of a promotion: their dbt manifests, and through dbt their tables and the warehouse's
//! catalogue.

mod catalogue;
mod clauses;
mod gather;
mod guards;
mod layout;
mod manifests;
mod reader;

pub use catalogue::{read as read_catalogue, unread_catalogue};
pub use gather::read;
pub use manifests::{PackageVars, Side, facts, limits_of};
pub use reader::ProdReader;
