//! What the black-box tests stand on: a copy of the fixture project, a database of its own, real dbt, and the
//! tool.

pub mod dbt_2;
mod environment;
mod events;
pub mod fake;
mod installed;
mod lab;
mod output;
mod postgres;
mod preloaded;
pub mod scenario;

pub use environment::{DBT_2, Dbt, NEW, OLD, PACKAGING, POSTGRES, PREVIOUS, fixtures};
pub use events::Events;
pub use installed::{Environment, Wheel, building, path_with};
pub use lab::{Engine, Lab, Place};
pub use output::Output;
pub use postgres::Server;
