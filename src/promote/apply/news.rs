//! What people are told while a promotion or its rollback is executed, or backups are dropped.

use super::drop_plan::DropPlan;
use super::record::PromotionRecord;
use crate::promote::plan::Plan;

/// Shows news to people.
pub type Tell<'a> = &'a mut dyn FnMut(&News<'_>);

/// A step of a promotion or its rollback.
#[derive(Debug)]
pub enum News<'a> {
    Begins(&'a Plan),
    /// A promotion that was stopped is being finished.
    Finishes(&'a PromotionRecord),
    /// A statement has been executed.
    StatementDone {
        number: usize,
        /// How many there are.
        total: usize,
        /// What it is for.
        title: &'a str,
    },
    /// A promotion that was stopped has left nothing in prod.
    LeftNothing(&'a PromotionRecord),
    RollbackBegins(&'a PromotionRecord),
    /// A rollback is done.
    RolledBack(&'a PromotionRecord),
    DropsBackups(&'a DropPlan),
}
