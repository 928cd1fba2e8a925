//! Dead letters: what is known of lines and bodies that were refused, never their bytes (DESIGN.md, decision 14).
//!
//! One line of NDJSON each, under `DATA/dead-letters/`:
//!
//! ```text
//! {"time":"2017-03-12T10:00:00Z","feed":"default","peer":"10.0.0.7:40112","request":17,"line":3,"bytes":118,
//!  "blake3":"9f2c...","field":"value","reason":"is missing"}
//! ```
//!
//! `line` is absent for a body refused as a whole, `field` for a reason about no single field. The sender finds the line
//! by its hash; nobody else learns more than that something was refused.
//!
//! **Bounds**: [`DEAD_LETTERS_QUEUED_MAX`] letters wait for one thread, which writes files of
//! [`DEAD_LETTER_FILE_BYTES_MAX`] and keeps [`DEAD_LETTER_FILES_MAX`] of them. What is beyond that, or meets a disk that
//! fails, is dropped and counted: intake never waits for its dead letters. They are not fsynced.
//!
//! ```
//! use vigie_ingest::intake::dead_letters::DeadLetters;
//! # let data = tempfile::tempdir().unwrap();
//! let dead_letters = DeadLetters::start(&data.path().join("dead-letters")).unwrap();
//! // ... serve the router that was given a clone ...
//! dead_letters.stop();
//! ```

mod files;
pub(super) mod letter;

use crate::decode::refused::{RefusedLine, RefusedLines};
use crate::intake::dead_letters::files::Files;
use crate::intake::dead_letters::letter::{Letter, Origin, WIRE_BYTES_EXPECTED};
use crate::limits::{DEAD_LETTER_FILE_BYTES_MAX, DEAD_LETTER_FILES_MAX, DEAD_LETTERS_QUEUED_MAX};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Letters written at a time.
const WRITTEN_AT_ONCE: usize = 256;

/// Where refusals are written down; cheap to clone.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Unbounded in batches, bounded in letters by `waiting`; no batch is empty.
    queue: Sender<Message>,
    waiting: Arc<AtomicUsize>,
    /// A std mutex: taken once, by whoever stops first.
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
enum Message {
    Refused(Origin, Vec<RefusedLine>),
    Stop,
}

impl DeadLetters {
    /// Starts the thread that writes to `folder`, which is made when there is something to write.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(folder: &Path) -> io::Result<Self> {
        Self::with_files(Files::new(folder, DEAD_LETTER_FILE_BYTES_MAX, DEAD_LETTER_FILES_MAX))
    }

    fn with_files(files: Files) -> io::Result<Self> {
        let (queue, messages) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let writer = Writer { files, waiting: Arc::clone(&waiting), failing: false };
        let thread = std::thread::Builder::new().name("dead-letters".to_owned());
        let thread = thread.spawn(move || writer.run(&messages))?;
        Ok(Self { shared: Arc::new(Shared { queue, waiting, thread: Mutex::new(Some(thread)) }) })
    }

    /// Writes what waits and ends the thread; what is refused from then on is dropped and counted. Blocks for as long as
    /// the disk does.
    pub fn stop(&self) {
        let thread = self.shared.thread.lock().expect("no holder of this lock panics").take();
        // Without a receiver the thread has ended already.
        let _ = self.shared.queue.send(Message::Stop);
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer of dead letters failed");
        }
    }

    /// The refused lines of a request.
    pub(super) fn lines(&self, origin: &Origin, refused: &RefusedLines) {
        dropped("per_request", refused.dropped());
        let queued = &self.shared.waiting;
        let room = DEAD_LETTERS_QUEUED_MAX.saturating_sub(queued.load(Ordering::Relaxed));
        // Two requests at once may both find the last room: the bound is exceeded by one request's letters at most.
        let lines = &refused.kept()[..refused.kept().len().min(room)];
        dropped("queue_full", (refused.kept().len() - lines.len()) as u64);
        if lines.is_empty() {
            return;
        }
        queued.fetch_add(lines.len(), Ordering::Relaxed);
        if self.shared.queue.send(Message::Refused(origin.clone(), lines.to_vec())).is_err() {
            queued.fetch_sub(lines.len(), Ordering::Relaxed);
            dropped("stopped", lines.len() as u64);
        }
    }

    /// A body refused as a whole.
    pub(super) fn body(&self, origin: &Origin, bytes: usize, hash: Option<blake3::Hash>, kind: &'static str) {
        self.lines(origin, &RefusedLines::of_body(bytes, hash, kind));
    }
}

/// The thread's state.
struct Writer {
    files: Files,
    waiting: Arc<AtomicUsize>,
    failing: bool,
}

impl Writer {
    fn run(mut self, messages: &Receiver<Message>) {
        while let Ok(Message::Refused(origin, lines)) = messages.recv() {
            for lines in lines.chunks(WRITTEN_AT_ONCE) {
                self.write(&origin, lines);
                self.waiting.fetch_sub(lines.len(), Ordering::Relaxed);
            }
        }
    }

    fn write(&mut self, origin: &Origin, lines: &[RefusedLine]) {
        let mut text = Vec::with_capacity(lines.len() * WIRE_BYTES_EXPECTED);
        for line in lines {
            Letter::new(origin, line).write(&mut text);
        }
        let written = self.files.append(&text);
        match &written {
            Ok(()) if self.failing => tracing::info!("dead letters can be written again"),
            Err(error) if !self.failing => {
                tracing::warn!(%error, folder = %self.files.folder().display(), "dead letters cannot be written; they are dropped and counted");
            }
            _ => {}
        }
        self.failing = written.is_err();
        if written.is_ok() {
            metrics::counter!("vigie_dead_letters_written_total").increment(lines.len() as u64);
        } else {
            dropped("disk", lines.len() as u64);
        }
    }
}

fn dropped(why: &'static str, letters: u64) {
    if letters > 0 {
        metrics::counter!("vigie_dead_letters_dropped_total", "why" => why).increment(letters);
    }
}

#[cfg(test)]
mod tests;
