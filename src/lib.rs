//! Backfills Snowplow's dbt models until they are caught up.
//!
//! Imports run one way: `main` → `commands` → (`backfill` | `promote` | `check` | `report`) → (`snowplow` | `warehouse`) → `dbt`; `event` and what
//! it is made of (`failure`, `outcome`, `timestamp`), `suggest` and `workflow`, are imported by all and import none of them. Among neighbours,
//! `report` draws what `promote` plans, `check` uses the colours and the Markdown of `report`, and `warehouse` reads rows as `snowplow` knows
//! them. Before any command, `config` works out the flags that `cli` declares.

#[cfg(not(unix))]
compile_error!("dbt is ended by the signals and process groups of Unix; on Windows, use WSL");

pub mod backfill;
pub mod check;
mod cli;
pub mod commands;
pub mod config;
pub mod dbt;
pub mod event;
pub mod failure;
mod history;
pub mod outcome;
pub mod output;
pub mod promote;
pub mod snowplow;
mod suggest;
pub mod timestamp;
pub mod warehouse;
pub mod workspace;

/// The command line as clap knows it: the page of flags is written from it.
pub use cli::command;
