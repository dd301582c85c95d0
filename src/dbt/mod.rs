//! All that knows dbt: calling it, the artifacts that it writes, the projects that it reads.

mod artifacts;
mod project;
mod runner;
mod version;

pub use artifacts::*;
pub use project::*;
pub use runner::*;
pub use version::{Versions, check as check_version};
