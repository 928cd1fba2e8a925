//! Content encodings of a body: gzip (RFC 1952) and zstd (RFC 8878), undone within bounds.
//!
//! How far a body may grow is fixed before its first byte is decoded, and no buffer grows beyond that: a small body that
//! would become a huge one costs its sender's share of the bound and no more. Several gzip members or zstd frames in a
//! row are one body.

use crate::limits::{
    BODY_BYTES_MAX, DECODED_BYTES_MAX, DECODED_RATIO_EXPECTED, DECODED_RATIO_MAX, ZSTD_WINDOW_LOG_MAX,
};
use axum::http::{HeaderMap, header};
use flate2::bufread::MultiGzDecoder;
use std::borrow::Cow;
use std::io::{self, Read};

/// Decoded at a time.
const PIECE_BYTES: usize = 32 << 10;

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

/// Why a body could not be decoded; nothing of it is used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undecodable {
    /// It would be larger than any body may be.
    #[error("the body is larger than {DECODED_BYTES_MAX} bytes once decoded; nothing was taken, send it in pieces")]
    TooLarge,
    /// It would grow more than events do.
    #[error(
        "the body grows to more than {DECODED_RATIO_MAX} times its size once decoded; nothing was taken, \
         send it in pieces or without encoding"
    )]
    TooDense,
    /// It is cut short or not what its header says.
    #[error("the body is no whole {0} stream; nothing was taken, check that it was sent to its end")]
    Corrupt(&'static str),
}

impl Encoding {
    /// The encoding that the headers declare.
    ///
    /// # Errors
    /// In words, when it is not known, or when there is more than one.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, &'static str> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Ok(Self::Identity) };
        if values.next().is_some() || value.as_bytes().contains(&b',') {
            return Err("several content encodings at once are not supported; expected one of gzip, zstd, identity");
        }
        match value.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err("the content encoding is not supported; expected one of gzip, zstd, identity"),
        }
    }

    /// How long a body of `length` bytes will about be without its encoding.
    pub(super) fn expected_length(self, length: usize) -> usize {
        if self == Self::Identity { length } else { length.saturating_mul(DECODED_RATIO_EXPECTED) }
    }

    /// The body without its encoding. Cost: one pass, in memory for the result and a window of at most 8 MiB.
    pub(super) fn undo(self, body: &[u8]) -> Result<Cow<'_, [u8]>, Undecodable> {
        let limit = decoded_max(body.len());
        let (decoded, name) = match self {
            Self::Identity => return Ok(Cow::Borrowed(body)),
            Self::Gzip => (read_within(limit, MultiGzDecoder::new(body)), "gzip"),
            Self::Zstd => (zstd_reader(body).and_then(|reader| read_within(limit, reader)), "zstd"),
        };
        match decoded {
            Ok(Some(decoded)) => Ok(Cow::Owned(decoded)),
            Ok(None) if limit == DECODED_BYTES_MAX => Err(Undecodable::TooLarge),
            Ok(None) => Err(Undecodable::TooDense),
            Err(_) => Err(Undecodable::Corrupt(name)),
        }
    }
}

/// How far a body of `length` bytes may grow.
fn decoded_max(length: usize) -> usize {
    length.saturating_mul(DECODED_RATIO_MAX).clamp(BODY_BYTES_MAX, DECODED_BYTES_MAX)
}

fn zstd_reader(body: &[u8]) -> io::Result<zstd::stream::read::Decoder<'static, &[u8]>> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(body)?;
    reader.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(reader)
}

/// Reads to the end; `None` when that is beyond `limit`. The result never has room for more than `limit` bytes.
fn read_within(limit: usize, mut reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let (mut decoded, mut piece) = (Vec::new(), vec![0; PIECE_BYTES]);
    loop {
        let length = reader.read(&mut piece)?;
        if length == 0 {
            return Ok(Some(decoded));
        }
        let room = limit - decoded.len();
        if length > room {
            return Ok(None);
        }
        if decoded.capacity() - decoded.len() < length {
            decoded.reserve_exact(decoded.len().max(length).min(room));
        }
        decoded.extend_from_slice(&piece[..length]);
    }
}

#[cfg(test)]
mod tests;
