//! The least of an HTTP client: what is sent is exactly what is written, so that hostile requests can be sent too.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use vigie_model::problem::{PROBLEM_MEDIA_TYPE, ProblemKind};

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The status and the body; of a problem only what its kind does not say already, once that is checked.
    pub(crate) fn told(&self) -> String {
        if self.status < 400 {
            return format!("{} {}", self.status, self.body);
        }
        assert_eq!(self.header("content-type"), Some(PROBLEM_MEDIA_TYPE), "{}", self.body);
        let kind = ProblemKind::of_status(self.status);
        let (uri, title) = (kind.uri(), kind.title());
        let common = format!(r#"{{"type":"{uri}","title":"{title}","status":{},"#, self.status);
        let own = self.body.strip_prefix(&common).unwrap_or_else(|| panic!("{common} does not begin {}", self.body));
        format!("{} {{{own}", self.status)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

/// Sends a request with these header lines (`\r\n` between them) and reads the whole answer.
pub(crate) fn request(at: SocketAddr, line: &str, headers: &str, body: &[u8]) -> Reply {
    let mut stream = connect(at);
    let host = if headers.to_ascii_lowercase().contains("host:") { String::new() } else { format!("Host: {at}\r\n") };
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
    let head = format!("{line} HTTP/1.1\r\n{host}{headers}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    // A server that refuses early may close before it has read all of a large body.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {answer:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}

pub(crate) fn get(at: SocketAddr, path: &str) -> Reply {
    request(at, &format!("GET {path}"), "", b"")
}

pub(crate) fn post(at: SocketAddr, path: &str, json: &str) -> Reply {
    request(at, &format!("POST {path}"), "Content-Type: application/json", json.as_bytes())
}

/// An open stream of server-sent events.
pub(crate) struct Events(BufReader<TcpStream>);

/// One server-sent event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: String,
}

impl Events {
    pub(crate) fn open(at: SocketAddr, path: &str, headers: &str) -> Self {
        let mut stream = connect(at);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {at}\r\n{headers}\r\n").unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 "), "{line}");
        Self(reader)
    }

    /// The next event that the engine caused; those of people, the clock and the desk are passed over.
    pub(crate) fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.next_of_any()?;
            if !["handling", "desk", "tick"].contains(&&*event.name) {
                return Some(event);
            }
        }
    }

    /// The next event that carries data; `None` at the end of the stream. Lines of chunked framing carry no colon.
    pub(crate) fn next_of_any(&mut self) -> Option<Event> {
        let mut event = Event { id: String::new(), name: String::new(), data: String::new() };
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", value)) => event.id = value.to_owned(),
                Some(("event", value)) => event.name = value.to_owned(),
                Some(("data", value)) => event.data = value.to_owned(),
                _ => {}
            }
            if line.trim_end().is_empty() && !event.data.is_empty() {
                return Some(event);
            }
            if line == "0\r\n" {
                return None;
            }
        }
    }
}

fn connect(at: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}
