//! The scripts of a promotion: which statements a plan needs, and in what order. Their words are under
//! `templates/`, in a folder for each warehouse.

mod assertion;
mod compose;
mod composer;
mod content;
mod copy;
mod create;
mod duckdb;
#[cfg(test)]
mod every_template;
mod grants;
mod header;
mod replace;
mod rollback;
mod row_conditions;
mod row_contexts;
mod row_statements;
mod script;
mod swap;
pub(super) mod templates;
mod unit;
mod verify;

pub use compose::Scripts;
pub use header::{FINGERPRINT, forecast_lines};
pub(super) use row_conditions::standing_query;
pub use script::{Script, Statement, StatementKind};
