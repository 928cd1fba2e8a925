//! The arrays of one batch, made of buffers that are checked before they are touched.
//!
//! Each buffer must lie inside the body; together, decompressed, they must fit in what is left of the room. What is
//! compressed says how long it becomes, and may become no longer than that.

use crate::decode::arrow_ipc::error::Unreadable;
use crate::decode::arrow_ipc::schema::Placed;
use crate::limits::ZSTD_WINDOW_LOG_MAX;
use arrow_array::{ArrayRef, make_array};
use arrow_buffer::Buffer;
use arrow_data::ArrayData;
use arrow_ipc::{BodyCompressionMethod, CompressionType, RecordBatch};
use arrow_schema::DataType;
use std::io::{self, Read};

/// Stands before each buffer of a compressed body: its length once decompressed, or [`NOT_COMPRESSED`].
const PREFIX_BYTES: usize = 8;
const NOT_COMPRESSED: i64 = -1;

/// The parts of a batch.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    batch: RecordBatch<'a>,
    body: &'a Buffer,
    codec: Codec,
    pub(super) rows: usize,
    /// Text buffers of each view column, in order.
    view_buffers: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    None,
    Lz4,
    Zstd,
}

/// Room for decompressed buffers, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) bytes_left: u64,
    pub(super) bytes_max: u64,
}

impl Room {
    pub(super) fn of(bytes_max: u64) -> Self {
        Self { bytes_left: bytes_max, bytes_max }
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Unreadable> {
        self.bytes_left = self.bytes_left.checked_sub(bytes as u64).ok_or_else(|| {
            let words =
                format!("the columns of the Arrow data take more than {} bytes; send it in pieces", self.bytes_max);
            Unreadable::TooLarge(words)
        })?;
        Ok(())
    }
}

impl<'a> Parts<'a> {
    /// The parts of a batch whose rows are below 2^32.
    pub(super) fn of(batch: RecordBatch<'a>, body: &'a Buffer) -> Result<Self, Unreadable> {
        let rows =
            u32::try_from(batch.length()).map_err(|_| Unreadable::Damaged("a batch has an impossible length"))?;
        let codec = match batch.compression() {
            None => Codec::None,
            Some(compression) if compression.method() != BodyCompressionMethod::BUFFER => {
                return Err(Unreadable::Unsupported("the Arrow data is compressed in a way that is not known"));
            }
            Some(compression) => match compression.codec() {
                CompressionType::LZ4_FRAME => Codec::Lz4,
                CompressionType::ZSTD => Codec::Zstd,
                _ => return Err(Unreadable::Unsupported("the Arrow data is compressed in a way that is not known")),
            },
        };
        let mut view_buffers = Vec::new();
        for count in batch.variadicBufferCounts().into_iter().flatten() {
            let impossible = || Unreadable::Damaged("a column has an impossible number of buffers");
            view_buffers
                .push(usize::try_from(count).ok().filter(|count| *count <= MANY_BUFFERS).ok_or_else(impossible)?);
        }
        Ok(Self { batch, body, codec, rows: rows as usize, view_buffers })
    }

    /// The values of a column, or the keys of a dictionary column.
    pub(super) fn array(&self, placed: &Placed, room: &mut Room) -> Result<ArrayRef, Unreadable> {
        let data_type = placed.dictionary.as_ref().map_or(&placed.data_type, |(_, keys)| keys);
        let nodes = self.batch.nodes().filter(|nodes| placed.node < nodes.len());
        let node = *nodes.ok_or(Unreadable::Damaged("a batch has fewer columns than its schema"))?.get(placed.node);
        let nulls = usize::try_from(node.null_count()).ok().filter(|nulls| *nulls <= self.rows);
        let (Ok(_), true, Some(nulls)) = (usize::try_from(node.length()), node.length() == self.rows as i64, nulls)
        else {
            return Err(Unreadable::Damaged("a column has another length than its batch"));
        };
        let views = self.view_buffers.get(..placed.views).ok_or(Unreadable::Damaged("a column has no buffers"))?;
        let first = placed.buffer + views.iter().sum::<usize>();
        let further = match data_type {
            DataType::Utf8 | DataType::LargeUtf8 => 2,
            DataType::Utf8View => {
                1 + *self.view_buffers.get(placed.views).ok_or(Unreadable::Damaged("a column has no buffers"))?
            }
            _ => 1,
        };
        let mut builder = ArrayData::builder(data_type.clone()).len(self.rows).align_buffers(true);
        if nulls > 0 {
            let bits = self.buffer(first, room)?;
            if bits.len() < self.rows.div_ceil(8) {
                return Err(Unreadable::Damaged("a column says less of its nulls than it has rows"));
            }
            builder = builder.null_bit_buffer(Some(bits));
        }
        for index in 0..further {
            let mut buffer = self.buffer(first + 1 + index, room)?;
            if index == 0 {
                // Cut to size: `arrow-buffer` panics on a rest that is no whole element.
                let bytes = fixed_bytes(data_type, self.rows);
                if buffer.len() < bytes {
                    return Err(Unreadable::Damaged("a column has fewer values than its batch rows"));
                }
                buffer = buffer.slice_with_length(0, bytes);
            }
            builder = builder.add_buffer(buffer);
        }
        let data =
            builder.build().map_err(|_| Unreadable::Damaged("the buffers of a column are not what its type needs"))?;
        Ok(make_array(data))
    }

    fn buffer(&self, index: usize, room: &mut Room) -> Result<Buffer, Unreadable> {
        let buffers = self.batch.buffers().filter(|buffers| index < buffers.len());
        let place = *buffers.ok_or(Unreadable::Damaged("a batch has fewer buffers than its schema"))?.get(index);
        let outside = Unreadable::Damaged("a buffer lies outside its batch");
        let (Ok(offset), Ok(length)) = (usize::try_from(place.offset()), usize::try_from(place.length())) else {
            return Err(outside);
        };
        if offset.checked_add(length).is_none_or(|end| end > self.body.len()) {
            return Err(outside);
        }
        let stored = self.body.slice_with_length(offset, length);
        if self.codec == Codec::None || length == 0 {
            room.take(length)?;
            return Ok(stored);
        }
        let (prefix, compressed) = stored
            .split_first_chunk::<PREFIX_BYTES>()
            .ok_or(Unreadable::Damaged("a compressed buffer is too short"))?;
        let decoded = i64::from_le_bytes(*prefix);
        if decoded == NOT_COMPRESSED {
            room.take(compressed.len())?;
            return Ok(stored.slice(PREFIX_BYTES));
        }
        let length = usize::try_from(decoded).map_err(|_| Unreadable::Damaged("a buffer has a negative length"))?;
        room.take(length)?;
        let bytes = match self.codec {
            Codec::Lz4 => read_exactly(length, lz4_flex::frame::FrameDecoder::new(compressed)),
            _ => zstd_reader(compressed).and_then(|reader| read_exactly(length, reader)),
        };
        bytes.map(Buffer::from_vec).map_err(|_| Unreadable::Damaged("a compressed buffer is not what it says"))
    }
}

/// Length of the buffer behind the nulls: of values, views, or the ends of texts, of which there is one more.
fn fixed_bytes(data_type: &DataType, rows: usize) -> usize {
    match data_type {
        DataType::Utf8 => (rows + 1) * size_of::<i32>(),
        DataType::LargeUtf8 => (rows + 1) * size_of::<i64>(),
        DataType::Utf8View => rows * size_of::<u128>(),
        _ => rows * data_type.primitive_width().unwrap_or(size_of::<i128>()),
    }
}

/// Text buffers of one view column; a writer begins a new one every few megabytes.
const MANY_BUFFERS: usize = 1 << 20;

fn zstd_reader(compressed: &[u8]) -> io::Result<zstd::stream::read::Decoder<'static, &[u8]>> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(compressed)?;
    reader.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(reader)
}

/// Reads to the end, which must be after `length` bytes.
fn read_exactly(length: usize, reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length);
    // One more, to see that there is none.
    reader.take(length as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() == length { Ok(bytes) } else { Err(io::ErrorKind::InvalidData.into()) }
}
