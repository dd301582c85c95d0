//! Promotions that are really executed: statement by statement on DuckDB and Postgres, and as a whole with
//! real dbt before and after. Warehouses that cannot be had here are simulated with their own rules of what
//! is one unit.

pub mod afterwards;
mod announced;
mod applied;
mod backups;
mod backups_told;
#[path = "../../golden/cases.rs"]
mod cases;
mod client;
mod definition;
mod dump;
mod everything;
mod executed;
pub mod halves;
mod held_back;
mod killed;
mod lost;
mod pg_dump;
mod shop;
mod simulated;
mod staged;
mod stops;
mod together;
mod told;
mod transliteration;
mod world;
