//! The background task that flushes history: by interval, by number of hot rows, and once more at the end.
//!
//! A flush that fails is tried again, each time after twice the pause, up to [`BACKOFF_MAX`]; the rows stay hot
//! meanwhile, and once the buffer is full, callers of `take_*` wait. Nothing is lost and memory stays bounded. After a
//! failed fsync there is no further attempt, see `History::poisoned`.

use super::writer::{History, with_causes};
use crate::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The longest pause between attempts of a failing flush.
pub const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Attempts of the last flush; a disk that fails this often in a row will not recover while somebody waits.
const LAST_ATTEMPTS_MAX: u32 = 3;

/// The running task. Dropping it ends the task after a last flush too, but nobody hears how that went.
pub struct Flusher {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Error>>,
}

impl Flusher {
    /// Starts the task on the current tokio runtime.
    #[must_use]
    pub fn start(history: Arc<History>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(run(history, stopped)) }
    }

    /// Ends the task after a last flush.
    ///
    /// # Errors
    /// When the last flush failed; the log still has its rows, and taking them again stores them.
    pub async fn stop(self) -> Result<(), Error> {
        // The receiver is gone only if the task panicked, which joining it reports.
        let _ = self.stop.send(());
        self.task.await.expect("the flusher does not panic")
    }
}

async fn run(history: Arc<History>, mut stopped: oneshot::Receiver<()>) -> Result<(), Error> {
    let interval = history.options().flush_interval;
    let mut pause = interval;
    loop {
        let healthy = pause == interval;
        tokio::select! {
            _ = &mut stopped => return last_flush(&history).await,
            () = tokio::time::sleep(pause) => {}
            () = history.flush_wanted(), if healthy => {}
        }
        pause = match history.flush().await {
            Ok(_) => interval,
            Err(error @ Error::Poisoned { .. }) => return Err(error),
            Err(error) => {
                let next = (pause * 2).clamp(interval, BACKOFF_MAX.max(interval));
                tracing::error!(
                    error = with_causes(&error),
                    rows_hot = history.rows_hot(),
                    retry_s = next.as_secs_f64(),
                    "cannot flush history; rows stay in memory"
                );
                next
            }
        };
    }
}

async fn last_flush(history: &History) -> Result<(), Error> {
    let mut attempt = 1;
    loop {
        match history.flush().await {
            Ok(_) => return Ok(()),
            Err(error @ Error::Poisoned { .. }) => return Err(error),
            Err(error) if attempt == LAST_ATTEMPTS_MAX => return Err(error),
            Err(error) => {
                tracing::warn!(error = with_causes(&error), attempt, "the last flush failed; trying again");
                attempt += 1;
            }
        }
    }
}
