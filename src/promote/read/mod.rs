//! Reading both sides of a promotion: their dbt manifests, and through dbt their tables and the warehouse's
//! catalogue.

mod backups;
mod both;
mod catalogue;
mod clauses;
mod configured;
mod dialect;
mod gather;
mod guards;
mod layout;
mod manifests;
mod offline;
mod options;
mod question;
mod rights;
mod tags;
mod words;

pub use backups::backups;
#[cfg(test)]
pub(super) use backups::{KIND, SIZE};
pub use both::{BothRead, BothTargets, Route};
#[cfg(test)]
pub(super) use catalogue::questions;
pub use catalogue::{read as read_catalogue, unread_catalogue};
pub use configured::read as read_configured;
#[cfg(test)]
pub(super) use guards::guards_questions;
pub use offline::offline_facts;
#[cfg(test)]
pub(super) use question::{in_schema_of, question};
#[cfg(test)]
pub(super) use rights::rights_questions;
#[cfg(test)]
pub(super) use tags::tags_question;
pub use tags::take as read_tags;
