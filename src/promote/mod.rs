//! Promotion: finished tables of staging are copied to prod and recorded there, as one unit.
//!
//! Imports run one way: `output` → `apply` → `sql` → `plan`, and `read` → `plan`; the facts are at the bottom.

mod apply;
mod output;
mod plan;
mod read;
mod sql;

pub use apply::{
    Application, Applied, Asked, Comparison, Known, News, Presence, PromotionRecord, Stage, TableWitness,
    Tell, Unfinished, Witnessed, WitnessedRows, Witnesses, apply, find_unfinished, go_on, kept_document,
    roll_back, write_files,
};
pub use output::{document, listed, news, planned, promoted};
pub use plan::{
    Action, Column, CopyStrategy, Facts, Fingerprints, Forecast, Identity, Layout, Ledger, ModelFacts,
    MovedRow, PackageFacts, Physical, Plan, Table, TableFacts, Tables, Wishes, as_if_synced, check_places,
    short_digest, sync_until,
};
pub use read::{BothRead, BothTargets, ListedTarget, Route, offline_facts, read_catalogue, unread_catalogue};
pub use sql::{Script, Scripts, Statement, StatementKind};
