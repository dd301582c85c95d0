//! What the user wrote for dbt: `dbt_project.yml`, vars, Jinja, variables of the environment.

mod environment;
mod file;
mod jinja;
mod vars;
mod yaml;

pub use environment::{harmful, harmful_here};
pub use file::{PROJECT_FILE, Project};
pub use jinja::{Argument, MacroCall};
pub use vars::{VarScope, Vars};
