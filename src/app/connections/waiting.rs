//! Which connections wait for their peer, whose they are, and in which order they began to wait.
//!
//! Who gives way is decided by address first: a peer that holds many connections open loses one before any other peer
//! does. Peers behind one address, as behind a proxy, are one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
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
    /// Per address, what tells a connection to close, by its turn: the lowest has waited longest. None is empty.
    of_peer: HashMap<IpAddr, BTreeMap<u64, Arc<Notify>>>,
}

/// One connection's place among them; it begins to wait at once, and leaves when dropped.
#[derive(Debug)]
pub(super) struct Connection {
    all: Arc<Waiting>,
    peer: IpAddr,
    close: Arc<Notify>,
    /// Its turn while it waits.
    turn: Mutex<Option<u64>>,
}

impl Waiting {
    /// Tells a connection to close: of those whose peers have the most waiting, the one that has waited longest. False
    /// when none waits. Cost: one look at each address with a waiting connection.
    pub(super) fn close_one(&self) -> bool {
        let mut turns = self.turns.lock().expect(UNPOISONED);
        let rank = |own: &BTreeMap<u64, Arc<Notify>>| (own.len(), Reverse(own.keys().next().copied()));
        let worst = turns.of_peer.iter().max_by_key(|(_, own)| rank(own)).map(|(peer, _)| *peer);
        let Some(peer) = worst else { return false };
        let turn = turns.of_peer[&peer].keys().next().copied().expect("no peer without a waiting connection is kept");
        let close = turns.remove(peer, turn);
        close.inspect(|close| close.notify_one()).is_some()
    }

    /// Returns once another connection waits.
    pub(super) async fn one_more(&self) {
        self.one_more.notified().await;
    }
}

impl Turns {
    fn insert(&mut self, peer: IpAddr, close: &Arc<Notify>) -> u64 {
        self.last += 1;
        self.of_peer.entry(peer).or_default().insert(self.last, Arc::clone(close));
        self.last
    }

    fn remove(&mut self, peer: IpAddr, turn: u64) -> Option<Arc<Notify>> {
        let own = self.of_peer.get_mut(&peer)?;
        let close = own.remove(&turn);
        if own.is_empty() {
            self.of_peer.remove(&peer);
        }
        close
    }
}

impl Connection {
    /// A new connection, which waits for its first request.
    pub(super) fn new(all: &Arc<Waiting>, peer: IpAddr) -> Arc<Self> {
        let connection = Arc::new(Self { all: Arc::clone(all), peer, close: Arc::default(), turn: Mutex::default() });
        connection.waits();
        connection
    }

    /// From now on the peer is to act: to send its request, the rest of it, or the next one.
    pub(super) fn waits(&self) {
        let mut turn = self.turn.lock().expect(UNPOISONED);
        let mut turns = self.all.turns.lock().expect(UNPOISONED);
        if let Some(turn) = *turn {
            turns.remove(self.peer, turn);
        }
        *turn = Some(turns.insert(self.peer, &self.close));
        drop(turns);
        self.all.one_more.notify_one();
    }

    /// From now on the server is to act.
    pub(super) fn answers(&self) {
        if let Some(turn) = self.turn.lock().expect(UNPOISONED).take() {
            self.all.turns.lock().expect(UNPOISONED).remove(self.peer, turn);
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

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    /// Which of `connections` is told to close next.
    async fn next(all: &Waiting, connections: &[Arc<Connection>]) -> Option<usize> {
        all.close_one().then_some(())?;
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
        let connections: Vec<_> = (0..4).map(|_| Connection::new(&all, PEER)).collect();
        connections[0].answers();
        connections[1].waits();
        drop(Connection::new(&all, PEER));
        assert_eq!(next(&all, &connections).await, Some(2));
        assert_eq!(next(&all, &connections).await, Some(3));
        connections[0].waits();
        assert_eq!(next(&all, &connections).await, Some(1));
        assert_eq!(next(&all, &connections).await, Some(0));
        assert_eq!(next(&all, &connections).await, None);
        assert!(all.turns.lock().unwrap().of_peer.is_empty());
    }

    #[tokio::test]
    async fn whoever_has_the_most_gives_way_first() {
        let all = Arc::new(Waiting::default());
        let peers = [[10, 0, 0, 1], [10, 0, 0, 2], [10, 0, 0, 2], [10, 0, 0, 3], [10, 0, 0, 2]].map(IpAddr::from);
        let connections: Vec<_> = peers.map(|peer| Connection::new(&all, peer)).into();
        let mut order = Vec::new();
        while let Some(index) = next(&all, &connections).await {
            order.push(index);
        }
        assert_eq!(order, [1, 2, 0, 3, 4]);
    }
}
