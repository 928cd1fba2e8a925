//! A follower of the public alert stream: what an operator was shown before a crash.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};

/// A row of the stream: its position and its JSON.
pub type Row = (u64, String);

/// Follows the stream from its beginning until the server is gone.
#[derive(Debug)]
pub struct Follower {
    rows: Arc<Mutex<Vec<Row>>>,
    thread: JoinHandle<()>,
}

impl Follower {
    /// Connects to a server that listens.
    pub fn start(address: &str) -> Self {
        let mut stream = TcpStream::connect(address).expect("the server listens");
        write!(stream, "GET /v1/alerts/stream HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("the server listens");
        let rows = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&rows);
        Self { rows, thread: spawn(move || follow(BufReader::new(stream), &seen)) }
    }

    /// How many rows it has seen.
    pub fn seen(&self) -> usize {
        self.rows.lock().expect("no holder panics").len()
    }

    /// The rows it has seen so far.
    pub fn rows(&self) -> Vec<Row> {
        self.rows.lock().expect("no holder panics").clone()
    }

    /// All it has seen, once the server is gone.
    pub fn end(self) -> Vec<Row> {
        self.thread.join().expect("a follower does not panic");
        Arc::into_inner(self.rows).expect("the thread has ended").into_inner().expect("no holder panics")
    }
}

/// Reads events; one that is not complete was not shown.
fn follow(mut stream: BufReader<TcpStream>, seen: &Mutex<Vec<Row>>) {
    let (mut id, mut data) = (None, None);
    let mut line = String::new();
    while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
        let text = line.trim_end();
        if let Some(value) = text.strip_prefix("id:") {
            id = value.trim().parse().ok();
        } else if let Some(value) = text.strip_prefix("data:") {
            data = Some(value.trim().to_owned());
        } else if text.is_empty() {
            if let (Some(id), Some(data)) = (id.take(), data.take()) {
                seen.lock().expect("no holder panics").push((id, data));
            }
        }
        line.clear();
    }
}
