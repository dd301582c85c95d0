//! What the black-box tests stand on: a copy of the fixture project, a database of its own, real dbt, and the tool.

mod environment;
mod events;
pub mod fake;
mod lab;
mod output;
mod postgres;

pub use environment::{Dbt, NEW, OLD};
pub use events::Events;
pub use lab::{Engine, Lab, Place};
pub use output::Output;
