//! Reading both sides of a promotion: their dbt manifests, and through dbt their tables and the warehouse's
//! catalogue.

mod backups;
mod both;
mod catalogue;
mod clauses;
mod dialect;
mod gather;
mod guards;
mod layout;
mod manifests;
mod offline;
mod question;
mod rights;

pub use backups::backups;
#[cfg(test)]
pub(super) use backups::{KIND, SIZE, dependents_questions};
pub use both::{BothRead, BothTargets, Route};
#[cfg(test)]
pub(super) use catalogue::questions;
pub use catalogue::{read as read_catalogue, unread_catalogue};
#[cfg(test)]
pub(super) use guards::guards_questions;
pub use offline::offline_facts;
#[cfg(test)]
pub(super) use question::{in_schema_of, question};
#[cfg(test)]
pub(super) use rights::rights_questions;
