//! Data files that are written as their rows come: what is encoded goes to the disk at once, so memory holds a row group at
//! most.

use crate::delta::add::entry;
use crate::delta::files::{Kind, path_of_rewritten};
use crate::properties::rewritten_properties;
use crate::schema::table::Table;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use deltalake::DeltaTableError;
use deltalake::kernel::Add;
use deltalake::parquet::arrow::ArrowWriter;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt};
use std::sync::Arc;

/// Encoded bytes after which they go to the disk.
const PART_BYTES: usize = 1 << 20;

/// What files are of.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) table: Table,
    /// The columns of the files.
    pub(super) schema: SchemaRef,
    pub(super) date: String,
    pub(super) kind: Kind,
    /// Rows after which the next file begins, at least one.
    pub(super) rows_per_file: usize,
}

/// Files of one date, the last of them unfinished. They are nobody's until a commit names them.
pub(super) struct NewFiles {
    store: Arc<dyn ObjectStore>,
    wanted: Wanted,
    /// The unfinished file, and how many rows it still takes.
    open: Option<(NewFile, usize)>,
    finished: Vec<Add>,
}

impl NewFiles {
    /// No files yet.
    pub(super) fn new(store: Arc<dyn ObjectStore>, wanted: Wanted) -> Self {
        Self { store, wanted, open: None, finished: Vec::new() }
    }

    /// Adds rows, which follow those before in the order of a file.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) async fn write(&mut self, rows: &RecordBatch) -> Result<(), DeltaTableError> {
        let mut at = 0;
        while at < rows.num_rows() {
            if self.open.is_none() {
                let file = NewFile::begin(self.store.as_ref(), &self.wanted).await?;
                self.open = Some((file, self.wanted.rows_per_file));
            }
            let Some((file, room)) = &mut self.open else { unreachable!("a file was begun") };
            let now = (rows.num_rows() - at).min(*room);
            file.write(&rows.slice(at, now)).await?;
            (at, *room) = (at + now, *room - now);
            if *room == 0 {
                self.finish().await?;
            }
        }
        Ok(())
    }

    /// Gives the last file its name; returns what the log of the table is to say about all.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) async fn end(&mut self) -> Result<&[Add], DeltaTableError> {
        self.finish().await?;
        Ok(&self.finished)
    }

    /// Removes all files. Failing is harmless: nobody reads them, and the next start or a vacuum finds them.
    pub(super) async fn discard(self) {
        if let Some((file, _)) = self.open {
            file.abort().await;
        }
        for file in &self.finished {
            if let Err(error) = self.store.delete(&file.path.as_str().into()).await {
                tracing::debug!(path = file.path, %error, "a file that nobody needs stays until a vacuum");
            }
        }
    }

    async fn finish(&mut self) -> Result<(), DeltaTableError> {
        if let Some((file, _)) = self.open.take() {
            self.finished.push(file.end().await?);
        }
        Ok(())
    }
}

/// A file that has no name yet.
struct NewFile {
    path: String,
    date: String,
    writer: ArrowWriter<Vec<u8>>,
    upload: Box<dyn MultipartUpload>,
    bytes: i64,
}

impl NewFile {
    async fn begin(store: &dyn ObjectStore, wanted: &Wanted) -> Result<Self, DeltaTableError> {
        let path = path_of_rewritten(&wanted.date, wanted.kind);
        let properties = rewritten_properties(wanted.table);
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&wanted.schema), Some(properties))?;
        let upload = store.put_multipart(&path.as_str().into()).await?;
        Ok(Self { path, date: wanted.date.clone(), writer, upload, bytes: 0 })
    }

    async fn write(&mut self, rows: &RecordBatch) -> Result<(), DeltaTableError> {
        self.writer.write(rows)?;
        if self.writer.inner().len() >= PART_BYTES { self.pass_on().await } else { Ok(()) }
    }

    /// Gives the file its name; returns what the log of the table is to say about it.
    async fn end(mut self) -> Result<Add, DeltaTableError> {
        let metadata = self.writer.finish()?;
        self.pass_on().await?;
        self.upload.complete().await?;
        Ok(entry(self.path, self.date, self.bytes, &metadata))
    }

    async fn abort(mut self) {
        if let Err(error) = self.upload.abort().await {
            tracing::debug!(path = self.path, %error, "a temporary file stays until the next start");
        }
    }

    async fn pass_on(&mut self) -> Result<(), DeltaTableError> {
        let encoded = std::mem::take(self.writer.inner_mut());
        self.bytes += encoded.len() as i64;
        Ok(self.upload.put_part(encoded.into()).await?)
    }
}
