//! Promotion: finished tables of staging are copied to prod and recorded there, as one unit.
//!
//! Imports run one way: `apply` → `sql` → `plan`, and `read` → `plan`; the facts are at the bottom.

mod apply;
mod plan;
mod read;
mod sql;

pub use apply::{
    Known, Presence, PromotionRecord, Stage, TableWitness, Witnessed, WitnessedRows, Witnesses, write_files,
};
pub use plan::{
    Action, Column, CopyStrategy, Facts, Fingerprints, Forecast, Identity, Layout, Ledger, ModelFacts,
    MovedRow, PackageFacts, Physical, Plan, Table, TableFacts, Tables, Wishes, as_if_synced, check_places,
    select, short_digest, sync_until,
};
pub use read::{PackageVars, ProdReader, Side, facts, limits_of, read, read_catalogue, unread_catalogue};
pub use sql::{FINGERPRINT, Script, Scripts, Statement, StatementKind, forecast_lines};
