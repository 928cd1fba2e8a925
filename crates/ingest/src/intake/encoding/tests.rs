//! What each encoding gives back, and how little a stream that is none of them costs.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

/// Bytes that do not compress, the same for every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

#[test]
fn streams_in_a_row_are_one_body() {
    for (encoding, encode) in [(Encoding::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Encoding::Zstd, zstd)] {
        let body = [encode(b"one\n"), encode(b""), encode(b"two\n")].concat();
        assert_eq!(encoding.undo(&body).unwrap().as_ref(), b"one\ntwo\n");
    }
    assert_eq!(Encoding::Identity.undo(b"one\n").unwrap().as_ref(), b"one\n");
}

#[test]
fn a_stream_cut_short_at_any_byte_or_followed_by_anything_else_is_corrupt() {
    let text = b"{\"space\":\"square\"}\n".repeat(20);
    for (encoding, body) in [(Encoding::Gzip, gzip(&text)), (Encoding::Zstd, zstd(&text))] {
        for end in 1..body.len() {
            let undone = encoding.undo(&body[..end]);
            assert!(matches!(undone, Err(Undecodable::Corrupt(_))), "{encoding:?} cut at {end}: {undone:?}");
        }
        let followed = [body.as_slice(), b"more"].concat();
        assert!(matches!(encoding.undo(&followed), Err(Undecodable::Corrupt(_))), "{encoding:?}");
    }
}

#[test]
fn a_flipped_bit_in_a_gzip_stream_is_noticed() {
    let text = noise(60);
    let body = gzip(&text);
    // Behind the header, whose time and system do not matter.
    for bit in 10 * 8..body.len() * 8 {
        let mut body = body.clone();
        body[bit / 8] ^= 1 << (bit % 8);
        // Only bits that mean nothing, as those between a block's header and its bytes, may change nothing.
        assert!(Encoding::Gzip.undo(&body).map_or(true, |undone| undone == text.as_slice()), "bit {bit}");
    }
}

#[test]
fn a_bomb_is_refused_at_its_bound() {
    let zeros = vec![0; BODY_BYTES_MAX + 1];
    for (encoding, bomb) in [(Encoding::Gzip, gzip(&zeros)), (Encoding::Zstd, zstd(&zeros))] {
        assert_eq!(encoding.undo(&bomb), Err(Undecodable::TooDense), "{} bytes", bomb.len());
    }
    assert_eq!(Encoding::Zstd.undo(&zstd(&zeros[..BODY_BYTES_MAX])).unwrap().len(), BODY_BYTES_MAX);
    // Sparse enough for any ratio, and one byte too long.
    let mut large = noise(DECODED_BYTES_MAX / DECODED_RATIO_MAX * 2);
    large.resize(DECODED_BYTES_MAX, 0);
    assert_eq!(Encoding::Zstd.undo(&zstd(&large)).unwrap().len(), DECODED_BYTES_MAX);
    let too_large = [large.as_slice(), b" "].concat();
    assert_eq!(Encoding::Zstd.undo(&zstd(&too_large)), Err(Undecodable::TooLarge));
}

#[test]
fn the_result_never_has_room_for_more_than_its_bound() {
    for limit in [1, PIECE_BYTES - 1, PIECE_BYTES + 1, 3 * PIECE_BYTES, BODY_BYTES_MAX] {
        let text = vec![7; limit];
        let kept = read_within(limit, text.as_slice()).unwrap().unwrap();
        assert!(kept == text && kept.capacity() <= limit, "{} for {limit}", kept.capacity());
        assert_eq!(read_within(limit - 1, text.as_slice()).unwrap(), None);
    }
}

#[test]
fn a_window_larger_than_any_http_sender_may_ask_for_is_refused() {
    let encode = |window_log: u32| {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(window_log).unwrap();
        encoder.include_contentsize(false).unwrap();
        encoder.write_all(&noise(1000)).unwrap();
        // Ends a block, so that the frame cannot shrink its window to its content.
        encoder.flush().unwrap();
        encoder.write_all(&noise(1000)).unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(Encoding::Zstd.undo(&encode(ZSTD_WINDOW_LOG_MAX)).unwrap().len(), 2000);
    assert_eq!(Encoding::Zstd.undo(&encode(ZSTD_WINDOW_LOG_MAX + 1)), Err(Undecodable::Corrupt("zstd")));
}

#[test]
fn one_known_encoding_may_be_declared() {
    let of = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::CONTENT_ENCODING, value.parse().unwrap());
        }
        Encoding::of(&headers)
    };
    for (value, encoding) in [
        ("identity", Encoding::Identity),
        ("gzip", Encoding::Gzip),
        (" GZip ", Encoding::Gzip),
        ("x-gzip", Encoding::Gzip),
        ("zstd", Encoding::Zstd),
    ] {
        assert_eq!(of(&[value]), Ok(encoding), "{value}");
    }
    assert_eq!(of(&[]), Ok(Encoding::Identity));
    for refused in [&["br"][..], &[""], &["deflate"], &["gzip, zstd"], &["gzip", "gzip"], &["identity,gzip"]] {
        assert!(of(refused).unwrap_err().ends_with("expected one of gzip, zstd, identity"), "{refused:?}");
    }
}

#[test]
fn native_events_stay_far_below_the_bound_of_the_ratio() {
    // 40,000 such lines shrink to a 14th with gzip, a 16th with zstd -3 and a 21st with zstd -19.
    let mut text = String::new();
    for (n, byte) in noise(4000).iter().enumerate() {
        let (sensor, time) = (n % 50, 1_489_312_800_000 + n * 20);
        text += &format!(
            r#"{{"id":"n17-{n}","space":"town-hall","sensor":"s{sensor}","metric":"people_count","value":{byte},"time":{time}}}{}"#,
            "\n"
        );
    }
    for (name, body) in [("gzip", gzip(text.as_bytes())), ("zstd", zstd(text.as_bytes()))] {
        let ratio = text.len() / body.len();
        assert!((8..DECODED_RATIO_MAX / 4).contains(&ratio), "{name}: {} bytes to {}", text.len(), body.len());
    }
}
