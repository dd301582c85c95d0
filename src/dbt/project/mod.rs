//! What the user wrote for dbt: `dbt_project.yml`, vars, selections, Jinja, environment variables.

mod default_selector;
mod dotenv;
mod environment;
mod expression;
mod file;
mod fqn;
mod harmful;
mod keys;
mod model_config;
mod selector;
mod vars;
mod yaml;

pub use dotenv::dotenv_names_here;
pub use environment::{Hidden, Warnings};
pub use expression::{Expression, holds_jinja};
pub use file::{PROJECT_FILE, Project};
pub(in crate::dbt) use fqn::Fqn;
pub use model_config::{ModelKey, ModelSetting};
pub use selector::{select_by_criteria, select_by_definition, without_models};
pub use vars::{ResolvedVars, VarScope, Vars, text_of};
