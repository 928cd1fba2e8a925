//! What refused lines and bodies leave behind, and that their bytes are not among it.

use super::{Server, event, server};
use crate::limits::{BODY_BYTES_MAX, DEAD_LETTERS_PER_REQUEST_MAX};
use serde_json::{Value, json};
use std::fs;

const SECRET: &str = "Jane-Roe-4021";

impl Server {
    /// Every letter so far; none are written from then on.
    pub(super) fn letters(&self) -> Vec<Value> {
        let text = self.letters_text();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn letters_text(&self) -> String {
        self.dead_letters.stop();
        let Ok(folder) = fs::read_dir(self.data.path().join("dead-letters")) else { return String::new() };
        let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }
}

#[test]
fn refused_lines_are_found_by_place_length_and_hash() {
    let (server, _reader) = server(1000);
    let unknown = r#"{"space":"nowhere","metric":"m","value":1,"time":0}"#;
    let body = format!("{}\r\n{unknown}\r\n\n{{]\n", event(1));
    assert_eq!(server.post("?feed=dispatch", &[], body.as_bytes()).0, 200);
    let letters = server.letters();
    let of = |letter: &Value, name: &str| letter[name].clone();
    let hash = |text: &str| json!(blake3::hash(text.as_bytes()).to_hex().as_str());
    assert_eq!(letters.len(), 2);
    let seen = ["line", "bytes", "blake3", "field", "reason"].map(|name| of(&letters[0], name));
    assert_eq!(seen, [json!(2), json!(unknown.len()), hash(unknown), json!("space"), json!("is not declared")]);
    let seen = ["line", "bytes", "blake3", "field", "reason"].map(|name| of(&letters[1], name));
    assert_eq!(seen, [json!(4), json!(2), hash("{]"), Value::Null, json!("not a JSON object")]);
    for letter in &letters {
        assert_eq!((of(letter, "feed"), of(letter, "request")), (json!("dispatch"), json!(1)));
        assert!(letter["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{letter}");
        assert!(letter["time"].as_str().unwrap().ends_with('Z'), "{letter}");
    }
}

#[test]
fn lines_and_elements_that_are_too_long_are_hashed_whole() {
    let (server, _reader) = server(1000);
    let long = format!(r#"{{"x":"{}"}}"#, "x".repeat(100_000));
    assert_eq!(server.post_lines(&format!("{}\n{long}\r\n{}", event(1), event(2))).0, 200);
    assert_eq!(server.post_lines(&format!("[{}, {long} ,{}", event(3), event(4))).0, 200);
    let letters: Vec<_> = server
        .letters()
        .iter()
        .map(|letter| (letter["line"].clone(), letter["blake3"].clone(), letter["reason"].clone()))
        .collect();
    let hash = |text: &str| json!(blake3::hash(text.as_bytes()).to_hex().as_str());
    let too_long = (json!(2), hash(&long), json!("too long"));
    let open = "the array is not closed: a ']', '}' or quote is missing";
    assert_eq!(letters, [too_long.clone(), too_long, (json!(3), hash(&event(4)), json!(open))]);
}

#[test]
fn bodies_refused_as_a_whole_leave_one_letter() {
    let (server, _reader) = server(1000);
    let encoded = |encoding, body: &[u8]| server.post("", &[("content-encoding", encoding)], body).0;
    assert_eq!(encoded("gzip", SECRET.as_bytes()), 400);
    assert_eq!(encoded("zstd", SECRET.as_bytes()), 400);
    let bomb = zstd::encode_all(vec![0; 2 << 20].as_slice(), 1).unwrap();
    assert_eq!(encoded("zstd", &bomb), 413);
    let large = vec![b' '; BODY_BYTES_MAX + 1];
    assert_eq!(encoded("identity", &large), 413);
    let seen: Vec<_> = server
        .letters()
        .iter()
        .map(|letter| {
            assert!(letter.get("line").is_none() && letter.get("field").is_none(), "{letter}");
            (letter["request"].clone(), letter["bytes"].clone(), letter["blake3"].clone(), letter["reason"].clone())
        })
        .collect();
    let letter = |request: u64, body: &[u8], reason: &str| {
        (json!(request), json!(body.len()), json!(blake3::hash(body).to_hex().as_str()), json!(reason))
    };
    let expected = [
        letter(1, SECRET.as_bytes(), "the body cannot be decoded"),
        letter(2, SECRET.as_bytes(), "the body cannot be decoded"),
        letter(3, &bomb, "the decoded body grows too much"),
        letter(4, &large, "the body is too large"),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn one_request_leaves_a_bounded_number_of_letters() {
    let (server, _reader) = server(1000);
    assert_eq!(server.post_lines(&"{]\n".repeat(DEAD_LETTERS_PER_REQUEST_MAX + 1)).0, 400);
    assert_eq!(server.letters().len(), DEAD_LETTERS_PER_REQUEST_MAX);
}

/// Every field of every type, holding a secret in every JSON shape, and broken JSON around it.
#[test]
fn no_letter_holds_a_byte_of_what_was_refused() {
    const FIELDS: [&str; 31] = [
        "type",
        "id",
        "space",
        "lat",
        "lon",
        "time",
        "node",
        "sensor",
        "seq",
        "metric",
        "value",
        "quality",
        "category",
        "severity",
        "channel",
        "reported",
        "source_reliability",
        "status",
        "version",
        "text",
        "wave",
        "question",
        "scale",
        "period",
        "group",
        "n",
        "unsafe",
        "share",
        "weight",
        "undeclared",
        SECRET,
    ];
    let valid = [
        json!({"type": "observation", "space": "town-hall", "metric": "m", "value": 1, "time": 0}),
        json!({"type": "incident", "space": "town-hall", "category": "theft", "time": 0}),
        json!({"type": "perception", "space": "town-hall", "question": "q", "n": 2, "unsafe": 1, "time": 0}),
    ];
    let long = SECRET.repeat(1000);
    let shapes = [
        json!(SECRET),
        json!({ SECRET: SECRET }),
        json!({ SECRET: 1 }),
        json!([SECRET]),
        json!(long),
        json!(format!("{SECRET}/")),
        json!(format!("{SECRET}\n")),
    ];
    let mut lines = Vec::new();
    for event in &valid {
        for field in FIELDS {
            for shape in &shapes {
                let mut event = event.clone();
                event[field] = shape.clone();
                let text = event.to_string();
                lines.push(text.replace('}', &format!(",\"{field}\":1}}")));
                lines.push(text[..text.len() - 1].to_owned());
                lines.push(text);
            }
        }
    }
    lines.extend([SECRET.to_owned(), format!("\"{SECRET}\""), format!("[\"{SECRET}\"]"), format!("{{\"{SECRET}")]);
    lines.push(format!("{{\"given twice\":\"{SECRET}\""));
    let (server, _reader) = server(100_000);
    let (mut rejected, mut quoted) = (0, false);
    for lines in lines.chunks(50) {
        let (status, reply) = server.post_lines(&lines.join("\n"));
        assert_eq!(status, 200, "{reply}");
        quoted |= reply.contains(SECRET);
        let reply: Value = serde_json::from_str(&reply).unwrap();
        rejected += reply["rejected"].as_array().unwrap().len();
    }
    assert!(rejected > 500 && quoted, "the replies name what was sent, {rejected} times");
    let text = server.letters_text();
    assert_eq!(text.lines().count(), rejected);
    assert!(!text.contains(SECRET) && !text.contains("Jane") && !text.contains("Roe"));
    // Nor anything else but what a letter is made of.
    for letter in server.letters() {
        let names: Vec<_> = letter.as_object().unwrap().keys().map(String::as_str).collect();
        let known = ["time", "feed", "peer", "request", "line", "bytes", "blake3", "field", "reason"];
        assert!(names.iter().all(|name| known.contains(name)), "{letter}");
        assert!(letter["field"].is_null() || FIELDS[..29].contains(&letter["field"].as_str().unwrap()), "{letter}");
    }
}
