//! The folder of a history that is written: one [`DurableFiles`] for all its tables.

use super::disk::Disk;
use super::durable::DurableFiles;
use super::object_store::DurableStore;
use super::poison::Poison;
use crate::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the tables of one history are written.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    files: Arc<DurableFiles>,
    store: Arc<DurableStore>,
}

impl Storage {
    /// Opens the folder, creating it when it is missing, and removes what an earlier run left unfinished.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub(crate) fn open(root: &Path, disk: Arc<dyn Disk>) -> Result<Self, Error> {
        let files = DurableFiles::open(root, disk, Arc::new(Poison::default()));
        let files = Arc::new(files.map_err(|source| Error::Folder { path: root.to_owned(), source })?);
        files.sweep();
        let store = Arc::new(DurableStore::new(Arc::clone(&files)));
        Ok(Self { files, store })
    }

    /// The folder, absolute.
    pub(crate) fn root(&self) -> &Path {
        self.files.root()
    }

    /// What Delta writes through.
    pub(crate) fn store(&self) -> Arc<DurableStore> {
        Arc::clone(&self.store)
    }

    /// The mark that a failed fsync sets.
    pub(crate) fn poison(&self) -> &Poison {
        self.files.poison()
    }

    /// Makes what is seen in a folder durable, see [`DurableFiles::settle`].
    ///
    /// # Errors
    /// When the disk cannot promise it.
    pub(crate) fn settle(&self, folder: &Path) -> Result<(), Error> {
        self.files.settle(folder).map_err(|source| Error::Folder { path: folder.to_owned(), source })
    }

    /// The files published below `folder` since the last claim.
    pub(crate) fn claim(&self, folder: &Path) -> Vec<PathBuf> {
        self.files.claim(folder)
    }

    /// Removes a published file that nothing names. Failing is harmless: nobody sees it.
    pub(crate) fn discard(&self, path: &Path) {
        if let Err(error) = self.files.remove(path) {
            tracing::debug!(path = %path.display(), %error, "a file of a failed commit stays, and is not read");
        }
    }

    /// `error`, unless a failed fsync explains it.
    pub(crate) fn blame(&self, error: Error) -> Error {
        match self.poison().reason() {
            Some(reason) => Error::Poisoned { reason: reason.to_owned() },
            None => error,
        }
    }

    /// Refuses to write after a failed fsync.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub(crate) fn check_poison(&self) -> Result<(), Error> {
        match self.poison().reason() {
            Some(reason) => Err(Error::Poisoned { reason: reason.to_owned() }),
            None => Ok(()),
        }
    }
}
