//! What is executed tells of itself: to whoever listens, and to the journal beside its record.

use std::time::Instant;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::record::PromotionRecord;
use crate::event::{
    Emit, Envelope, Event, PromotionDetail, PromotionFinished, PromotionStarted, PromotionTask,
};
use crate::workspace::Journal;

/// The events of a promotion, of its rollback, or of dropping backups.
#[derive(Debug)]
pub(super) struct Telling {
    task: PromotionTask,
    journal: Journal,
    folder: Utf8PathBuf,
    began: Instant,
    /// How many statements were executed.
    executed: usize,
    /// The first write that failed. What is executed continues without it.
    lost: Option<anyhow::Error>,
}

impl Telling {
    /// Opens the journal in the folder of a record, before anything is executed: that may fail.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn open(task: PromotionTask, folder: &Utf8Path) -> Result<Self> {
        let journal = Journal::create(folder.join("journal.jsonl"))?;
        let folder = folder.to_owned();
        Ok(Self { task, journal, folder, began: Instant::now(), executed: 0, lost: None })
    }

    pub(super) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    pub(super) fn tell(&mut self, event: Event, emit: Emit<'_>) {
        if let Event::StatementFinished(finished) = &event {
            self.executed = finished.statement;
        }
        let envelope = Envelope::now(event);
        let written = self.journal.append(&envelope);
        self.keep(written);
        emit(envelope.event);
    }

    /// Keeps the first error of a write, to report it when the statements are done.
    pub(super) fn keep(&mut self, written: Result<()>) {
        if let Err(error) = written {
            self.lost.get_or_insert(error);
        }
    }

    /// # Errors
    /// Something could not be written.
    pub(super) fn check(&mut self) -> Result<()> {
        self.lost.take().map_or(Ok(()), Err)
    }

    /// Tells the end, and passes on what it is. `good` says what follows from a good one.
    ///
    /// # Errors
    /// What ended badly; something could not be written.
    pub(super) fn end<T>(
        mut self,
        ended: Result<T>,
        good: impl FnOnce(&T) -> PromotionFinished,
        emit: Emit<'_>,
    ) -> Result<T> {
        let what = match &ended {
            Ok(done) => good(done),
            Err(error) => PromotionFinished { error: Some(format!("{error:#}")), ..Default::default() },
        };
        let finished = PromotionFinished {
            task: self.task,
            executed: self.executed,
            folder: Some(self.folder.clone()),
            seconds: self.began.elapsed().as_secs_f64(),
            ..what
        };
        self.tell(Event::PromotionFinished(finished), emit);
        let done = ended?;
        self.check().map(|()| done)
    }
}

/// The beginning of what a record says.
pub(super) fn started(
    record: &PromotionRecord,
    (task, total): (PromotionTask, usize),
    details: Vec<PromotionDetail>,
    folder: &Utf8Path,
) -> PromotionStarted {
    PromotionStarted {
        task,
        from: Some(record.from.clone()),
        to: record.to.clone(),
        adapter: record.dialect.clone(),
        strategy: None,
        models: record.models.clone(),
        planned_at: Some(record.at),
        continues: false,
        stopped_at: None,
        total,
        details,
        folder: folder.to_owned(),
    }
}
