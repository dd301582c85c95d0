//! All that knows Snowplow's dbt packages: their hooks, `models_to_run`, the incremental manifest, the four states.

mod family;
mod hook;
mod models_to_run;
mod observation;
mod state;
mod vars;

pub use family::{Family, hook_takes_session_timestamp, load_family_heals};
pub use hook::{Hook, Package, discover, hooks};
pub use models_to_run::{Scope, TouchedPackage};
pub use observation::{Observation, PackageTables};
pub use state::{Frontier, Row, Settings, Standing};
pub use vars::{events, settings};
