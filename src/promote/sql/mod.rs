//! The scripts of a promotion: which statements a plan needs, and in what order. The statements themselves are
//! templates.

mod assertion;
mod backups;
mod compose;
mod composer;
mod content;
mod copy;
mod create;
mod duckdb;
mod grants;
mod header;
mod names;
mod replace;
mod restate;
mod rollback;
mod room;
mod row_conditions;
mod row_contexts;
mod row_statements;
mod script;
mod swap;
mod unit;
mod verify;

pub use backups::drop_backup_statement;
pub use compose::Scripts;
pub use header::{FINGERPRINT, forecast_lines, room_lines};
pub(super) use rollback::holders_questions;
pub(super) use row_conditions::standing_query;
pub use script::{Script, Statement, StatementKind};
