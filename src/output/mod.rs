//! What people and programs read: reporters of events, results on stdout, colours. Nothing here makes
//! decisions.

mod ending;
pub mod github;
mod human;
mod json;
mod listeners;
pub mod markdown;
mod paint;
mod progress;
mod promotion;
mod stderr;
pub mod stdout;
mod text;

use std::io;

use crate::event::Envelope;
use crate::history::History;

pub use human::{Detail, Part};
pub use listeners::Listeners;
pub use paint::Paint;
pub use promotion::head as promotion_head;
pub use stderr::say;
pub use text::{NextRun, count, plan, size, thousands};

/// Reports events to people or programs.
trait Reporter {
    /// Reports one event, which the history already holds.
    fn report(&mut self, envelope: &Envelope, history: &History) -> io::Result<()>;
}
