//! What commands that run for long share: the async runtime, and the wish to stop.

use crate::exit::Failure;
use std::future::Future;
use tokio::signal::unix::{SignalKind, signal};

/// Runs a command on the async runtime.
///
/// # Errors
/// Those of the command, or when the system gives no threads.
pub fn block_on<T>(run: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::io("cannot start the async runtime", error))?.block_on(run)
}

/// Returns when the user or the system asks the process to stop: Ctrl-C or SIGTERM.
///
/// # Errors
/// When signals cannot be received.
pub async fn stop_asked() -> Result<(), Failure> {
    let cannot = |error| Failure::io("cannot receive signals", error);
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(cannot),
        _ = terminate.recv() => Ok(()),
    }
}
