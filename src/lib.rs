//! Backfills Snowplow's dbt models until they are caught up, and promotes them to prod.
//!
//! The layout, with a sentence for each folder, is in CONTRIBUTING.md. Imports run one way:
//!
//! `entry` → `commands` → `config` → `cli` → (`backfill` | `promote` | `check`) → `output` → `workspace` →
//! `history` → `event` → `snowplow` → `warehouse` → `dbt`.
//!
//! The three in brackets do not import each other. `failure`, `outcome`, `timestamp` and `suggest` import
//! none of these, and any of them may import those. The modules that are public are the ones that the tests
//! work with.

#[cfg(not(unix))]
compile_error!("dbt is ended by the signals and process groups of Unix; on Windows, use WSL");

pub mod backfill;
mod check;
mod cli;
mod commands;
mod config;
pub mod dbt;
mod entry;
pub mod event;
pub mod failure;
mod history;
pub mod outcome;
mod output;
pub mod promote;
pub mod snowplow;
mod suggest;
pub mod timestamp;
pub mod warehouse;
pub mod workspace;

pub use entry::main;

/// What the reference pages are generated from.
pub mod reference {
    pub use crate::check::page as rules_page;
    pub use crate::cli::command;
}
