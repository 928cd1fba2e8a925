//! A follower of the public alert stream: what an operator was shown before a crash is shown again after it.

use crate::common::wait_until;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};

/// A row of the stream: its position and its JSON.
pub type Row = (u64, String);

/// Everything shown so far, over all lives of the server.
#[derive(Debug, Default)]
pub struct Shown {
    pub rows: Vec<Row>,
}

/// Follows the stream from its beginning until the server is gone.
#[derive(Debug)]
pub struct Follower {
    rows: Arc<Mutex<Vec<Row>>>,
    thread: JoinHandle<()>,
}

impl Shown {
    /// Follows a server that listens, once it has shown as much as was shown before.
    pub fn follow(&self, address: &str) -> Follower {
        let follower = Follower::start(address).expect("the server listens");
        wait_until("the alerts of the last life", || (follower.seen() >= self.rows.len()).then_some(()));
        follower
    }

    /// Takes what a follower saw until the server was gone: first what was shown before, byte for byte.
    pub fn take(&mut self, follower: Follower) {
        let before = self.rows.len();
        let shown = self.take_what_there_is(follower);
        assert!(shown >= before, "{before} rows were shown, now {shown}");
    }

    /// As [`Self::take`], of a server that may have ended before it showed everything again; how many rows it showed.
    pub fn take_what_there_is(&mut self, follower: Follower) -> usize {
        let rows = follower.end();
        for (before, now) in self.rows.iter().zip(&rows) {
            assert_eq!(before, now, "an alert that was shown is another one after the restart");
        }
        let shown = rows.len();
        if shown > self.rows.len() {
            self.rows = rows;
        }
        shown
    }
}

impl Follower {
    /// Connects to a server, unless it is gone, and follows from the beginning.
    pub fn start(address: &str) -> std::io::Result<Self> {
        Self::resume(address, None)
    }

    /// Connects to a server, unless it is gone, and goes on behind the last row seen.
    pub fn resume(address: &str, last: Option<u64>) -> std::io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        let last = last.map(|position| format!("Last-Event-ID: {position}\r\n")).unwrap_or_default();
        write!(stream, "GET /v1/alerts/stream HTTP/1.1\r\nHost: {address}\r\n{last}\r\n")?;
        let rows = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&rows);
        Ok(Self { rows, thread: spawn(move || follow(BufReader::new(stream), &seen)) })
    }

    /// How many rows it has seen.
    pub fn seen(&self) -> usize {
        self.rows.lock().expect("no holder panics").len()
    }

    /// The position of the last row it has seen.
    pub fn last(&self) -> Option<u64> {
        self.rows.lock().expect("no holder panics").last().map(|(position, _)| *position)
    }

    /// The first `count` rows it sees, once it has seen them, and fails if there are more by then.
    pub fn wait_for(&self, count: usize) -> Vec<Row> {
        wait_until("rows of the stream", || (self.seen() >= count).then_some(()));
        let rows = self.rows.lock().expect("no holder panics").clone();
        assert_eq!(rows.len(), count, "{rows:?}");
        rows
    }

    /// All it has seen, once the server is gone.
    pub fn end(self) -> Vec<Row> {
        self.thread.join().expect("a follower does not panic");
        Arc::into_inner(self.rows).expect("the thread has ended").into_inner().expect("no holder panics")
    }
}

/// Reads events of the engine; one that is not complete was not shown.
fn follow(mut stream: BufReader<TcpStream>, seen: &Mutex<Vec<Row>>) {
    let (mut id, mut data, mut is_of_engine) = (None, None, true);
    let mut line = String::new();
    while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
        let text = line.trim_end();
        if let Some(value) = text.strip_prefix("id:") {
            id = value.trim().parse().ok();
        } else if let Some(value) = text.strip_prefix("event:") {
            is_of_engine = !["suppression", "handling", "desk", "tick"].contains(&value.trim());
        } else if let Some(value) = text.strip_prefix("data:") {
            data = Some(value.trim().to_owned());
        } else if text.is_empty()
            && let (Some(id), Some(data)) = (id.take(), data.take())
            && is_of_engine
        {
            seen.lock().expect("no holder panics").push((id, data));
        }
        line.clear();
    }
}
