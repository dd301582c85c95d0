//! All that knows the dbt executable: starting it, its logs, its artifacts, its vars.

mod diagnosis;
mod environment;
mod execution;
mod graph;
mod interrupt;
mod json_stream;
mod log;
mod ls;
mod manifest;
mod operation;
mod parse;
mod process;
mod program;
mod project;
mod run;
mod run_results;
mod session;
mod turn;
mod vars;
mod version;

pub use environment::{harmful, harmful_here};
pub use execution::{Execution, Step};
pub use graph::{DefaultSelector, Graph};
pub use interrupt::{Interrupt, StopSignal};
pub use ls::{ListPaths, Listing};
pub use manifest::{Manifest, Metadata, Node, NodeKind};
pub use operation::{Answer, Answers, Query, QueryProject, RelationName, Target};
pub use program::{Program, quote_for_shell};
pub use project::{PROJECT_FILE, Project};
pub use run::{RunCall, RunReport};
pub use session::{Connection, Dbt, SelectionArguments};
pub use vars::{Scope, Vars};
pub use version::Versions;
pub use version::check as check_version;
