//! Which connections wait for their peer, in the order since when.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

const UNPOISONED: &str = "no holder of this lock panics";

/// The connections that wait for their peer.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// A std mutex: held for one look-up or change, never across an await.
    turns: Mutex<Turns>,
    one_more: Notify,
}

#[derive(Debug, Default)]
struct Turns {
    last: u64,
    /// What tells a connection to close, by its turn: the lowest has waited longest.
    by_turn: BTreeMap<u64, Arc<Notify>>,
}

/// One connection's place among them; it begins to wait at once, and leaves when dropped.
#[derive(Debug)]
pub(super) struct Connection {
    all: Arc<Waiting>,
    close: Arc<Notify>,
    /// Its turn while it waits.
    turn: Mutex<Option<u64>>,
}

impl Waiting {
    /// Tells the connection that has waited longest to close; false when none waits.
    pub(super) fn close_longest(&self) -> bool {
        let longest = self.turns.lock().expect(UNPOISONED).by_turn.pop_first();
        longest.inspect(|(_, close)| close.notify_one()).is_some()
    }

    /// Returns once another connection waits.
    pub(super) async fn one_more(&self) {
        self.one_more.notified().await;
    }
}

impl Connection {
    /// A new connection, which waits for its first request.
    pub(super) fn new(all: &Arc<Waiting>) -> Arc<Self> {
        let connection = Arc::new(Self { all: Arc::clone(all), close: Arc::default(), turn: Mutex::default() });
        connection.waits();
        connection
    }

    /// From now on the peer is to act: to send its request, the rest of it, or the next one.
    pub(super) fn waits(&self) {
        let mut turn = self.turn.lock().expect(UNPOISONED);
        let mut turns = self.all.turns.lock().expect(UNPOISONED);
        if let Some(turn) = *turn {
            turns.by_turn.remove(&turn);
        }
        turns.last += 1;
        let next = turns.last;
        turns.by_turn.insert(next, Arc::clone(&self.close));
        *turn = Some(next);
        drop(turns);
        self.all.one_more.notify_one();
    }

    /// From now on the server is to act.
    pub(super) fn answers(&self) {
        if let Some(turn) = self.turn.lock().expect(UNPOISONED).take() {
            self.all.turns.lock().expect(UNPOISONED).by_turn.remove(&turn);
        }
    }

    /// Returns once its place is needed for another.
    pub(super) async fn told_to_close(&self) {
        self.close.notified().await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.answers();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of `connections` is told to close next.
    async fn next(all: &Waiting, connections: &[Arc<Connection>]) -> Option<usize> {
        all.close_longest().then_some(())?;
        for (index, connection) in connections.iter().enumerate() {
            let told = tokio::select! {
                biased;
                () = connection.told_to_close() => true,
                () = std::future::ready(()) => false,
            };
            if told {
                return Some(index);
            }
        }
        None
    }

    #[tokio::test]
    async fn the_longest_wait_ends_first_and_an_answer_never() {
        let all = Arc::new(Waiting::default());
        let connections: Vec<_> = (0..4).map(|_| Connection::new(&all)).collect();
        connections[0].answers();
        connections[1].waits();
        drop(Connection::new(&all));
        assert_eq!(next(&all, &connections).await, Some(2));
        assert_eq!(next(&all, &connections).await, Some(3));
        connections[0].waits();
        assert_eq!(next(&all, &connections).await, Some(1));
        assert_eq!(next(&all, &connections).await, Some(0));
        assert_eq!(next(&all, &connections).await, None);
    }
}
