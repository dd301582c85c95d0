//! What was executed: its record, and what prod holds of it.

mod presence;
mod record;
mod witnesses;

pub use presence::{Known, Presence};
pub use record::{PromotionRecord, Stage, write_files};
pub use witnesses::{TableWitness, Witnessed, WitnessedRows, Witnesses};
