//! The value of each flag: from the command line, else from the environment, else from `snowplow-backfill.yml`, else its default.
//!
//! Nothing here knows a flag by name: what a command's flags are is asked of `cli`. What the environment and the file say
//! becomes words of the command line, so that clap reads it as it reads what a user types.

mod environment;
mod file;
mod flags;
mod positions;
mod read;
mod resolve;
mod setting;
mod show;

pub use file::{FILE_NAME, File};
pub use read::{Error, Request, Surroundings, read};
pub use show::Shown;
