//! The scripts of a promotion: their statements, one warehouse's way of writing them beside the other's, and
//! their order.

mod assertion;
mod compose;
mod composer;
mod content;
mod copy;
mod ctas;
mod duckdb;
mod grants;
mod header;
mod replace;
mod rollback;
mod row_conditions;
mod row_statements;
mod script;
mod swap;
mod unit;
mod verify;

pub use compose::Scripts;
pub use header::{FINGERPRINT, forecast_lines};
pub(super) use row_conditions::{Accepted, prod_as_planned_condition, promoted_condition};
pub use script::{Script, Statement, StatementKind};
