//! Batches of columns, one after the other, from a stream or file.

use crate::decode::arrow_ipc::buffers::{Parts, Room};
use crate::decode::arrow_ipc::column::Column;
use crate::decode::arrow_ipc::dictionaries::Dictionaries;
use crate::decode::arrow_ipc::error::Unreadable;
use crate::decode::arrow_ipc::frames::Frames;
use crate::decode::arrow_ipc::numbers::push_times;
use crate::decode::arrow_ipc::refusals::Refusals;
use crate::decode::arrow_ipc::schema::{Dropped, Layout, Placed};
use crate::decode::arrow_ipc::texts::{Texts, keys};
use arrow_array::ArrayRef;
use arrow_buffer::Buffer;
use arrow_ipc::{Message, MessageHeader, MetadataVersion, RecordBatch, root_as_message};
use std::io::BufRead;

/// What a stream may take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bounds {
    /// The columns of all batches together, in bytes: of a request, which is held as a whole.
    Altogether(u64),
    /// The columns of one batch, its body, and all dictionaries, in bytes each: of a file, which is read batch by batch.
    EachBatch(u64),
}

/// A stream while it is read.
#[derive(Debug)]
pub(crate) struct Stream<R> {
    frames: Frames<R>,
    layout: Layout,
    pub(super) dictionaries: Dictionaries,
    bounds: Bounds,
    room: Room,
}

/// The columns of one batch.
#[derive(Debug)]
pub(crate) struct Batch {
    /// At least one.
    pub(crate) rows: usize,
    columns: [Option<Values>; Column::COUNT],
}

/// The values of a column.
#[derive(Debug)]
pub(super) enum Values {
    Texts(Texts),
    /// Keys of a dictionary, and its id.
    Keys(Vec<u32>, i64),
    Numbers(ArrayRef),
}

impl<R: BufRead> Stream<R> {
    /// Reads the schema. Only columns that are `wanted` are read later.
    pub(crate) fn open(input: R, bounds: Bounds, wanted: fn(Column) -> bool) -> Result<Self, Unreadable> {
        let mut frames = Frames::open(input)?;
        let metadata = frames.next_metadata()?.ok_or(Unreadable::Damaged("it has no schema"))?;
        let message = message(&metadata)?;
        let schema = message.header_as_schema().ok_or(Unreadable::Damaged("it does not begin with a schema"))?;
        let layout = Layout::of(schema, message.version(), wanted)?;
        frames.skip_body(body_length(message)?)?;
        let (Bounds::Altogether(bytes_max) | Bounds::EachBatch(bytes_max)) = bounds;
        Ok(Self { frames, layout, dictionaries: Dictionaries::default(), bounds, room: Room::of(bytes_max) })
    }

    /// The input, all of which has been taken once there is no more batch.
    pub(crate) fn into_input(self) -> R {
        self.frames.into_input()
    }

    /// Bytes taken from the input so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.frames.bytes_read()
    }

    /// Columns that are not read.
    pub(super) fn dropped(&self) -> &Dropped {
        &self.layout.dropped
    }

    /// The next batch that has rows; `None` at the end.
    pub(crate) fn next_batch(&mut self) -> Result<Option<Batch>, Unreadable> {
        while let Some(metadata) = self.frames.next_metadata()? {
            if let Bounds::EachBatch(bytes_max) = self.bounds {
                self.room = Room::of(bytes_max);
            }
            let message = message(&metadata)?;
            match message.header_type() {
                MessageHeader::RecordBatch => {
                    let batch =
                        message.header_as_record_batch().ok_or(Unreadable::Damaged("a batch is not described"))?;
                    let body = self.body(message)?;
                    if batch.length() != 0 {
                        return self.batch(batch, &body).map(Some);
                    }
                }
                MessageHeader::DictionaryBatch => self.take_dictionary(message)?,
                MessageHeader::Schema => return Err(Unreadable::Damaged("it has a second schema")),
                _ => self.frames.skip_body(body_length(message)?)?,
            }
        }
        Ok(None)
    }

    /// Passes over all messages; how many rows they claim to have.
    pub(crate) fn survey(&mut self) -> Result<u64, Unreadable> {
        let mut rows_claimed = 0u64;
        while let Some(metadata) = self.frames.next_metadata()? {
            let message = message(&metadata)?;
            let rows = message.header_as_record_batch().map_or(0, |batch| batch.length());
            rows_claimed = rows_claimed.saturating_add(u64::try_from(rows).unwrap_or(0));
            self.frames.skip_body(body_length(message)?)?;
        }
        Ok(rows_claimed)
    }

    fn body(&mut self, message: Message<'_>) -> Result<Buffer, Unreadable> {
        let length = body_length(message)?;
        let (Bounds::Altogether(bytes_max) | Bounds::EachBatch(bytes_max)) = self.bounds;
        let length = usize::try_from(length).ok().filter(|_| length <= bytes_max).ok_or_else(|| {
            Unreadable::TooLarge(format!(
                "a batch takes {length} bytes, more than {bytes_max}; write smaller batches (pyarrow: max_chunksize=65536)"
            ))
        })?;
        self.frames.body(length)
    }

    fn batch(&mut self, batch: RecordBatch<'_>, body: &Buffer) -> Result<Batch, Unreadable> {
        let parts = Parts::of(batch, body)?;
        let mut columns: [Option<Values>; Column::COUNT] = Default::default();
        for placed in &self.layout.placed {
            let array = parts.array(placed, &mut self.room)?;
            columns[placed.column as usize] = Some(match &placed.dictionary {
                Some((id, _)) => Values::Keys(keys(&array)?, *id),
                None => Texts::of(&array).map_or(Values::Numbers(array), Values::Texts),
            });
        }
        Ok(Batch { rows: parts.rows, columns })
    }

    fn take_dictionary(&mut self, message: Message<'_>) -> Result<(), Unreadable> {
        let undescribed = Unreadable::Damaged("a dictionary is not described");
        let sent = message.header_as_dictionary_batch().ok_or(undescribed)?;
        let mut uses = self.layout.placed.iter();
        let of_it = |(id, _): &(i64, _)| *id == sent.id();
        let Some(placed) = uses.find(|placed| placed.dictionary.as_ref().is_some_and(of_it)) else {
            return self.frames.skip_body(body_length(message)?);
        };
        // Its texts are the one column of a batch of their own.
        let texts = Placed { dictionary: None, node: 0, buffer: 0, views: 0, ..placed.clone() };
        let body = self.body(message)?;
        let parts = Parts::of(sent.data().ok_or(Unreadable::Damaged("a dictionary has no texts"))?, &body)?;
        let before = self.room.bytes_left;
        let array = parts.array(&texts, &mut self.room)?;
        let bytes = before - self.room.bytes_left;
        self.dictionaries.take(sent.id(), sent.isDelta(), Texts::of(&array)?, bytes)?;
        match self.bounds {
            Bounds::EachBatch(bytes_max) if self.dictionaries.bytes() > bytes_max => {
                let words = format!("the dictionaries of the Arrow data take more than {bytes_max} bytes");
                Err(Unreadable::TooLarge(words))
            }
            _ => Ok(()),
        }
    }
}

impl Batch {
    /// The values of a column, when it is there.
    pub(super) fn values(&self, column: Column) -> Option<&Values> {
        self.columns[column as usize].as_ref()
    }

    /// The numbers of a column, when it is there.
    pub(super) fn numbers(&self, column: Column) -> Option<&ArrayRef> {
        match self.values(column) {
            Some(Values::Numbers(array)) => Some(array),
            _ => None,
        }
    }
}

impl Batch {
    /// Calls `take` with the event time of each row that has one.
    pub(crate) fn for_each_time(&self, mut take: impl FnMut(i64)) {
        let Some(times) = self.numbers(Column::Time) else { return };
        let (mut times_ms, mut refusals) = (Vec::with_capacity(self.rows), Refusals::default());
        refusals.begin(self.rows);
        push_times(times, 0..self.rows, &mut times_ms, &mut refusals);
        times_ms.into_iter().enumerate().filter(|(row, _)| !refusals.has(*row)).for_each(|(_, time_ms)| take(time_ms));
    }
}

/// Metadata as a message of a version that is read.
fn message(metadata: &[u8]) -> Result<Message<'_>, Unreadable> {
    let message =
        root_as_message(metadata).map_err(|_| Unreadable::Damaged("a message is not described as it must be"))?;
    if [MetadataVersion::V4, MetadataVersion::V5].contains(&message.version()) {
        Ok(message)
    } else {
        Err(Unreadable::Unsupported("the Arrow data has a version of the format that is not read; expected V4 or V5"))
    }
}

fn body_length(message: Message<'_>) -> Result<u64, Unreadable> {
    u64::try_from(message.bodyLength()).map_err(|_| Unreadable::Damaged("a message has a negative length"))
}
