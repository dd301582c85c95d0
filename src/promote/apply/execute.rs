//! Executes the script of a promotion or of its rollback. The record says how far it got.

use anyhow::Result;

use super::aftermath::{way_out, what_is_done, what_is_taken_back};
use super::record::{PromotionRecord, Stage};
use super::statements::{Ended, execute_all};
use super::telling::Telling;
use crate::event::Emit;
use crate::promote::sql::Script;
use crate::workspace::OpenTarget;

/// The direction of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Promotion,
    Rollback,
}

/// The stages of a record while a script is executed.
#[derive(Debug)]
struct Course {
    way: Way,
    /// The stage to return to if a rollback changes nothing.
    before: Stage,
}

impl Course {
    fn of(record: &PromotionRecord, way: Way) -> Self {
        let before = match &record.stage {
            // This rollback was killed before.
            Stage::RollingBack { before, .. } => *before.clone(),
            stage => stage.clone(),
        };
        Self { way, before }
    }

    /// The stage after so many statements.
    fn at(&self, done: usize) -> Stage {
        match self.way {
            Way::Promotion => Stage::Executing { done },
            Way::Rollback => Stage::RollingBack { done, before: Box::new(self.before.clone()) },
        }
    }

    /// The stage at the end.
    fn end(&self, ended: &Ended, script: &Script) -> Stage {
        let is_done = ended.executed == script.statements.len();
        match (&ended.error, self.way) {
            (_, Way::Promotion) if is_done => Stage::Promoted,
            (_, Way::Rollback) if is_done => Stage::RolledBack,
            // The connection was lost at the commit. Only prod can tell whether the promotion is taken back.
            (Some(_), Way::Rollback) if script.commit() == Some(ended.executed) && ended.is_in_doubt() => {
                self.at(ended.executed)
            }
            // The rollback changed nothing.
            (_, Way::Rollback) => self.before.clone(),
            (None, Way::Promotion) => Stage::Promoted,
            (Some(error), Way::Promotion) => Stage::Failed {
                statement: ended.executed,
                error: format!("{error:#}"),
                may_be_done: ended.is_in_doubt(),
            },
        }
    }
}

/// Executes a script of a promotion, and keeps its record up to date.
pub(super) fn execute(
    target: &OpenTarget<'_>,
    record: &mut PromotionRecord,
    (way, script): (Way, &Script),
    telling: &mut Telling,
    emit: Emit<'_>,
) -> Result<()> {
    let course = Course::of(record, way);
    let folder = telling.folder().to_owned();
    record.stage = course.at(0);
    record.save(&folder)?;
    let keep = |done| {
        record.stage = course.at(done);
        record.save(&folder)
    };
    let ended = execute_all(target, script, keep, telling, emit);
    record.stage = course.end(&ended, script);
    record.save(&folder)?;
    let executed = ended.executed;
    ended.into_result(script, |error| {
        let (is_done, what_now) = match way {
            Way::Promotion => {
                (what_is_done(script, executed, record), way_out(script, executed, record, &folder))
            }
            Way::Rollback => what_is_taken_back(script, executed, error),
        };
        format!("{is_done} {what_now}")
    })?;
    telling.check()
}
