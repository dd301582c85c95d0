//! Who reads about a promotion while it is executed, and how that ends.

use std::cell::{Cell, RefCell};

use anyhow::{Result, bail};
use camino::Utf8Path;

use crate::cli::{PromoteArgs, PromoteFormat};
use crate::event::{Event, PromotionTask};
use crate::output::{self, Detail, Listeners, Paint, Part};

/// The listeners of one call of `promote`.
pub(super) struct Told {
    // A backfill for --sync pauses them, in the middle of the events.
    listeners: RefCell<Listeners>,
    task: PromotionTask,
    finished: Cell<bool>,
}

/// Refuses a format that has nothing to show.
///
/// # Errors
/// Usage: nothing is executed.
pub(super) fn check_format(args: &PromoteArgs) -> Result<()> {
    if args.format == PromoteFormat::Events && !is_executed(args) {
        bail!(
            "--format events shows what is executed: add --apply, or give --format json for the plan or the list"
        );
    }
    Ok(())
}

fn is_executed(args: &PromoteArgs) -> bool {
    args.apply || args.rollback
}

impl Told {
    /// `directory` is the dbt project's folder.
    ///
    /// # Errors
    /// The workflow's summary cannot be opened.
    pub(super) fn open(args: &PromoteArgs, task: PromotionTask, directory: &Utf8Path) -> Result<Self> {
        let detail = |usual| if args.verbose { Detail::Verbose } else { usual };
        let people = |usual| Listeners::people(detail(usual), Part::Whole);
        let listeners = match args.format {
            PromoteFormat::Events => Listeners::json(detail(Detail::Trouble)),
            PromoteFormat::Github if is_executed(args) => {
                Listeners::github(directory, detail(Detail::Trouble))?
            }
            // A rollback has no document.
            PromoteFormat::Json if !args.rollback => people(Detail::Trouble),
            PromoteFormat::Human | PromoteFormat::Json | PromoteFormat::Github => people(Detail::Full),
        };
        Ok(Self { listeners: RefCell::new(listeners), task, finished: Cell::new(false) })
    }

    pub(super) fn emit(&self, event: Event) {
        self.finished.set(self.finished.get() || matches!(event, Event::PromotionFinished(_)));
        self.listeners.borrow_mut().emit(event);
    }

    /// Does something while no progress bar is drawn.
    pub(super) fn paused<T>(&self, act: impl FnOnce() -> T) -> T {
        self.listeners.borrow_mut().paused(act)
    }

    /// Ends the output, and passes on how the command ended. That counts even if its output is incomplete.
    pub(super) fn finish<T>(self, ended: Result<T>) -> Result<T> {
        let mut listeners = self.listeners.into_inner();
        if let Err(error) = &ended
            && !self.finished.get()
        {
            listeners.end_before_the_first_statement(self.task, error);
        }
        if let Err(unwritten) = listeners.finish() {
            output::say(&format!("{} {unwritten:#}\n", Paint::for_stderr().warning("warning:")));
        }
        ended
    }
}
