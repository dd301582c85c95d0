//! The SQL of promotions, each statement, query and condition a Jinja template: in the folder of a warehouse,
//! or in `default/`. Which of them a plan needs, and in what order, is decided elsewhere.
//!
//! A template cannot print a plain text. What it prints is SQL already, or becomes SQL by a filter that knows
//! the warehouse's quotes.

mod environment;
mod filters;
mod question;
#[cfg(test)]
pub(super) mod testing;
mod values;

pub use environment::render;
pub use question::question;
pub use values::{Moment, Name, Sql};
