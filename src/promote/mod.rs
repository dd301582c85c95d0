//! Promotion: finished tables of staging are copied to prod and recorded there, as one unit.
//!
//! Imports run one way: `apply` → `sql` → `plan`, and `read` → `plan`; the facts are at the bottom.

mod apply;
mod plan;
mod read;
mod sql;

pub use apply::{Known, Progress, Record, Rows, Standing, TableWitness, Verdict, Witnesses, write_files};
pub use plan::{
    Action, Column, Facts, Fingerprints, Forecast, Identity, Layout, Ledger, ModelFacts, MovedRow,
    PackageFacts, Physical, Plan, Strategy, Table, TableFacts, Tables, Wishes, as_if_synced, check_places,
    select, short, sync_until,
};
pub use read::{PackageVars, ProdReader, Side, facts, limits_of, read, read_catalogue, unread_catalogue};
pub use sql::{FINGERPRINT, Kind, Script, Scripts, Statement, forecast_lines};
