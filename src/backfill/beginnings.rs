//! Models that begin, and whether their first window holds an event.
//!
//! Some models of Snowplow's packages add rows by the largest time in their own table, and never add any to a table that an
//! empty window made.

use super::stall::{Outlook, Stall};
use crate::event::{Emit, Event};

/// The packages that begin, with what their events relations say about the first window.
#[derive(Debug)]
pub(super) struct Beginnings {
    /// What first windows without any event would show. A larger limit would make each of these windows longer.
    pub(super) stalls: Vec<(Stall, Outlook)>,
    /// Whether they are all packages that have something to do.
    pub(super) are_all: bool,
}

impl Beginnings {
    /// Warns of packages whose first event is after the window of the first run: its limit is that of another package.
    pub(super) fn warn_of_empty_ones(&self, limit_days: u32, emit: Emit<'_>) {
        for (stall, outlook) in &self.stalls {
            let Some(first) = outlook.next.time().filter(|&first| stall.ends_before(first, limit_days))
            else {
                continue;
            };
            let package = &stall.package.name;
            let message = format!(
                "the models of {package} begin with windows without events, because its first event is at {first} and another \
                 package of the selection is not there yet. Some models of Snowplow's packages stay empty after that: \
                 backfill {package} by itself first"
            );
            emit(Event::Warning { message });
        }
    }
}
