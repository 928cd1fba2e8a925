//! [`DurableFiles`] as the object store that Delta Lake writes through.
//!
//! `object_store`'s own local store never calls fsync: after a power failure a commit may be there, empty. Here every
//! write goes through [`DurableFiles`]; reads and listings are the local store's. Writes take turns, so that the disk
//! sees one fsync of history at a time.
//!
//! The store is rooted at `/`, because Delta puts the whole path of a table before each name.

use super::durable::{DurableFiles, Publish, Staged};
use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use std::fmt;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex;

const NAME: &str = "durable local store";
/// Shared bytes, named without a dependency of our own.
type Bytes = <PutPayload as IntoIterator>::Item;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct DurableStore {
    files: Arc<DurableFiles>,
    reads: Arc<LocalFileSystem>,
    /// Whoever holds it may write. A tokio mutex: its owner waits for the disk on another thread.
    turn: Arc<Mutex<()>>,
}

impl DurableStore {
    /// A store that writes through `files`.
    pub(crate) fn new(files: Arc<DurableFiles>) -> Self {
        Self { files, reads: Arc::new(LocalFileSystem::new()), turn: Arc::default() }
    }

    /// Runs `work` where blocking is allowed, after those who came before. The turn ends with the work, also when nobody
    /// waits for it any more.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&DurableFiles) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (files, turn) = (Arc::clone(&self.files), Arc::clone(&self.turn).lock_owned().await);
        let working = tokio::task::spawn_blocking(move || {
            let done = work(&files);
            drop(turn);
            done
        });
        working.await?.map_err(|error| failed(error, ""))
    }
}

impl fmt::Display for DurableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

#[async_trait]
impl ObjectStore for DurableStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let how = match options.mode {
            PutMode::Create => Publish::Create,
            PutMode::Overwrite => Publish::Overwrite,
            PutMode::Update(_) => return Err(not_implemented("a conditional overwrite")),
        };
        let path = self.reads.path_to_filesystem(location)?;
        let put = self.write(move |files| files.put(&path, payload.iter().map(AsRef::as_ref), how)).await;
        put.map_err(|error| with_path(error, location))?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.reads.path_to_filesystem(location)?;
        let staged = self.write(DurableFiles::stage).await?;
        Ok(Box::new(Upload { store: self.clone(), staged: Some(Arc::new(staged)), path, length: 0 }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.reads.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.reads.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let deleted = locations.then(move |location| {
            let store = store.clone();
            async move {
                let location = location?;
                let path = store.reads.path_to_filesystem(&location)?;
                let removed = store.write(move |files| files.remove(&path)).await;
                removed.map_err(|error| with_path(error, &location))?;
                Ok(location)
            }
        });
        deleted.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.reads.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.reads.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.reads.list_with_delimiter(prefix).await
    }

    /// Delta never copies on local disk, and a copy would need an fsync of its own.
    async fn copy_opts(&self, _from: &Path, _to: &Path, _options: CopyOptions) -> Result<()> {
        Err(not_implemented("a copy"))
    }
}

/// A file whose parts come one by one.
#[derive(Debug)]
struct Upload {
    store: DurableStore,
    /// `None` once it was published or given up.
    staged: Option<Arc<Staged>>,
    path: PathBuf,
    length: u64,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (store, offset, Some(staged)) = (self.store.clone(), self.length, self.staged.clone()) else {
            return async { Err(not_implemented("a part after the end")) }.boxed();
        };
        self.length += data.content_length() as u64;
        let work = move |files: &DurableFiles| {
            let mut at = offset;
            for chunk in data.iter() {
                files.write_part(&staged, at, chunk)?;
                at += chunk.len() as u64;
            }
            Ok(())
        };
        async move { store.write(work).await }.boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let staged = self.staged.take().ok_or_else(|| not_implemented("a second end"))?;
        let staged = Arc::try_unwrap(staged).map_err(|_| not_implemented("an end before all parts"))?;
        let path = self.path.clone();
        self.store.write(move |files| files.publish(&staged, &path, Publish::Overwrite)).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort(&mut self) -> Result<()> {
        if let Some(staged) = self.staged.take() {
            let discard = move |files: &DurableFiles| {
                files.discard(&staged);
                Ok(())
            };
            self.store.write(discard).await?;
        }
        Ok(())
    }
}

fn not_implemented(operation: &str) -> Error {
    Error::NotImplemented { operation: operation.to_owned(), implementer: NAME.to_owned() }
}

fn failed(error: std::io::Error, path: &str) -> Error {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::AlreadyExists => Error::AlreadyExists { path, source: error.into() },
        ErrorKind::NotFound => Error::NotFound { path, source: error.into() },
        _ => Error::Generic { store: NAME, source: error.into() },
    }
}

fn with_path(error: Error, location: &Path) -> Error {
    match error {
        Error::AlreadyExists { source, .. } => Error::AlreadyExists { path: location.to_string(), source },
        Error::NotFound { source, .. } => Error::NotFound { path: location.to_string(), source },
        other => other,
    }
}
