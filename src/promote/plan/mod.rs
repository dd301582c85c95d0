//! What is promoted, what is refused, and what prod's next run will be. Pure: nothing is read or written
//! here.

mod action;
mod arranging;
mod backup;
mod comparing;
mod copying;
mod decide;
mod dependents;
mod facts;
mod fingerprint;
mod forecast;
mod granted;
mod hidden;
mod kinds;
mod layout;
mod notes;
mod parts;
mod properties;
mod readiness;
mod replaced;
mod right;
mod rights;
mod strategy;
mod sync;
mod verification;

pub(super) use arranging::{differing, new_arrangement, new_distribution, new_sort_key};
pub use backup::{BackupFacts, BackupNames};
pub use copying::written_as;
pub(super) use copying::{copies_tags, is_clustered_automatically, is_transient, is_wanted_transient};
pub use decide::check_places;
pub use dependents::{DependentsQuestion, dependents_questions};
pub use facts::{
    Column, Configured, Facts, Identity, ModelFacts, PackageFacts, Physical, TableFacts, Tables,
};
pub use fingerprint::{Fingerprints, short_digest};
pub(super) use fingerprint::{of_model, of_package};
pub use forecast::Forecast;
pub(super) use kinds::{configured_format, new_format};
pub use layout::Layout;
pub(super) use layout::arrangement;
pub use parts::{Action, Direction, Ledger, MovedRow, Plan, Table, Wishes};
pub use properties::{Fate, Held, Known as KnownProperty, OfReplaced, Property};
pub(super) use properties::{configured_key, key_of, property_of, restated, set_after_copy};
pub(super) use replaced::LONGEST_WITH_END;
pub use right::Right;
pub use strategy::CopyStrategy;
pub use sync::{as_if_synced, sync_until};
pub use verification::Verification;
