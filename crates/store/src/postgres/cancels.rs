//! Stopping the query of one connection from another.
//!
//! A cancel request comes on a connection of its own, without a sign-in: whoever names a connection's number and its secret
//! may stop what runs there, and nothing else. Both are random, so that there are 63 bits to guess. A request that finds
//! nothing running does nothing, in particular not to the next statement.

use ring::rand::{SecureRandom, SystemRandom};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use vigie_postgres::scram::same;

/// Who can be stopped.
#[derive(Debug, Default)]
pub(crate) struct Cancels {
    // A std mutex: it is held for a look-up, never across an await.
    connections: Mutex<HashMap<i32, Cancellable>>,
}

#[derive(Debug)]
struct Cancellable {
    secret: i32,
    running: Arc<Notify>,
}

/// A connection's entry, until it is dropped.
#[derive(Debug)]
pub(crate) struct CancelKey {
    cancels: Arc<Cancels>,
    pub(crate) process: i32,
    pub(crate) secret: i32,
    /// Wakes whoever waits at that very moment.
    pub(crate) running: Arc<Notify>,
}

impl Cancels {
    /// An entry for a new connection; `None` when the system gives no random bytes.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<CancelKey> {
        let running = Arc::<Notify>::default();
        loop {
            let mut random = [0; 8];
            SystemRandom::new().fill(&mut random).ok()?;
            let [a, b, c, d, secret @ ..] = random;
            let (process, secret) = (i32::from_be_bytes([a & 0x7f, b, c, d]), i32::from_be_bytes(secret));
            let mut connections = self.connections();
            if process != 0 && !connections.contains_key(&process) {
                connections.insert(process, Cancellable { secret, running: Arc::clone(&running) });
                drop(connections);
                return Some(CancelKey { cancels: Arc::clone(self), process, secret, running });
            }
        }
    }

    /// Stops what runs on a connection, if the secret is its own.
    pub(crate) fn cancel(&self, process: i32, secret: i32) {
        let connections = self.connections();
        let entry = connections.get(&process);
        // Somebody unknown is compared with, too: the time tells nothing.
        let own = entry.map_or(0, |entry| entry.secret);
        if same(&own.to_be_bytes(), &secret.to_be_bytes())
            && let Some(entry) = entry
        {
            entry.running.notify_waiters();
        }
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<i32, Cancellable>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CancelKey {
    fn drop(&mut self) {
        self.cancels.connections().remove(&self.process);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn only_the_secret_stops_what_runs_now() {
        let cancels = Arc::<Cancels>::default();
        let key = cancels.enter().unwrap();
        cancels.cancel(key.process, key.secret);
        let notify = Arc::clone(&key.running);
        let running = notify.notified();
        tokio::pin!(running);
        running.as_mut().enable();
        assert!(running.as_mut().now_or_never().is_none(), "a request before does not stop what comes after");
        cancels.cancel(key.process, key.secret.wrapping_add(1));
        cancels.cancel(key.process.wrapping_add(1), key.secret);
        assert!(running.as_mut().now_or_never().is_none());
        cancels.cancel(key.process, key.secret);
        assert!(running.now_or_never().is_some());
        drop(key);
        assert!(cancels.connections().is_empty());
    }
}
