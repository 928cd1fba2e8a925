//! Encodings and limits, each from outside.

use super::{event, server};
use crate::limits::{BODY_BYTES_MAX, DECODED_BYTES_MAX, EVENTS_PER_REQUEST_MAX, JSON_DEPTH_MAX, LINE_BYTES_MAX};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::io::Write;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

type Encode = fn(&[u8]) -> Vec<u8>;

const ENCODINGS: [(&str, Encode); 2] = [("gzip", gzip), ("zstd", zstd)];

fn json(reply: &str) -> Value {
    serde_json::from_str(reply).unwrap()
}

#[test]
fn encoded_bodies_are_taken_like_plain_ones() {
    let (server, _reader) = server(1000);
    for (n, (encoding, encode)) in ENCODINGS.into_iter().enumerate() {
        let body = [encode(event(2 * n).as_bytes()), encode(b"\n"), encode(event(2 * n + 1).as_bytes())].concat();
        let (status, reply) = server.post("", &[("content-encoding", encoding)], &body);
        assert_eq!((status, &json(&reply)["accepted"]), (200, &Value::from(2)), "{encoding}: {reply}");
    }
}

#[test]
fn a_stream_that_is_cut_short_is_refused_and_nothing_of_it_is_taken() {
    let (server, _reader) = server(1000);
    let text = (0..3).map(|value| event(value) + "\n").collect::<String>();
    for (encoding, encode) in ENCODINGS {
        let body = encode(text.as_bytes());
        for end in [1, body.len() / 2, body.len() - 1] {
            let (status, reply) = server.post("", &[("content-encoding", encoding)], &body[..end]);
            let expected = format!("the body is no whole {encoding} stream; nothing was taken");
            assert_eq!((status, reply.contains(&expected)), (400, true), "{reply}");
        }
        let (status, _) = server.post("", &[("content-encoding", encoding)], text.as_bytes());
        assert_eq!(status, 400, "{encoding} is declared and not there");
        assert_eq!(server.post("", &[("content-encoding", encoding)], b"").0, 400);
    }
    // Had anything been taken, it would be a duplicate now.
    let (_, reply) = server.post_lines(&text);
    assert_eq!((&json(&reply)["accepted"], &json(&reply)["duplicates"]), (&Value::from(3), &Value::from(0)));
}

#[test]
fn a_bomb_is_refused_in_words() {
    let (server, _reader) = server(1000);
    let zeros = vec![0; 2 << 20];
    for (encoding, encode) in ENCODINGS {
        let (status, reply) = server.post("", &[("content-encoding", encoding)], &encode(&zeros));
        assert_eq!((status, reply.contains("the body grows to more than 100 times its size")), (413, true), "{reply}");
    }
    // Too sparse for the ratio to matter.
    let mut state = 1_u32;
    let mut text: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(100_000)
    .collect();
    text.resize(DECODED_BYTES_MAX + 1, b'\n');
    let (status, reply) = server.post("", &[("content-encoding", "zstd")], &zstd(&text));
    assert_eq!((status, reply.contains("the body is larger than 8388608 bytes once decoded")), (413, true), "{reply}");
}

#[test]
fn a_body_is_as_long_as_it_may_be_and_no_longer() {
    let (server, _reader) = server(1000);
    let mut body = event(1).into_bytes();
    body.resize(BODY_BYTES_MAX, b'\n');
    assert_eq!(server.post("", &[], &body).0, 200);
    body.push(b'\n');
    assert_eq!(server.post("", &[], &body).0, 413);
    assert_eq!(server.post("", &[("content-encoding", "gzip")], &body).0, 413);
}

#[test]
fn a_line_may_be_as_long_and_as_deep_as_the_limits_say() {
    let (server, _reader) = server(1000);
    let mut longest = event(1);
    longest.insert_str(longest.len() - 1, &" ".repeat(LINE_BYTES_MAX - longest.len()));
    let longer = longest.replace("\"value\":1", "\"value\":12");
    let nested = |value, depth: usize| {
        event(value).replace('}', &format!(r#","x":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1)))
    };
    let body = [longest, longer, event(2), nested(3, JSON_DEPTH_MAX), nested(4, JSON_DEPTH_MAX + 1), event(5)];
    let told = |reply: &str| {
        let reply = json(reply);
        let reasons: Vec<_> = reply["rejected"]
            .as_array()
            .unwrap()
            .iter()
            .map(|reject| (reject["line"].as_u64().unwrap(), reject["reason"].as_str().unwrap().to_owned()))
            .collect();
        (reply["accepted"].as_u64().unwrap(), reasons)
    };
    let expected = (4, vec![(2, "longer than 65536 bytes".to_owned()), (5, "nests deeper than 32".to_owned())]);
    let (status, reply) = server.post_lines(&body.join("\n"));
    assert_eq!((status, told(&reply)), (200, expected.clone()));
    let (_, reply) = server.post("", &[], format!("[{}]", body.join(", ")).as_bytes());
    assert_eq!(told(&reply), (0, expected.1), "the same in an array, all of it sent before");
}

#[test]
fn a_request_holds_as_many_lines_as_the_limit_says() {
    let (server, mut reader) = server(100_000);
    let drained = std::thread::spawn(move || while reader.take(&mut Vec::new()) {});
    let line = |value: usize| format!("{{\"space\":\"town-hall\",\"metric\":\"m\",\"value\":{value},\"time\":0}}\n");
    let mut text: String = "{}\n".repeat(10);
    text.extend((10..EVENTS_PER_REQUEST_MAX + 3).map(line));
    let (status, reply) = server.post("", &[("content-encoding", "zstd")], &zstd(text.as_bytes()));
    let reply = json(&reply);
    assert_eq!((status, reply["accepted"].as_u64()), (200, Some(EVENTS_PER_REQUEST_MAX as u64 - 10)), "{reply}");
    let rejected = reply["rejected"].as_array().unwrap();
    assert_eq!((rejected.len(), &rejected[10]["line"]), (13, &Value::from(EVENTS_PER_REQUEST_MAX + 1)));
    let expected = "more than 50000 events in one request; send the rest in another";
    assert_eq!(rejected[12]["reason"], expected);
    server.intake.stop();
    drained.join().unwrap();
}
