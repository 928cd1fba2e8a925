//! The thread that keeps a stream open: reads it, and begins again behind the last event when it breaks.

use crate::app::commands::watch::server::{Server, Snapshot};
use crate::app::commands::watch::sse::{Event, Heard};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Before another attempt.
const RETRY: Duration = Duration::from_secs(1);

/// What the watch is told.
#[derive(Debug)]
pub(super) enum News {
    /// The stream is open; everything as it stands.
    Read(Snapshot),
    /// An event.
    Event(Event),
    /// A sign of life.
    Sign,
    /// The stream broke, or could not be opened.
    Lost(String),
}

/// Follows until it is dropped or nobody listens.
#[derive(Debug)]
pub(super) struct Follower {
    given_up: Arc<AtomicBool>,
}

impl Follower {
    /// Follows `server` behind the event `after` and tells `tell`.
    #[must_use]
    pub(super) fn start(server: Server, after: Option<String>, tell: Sender<News>) -> Self {
        let given_up = Arc::<AtomicBool>::default();
        let follower = Self { given_up: Arc::clone(&given_up) };
        // It may wait in a read for ever when the network is gone, so nobody joins it.
        std::thread::spawn(move || {
            let mut after = after;
            while !given_up.load(Ordering::Relaxed) {
                let why = follow(&server, &mut after, &tell, &given_up);
                if given_up.load(Ordering::Relaxed) || tell.blocking_send(News::Lost(why)).is_err() {
                    return;
                }
                std::thread::sleep(RETRY);
            }
        });
        follower
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

/// Follows one stream to its end, and says why it ended.
fn follow(server: &Server, after: &mut Option<String>, tell: &Sender<News>, given_up: &AtomicBool) -> String {
    let (mut stream, snapshot) = match server.follow(after) {
        Ok(opened) => opened,
        Err(why) => return why,
    };
    let mut news = News::Read(snapshot);
    loop {
        if given_up.load(Ordering::Relaxed) || tell.blocking_send(news).is_err() {
            return String::new();
        }
        news = match stream.next() {
            Ok(Some(Heard::Sign)) => News::Sign,
            Ok(Some(Heard::Event(event))) => {
                if event.id.is_some() {
                    after.clone_from(&event.id);
                }
                News::Event(event)
            }
            Ok(None) => return "the server ended the stream".to_owned(),
            Err(error) => return error.to_string(),
        };
    }
}
