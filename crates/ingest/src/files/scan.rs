//! One pass over the bytes of a file before any of it is decoded: which file it is, and whether its lines are in order.
//!
//! Both have to be known before the first row goes on: rows are identified by the hash of the whole file, and a file out
//! of order is sorted. Nothing else runs meanwhile, so the order of a long file is looked for on a thread of its own,
//! at most [`PIECES_AHEAD_MAX`] pieces behind.

use crate::decode::native::begins_array;
use crate::files::order::{LineOrder, Times};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle};
use xxhash_rust::xxh3::Xxh3;

/// Bytes read at one time.
pub(super) const BUFFER_BYTES: usize = 128 << 10;
/// Pieces that may wait to be looked at.
const PIECES_AHEAD_MAX: usize = 4;

/// What one pass over the bytes of a file tells.
pub(super) struct Scanned {
    pub(super) hash: u128,
    pub(super) bytes: u64,
    pub(super) is_array: bool,
    /// When its lines are known to come in order of time: between which instants.
    pub(super) in_order: Option<Times>,
}

/// Reads a file once; the order of its rows is only looked for in native lines.
pub(super) fn scan(path: &Path, is_native: bool) -> io::Result<Scanned> {
    std::thread::scope(|scope| {
        let mut file = File::open(path)?;
        let (mut hasher, mut bytes, mut is_array) = (Xxh3::new(), 0u64, false);
        let mut order = Order::Here(is_native.then(|| Box::new(LineOrder::new())));
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let length = file.read(&mut buffer)?;
            if length == 0 {
                return Ok(Scanned { hash: hasher.digest128(), bytes, is_array, in_order: order.finish() });
            }
            let piece = &buffer[..length];
            hasher.update(piece);
            if bytes == 0 {
                is_array = begins_array(piece);
                if is_array {
                    order = Order::Here(None);
                }
            } else {
                order = order.aside(scope)?;
            }
            bytes += length as u64;
            buffer = order.take(buffer, length);
        }
    })
}

/// Where the order of lines is looked for.
enum Order<'scope> {
    /// On this thread; `None` when it is not looked for.
    Here(Option<Box<LineOrder>>),
    /// On another, which gives pieces back for reuse.
    Aside {
        pieces: SyncSender<(Vec<u8>, usize)>,
        used: Receiver<Vec<u8>>,
        found: ScopedJoinHandle<'scope, Option<Times>>,
    },
}

impl<'scope> Order<'scope> {
    /// The same on another thread.
    fn aside(self, scope: &'scope Scope<'scope, '_>) -> io::Result<Self> {
        let Self::Here(Some(order)) = self else { return Ok(self) };
        let (pieces, to_look_at) = sync_channel(PIECES_AHEAD_MAX);
        let (give_back, used) = channel();
        let thread = Builder::new().name("order".to_owned());
        let found = thread.spawn_scoped(scope, move || look_at(*order, &to_look_at, &give_back))?;
        Ok(Self::Aside { pieces, used, found })
    }

    /// Takes the first `length` bytes of `buffer`; returns one to read the next into.
    fn take(&mut self, buffer: Vec<u8>, length: usize) -> Vec<u8> {
        match self {
            Self::Here(order) => {
                if let Some(order) = order {
                    order.take(&buffer[..length]);
                }
                buffer
            }
            Self::Aside { pieces, used, .. } => match pieces.send((buffer, length)) {
                Ok(()) => used.try_recv().unwrap_or_else(|_| vec![0; BUFFER_BYTES]),
                // Nobody looks any more: the lines are not in order.
                Err(unsent) => unsent.0.0,
            },
        }
    }

    fn finish(self) -> Option<Times> {
        match self {
            Self::Here(order) => order.and_then(|order| order.finish()),
            Self::Aside { pieces, found, .. } => {
                drop(pieces);
                found.join().expect("looking at lines does not panic")
            }
        }
    }
}

/// Takes pieces until there are no more, or the lines are not in order.
fn look_at(mut order: LineOrder, pieces: &Receiver<(Vec<u8>, usize)>, used: &Sender<Vec<u8>>) -> Option<Times> {
    while let Ok((buffer, length)) = pieces.recv() {
        order.take(&buffer[..length]);
        if order.is_lost() {
            return None;
        }
        // The reader may be done already.
        let _ = used.send(buffer);
    }
    order.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    fn scanned(text: &str) -> Scanned {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        std::fs::write(&path, text).unwrap();
        scan(&path, true).unwrap()
    }

    #[test]
    fn a_long_file_is_the_same_file_and_in_the_same_order() {
        let (mut text, mut time) = (String::new(), 0);
        while text.len() < 8 * BUFFER_BYTES {
            writeln!(text, "{{\"time\":{time},\"id\":\"n-{time}\"}}").unwrap();
            time += 1;
        }
        let whole = scanned(&text);
        assert_eq!((whole.hash, whole.bytes), (xxhash_rust::xxh3::xxh3_128(text.as_bytes()), text.len() as u64));
        assert_eq!(whole.in_order, Some(Times { first_ms: 0, last_ms: time - 1 }));
        for at in [0, 2 * BUFFER_BYTES, text.len() - 1] {
            let mut out_of_order = text.clone();
            let at = out_of_order[at..].find('\n').unwrap() + at + 1;
            out_of_order.insert_str(at, "{\"time\":1e9}\n");
            let other = scanned(&out_of_order);
            assert_eq!((other.in_order, other.bytes), (None, out_of_order.len() as u64));
            assert_eq!(other.hash, xxhash_rust::xxh3::xxh3_128(out_of_order.as_bytes()));
        }
    }

    #[test]
    fn an_array_has_no_lines() {
        let array = scanned(" [{\"time\":1}]\n");
        assert_eq!((array.is_array, array.in_order), (true, None));
    }
}
