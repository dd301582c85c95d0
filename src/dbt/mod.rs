//! Everything that knows dbt: how to call it, the artifacts that it writes, the projects that it reads.

mod artifacts;
mod config_keys;
mod dialect;
mod jinja;
mod project;
mod runner;

pub use artifacts::{DefaultSelector, Lineage, Macro, Manifest, Metadata, Node, NodeKind, ReadFor, walk};
pub use config_keys::is_config_key;
pub use dialect::{Dialect, Standing, Versions, check_version, standing};
pub use jinja::{Argument, MacroCall};
pub use project::{
    Expression, Hidden, ModelKey, ModelSetting, PROJECT_FILE, Project, ResolvedVars, VarScope, Vars,
    Warnings, dotenv_names_here, holds_jinja, select_by_criteria, select_by_definition, text_of,
};
pub use runner::{
    Answer, Answers, Calls, DBT_FLAGS, Dbt, DbtCall, DbtFlag, DeferArguments, ExecuteCall, Execution,
    FreshManifest, Handling, Interrupt, ListCall, Listen, Listing, ModelFinished, Notice, ProfileArguments,
    Program, Purpose, Querier, Query, RelationName, RenderCall, ResolvedTarget, RunCall, RunReport,
    SelectionArguments, StatementTold, Step, StopSignal, Unmatched, flags_in, quote_for_shell,
};
