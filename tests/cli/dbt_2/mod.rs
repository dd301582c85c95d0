//! dbt 2, by what a real one printed and wrote: see `support/dbt_2.py`.

mod backfill;
mod check;
mod failures;
mod parser;
mod promotion;
mod selection;
mod versions;
mod world;
