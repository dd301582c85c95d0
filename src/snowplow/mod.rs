//! Everything that knows Snowplow's dbt packages: hooks, `models_to_run`, tables, the four states.

mod ancestors;
mod discovery;
mod event_filters;
pub mod facts;
mod family;
mod hook;
pub mod model_settings;
mod models_to_run;
mod observation;
mod own;
mod reader;
mod state;
pub mod tables;
mod touched;
pub mod values;
mod vars;

pub use discovery::{Packages, discover};
pub use event_filters::EventFilters;
pub use family::{Family, hook_takes_session_timestamp, load_family_heals};
pub use hook::{Hook, Package, hooks};
pub use models_to_run::{Scope, StandIn};
pub use observation::{Observation, PackageTables, TrackedPackage};
pub use own::own_packages;
pub use reader::{EventQuestion, Events, FirstEvent, PackageSources, Reader, relation_of};
pub use state::{Frontier, Progress, Row, Settings, Standing, State, Window};
pub use touched::TouchedPackage;
pub use vars::{VARS_OF_PROMOTION, VarReader, unknown_utils, vars_read};
