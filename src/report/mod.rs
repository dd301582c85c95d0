//! Reporters: what happened, for people and for programs. They never decide anything.

pub mod github;
mod human;
mod json;
pub(crate) mod markdown;
mod paint;
mod progress;
mod promotion;
mod text;

use std::io;

use crate::event::Record;

pub use github::Github;
pub use human::{Detail, Human};
pub use json::Json;
pub use paint::Paint;
pub use promotion::{
    promoted, promotion, promotion_begins, promotion_goes_on, promotion_left_nothing, promotion_listed,
    rollback_begins, rolled_back, say, statement_done,
};
pub use text::plan;

/// Something that tells what happened.
pub trait Reporter {
    /// Tells of one event.
    ///
    /// # Errors
    /// What it writes to cannot be written.
    fn report(&mut self, record: &Record) -> io::Result<()>;
}
