//! Executes a promotion, keeps its record, asks prod what it holds of it, finishes it, takes it back, drops
//! the backups that it leaves.

mod aftermath;
mod backups;
mod compare;
mod drop;
mod drop_plan;
mod execute;
mod presence;
mod prod;
mod record;
mod resume;
mod rollback;
mod run;
mod statements;
mod telling;
mod witnesses;

pub use backups::{Backup, BackupsFound};
pub use drop::drop_backups;
pub use drop_plan::{DropPlan, Droppable, Kept, Why};
pub use presence::{Known, Presence};
pub use record::{PromotionRecord, Stage, write_files};
pub use resume::{Asked, find_unfinished, kept_document};
pub use rollback::roll_back;
pub use run::{Application, Applied, apply, finish};
pub use witnesses::{TableWitness, Witnessed, WitnessedRows, Witnesses};
