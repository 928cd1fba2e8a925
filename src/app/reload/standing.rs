//! How the files on disk stand to the rules that run, for whoever asks whether the process is ready.
//!
//! A broken file does not make a server unready: it goes on judging by the rules it has. But operators must be able to see
//! that what they wrote is not what runs.

use std::sync::{Arc, Mutex};

/// Whether the files on disk are what runs; shared between the one who reads them and the listener.
#[derive(Debug, Default)]
pub struct Standing {
    /// A std mutex: it is held for a clone or a swap of one pointer.
    differs: Mutex<Option<Arc<str>>>,
}

impl Standing {
    /// The files on disk are what runs.
    pub fn same(&self) {
        self.set(None);
    }

    /// They are not, and why.
    pub fn differs(&self, why: &str) {
        self.set(Some(why.into()));
    }

    /// Why the files on disk are not what runs; `None` when they are.
    #[must_use]
    pub fn why_differs(&self) -> Option<Arc<str>> {
        self.differs.lock().expect("no holder of this lock panics").clone()
    }

    fn set(&self, differs: Option<Arc<str>>) {
        metrics::gauge!("vigie_rules_files_differ").set(if differs.is_some() { 1.0 } else { 0.0 });
        *self.differs.lock().expect("no holder of this lock panics") = differs;
    }
}
