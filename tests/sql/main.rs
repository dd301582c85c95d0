//! The SQL of promotions: judged by parsers of other people's making, and executed on engines
//! for Spark's and Snowflake's.
//! The judges are judged too, by statements that they must reject. dbt's adapters send the scripts over connections that break.

mod adapters;
#[path = "../golden/cases.rs"]
mod cases;
mod golden;
mod judges;
mod promotion;
mod snowflake;
mod spark;
mod statements;
mod support;
mod trial;
