//! What commands that run for long share: the async runtime, and the wish to stop.

use crate::exit::Failure;
use std::future::Future;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs a command on the async runtime.
///
/// # Errors
/// Those of the command, or when the system gives no threads.
pub fn block_on<T>(run: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::io("cannot start the async runtime", error))?.block_on(run)
}

/// The wish to stop: Ctrl-C or SIGTERM.
#[derive(Debug)]
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Listens from now on, so that a wish during the start is not lost.
    ///
    /// # Errors
    /// When signals cannot be received.
    pub fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::io("cannot receive signals", error));
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Returns when somebody wishes the process to stop.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
