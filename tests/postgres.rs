//! The Postgres wire of a real server while events come in: clients that behave, clients that do not, and statements that no
//! door may run.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;
mod wire;

use common::{
    CROWDED_RULES, PEOPLE_METRIC, Running, found_centre, project, python, run, serve, text, verifier, vigie, wait_until,
};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wire::{Client, bind, cancel, connect, error, execute, frame, parse, read_message, start, sync};

const PASSWORD: &str = "correct horse battery staple";
/// Rows that the server has before a test begins; their cross join of three has 27 million million.
const ROWS: usize = 30_000;

/// A server with the wire, two users and rows, which gets more all the time.
struct Served {
    running: Running,
    address: SocketAddr,
    folder: TempDir,
    stop: Arc<AtomicBool>,
    intake: Option<JoinHandle<()>>,
}

fn line(number: usize) -> String {
    let (space, minute) = (if number.is_multiple_of(2) { "town-hall" } else { "city-square" }, number / 60 % 60);
    let (day, hour, second) = (1 + number / 86_400, number / 3_600 % 24, number % 60);
    format!(
        "{{\"id\":\"e{number}\",\"space\":\"{space}\",\"sensor\":\"s{}\",\"metric\":\"people_count\",\"value\":{},\
         \"time\":\"2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z\"}}\n",
        number % 7,
        number % 150
    )
}

impl Served {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let verifier = verifier(PASSWORD);
        let user = |name, spaces| {
            format!("[[sql.postgres.users]]\nname = \"{name}\"\nverifier = \"{verifier}\"\nspaces = {spaces}\n")
        };
        let wire = "[sql.postgres]\nlisten = \"127.0.0.1:0\"\n";
        let bounded = user("bounded", "\"all\"") + "rows_max = 1000\nbytes_max = 200000\n";
        let more = [PEOPLE_METRIC, wire, &user("analyst", "\"all\""), &user("partner", "[\"town-hall\"]"), &bounded];
        let more = more.concat();
        found_centre(folder.path(), &more, CROWDED_RULES);
        let running = Running::start(serve(folder.path()));
        let address = running.postgres();
        for begin in (0..ROWS).step_by(5_000) {
            let lines: String = (begin..begin + 5_000).map(line).collect();
            let (status, said) = running.post("/v1/events", "application/x-ndjson", &lines);
            assert!(status < 300, "{status} {said}");
        }
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, url) = (Arc::clone(&stop), running.url.clone());
        let intake = std::thread::spawn(move || {
            for number in ROWS.. {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let sent = ureq::post(format!("{url}/v1/events"))
                    .header("content-type", "application/x-ndjson")
                    .send(line(number));
                assert!(sent.is_ok(), "intake goes on whatever is asked: {sent:?}");
            }
        });
        Self { running, address, folder, stop, intake: Some(intake) }
    }

    fn client(&self) -> Client {
        Client::sign_in(self.address, "analyst", PASSWORD).unwrap()
    }

    /// The server goes on, nothing in it has panicked, and a query has a slot.
    fn is_well(&self) {
        let answer = self.client().simple("SELECT count(*) FROM spaces");
        assert_eq!(answer.kinds, "TDCZ", "{answer:?}");
        let (status, body) = self.running.get("/healthz");
        assert_eq!(status, 200, "{body}");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.intake.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

/// Statements of a file under `tests/hostile`, with their names.
fn statements(file: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(project().join("tests/hostile").join(file)).unwrap();
    let statements = text.split("\n-- = ").skip(1).map(|part| {
        let (name, sql) = part.split_once('\n').unwrap();
        (name.to_owned(), repeated(sql.trim()))
    });
    statements.collect()
}

/// `«TEXT*NUMBER»` written out.
fn repeated(sql: &str) -> String {
    let mut parts = sql.split('«');
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (repeat, rest) = part.split_once('»').unwrap();
        let (text, number) = repeat.rsplit_once('*').unwrap();
        out.push_str(&text.repeat(number.parse().unwrap()));
        out.push_str(rest);
    }
    out
}

#[test]
fn hostile_statements_are_refused_through_every_door() {
    let served = Served::start();
    let hostile = statements("refused.sql");
    assert!(hostile.len() >= 60, "{}", hostile.len());
    let mut client = served.client();
    let marks = ["/tmp/vigie-hostile", "/tmp/vigie-hostile.csv", "/tmp/vigie-hostile.parquet"];
    for (name, sql) in &hostile {
        let body = serde_json::json!({ "sql": sql, "format": "json" });
        let (status, said) = served.running.post("/v1/sql", "application/json", &body.to_string());
        assert!((400..500).contains(&status), "HTTP answers '{name}' with {status}: {said}");
        for answer in [client.simple(sql), client.extended(sql, &[])] {
            let error = answer.error.unwrap_or_else(|| panic!("the wire answers '{name}' with {:?}", answer.rows));
            assert!(error.0 != "58000" && answer.kinds.ends_with("EZ"), "'{name}': {error:?} {}", answer.kinds);
        }
    }
    // A process each, several side by side.
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((name, sql)) = hostile.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut command = vigie();
                    command.arg("sql").arg("--data").arg(served.folder.path().join("data")).arg("--").arg(sql);
                    let said = text(&run(&mut command, 2).stderr);
                    assert!(said.starts_with("error: "), "'{name}': {said}");
                }
            });
        }
    });
    assert!(marks.iter().all(|mark| !Path::new(mark).exists()));
    served.is_well();
}

#[test]
fn statements_that_need_too_much_are_stopped_and_their_slots_come_back() {
    let served = Served::start();
    let mut client = served.client();
    assert!(client.simple("SET statement_timeout = '700ms'").error.is_none());
    for (name, sql) in statements("stopped.sql") {
        for is_simple in [true, false] {
            let begun = Instant::now();
            let answer = if is_simple { client.simple(&sql) } else { client.extended(&sql, &[]) };
            let (code, said) = answer.error.unwrap_or_else(|| panic!("'{name}' was answered: {:?}", answer.rows));
            assert!(["57014", "53200"].contains(&code.as_str()), "'{name}': {code} {said}");
            assert!(begun.elapsed() < Duration::from_secs(20), "'{name}' took {:?}", begun.elapsed());
        }
        // There are four slots: had one of them not come back each time, this would wait for one.
        let count = served.client().simple("SELECT count(*) FROM spaces");
        assert_eq!(count.error, None, "behind '{name}'");
    }
    served.is_well();
}

/// Values that functions make are outside of the memory that queries share until an operator keeps them.
#[test]
fn statements_that_make_large_values_take_little_memory() {
    let served = Served::start();
    let mut client = served.client();
    assert!(client.simple("SET statement_timeout = '1500ms'").error.is_none());
    // The 256 MiB that queries share, twice while an operator rewrites them, and some parts of answers.
    let most_mib = served.running.memory_peak_mib() + 768;
    for (name, sql) in statements("growing.sql") {
        let begun = Instant::now();
        let answer = client.simple(&sql);
        if let Some((code, said)) = answer.error {
            assert!(["57014", "53200", "54000"].contains(&code.as_str()), "'{name}': {code} {said}");
        }
        let peak_mib = served.running.memory_peak_mib();
        assert!(peak_mib < most_mib, "'{name}' brought the server to {peak_mib} MiB of {most_mib}");
        assert!(begun.elapsed() < Duration::from_secs(30), "'{name}' took {:?}", begun.elapsed());
    }
    served.is_well();
}

#[test]
fn large_answers_pass_through_little_memory_and_a_users_bounds_hold() {
    let served = Served::start();
    let mut client = served.client();
    // Behind the first flush, and behind an answer of the same kind, what is more is the answer's.
    let has_flushed = || served.running.get("/metrics").1.contains("vigie_history_flush_seconds_count");
    wait_until("a flush", || has_flushed().then_some(()));
    assert_eq!(
        client.simple("SELECT a.id, a.event_time, b.value FROM observations a, observations b LIMIT 10000").error,
        None
    );
    let before_mib = served.running.memory_peak_mib();
    let many = "SELECT a.id, a.event_time, b.value FROM observations a, observations b LIMIT 1000000";
    client.send(&frame(b'Q', format!("{many}\0").as_bytes())).unwrap();
    let (mut rows, mut bytes) = (0, 0);
    loop {
        let message = client.next().unwrap();
        assert_eq!(error(&message), None);
        match message.kind {
            b'D' => (rows, bytes) = (rows + 1, bytes + message.body.len()),
            b'Z' => break,
            _ => {}
        }
    }
    let more_mib = served.running.memory_peak_mib() - before_mib;
    println!("{more_mib} MiB more for an answer of {} MiB", bytes >> 20);
    assert!(rows == 1_000_000 && bytes > 40 << 20, "{rows} rows, {bytes} bytes");
    assert!(more_mib < 128, "{more_mib} MiB for an answer of {} MiB", bytes >> 20);
    let mut bounded = Client::sign_in(served.address, "bounded", PASSWORD).unwrap();
    for is_simple in [true, false] {
        let mut ask = |sql| if is_simple { bounded.simple(sql) } else { bounded.extended(sql, &[]) };
        assert_eq!(ask("SELECT id FROM observations LIMIT 1000").rows.len(), 1_000);
        let answer = ask("SELECT id FROM observations");
        let (code, said) = answer.error.unwrap();
        assert!(code == "54000" && said.contains("more than 1000 rows"), "{code} {said}");
        assert!(answer.rows.len() <= 1_000 && answer.kinds.ends_with("EZ"), "{}", answer.rows.len());
        let (code, said) = ask("SELECT a.*, b.* FROM observations a, observations b LIMIT 1000").error.unwrap();
        assert!(code == "54000" && said.contains("larger than 200000 bytes"), "{code} {said}");
    }
    served.is_well();
}

#[test]
fn a_running_query_is_cancelled_by_its_secret_only() {
    let served = Served::start();
    let endless = &statements("stopped.sql")[2].1;
    let mut client = served.client();
    // A request that comes too early does nothing to what follows.
    client.cancel(served.address);
    assert_eq!(client.simple("SELECT 1").error, None);
    client.send(&frame(b'Q', format!("{endless}\0").as_bytes())).unwrap();
    cancel(served.address, client.process, client.secret.wrapping_add(1));
    cancel(served.address, client.process.wrapping_add(1), client.secret);
    // It runs once the server lists it, which its own API would tell only to its own user; asking again until it ends will do.
    let (address, process, secret) = (served.address, client.process, client.secret);
    let done = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&done);
    let asking = std::thread::spawn(move || {
        while !asks.load(Ordering::Relaxed) {
            cancel(address, process, secret);
        }
    });
    let answer = client.answer();
    done.store(true, Ordering::Relaxed);
    asking.join().unwrap();
    assert_eq!(answer.error.unwrap(), ("57014".to_owned(), "canceling statement due to user request".to_owned()));
    assert_eq!(client.simple("SELECT 1").error, None, "the connection goes on");
    // A client that goes away cancels, too.
    let mut gone = served.client();
    gone.send(&frame(b'Q', format!("{endless}\0").as_bytes())).unwrap();
    drop(gone);
    served.is_well();
}

#[test]
fn broken_messages_end_a_connection_and_nothing_else() {
    let served = Served::start();
    let mut raw: Vec<Vec<u8>> = vec![
        b"GET / HTTP/1.1\r\nHost: vigie\r\n\r\n".to_vec(),
        vec![0; 64],
        vec![0xff; 64],
        vec![0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03],
        [0, 0, 0, 8, 0, 2, 0, 0].to_vec(),
        [0, 0, 0x27, 0x11, 0, 3, 0, 0].to_vec(),
        start(&[]),
        start(&[("user", "")]),
        start(&[("user", "analyst"), ("database", "postgres")]),
        start(&[("user", "analyst"), ("replication", "true")]),
        start(&[("user", "analyst"), ("client_encoding", "LATIN1")]),
        start(&[("user", "analyst"), ("options", "-c datafusion.execution.batch_size=1")]),
    ];
    for message in [
        frame(b'Q', b"SELECT 1\0"),
        frame(b'p', b""),
        frame(b'p', b"MD5\0"),
        frame(b'X', b""),
        vec![b'p', 0x7f, 0xff, 0xff, 0xff],
    ] {
        raw.push([start(&[("user", "analyst")]), message].concat());
    }
    let scram = [b"SCRAM-SHA-256\0\0\0\0\x0d".as_slice(), b"n,,n=,r=abcde"].concat();
    raw.push([start(&[("user", "analyst")]), frame(b'p', &scram), frame(b'p', b"c=biws,r=abcde,p=AAAA")].concat());
    for bytes in &raw {
        let mut stream = connect(served.address);
        stream.write_all(bytes).unwrap();
        let mut said = Vec::new();
        // The connection ends, with an error or without; a client that waits is not left waiting.
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut said);
        assert!(!text(&said).contains("SELECT 1"), "{bytes:?}");
    }
    // Behind a sign-in: what cannot be framed ends the connection, the rest is an error.
    for bytes in [
        vec![b'Q', 0, 0, 0, 3],
        vec![b'Q', 0x7f, 0xff, 0xff, 0xff],
        vec![b'B', 0xff, 0xff, 0xff, 0xff],
        vec![b'~', 0, 0, 0, 4],
    ] {
        let mut client = served.client();
        client.send(&bytes).unwrap();
        let error = error(&client.next().unwrap()).unwrap();
        assert_eq!(error.0, "08P01", "{bytes:?}: {error:?}");
        assert_eq!(client.next(), None, "{bytes:?}");
    }
    let mut client = served.client();
    for body in [
        &b"B\xff"[..],
        b"B\0\0\0\x05",
        b"P\0",
        b"D",
        b"DX\0",
        b"E\0",
        b"C",
        b"Q\xff\0",
        b"P\0\xff\0\0\0",
        b"F\0\0",
        b"p\0",
    ] {
        client.send(&[frame(body[0], &body[1..]), sync()].concat()).unwrap();
        let mut answer = client.answer();
        if body[0] == b'Q' {
            assert_eq!(answer.error.take().unwrap().0, "22021");
            answer = client.answer();
            assert_eq!(answer.kinds, "Z");
            continue;
        }
        assert!(answer.error.is_some() && answer.kinds == "EZ", "{body:?}: {answer:?}");
    }
    // Half a message, then silence, then the rest.
    let query = frame(b'Q', b"SELECT 1\0");
    for part in query.chunks(3) {
        client.send(part).unwrap();
    }
    assert_eq!(client.answer().kinds, "TDCZ");
    // Parts of a COPY that nobody began, and everything behind an error up to the next sync, mean nothing.
    let skipped = [parse("", "SELECT nosuch(1)", &[]), bind("", "", &[]), execute("", 0), frame(b'd', b"x"), sync()];
    client.send(&skipped.concat()).unwrap();
    assert_eq!(client.answer().kinds, "EZ");
    client.send(&[execute("nosuch", 0), sync()].concat()).unwrap();
    assert_eq!(client.answer().error.unwrap().0, "34000");
    served.is_well();
}

#[test]
fn what_a_connection_keeps_is_bounded() {
    let served = Served::start();
    let before = served.running.memory_mib();
    let mut client = served.client();
    let sql = format!("SELECT 1 AS a /* {} */", "x".repeat(60_000));
    let mut refused = 0;
    for number in 0..400 {
        client.send(&[parse(&format!("s{number}"), &sql, &[]), sync()].concat()).unwrap();
        refused += usize::from(client.answer().error.is_some_and(|(code, _)| code == "53000"));
    }
    assert!(refused > 300, "{refused}");
    // A message that is announced and never comes takes no room.
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut client = served.client();
        client.send(&[&[b'Q', 0, 3, 0xff, 0xff][..], &[b'x'; 1_000]].concat()).unwrap();
        waiting.push(client);
    }
    // More connections than there may be: those above are told so, and there is room again once others have gone.
    let mut streams: Vec<_> = (0..100).map(|_| connect(served.address)).collect();
    let turned_away = streams.iter_mut().rev().find_map(|stream| {
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        read_message(stream).and_then(|message| error(&message))
    });
    assert_eq!(turned_away.unwrap().0, "53300");
    let during = served.running.memory_mib();
    drop((streams, waiting, client));
    let begun = Instant::now();
    while Client::sign_in(served.address, "analyst", PASSWORD).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30), "no room came back");
    }
    assert!(during < before + 300, "{before} MiB before, {during} MiB during");
    served.is_well();
}

#[test]
fn unknown_names_and_wrong_passwords_are_told_the_same() {
    let served = Served::start();
    let refused = |user, password| Client::sign_in(served.address, user, password).err().unwrap();
    let wrong = refused("analyst", "not the password");
    let unknown = refused("nobody", PASSWORD);
    assert_eq!(wrong, ("28P01".to_owned(), "password authentication failed for user \"analyst\"".to_owned()));
    assert_eq!(unknown, ("28P01".to_owned(), "password authentication failed for user \"nobody\"".to_owned()));
    // One try for each connection: what comes behind a failure is not read.
    let mut partner = Client::sign_in(served.address, "partner", PASSWORD).unwrap();
    let spaces = partner.simple("SELECT DISTINCT space FROM observations");
    assert_eq!(spaces.rows, [[Some("town-hall".to_owned())]], "a partner sees its spaces only");
    let seen = partner.extended("SELECT count(*) FROM observations WHERE space = $1", &[Some("city-square")]);
    assert_eq!(seen.rows, [[Some("0".to_owned())]]);
}

#[test]
fn statements_with_parameters_portals_and_transactions_work() {
    let served = Served::start();
    let mut client = served.client();
    let hostile = "town-hall' OR '1'='1";
    let rows = client.extended("SELECT count(*) FROM observations WHERE space = $1", &[Some(hostile)]).rows;
    assert_eq!(rows, [[Some("0".to_owned())]], "a parameter is a value");
    let typed = client.extended(
        "SELECT count(*), min(value), max(event_time) FROM observations WHERE value >= $1 AND event_time < $2 AND sensor = $3",
        &[Some("100"), Some("2026-03-01 01:00:00+00"), Some("s1")],
    );
    assert_eq!(typed.rows[0][1..], [Some("100".to_owned()), Some("2026-03-01 00:59:59+00".to_owned())], "{typed:?}");
    // A portal gives as many rows as are asked for, and ends with the transaction.
    let numbers = "SELECT id FROM observations ORDER BY event_time, id LIMIT 5";
    client.send(&[parse("n", numbers, &[]), sync()].concat()).unwrap();
    assert_eq!(client.answer().kinds, "1Z");
    assert_eq!(client.simple("BEGIN").kinds, "CZ");
    client
        .send(
            &[bind("p", "n", &[]), execute("p", 2), execute("p", 2), execute("p", 2), execute("p", 2), sync()].concat(),
        )
        .unwrap();
    let fetched = client.answer();
    assert_eq!((fetched.kinds.as_str(), fetched.rows.len()), ("2DDsDDsDCCZ", 5));
    assert_eq!(client.simple("SELECT nosuch(1)").error.unwrap().0, "42883");
    assert_eq!(client.simple("SELECT 1").error.unwrap().0, "25P02");
    assert_eq!(client.simple("COMMIT").kinds, "CZ");
    client.send(&[execute("p", 1), sync()].concat()).unwrap();
    assert_eq!(client.answer().error.unwrap().0, "34000");
    // Wrong parameters are errors of their own.
    assert_eq!(
        client.extended("SELECT count(*) FROM observations WHERE value = $1", &[Some("x")]).error.unwrap().0,
        "22P02"
    );
    assert_eq!(client.extended("SELECT $1", &[]).error.unwrap().0, "08P01");
    assert_eq!(client.extended("SELECT 1", &[Some("1")]).error.unwrap().0, "08P01");
    assert!(client.extended("SELECT $2", &[Some("1"), Some("2")]).error.is_some());
    assert_eq!(client.extended("", &[]).kinds, "12nIZ");
    let version = client.simple("SHOW server_version").rows;
    assert!(version[0][0].as_deref().unwrap().contains("Vigie"), "{version:?}");
    // Several statements of the session may come together, one statement otherwise.
    assert_eq!(client.simple("CLOSE ALL; UNLISTEN *; RESET ALL;").kinds, "CCCZ");
}

const DRIVERS: &str = include_str!("wire/drivers.py");

#[test]
fn python_drivers_read_what_is_documented() {
    let Some(python) = python("python_drivers_read_what_is_documented") else { return };
    let served = Served::start();
    let mut command = Command::new(python);
    command.args(["-c", DRIVERS]).arg(served.address.port().to_string()).arg(PASSWORD);
    let said = text(&run(&mut command, 0).stdout);
    for driver in ["psycopg", "pg8000", "asyncpg", "SQLAlchemy"] {
        assert!(said.contains(&format!("{driver}: fine")), "{said}");
    }
}

const REFLECTION: &str = include_str!("wire/reflection.py");

#[test]
fn sqlalchemy_and_pandas_find_tables_and_views_by_themselves() {
    let Some(python) = python("sqlalchemy_and_pandas_find_tables_and_views_by_themselves") else { return };
    let served = Served::start();
    let mut command = Command::new(python);
    command.args(["-c", REFLECTION]).arg(served.address.port().to_string()).arg(PASSWORD);
    let said = text(&run(&mut command, 0).stdout);
    for part in ["names", "columns and keys", "views", "Table", "pandas"] {
        assert!(said.contains(&format!("{part}: fine")), "{said}");
    }
    served.is_well();
}

#[test]
fn savepoints_say_where_a_failed_transaction_goes_on() {
    let served = Served::start();
    let mut client = served.client();
    let code = |answer: wire::Answer| answer.error.map(|(code, _)| code);
    assert_eq!(code(client.simple("SAVEPOINT a")).as_deref(), Some("25P01"));
    assert_eq!(client.simple("BEGIN; SAVEPOINT a").kinds, "CCZ");
    assert_eq!(code(client.simple("SELECT nosuch(1)")).as_deref(), Some("42883"));
    for sql in ["SELECT 1", "SAVEPOINT b", "RELEASE a"] {
        assert_eq!(code(client.simple(sql)).as_deref(), Some("25P02"), "{sql}");
    }
    assert_eq!(code(client.simple("ROLLBACK TO nosuch")).as_deref(), Some("3B001"));
    assert_eq!(client.extended("ROLLBACK TO SAVEPOINT a", &[]).kinds, "12nCZ");
    assert_eq!(client.simple("SELECT 1").error, None);
    assert_eq!(client.simple("RELEASE a; COMMIT").kinds, "CCZ");
    // They end with their transaction.
    assert_eq!(client.simple("BEGIN; SAVEPOINT a; COMMIT; BEGIN").kinds, "CCCCZ");
    assert_eq!(code(client.simple("RELEASE a")).as_deref(), Some("3B001"));
    assert_eq!(client.simple("ROLLBACK").kinds, "CZ");
    for number in 0..100_usize {
        let sql = format!("SAVEPOINT s{number}");
        let answer = if number == 0 { client.simple(&format!("BEGIN; {sql}")) } else { client.simple(&sql) };
        assert_eq!(code(answer).as_deref(), [None, Some("54000"), Some("25P02")][number.saturating_sub(63).min(2)]);
    }
    served.is_well();
}

#[test]
fn the_jdbc_driver_reads_what_dbeaver_and_metabase_ask() {
    let Some(driver) = wire::jdbc("the_jdbc_driver_reads_what_dbeaver_and_metabase_ask") else { return };
    let served = Served::start();
    let mut command = Command::new("java");
    // A program of one file is compiled as it is started; little of the machine's memory will do.
    command.args(["-Xmx256m", "-XX:+UseSerialGC", "-Duser.timezone=UTC", "-cp"]).arg(driver);
    command.arg(project().join("tests/wire/Jdbc.java")).arg(served.address.port().to_string()).arg(PASSWORD);
    let said = text(&run(&mut command, 0).stdout);
    assert!(said.lines().filter(|line| line.ends_with(": fine")).count() >= 25, "{said}");
}

#[test]
fn psql_shows_tables_and_rows() {
    let Some(psql) = wire::psql("psql_shows_tables_and_rows") else { return };
    let served = Served::start();
    let ask = |statement: &str| {
        let mut command = Command::new(&psql);
        let port = served.address.port().to_string();
        command.args(["-X", "-h", "127.0.0.1", "-p", &port, "-U", "analyst", "-d", "vigie", "-c", statement]);
        command.env("PGPASSWORD", PASSWORD).env("PGCLIENTENCODING", "UTF8").env("PAGER", "cat");
        text(&run(&mut command, 0).stdout)
    };
    let tables = ask("\\dt");
    for table in ["observations", "incidents", "perceptions", "alerts", "actions", "spaces"] {
        assert!(tables.contains(table), "{tables}");
    }
    assert!(ask("\\d").contains("observations"));
    let columns = ask("\\d observations");
    for column in ["event_time", "timestamp with time zone", "value", "double precision", "local_time"] {
        assert!(columns.contains(column), "{columns}");
    }
    for (view, column) in [("coverage", "expected"), ("incidents_current", "local_time")] {
        assert!(ask("\\dv").contains(view) && ask(&format!("\\d {view}")).contains(column), "{view}");
    }
    assert!(!ask("\\dt").contains("coverage"));
    assert!(ask("\\d+ coverage").contains("FROM observations"));
    let databases = ask("\\l");
    assert!(databases.contains(" vigie ") && databases.contains("(1 row)"), "{databases}");
    let users = ask("\\du");
    assert!(users.contains(" analyst ") && !users.contains("partner") && users.lines().count() <= 5, "{users}");
    let functions = ask("\\df");
    for function in ["gap_index", "rate_low", "observed double precision, exposure double precision"] {
        assert!(functions.contains(function), "{functions}");
    }
    assert!(!functions.contains("int4"), "{functions}");
    assert!(ask("\\df holm").contains("(1 row)"));
    assert!(ask("\\da spearman").contains(" json "));
    for none in ["\\di", "\\ds"] {
        assert!(!ask(none).contains("public"), "{none}");
    }
    let views = ask("SELECT count(*), min(viewname) FROM pg_views WHERE definition LIKE '%FROM%'");
    assert!(views.contains("7 | coverage"), "{views}");
    let alerts = ask("SELECT rule, state, count(*) FROM alerts GROUP BY rule, state ORDER BY 1, 2");
    assert!(alerts.contains("Crowded") && alerts.contains("active"), "{alerts}");
}
