//! The frames of Arrow IPC: where one message ends and the next begins.
//!
//! A message is a length, metadata of that length, and a body whose length the metadata says. A file is a stream between
//! two magic words, with a footer behind it that says again where the batches are; it is read as the stream it is, since
//! every known writer puts dictionaries before the batches that need them.

use crate::decode::arrow_ipc::error::Unreadable;
use arrow_buffer::Buffer;
use std::io::{BufRead, Read};

/// Stands before the length of a message since version 0.15 of the format.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// The beginning of a file, padded to eight bytes, and its end.
const MAGIC: &[u8; 6] = b"ARROW1";
/// Metadata of one message: a schema takes about 150 bytes a column, a batch 50.
const METADATA_BYTES_MAX: usize = 4 << 20;
/// Room made for a body before its bytes arrive; a larger one grows as it comes.
const BODY_BYTES_FORESEEN_MAX: usize = 8 << 20;
/// Words of padding behind the beginning of a file: writers align its first message to 64 bytes at most.
const PADDING_WORDS_MAX: usize = 16;
/// Thrown away at one time.
const PIECE_BYTES: usize = 16 << 10;

const BROKEN_OFF: Unreadable = Unreadable::Damaged("it breaks off in the middle");

/// Messages, one after the other.
#[derive(Debug)]
pub(super) struct Frames<R> {
    input: R,
    is_file: bool,
    bytes_read: u64,
    /// Read to find out what this is, and part of the first message.
    ahead: Option<[u8; 4]>,
}

impl<R: BufRead> Frames<R> {
    /// Looks at the first bytes.
    pub(super) fn open(input: R) -> Result<Self, Unreadable> {
        let mut frames = Self { input, is_file: false, bytes_read: 0, ahead: None };
        let Some(first) = frames.word()? else {
            return Err(Unreadable::Damaged("it is empty"));
        };
        match &first {
            b"ARRO" => {
                let rest = frames.word()?.ok_or(BROKEN_OFF)?;
                if rest[..2] != MAGIC[4..] {
                    return Err(Unreadable::Damaged("it begins as nothing known"));
                }
                frames.is_file = true;
                frames.ahead = frames.word_after_padding()?;
            }
            b"FEA1" => return Err(Unreadable::Unsupported("a Feather file of version 1; write it as version 2")),
            b"PAR1" => return Err(Unreadable::Unsupported("a Parquet file; expected Arrow IPC")),
            _ => frames.ahead = Some(first),
        }
        Ok(frames)
    }

    /// The input, where it was left.
    pub(super) fn into_input(self) -> R {
        self.input
    }

    /// Bytes taken from the input so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The metadata of the next message; `None` at the end, behind which nothing stands that could be more events.
    pub(super) fn next_metadata(&mut self) -> Result<Option<Vec<u8>>, Unreadable> {
        let word = match self.ahead.take() {
            Some(word) => Some(word),
            None => self.word()?,
        };
        let mut length = match word {
            Some(word) => word,
            // A sender may end a stream by sending no more; a file has a footer.
            None if self.is_file => return Err(BROKEN_OFF),
            None => return Ok(None),
        };
        if length == CONTINUATION {
            length = self.word()?.ok_or(BROKEN_OFF)?;
        }
        let length = usize::try_from(i32::from_le_bytes(length))
            .map_err(|_| Unreadable::Damaged("a message has a negative length"))?;
        if length == 0 {
            return self.end().map(|()| None);
        }
        if length > METADATA_BYTES_MAX {
            return Err(Unreadable::Damaged(
                "it is something else, or the description of a message is longer than 4 MiB",
            ));
        }
        self.bytes(length).map(Some)
    }

    /// The body of the message whose metadata came last.
    pub(super) fn body(&mut self, length: usize) -> Result<Buffer, Unreadable> {
        self.bytes(length).map(Buffer::from_vec)
    }

    /// Passes over a body.
    pub(super) fn skip_body(&mut self, length: u64) -> Result<(), Unreadable> {
        let mut body = self.input.by_ref().take(length);
        loop {
            let piece = body.fill_buf()?.len();
            if piece == 0 {
                break;
            }
            body.consume(piece);
            self.bytes_read += piece as u64;
        }
        if body.limit() == 0 { Ok(()) } else { Err(BROKEN_OFF) }
    }

    fn bytes(&mut self, length: usize) -> Result<Vec<u8>, Unreadable> {
        let mut bytes = Vec::with_capacity(length.min(BODY_BYTES_FORESEEN_MAX));
        let read = self.input.by_ref().take(length as u64).read_to_end(&mut bytes)?;
        self.bytes_read += read as u64;
        if read == length { Ok(bytes) } else { Err(BROKEN_OFF) }
    }

    /// Four bytes; `None` when there are none at all.
    fn word(&mut self) -> Result<Option<[u8; 4]>, Unreadable> {
        let mut bytes = Vec::with_capacity(4);
        self.bytes_read += self.input.by_ref().take(4).read_to_end(&mut bytes)? as u64;
        if bytes.is_empty() { Ok(None) } else { bytes.try_into().map(Some).map_err(|_| BROKEN_OFF) }
    }

    fn word_after_padding(&mut self) -> Result<Option<[u8; 4]>, Unreadable> {
        for _ in 0..PADDING_WORDS_MAX {
            let word = self.word()?;
            if word != Some([0; 4]) {
                return Ok(word);
            }
        }
        Err(Unreadable::Damaged("nothing but zeros follow its first word"))
    }

    /// Reads what stands behind the last message: nothing in a stream, in a file a footer.
    fn end(&mut self) -> Result<(), Unreadable> {
        let mut piece = [0; PIECE_BYTES];
        let mut last = Vec::new();
        loop {
            let length = self.input.read(&mut piece)?;
            self.bytes_read += length as u64;
            if length == 0 {
                break;
            }
            if !self.is_file {
                return Err(Unreadable::Damaged("more bytes follow the end of the stream; send one stream at a time"));
            }
            last.extend_from_slice(&piece[..length]);
            last.drain(..last.len().saturating_sub(MAGIC.len()));
        }
        if self.is_file && last != MAGIC { Err(BROKEN_OFF) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        let mut frames = Frames::open(bytes).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        while let Some(metadata) = frames.next_metadata().map_err(|error| error.to_string())? {
            found.push(metadata);
        }
        assert_eq!(frames.bytes_read(), bytes.len() as u64);
        Ok(found)
    }

    #[test]
    fn streams_end_in_two_ways_and_files_in_one() {
        let message = b"\xff\xff\xff\xff\x02\0\0\0hi".as_slice();
        let end = b"\xff\xff\xff\xff\0\0\0\0".as_slice();
        let found = Ok(vec![b"hi".to_vec()]);
        assert_eq!(metadata(message), found);
        assert_eq!(metadata(b"\x02\0\0\0hi"), found, "as before version 0.15");
        assert_eq!(metadata(&[message, end].concat()), found);
        let file = [b"ARROW1\0\0\0\0\0\0".as_slice(), message, end, b"footer....ARROW1"].concat();
        assert_eq!(metadata(&file), found);
        for cut in 1..file.len() {
            assert!(metadata(&file[..cut]).is_err(), "{cut}");
        }
        assert!(metadata(&[message, end, b"x"].concat()).unwrap_err().contains("more bytes follow"));
    }

    #[test]
    fn other_things_are_told_apart() {
        let why = |bytes: &[u8]| metadata(bytes).unwrap_err();
        assert!(why(b"").contains("empty"));
        assert!(why(b"PAR1....").contains("Parquet"));
        assert!(why(b"FEA1....").contains("version 2"));
        assert!(why(b"{\"metric\":1}").contains("something else"));
        assert!(why(b"\xff\xff\xff\xff\xff\xff\xff\xff").contains("negative"));
    }
}
