//! Holds the fixture packages to what Snowplow's packages do, with dbt alone: the other tests can show no
//! more than these.

mod duplicates;
mod events;
mod gap;
mod hooks;
mod load_family;
mod names;
mod shared;
mod starting_again;
mod states;
mod windows;
