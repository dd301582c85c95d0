//! Where the value of each flag comes from. Precedence: command line, environment, `snowplow-backfill.yml`,
//! default.
//!
//! Nothing here knows a flag by name: `cli` declares the flags of each command. What the environment and the
//! file set becomes words of the command line, so that clap reads it just as it reads what a user types.

mod environment;
mod file;
mod flags;
mod positions;
mod read;
mod resolve;
mod setting;
mod show;

pub use file::File;
pub use flags::variables;
pub use read::{CommandLine, Error, Surroundings, VersionDetail, read};
pub use show::Shown;
