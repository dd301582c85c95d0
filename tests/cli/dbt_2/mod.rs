//! dbt 2, by what a real one printed and wrote: see `support/stand_in.py`.

mod backfill;
mod check;
mod failures;
mod parser;
mod promotion;
mod real;
mod selection;
mod versions;
mod world;
