//! Gives events their order: into the journal first, then to whoever watches.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinError;

use super::clock::Clock;
use crate::domain::{Method, Record, RunEvent};
use crate::journal::{Durability, JournalError, Writer};

impl Inner {
    fn send(&mut self, record: &Record) {
        self.seq += 1;
        self.watchers.retain(|watcher| watcher.send(record.clone()).is_ok());
    }
}

/// Records events. Cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<Mutex<Inner>>,
    clock: Clock,
}

struct Inner {
    /// `None` when nothing is kept, because nothing is changed.
    writer: Option<Arc<std::sync::Mutex<Writer>>>,
    seq: u64,
    watchers: Vec<mpsc::UnboundedSender<Record>>,
}

impl Recorder {
    /// Records into `writer`, where there is one, and tells `watchers`.
    pub fn new(writer: Option<Writer>, clock: Clock, watchers: Vec<mpsc::UnboundedSender<Record>>) -> Self {
        let writer = writer.map(|writer| Arc::new(std::sync::Mutex::new(writer)));
        Self { inner: Arc::new(Mutex::new(Inner { writer, seq: 0, watchers })), clock }
    }

    /// Writes `event` and, where losing it would lose or double something, syncs it; then tells it. When this fails,
    /// nothing may be sent any more.
    pub async fn emit(&self, event: RunEvent) -> Result<(), JournalError> {
        let durability = durability(&event);
        let mut inner = self.inner.lock().await;
        let record = Record { at: self.clock.now(), seq: inner.seq, event };
        match (inner.writer.clone(), durability) {
            (None, _) => {}
            (Some(writer), Durability::Written) => lock(&writer).append(&record, durability)?,
            // A sync may take long on a slow disk; the other tasks go on meanwhile.
            (Some(writer), Durability::Synced) => {
                let synced = record.clone();
                let written =
                    tokio::task::spawn_blocking(move || lock(&writer).append(&synced, durability)).await;
                match written.map_err(JoinError::try_into_panic) {
                    Ok(written) => written?,
                    Err(Ok(panic)) => std::panic::resume_unwind(panic),
                    // The runtime ends, and this task with it: nothing is sent for a record that was not written.
                    Err(Err(_)) => std::future::pending().await,
                }
            }
        }
        inner.send(&record);
        Ok(())
    }

    /// True when what is told is kept too: only then may anything be changed.
    pub async fn keeps(&self) -> bool {
        self.inner.lock().await.writer.is_some()
    }

    /// Tells the watchers alone: for the reason why the journal could not be written.
    pub async fn tell(&self, event: RunEvent) {
        let mut inner = self.inner.lock().await;
        let record = Record { at: self.clock.now(), seq: inner.seq, event };
        inner.send(&record);
    }
}

fn lock(writer: &std::sync::Mutex<Writer>) -> std::sync::MutexGuard<'_, Writer> {
    // A writer that panicked refuses to write on by itself.
    writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn durability(event: &RunEvent) -> Durability {
    match event {
        RunEvent::CallStarted(call) if matches!(call.shown.method, Method::Get | Method::Head) => {
            Durability::Written
        }
        RunEvent::CallStarted(_)
        | RunEvent::RunStarted(_)
        | RunEvent::OperationAccepted { .. }
        | RunEvent::Answered(_)
        | RunEvent::UseChosen { .. }
        | RunEvent::StepFinished { .. }
        | RunEvent::RunFinished { .. } => Durability::Synced,
        _ => Durability::Written,
    }
}
