//! Calls dbt: every call takes the same way, whichever transport carries it.

mod batches;
mod diagnosis;
mod execute;
mod flags;
mod interrupt;
mod invoke;
mod ls;
mod notice;
mod paragraphs;
mod parse;
mod process;
mod program;
mod query;
mod render;
mod run;
mod secrets;
mod settings;
mod traceback;
mod transport;
mod turn;
mod unmatched;
mod versions;

pub use execute::{ExecuteCall, Execution, StatementTold, Step};
pub use flags::{Calls, DBT_FLAGS, DbtFlag, Handling, flags_in};
pub use interrupt::{Interrupt, StopSignal};
pub use invoke::{Dbt, DeferArguments, ProfileArguments, SelectionArguments};
pub use ls::{ListCall, Listing};
pub use notice::{DbtCall, Listen, ModelFinished, Notice, Purpose};
pub use parse::FreshManifest;
pub use program::{Program, quote_for_shell};
pub use query::{Answer, Answers, Querier, Query, RelationName, ResolvedTarget};
pub use render::RenderCall;
pub use run::{RunCall, RunReport};
pub use unmatched::Unmatched;
