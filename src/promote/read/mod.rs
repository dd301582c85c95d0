//! Reading both sides of a promotion: their dbt manifests, and through dbt their tables and the warehouse's
//! catalogue.

mod both;
mod catalogue;
mod clauses;
mod dialect;
mod gather;
mod guards;
mod layout;
mod manifests;
mod offline;

pub use both::{BothRead, BothTargets, Route};
pub use catalogue::{read as read_catalogue, unread_catalogue};
pub use offline::offline_facts;
