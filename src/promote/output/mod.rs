//! A promotion for people and programs.

mod backups;
mod document;
mod drops;
mod human;
mod lines;

pub use backups::{BackupDocument, backup_documents, listed};
pub use document::document;
pub use drops::{drop_details, drop_document, drops_planned};
pub use human::{details, planned};
