//! Arrow IPC over HTTP.

use super::*;
use crate::encode::{ArrowWriter, Sent};
use std::io::Write;
use vigie_model::quality::Quality;

const STREAM: (&str, &str) = ("content-type", "application/vnd.apache.arrow.stream");

fn body(rows: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ArrowWriter::create(Vec::new()).unwrap();
    for (id, space) in rows {
        let sent = Sent { id, space, metric: "people_count", event_time_ms: 1_489_312_800_000, ..Sent::default() };
        writer.push(&Sent { quality: Quality::Good, ..sent }).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn rows_are_taken_like_lines() {
    let (server, _reader) = server(1000);
    let body = body(&[("a", "town-hall"), ("b", "nowhere"), ("a", "town-hall"), ("c", "town-hall")]);
    let expected = concat!(
        r#"{"accepted":2,"duplicates":1,"undeduplicated":0,"time_adjusted":0,"rejected":["#,
        r#"{"line":2,"reason":"space 'nowhere' is not declared"}],"notes":[]}"#,
    );
    assert_eq!(server.post("?feed=dispatch", &[STREAM], &body), (200, expected.to_owned()));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&body).unwrap();
    let headers = [("content-type", "Application/vnd.apache.arrow.file; x=y"), ("content-encoding", "gzip")];
    let (status, reply) = server.post("?feed=dispatch", &headers, &gzip.finish().unwrap());
    assert_eq!((status, reply.contains(r#""accepted":0,"duplicates":3"#)), (200, true), "{reply}");
}

#[test]
fn a_body_that_is_not_whole_is_refused_as_a_whole() {
    let (server, _reader) = server(1000);
    let body = body(&[("a", "town-hall")]);
    let (status, reply) = server.post("", &[STREAM], &body[..body.len() - 20]);
    assert_eq!((status, reply.contains("breaks off in the middle; nothing was taken")), (400, true), "{reply}");
    let (status, reply) = server.post_lines(&event(1));
    assert_eq!((status, reply.contains(r#""accepted":1"#)), (200, true), "{reply}");
    let (status, reply) = server.post("", &[STREAM], event(2).as_bytes());
    assert_eq!((status, reply.contains("something else")), (400, true), "{reply}");
    let (status, reply) = server.post("", &[("content-type", "application/parquet")], b"PAR1");
    assert_eq!((status, reply.contains("application/vnd.apache.arrow.stream")), (415, true), "{reply}");
}

/// Each byte in turn is another one; more is in `decode::arrow_ipc`.
#[test]
fn changed_bodies_are_answered_below_500() {
    let (server, _reader) = server(100_000);
    let body = body(&[("a", "town-hall"), ("b", "town-hall")]);
    for at in 0..body.len() {
        let mut body = body.clone();
        body[at] ^= 0xff;
        let (status, reply) = server.post("", &[STREAM], &body);
        assert!([200, 400].contains(&status), "{at}: {status} {reply}");
    }
}
