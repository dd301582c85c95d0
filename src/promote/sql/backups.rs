//! Dropping the backups of replaced tables.

use anyhow::Result;

use super::script::Statement;
use super::swap::of_table;
use crate::promote::plan::BackupNames;

/// Drops a backup, unless something depends on it.
///
/// # Errors
/// A template is wrong.
pub fn drop_backup_statement(names: &BackupNames) -> Result<Statement> {
    let BackupNames { dialect, backup, replaced } = names;
    let title = format!("drop {}, a backup of {}", backup.identifier(), replaced.identifier());
    Ok(Statement::plain(title, of_table(*dialect, "drop_backup.sql", backup)?))
}
