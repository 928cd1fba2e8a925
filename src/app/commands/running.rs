//! What commands that run for long share: the async runtime, and the wish to stop.

use crate::exit::Failure;
use std::future::Future;
use std::io::Write;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long tasks may go on after the command has ended: none of them matters any more.
const LEFTOVERS_MAX: Duration = Duration::from_secs(1);

/// Runs a command on the async runtime.
///
/// # Errors
/// Those of the command, or when the system gives no threads.
pub fn block_on<T>(run: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("cannot start the async runtime", error))?;
    let done = runtime.block_on(run);
    runtime.shutdown_timeout(LEFTOVERS_MAX);
    done
}

/// Prints a command's answer, ended by a newline.
///
/// # Errors
/// When it cannot be printed; a reader that had enough, as in `vigie sql ... | head`, is fine.
pub fn answer(text: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let newline: &[u8] = if text.ends_with(b"\n") { b"" } else { b"\n" };
    match out.write_all(text).and_then(|()| out.write_all(newline)).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Failure::io("cannot print the answer", error)),
    }
}

/// Prints a line of a running server. A reader that went away, as in `vigie demo | head`, is no reason to end without committing.
pub fn say(line: &str) {
    // There is nobody to tell that nobody listens.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
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

    /// Stops a server, or gives up waiting when somebody wishes so again.
    ///
    /// # Errors
    /// Those of the stop, or that it was not waited for.
    pub async fn while_stopping(&mut self, stop: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        tokio::select! {
            stopped = stop => stopped,
            () = self.received() => Err(Failure::Io("stopped at once; the next start commits the rest from the log".to_owned())),
        }
    }

    /// Returns when somebody wishes the process to stop.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
