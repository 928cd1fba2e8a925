//! The Postgres wire over TLS, with certificates made here: clients that check whom they talk to, clients that want what the
//! server has not, and peers that do not speak TLS at all.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;
mod wire;

use common::{CROWDED_RULES, PEOPLE_METRIC, Running, found_centre, python, run, serve, text, verifier};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wire::{connect, error, program, psql, read_message, start};

const PASSWORD: &str = "correct horse battery staple";
/// May we speak TLS?
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// Longer than a server waits for a sign-in.
const SIGN_IN_END: Duration = Duration::from_secs(25);

/// A root and a server's certificate that it vouches for, made with one program everybody has.
fn make_certificates(folder: &Path, key: &[&str], hash: &str) {
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "openssl {arguments:?}: {}", text(&output.stderr));
    };
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
    for root in ["root", "other-root"] {
        let (key, certificate, name) = (format!("{root}.key"), format!("{root}.pem"), format!("/CN={root} of a test"));
        let made =
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
        openssl(&[&made[..], &["-keyout", &key, "-out", &certificate, "-subj", &name]].concat());
    }
    let asked = ["-nodes", "-keyout", "vigie.key", "-out", "vigie.csr", "-subj", "/CN=localhost"];
    openssl(&[&["req", "-newkey"], key, &asked].concat());
    let root = if hash == "ed25519" { sign_by_ed25519_root(&openssl) } else { ["root.pem", "root.key"] };
    let signed =
        ["x509", "-req", "-in", "vigie.csr", "-CA", root[0], "-CAkey", root[1], "-CAcreateserial", "-days", "2"];
    let files = ["-extfile", "names", "-out", "vigie.pem"];
    let hash = if hash == "ed25519" { vec![] } else { vec![hash] };
    openssl(&[&signed[..], &files, &hash].concat());
}

/// A root whose signatures have no hash function of their own.
fn sign_by_ed25519_root(openssl: &dyn Fn(&[&str])) -> [&'static str; 2] {
    openssl(&[
        "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", "-keyout", "root.key", "-out", "root.pem",
        "-subj", "/CN=root",
    ]);
    ["root.pem", "root.key"]
}

const EC: [&str; 3] = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

struct Served {
    running: Running,
    address: SocketAddr,
    folder: TempDir,
}

impl Served {
    /// With TLS whose certificate has such a key, signed with such a hash; without if there is none.
    fn start(tls: Option<(&[&str], &str)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut wire = "[sql.postgres]\nlisten = \"127.0.0.1:0\"\n".to_owned();
        if let Some((key, hash)) = tls {
            make_certificates(folder.path(), key, hash);
            wire.push_str("tls = { certificate = \"vigie.pem\", key = \"vigie.key\" }\n");
        }
        let verifier = verifier(PASSWORD);
        let user = format!("[[sql.postgres.users]]\nname = \"analyst\"\nverifier = \"{verifier}\"\nspaces = \"all\"\n");
        found_centre(folder.path(), &[PEOPLE_METRIC, &wire, &user].concat(), CROWDED_RULES);
        let running = Running::start(serve(folder.path()));
        let address = running.postgres();
        let lines: String = (0..5_000)
            .map(|number| {
                let (minute, second) = (number / 60 % 60, number % 60);
                format!(
                    "{{\"id\":\"e{number}\",\"space\":\"town-hall\",\"sensor\":\"s1\",\"metric\":\"people_count\",\
                     \"value\":{number},\"time\":\"2026-03-01T0{}:{minute:02}:{second:02}Z\"}}\n",
                    number / 3_600
                )
            })
            .collect();
        let (status, said) = running.post("/v1/events", "application/x-ndjson", &lines);
        assert!(status < 300, "{status} {said}");
        Self { running, address, folder }
    }

    /// psql with these options of its connection.
    fn psql(&self, psql: &Path, options: &str, statement: &str) -> Output {
        let port = self.address.port();
        let to = format!(
            "host=localhost hostaddr=127.0.0.1 port={port} user=analyst dbname=vigie connect_timeout=20 {options}"
        );
        let mut command = Command::new(psql);
        command.args(["-X", "-A", "-t", "-d", &to, "-c", statement]).current_dir(self.folder.path());
        command.env("PGPASSWORD", PASSWORD).env("HOME", self.folder.path()).output().unwrap()
    }

    /// A connection that may speak TLS now.
    fn allowed(&self) -> TcpStream {
        let mut stream = connect(self.address);
        stream.set_read_timeout(Some(SIGN_IN_END)).unwrap();
        stream.write_all(&TLS_REQUEST).unwrap();
        let mut letter = [0];
        stream.read_exact(&mut letter).unwrap();
        assert_eq!(letter, *b"S");
        stream
    }

    fn is_well(&self) {
        let (status, body) = self.running.get("/healthz");
        assert_eq!(status, 200, "{body}");
    }
}

/// Reads until the server has closed the connection; fails when it does not.
fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    if let Err(error) = stream.read_to_end(&mut said) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the server keeps the connection");
    }
    said
}

fn refused(output: &Output, because: &str) {
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains(because), "expected '{because}': {output:?}");
}

#[test]
fn psql_checks_the_server_and_binds_its_sign_in_to_it() {
    if program("psql_checks_the_server_and_binds_its_sign_in_to_it", "openssl").is_none() {
        return;
    }
    let Some(psql) = psql("psql_checks_the_server_and_binds_its_sign_in_to_it") else { return };
    let served = Served::start(Some((&EC, "-sha256")));
    let count = "SELECT count(*) FROM observations";
    for options in [
        "sslmode=verify-full sslrootcert=root.pem",
        "sslmode=verify-full sslrootcert=root.pem channel_binding=require",
        "sslmode=verify-full sslrootcert=root.pem channel_binding=disable",
        "sslmode=require channel_binding=require ssl_min_protocol_version=TLSv1.2 ssl_max_protocol_version=TLSv1.2",
        "sslmode=prefer",
    ] {
        let output = served.psql(&psql, options, count);
        assert_eq!(text(&output.stdout), "5000\n", "{options}: {}", text(&output.stderr));
    }
    // A large answer comes whole, and errors are told over TLS, too.
    let rows = served.psql(&psql, "sslmode=verify-full sslrootcert=root.pem", "SELECT * FROM observations");
    assert_eq!(text(&rows.stdout).lines().count(), 5_000);
    refused(&served.psql(&psql, "sslmode=require", "DROP TABLE alerts"), "read-only");
    refused(&served.psql(&psql, "sslmode=verify-full sslrootcert=other-root.pem", count), "certificate verify failed");
    refused(
        &served.psql(&psql, "sslmode=require password=wrong-password-here", count),
        "password authentication failed",
    );
    // Who does not want TLS is not served, and learns what to do.
    let plain = served.psql(&psql, "sslmode=disable", count);
    refused(&plain, "connections without TLS are not taken");
    refused(&plain, "sslmode=verify-full");
    served.is_well();
}

/// RFC 5929: the hash of the certificate is that of its own signature, and some signatures have none.
#[test]
fn sign_ins_are_bound_whatever_signs_the_certificate() {
    if program("sign_ins_are_bound_whatever_signs_the_certificate", "openssl").is_none() {
        return;
    }
    let Some(psql) = psql("sign_ins_are_bound_whatever_signs_the_certificate") else { return };
    let bound = "sslmode=verify-full sslrootcert=root.pem channel_binding=require";
    let served = Served::start(Some((&["rsa:2048"], "-sha384")));
    assert_eq!(text(&served.psql(&psql, bound, "SELECT 1").stdout), "1\n");
    drop(served);
    let served = Served::start(Some((&EC, "ed25519")));
    refused(&served.psql(&psql, bound, "SELECT 1"), "channel binding");
    let unbound = served.psql(&psql, "sslmode=verify-full sslrootcert=root.pem", "SELECT 1");
    assert_eq!(text(&unbound.stdout), "1\n", "{}", text(&unbound.stderr));
}

#[test]
fn a_server_without_tls_says_so() {
    let Some(psql) = psql("a_server_without_tls_says_so") else { return };
    let served = Served::start(None);
    refused(&served.psql(&psql, "sslmode=require", "SELECT 1"), "server does not support SSL");
    assert_eq!(text(&served.psql(&psql, "sslmode=prefer", "SELECT 1").stdout), "1\n");
    served.is_well();
}

const DRIVERS: &str = include_str!("wire/tls.py");

#[test]
fn python_drivers_check_the_server() {
    if program("python_drivers_check_the_server", "openssl").is_none() {
        return;
    }
    let Some(python) = python("python_drivers_check_the_server") else { return };
    let served = Served::start(Some((&EC, "-sha256")));
    let mut command = Command::new(python);
    command
        .args(["-c", DRIVERS])
        .arg(served.address.port().to_string())
        .arg(PASSWORD)
        .current_dir(served.folder.path());
    let said = text(&run(&mut command, 0).stdout);
    for driver in ["psycopg", "asyncpg", "pg8000"] {
        assert!(said.contains(&format!("{driver}: fine")), "{said}");
    }
}

#[test]
fn whatever_comes_in_place_of_a_handshake_ends_its_connection_only() {
    if program("whatever_comes_in_place_of_a_handshake_ends_its_connection_only", "openssl").is_none() {
        return;
    }
    let served = Served::start(Some((&EC, "-sha256")));
    // Garbage, a handshake cut short, a sign-in in clear behind the request, an alert, half a record.
    let garbage: [&[u8]; 6] = [
        &[0; 600],
        &[0xff; 600],
        &start(&[("user", "analyst")]),
        b"GET / HTTP/1.1\r\nHost: vigie\r\n\r\n",
        &[0x15, 3, 3, 0, 2, 2, 40],
        &[0x16, 3, 1, 0x40, 0, 1, 0, 1, 0xfc, 3, 3],
    ];
    for bytes in garbage {
        let mut stream = served.allowed();
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let said = read_to_end(&mut stream);
        assert!(!text(&said).contains("SCRAM"), "{bytes:?} was answered with {said:?}");
    }
    // What comes in clear together with the request must not be taken for what comes encrypted.
    let mut stream = connect(served.address);
    stream.set_read_timeout(Some(SIGN_IN_END)).unwrap();
    stream.write_all(&[&TLS_REQUEST[..], &start(&[("user", "analyst")])].concat()).unwrap();
    assert!(!text(&read_to_end(&mut stream)).contains("SCRAM"));
    // TLS without having asked for it, and a start in clear.
    let mut stream = connect(served.address);
    stream.write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]).unwrap();
    assert_eq!(error(&read_message(&mut stream).unwrap()).unwrap().0, "08P01");
    let mut stream = connect(served.address);
    stream.write_all(&start(&[("user", "analyst")])).unwrap();
    assert_eq!(error(&read_message(&mut stream).unwrap()).unwrap().0, "28000");
    served.is_well();
}

#[test]
fn a_slow_handshake_ends_when_its_time_is_over() {
    if program("a_slow_handshake_ends_when_its_time_is_over", "openssl").is_none() {
        return;
    }
    let served = Served::start(Some((&EC, "-sha256")));
    let begun = Instant::now();
    let mut silent = served.allowed();
    let mut slow = served.allowed();
    slow.write_all(&[0x16, 3, 1, 2, 0, 1]).unwrap();
    let mut idle = connect(served.address);
    idle.set_read_timeout(Some(SIGN_IN_END)).unwrap();
    for stream in [&mut silent, &mut slow, &mut idle] {
        assert_eq!(read_to_end(stream), b"");
    }
    assert!(begun.elapsed() < SIGN_IN_END, "{:?}", begun.elapsed());
    served.is_well();
}
