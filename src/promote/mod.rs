//! Promotion: finished tables of staging are copied to prod and recorded there, as one unit.
//!
//! Imports run one way: `session` → `output` → `apply` → `sql` → `plan`, and `session` → `read` → `plan`. The
//! facts are at the bottom. `backups` stands beside `session`. `sql` and `read` get their SQL from `templates`,
//! which know nothing of a plan.

mod apply;
mod backups;
#[cfg(test)]
mod every_template;
mod output;
mod plan;
mod read;
mod session;
mod sql;
mod templates;

pub use apply::{
    Applied, BackupsFound, DropPlan, Droppable, Kept, Known, Presence, PromotionRecord, Stage, TableWitness,
    Why, Witnessed, WitnessedRows, Witnesses, kept_document, roll_back, write_files,
};
pub use backups::{DropRequest, drop_backups, find_backups};
pub use output::{BackupDocument, backup_documents, document, drop_document, drops_planned, listed, planned};
pub use plan::{
    Action, BackupFacts, Column, Configured, CopyStrategy, Facts, Fate, Fingerprints, Forecast, Held,
    Identity, KnownProperty, Layout, Ledger, ModelFacts, MovedRow, OfReplaced, PackageFacts, Physical, Plan,
    Property, Right, Table, TableFacts, Tables, Verification, Wishes, written_as,
};
pub use read::{Route, read_catalogue, read_configured, read_tags};
pub use session::{BackfillStaging, Mode, Planned, Promotion, PromotionRequest, plan_offline, promote};
pub use sql::{Script, Scripts, Statement, StatementKind};
