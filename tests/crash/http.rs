//! One HTTP/1.1 connection of a sender, which knows whether a request was under way when the connection broke.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The status that says that events were taken and are durable.
pub const TAKEN: u16 = 200;
/// An answer that takes longer is a failure of the test.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);

/// A connection kept open for many requests.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    address: String,
}

/// The connection broke without an answer.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// When the request had been handed to the system as a whole; `None` when it had not.
    pub sent: Option<Instant>,
}

impl Connection {
    /// Connects to `address`, as `127.0.0.1:8080`.
    pub fn open(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WAIT_MAX))?;
        Ok(Self { stream: BufReader::new(stream), address: address.to_owned() })
    }

    /// Sends events and waits for the answer: status and JSON.
    pub fn post_events(&mut self, body: &str) -> Result<(u16, Value), Cut> {
        let head = format!(
            "POST /v1/events HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let stream = self.stream.get_mut();
        let written = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        let sent = written.is_ok().then(Instant::now);
        if sent.is_none() {
            return Err(Cut { sent });
        }
        self.answer().map_err(|error| {
            let waited = matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
            assert!(!waited, "no answer within {ANSWER_WAIT_MAX:?}");
            Cut { sent }
        })
    }

    fn answer(&mut self) -> std::io::Result<(u16, Value)> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("an HTTP status line");
        let mut length = 0;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length is a number");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 || !line.ends_with('\n') {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
