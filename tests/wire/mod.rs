//! A client of the Postgres wire written for these tests from the protocol's description, so that it can also misbehave.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac, pbkdf2};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroU32;
use std::time::Duration;

/// How long a test waits for an answer before it fails.
const ANSWER_WAIT: Duration = Duration::from_secs(60);

/// A message of the server: its letter and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub kind: u8,
    pub body: Vec<u8>,
}

/// What a statement was answered with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub columns: Vec<String>,
    /// Ids of the columns' types.
    pub types: Vec<u32>,
    pub rows: Vec<Vec<Option<String>>>,
    /// SQLSTATE and text.
    pub error: Option<(String, String)>,
    /// Letters of all messages.
    pub kinds: String,
}

pub struct Client {
    stream: TcpStream,
    pub process: i32,
    pub secret: i32,
}

pub fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + 4).expect("a test's message is short").to_be_bytes();
    [&[kind][..], &length, body].concat()
}

/// A start packet.
pub fn start(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = 0x0003_0000_i32.to_be_bytes().to_vec();
    for (name, value) in parameters {
        body.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
    }
    body.push(0);
    let length = i32::try_from(body.len() + 4).expect("a test's packet is short").to_be_bytes();
    [&length[..], &body].concat()
}

pub fn parse(name: &str, sql: &str, types: &[u32]) -> Vec<u8> {
    let mut body = format!("{name}\0{sql}\0").into_bytes();
    body.extend_from_slice(&u16::try_from(types.len()).expect("few types").to_be_bytes());
    types.iter().for_each(|id| body.extend_from_slice(&id.to_be_bytes()));
    frame(b'P', &body)
}

/// A bind of text parameters, for text columns.
pub fn bind(portal: &str, statement: &str, parameters: &[Option<&str>]) -> Vec<u8> {
    let mut body = format!("{portal}\0{statement}\0").into_bytes();
    body.extend_from_slice(&0_u16.to_be_bytes());
    body.extend_from_slice(&u16::try_from(parameters.len()).expect("few parameters").to_be_bytes());
    for parameter in parameters {
        let length = parameter.map_or(-1, |text| i32::try_from(text.len()).expect("a short text"));
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(parameter.unwrap_or_default().as_bytes());
    }
    body.extend_from_slice(&0_u16.to_be_bytes());
    frame(b'B', &body)
}

pub fn execute(portal: &str, rows_max: i32) -> Vec<u8> {
    frame(b'E', &[format!("{portal}\0").as_bytes(), &rows_max.to_be_bytes()].concat())
}

pub fn sync() -> Vec<u8> {
    frame(b'S', b"")
}

/// A connection that has said nothing yet.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(ANSWER_WAIT)).expect("a time is set");
    stream.set_write_timeout(Some(ANSWER_WAIT)).expect("a time is set");
    stream
}

/// The next message; `None` at the end.
pub fn read_message(stream: &mut TcpStream) -> Option<Message> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).ok()?;
    let length = i32::from_be_bytes(head[1..].try_into().expect("four bytes"));
    let mut body = vec![0; usize::try_from(length).expect("a length") - 4];
    stream.read_exact(&mut body).ok()?;
    Some(Message { kind: head[0], body })
}

/// SQLSTATE and text of an error.
pub fn error(message: &Message) -> Option<(String, String)> {
    if message.kind != b'E' {
        return None;
    }
    let field = |kind: u8| {
        let mut fields = message.body.split(|byte| *byte == 0);
        fields.find(|field| field.first() == Some(&kind)).map(|field| String::from_utf8_lossy(&field[1..]).into_owned())
    };
    Some((field(b'C')?, field(b'M')?))
}

impl Client {
    /// Signs in.
    pub fn sign_in(address: SocketAddr, user: &str, password: &str) -> Result<Self, (String, String)> {
        Self::sign_in_with(address, &[("user", user), ("database", "vigie")], password)
    }

    pub fn sign_in_with(
        address: SocketAddr,
        parameters: &[(&str, &str)],
        password: &str,
    ) -> Result<Self, (String, String)> {
        let mut stream = connect(address);
        stream.write_all(&start(parameters)).expect("the server takes a start");
        let mut next = || {
            let message = read_message(&mut stream).unwrap_or(Message { kind: 0, body: Vec::new() });
            match error(&message) {
                Some(error) => Err(error),
                None => Ok(message),
            }
        };
        let offered = next()?;
        assert_eq!((offered.kind, &offered.body[..4]), (b'R', &10_i32.to_be_bytes()[..]), "SASL is offered");
        let bare = "n=,r=fyko+d2lbbFgONRv9qkxdawL";
        let first = format!("n,,{bare}");
        let length = i32::try_from(first.len()).expect("short").to_be_bytes();
        let body = [b"SCRAM-SHA-256\0", &length[..], first.as_bytes()].concat();
        stream.write_all(&frame(b'p', &body)).expect("the server takes a message");
        let mut next = || {
            let message = read_message(&mut stream).unwrap_or(Message { kind: 0, body: Vec::new() });
            match error(&message) {
                Some(error) => Err(error),
                None => Ok(message),
            }
        };
        let challenge = String::from_utf8(next()?.body[4..].to_vec()).expect("a challenge is text");
        let part =
            |name: &str| challenge.split(',').find_map(|part| part.strip_prefix(name)).expect("a part").to_owned();
        let salt = STANDARD.decode(part("s=")).expect("base64");
        let rounds: NonZeroU32 = part("i=").parse().expect("a number");
        let mut salted = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, password.as_bytes(), &mut salted);
        let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
        let client_key = sign(&salted, b"Client Key");
        let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
        let without_proof = format!("c=biws,r={}", part("r="));
        let signed = format!("{bare},{challenge},{without_proof}");
        let signature = sign(stored_key.as_ref(), signed.as_bytes());
        let proof: Vec<u8> =
            client_key.as_ref().iter().zip(signature.as_ref()).map(|(one, other)| one ^ other).collect();
        let last = format!("{without_proof},p={}", STANDARD.encode(proof));
        stream.write_all(&frame(b'p', last.as_bytes())).expect("the server takes a message");
        let mut client = Self { stream, process: 0, secret: 0 };
        loop {
            let message = client.next().expect("the server goes on");
            if let Some(error) = error(&message) {
                return Err(error);
            }
            match message.kind {
                b'K' => {
                    client.process = i32::from_be_bytes(message.body[..4].try_into().expect("four bytes"));
                    client.secret = i32::from_be_bytes(message.body[4..].try_into().expect("four bytes"));
                }
                b'Z' => return Ok(client),
                _ => {}
            }
        }
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    pub fn next(&mut self) -> Option<Message> {
        read_message(&mut self.stream)
    }

    /// Everything up to the next sign that the server is ready, or the end.
    pub fn answer(&mut self) -> Answer {
        let mut answer = Answer::default();
        while let Some(message) = self.next() {
            answer.kinds.push(char::from(message.kind));
            match message.kind {
                b'T' => (answer.columns, answer.types) = columns(&message.body).into_iter().unzip(),
                b'D' => answer.rows.push(row(&message.body)),
                b'E' => answer.error = error(&message),
                b'Z' => break,
                _ => {}
            }
        }
        answer
    }

    /// A statement of the simple protocol.
    pub fn simple(&mut self, sql: &str) -> Answer {
        self.send(&frame(b'Q', format!("{sql}\0").as_bytes())).expect("the server takes a query");
        self.answer()
    }

    /// A statement of the extended protocol.
    pub fn extended(&mut self, sql: &str, parameters: &[Option<&str>]) -> Answer {
        let describe = frame(b'D', b"P\0");
        let messages = [parse("", sql, &[]), bind("", "", parameters), describe, execute("", 0), sync()].concat();
        self.send(&messages).expect("the server takes a query");
        self.answer()
    }

    /// Asks to stop what runs here.
    pub fn cancel(&self, address: SocketAddr) {
        cancel(address, self.process, self.secret);
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

pub fn cancel(address: SocketAddr, process: i32, secret: i32) {
    let mut stream = connect(address);
    let packet = [16_i32, 80_877_102, process, secret].map(i32::to_be_bytes).concat();
    stream.write_all(&packet).expect("the server takes a request");
    // The server closes once it has looked.
    let _ = stream.read(&mut [0]);
}

/// Names and ids of types.
fn columns(body: &[u8]) -> Vec<(String, u32)> {
    let mut rest = &body[2..];
    let mut columns = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let type_id = u32::from_be_bytes(rest[end + 7..end + 11].try_into().expect("four bytes"));
        columns.push((String::from_utf8_lossy(&rest[..end]).into_owned(), type_id));
        rest = &rest[end + 19..];
    }
    columns
}

fn row(body: &[u8]) -> Vec<Option<String>> {
    let mut rest = &body[2..];
    let mut values = Vec::new();
    while !rest.is_empty() {
        let length = i32::from_be_bytes(rest[..4].try_into().expect("four bytes"));
        rest = &rest[4..];
        match usize::try_from(length) {
            Ok(length) => {
                values.push(Some(String::from_utf8_lossy(&rest[..length]).into_owned()));
                rest = &rest[length..];
            }
            Err(_) => values.push(None),
        }
    }
    values
}

/// `psql`, if it is installed; says so when it is not.
pub fn psql(test: &str) -> Option<std::path::PathBuf> {
    program(test, "psql")
}

/// A program of those that `scripts/psql.sh` installs; says so when it is not there.
pub fn program(test: &str, name: &str) -> Option<std::path::PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("VIGIE_REQUIRE_PSQL").is_none(), "VIGIE_REQUIRE_PSQL is set without {name}");
        // Past the test runner's capture, so that a skipped check is seen.
        let said = format!("{name} is not installed; scripts/psql.sh installs it");
        writeln!(io::stderr(), "SKIPPED {test}: {said}").expect("standard error can be written");
    }
    found
}

/// The JDBC driver of PostgreSQL, as `VIGIE_JDBC` names it, where there is a JDK; says so when there is not.
pub fn jdbc(test: &str) -> Option<std::path::PathBuf> {
    let driver = std::env::var_os("VIGIE_JDBC").map(std::path::PathBuf::from);
    let driver = driver.filter(|file| file.is_file());
    let has_jdk =
        std::process::Command::new("javac").arg("-version").output().is_ok_and(|output| output.status.success());
    let found = driver.filter(|_| has_jdk);
    if found.is_none() {
        assert!(
            std::env::var_os("VIGIE_REQUIRE_JDBC").is_none(),
            "VIGIE_REQUIRE_JDBC is set without a JDK and VIGIE_JDBC"
        );
        // Past the test runner's capture, so that a skipped check is seen.
        let said = "there is no JDK, or VIGIE_JDBC names no driver; scripts/jdbc.sh installs both";
        writeln!(io::stderr(), "SKIPPED {test}: {said}").expect("standard error can be written");
    }
    found
}
