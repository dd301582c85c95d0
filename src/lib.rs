//! Backfills Snowplow's dbt models until they are caught up.
//!
//! Imports run one way: `main` → `commands` → (`backfill` | `check` | `report`) → (`snowplow` | `warehouse`) → `dbt`; `event` and what
//! it is made of (`failure`, `outcome`, `timestamp`) are imported by all and import none of them.

pub mod backfill;
pub mod check;
pub mod cli;
pub mod commands;
pub mod dbt;
pub mod event;
pub mod failure;
pub mod outcome;
pub mod report;
pub mod snowplow;
pub mod timestamp;
pub mod warehouse;
