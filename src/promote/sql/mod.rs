//! The scripts of a promotion: their statements, one warehouse's way of saying them beside the other's, and their order.

mod assertion;
mod compose;
mod content;
mod ctas;
mod grants;
mod header;
mod rows;
mod script;
mod table;
mod verify;

pub use compose::Scripts;
pub use header::{FINGERPRINT, forecast as forecast_lines};
pub(super) use rows::{free_or_done, written};
pub use script::{Script, Statement, StatementKind};
