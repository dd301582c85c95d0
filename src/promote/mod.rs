//! Promotion: finished tables of staging are copied to prod and recorded there, as one unit.

mod catalogue;
mod clauses;
mod compose;
mod facts;
mod fingerprint;
mod forecast;
mod gather;
mod guards;
mod header;
mod layout;
mod notes;
mod plan;
mod readiness;
mod record;
mod script;
mod sql;
mod standing;
mod strategy;
mod sync;
mod verdict;

pub use catalogue::read as read_catalogue;
pub use compose::Scripts;
pub use facts::{Column, Facts, Identity, Layout, ModelFacts, PackageFacts, Physical, TableFacts, Tables};
pub use fingerprint::{Fingerprints, short};
pub use forecast::Forecast;
pub use gather::{Connection, PackageVars, Side, facts, limits_of, read, unread_catalogue};
pub use header::{FINGERPRINT, forecast as forecast_lines};
pub use plan::{Action, Ledger, MovedRow, Plan, Table, Wishes, check_places};
pub use record::{Progress, Record, write_files};
pub use script::{Kind, Script, Statement};
pub use standing::{Rows, Standing, TableWitness, Witnesses};
pub use strategy::Strategy;
pub use sync::{as_if_synced, sync_until};
pub use verdict::{Known, Verdict};
