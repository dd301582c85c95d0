//! A promotion for people and programs.

mod document;
mod human;

pub use document::document;
pub use human::{listed, news, planned, promoted};
