//! The desk as readers see it: the newest view, from many threads, while the desk's owner goes on.
//!
//! The owner shows a [`DeskView`] when anything in it changed; whoever follows is woken and takes the newest, so that a slow
//! reader skips what it was too slow for. A view is whole: what it shows stood so after one record.

use crate::desk::view::DeskView;
use std::sync::Arc;
use tokio::sync::watch;

/// The newest view of the desk.
#[derive(Debug)]
pub struct LiveDesk {
    newest: watch::Sender<Arc<DeskView>>,
}

impl Default for LiveDesk {
    fn default() -> Self {
        Self { newest: watch::Sender::new(Arc::default()) }
    }
}

impl LiveDesk {
    /// Shows the desk as it stands now.
    pub fn show(&self, view: Arc<DeskView>) {
        self.newest.send_replace(view);
    }

    /// The desk as it was shown last; an empty one before.
    #[must_use]
    pub fn newest(&self) -> Arc<DeskView> {
        Arc::clone(&self.newest.borrow())
    }

    /// Follows the desk.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Arc<DeskView>> {
        self.newest.subscribe()
    }
}
