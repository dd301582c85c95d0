//! The files under the project's target path, and a project that is open for work.

mod journal;
mod last_run;
mod lock;
mod open;
mod places;
mod tidy;

pub use journal::{Journal, read as read_journal};
pub use last_run::{
    GoodPackageRun, GoodRun, forget as forget_last_run, read as read_last_run, write as write_last_run,
};
pub use lock::Lock;
pub use open::{DbtChoice, OpenProject, OpenTarget};
pub use places::{Round, Workspace};
pub use tidy::mark as mark_in_use;
