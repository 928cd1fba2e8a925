//! What is written down, and what happens when it cannot be.

use super::*;
use crate::decode::reason::Reason;
use serde_json::{Value, json};
use std::fs;

fn origin(request: u64) -> Origin {
    Origin { time_ms: 1_489_312_800_000, feed: "dispatch".into(), peer: "10.0.0.7:40112".parse().ok(), request }
}

fn refused(lines: u32) -> RefusedLines {
    let mut refused = RefusedLines::at_most(lines as usize);
    for line in 1..=lines {
        refused.note(line, b"secret", &Reason::of("value", "is missing").in_words("secret"));
    }
    refused
}

fn letters(folder: &Path) -> Vec<Value> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let texts: Vec<_> = paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    texts.concat().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_letter_says_where_how_long_and_why_and_nothing_else() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("dead-letters");
    let dead_letters = DeadLetters::start(&folder).unwrap();
    dead_letters.lines(&origin(17), &refused(1));
    dead_letters.body(&Origin { peer: None, ..origin(18) }, 99, None, "the body is too large");
    dead_letters.stop();
    let hash = blake3::hash(b"secret").to_hex().to_string();
    let line = json!({"time": "2017-03-12T10:00:00Z", "feed": "dispatch", "peer": "10.0.0.7:40112", "request": 17,
        "line": 1, "bytes": 6, "blake3": hash, "field": "value", "reason": "is missing"});
    let body = json!({"time": "2017-03-12T10:00:00Z", "feed": "dispatch", "request": 18, "bytes": 99,
        "reason": "the body is too large"});
    assert_eq!(letters(&folder), [line, body]);
}

#[test]
fn letters_of_many_requests_arrive_whole_and_in_order() {
    let data = tempfile::tempdir().unwrap();
    let dead_letters = DeadLetters::start(data.path()).unwrap();
    for request in 0..10 {
        dead_letters.lines(&origin(request), &refused(600));
    }
    dead_letters.stop();
    let numbers: Vec<_> = letters(data.path()).iter().map(|l| (l["request"].as_u64(), l["line"].as_u64())).collect();
    let expected: Vec<_> = (0..10).flat_map(|request| (1..=600).map(move |line| (Some(request), Some(line)))).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn what_the_queue_has_no_room_for_is_dropped_and_the_rest_is_kept() {
    let data = tempfile::tempdir().unwrap();
    let files = Files::new(data.path(), u64::MAX, 1);
    let (queue, messages) = channel();
    let waiting = Arc::new(AtomicUsize::new(DEAD_LETTERS_QUEUED_MAX - 2));
    let dead_letters =
        DeadLetters { shared: Arc::new(Shared { queue, waiting: Arc::clone(&waiting), thread: Mutex::default() }) };
    dead_letters.lines(&origin(1), &refused(5));
    dead_letters.lines(&origin(2), &refused(5));
    assert_eq!(waiting.load(Ordering::Relaxed), DEAD_LETTERS_QUEUED_MAX);
    dead_letters.stop();
    Writer { files, waiting: Arc::clone(&waiting), failing: false }.run(&messages);
    assert_eq!(letters(data.path()).len(), 2);
    assert_eq!(waiting.load(Ordering::Relaxed), DEAD_LETTERS_QUEUED_MAX - 2);
}

#[test]
fn a_disk_that_fails_stops_nobody() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("taken");
    fs::write(&folder, "a file where the folder should be").unwrap();
    let dead_letters = DeadLetters::start(&folder).unwrap();
    dead_letters.lines(&origin(1), &refused(5));
    dead_letters.stop();
    // Nobody listens any more; neither is that an error.
    dead_letters.lines(&origin(2), &refused(5));
    dead_letters.stop();
    assert_eq!(fs::read_to_string(&folder).unwrap(), "a file where the folder should be");
}
