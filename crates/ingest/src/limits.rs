//! Every bound at the door, by name. A limit in a code path is one of these or a configured value.

/// The largest HTTP body, in bytes; larger ones are refused as a whole with status 413.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Bytes of a body read altogether: what exceeds [`BODY_BYTES_MAX`] is thrown away as it comes, so that a peer that sends
/// before it listens still hears why; beyond this the connection is closed on it.
pub const BODY_BYTES_HEARD_OUT_MAX: usize = 8 << 20;
/// The largest body after its content encoding is undone, in bytes; about as many events as one request may hold.
pub const DECODED_BYTES_MAX: usize = 8 << 20;
/// How many times longer than itself a compressed body may become; counted only beyond [`BODY_BYTES_MAX`], which a body
/// without encoding may have as well. Native events shrink to a 20th or so.
pub const DECODED_RATIO_MAX: usize = 100;
/// The largest window of zstd, as a power of two: 8 MiB, the most that RFC 9659 lets an HTTP sender ask for.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// Bytes of bodies held by all requests together, as sent or decoded, whichever is more; a request that needs more is
/// told to come back. Rows take up to four times their text.
pub const BODIES_BYTES_MAX: usize = 64 << 20;
/// The largest body, in bytes once decoded, that is decoded on the async thread it came in on: some 300 events, a tenth of
/// a millisecond.
pub const BODY_BYTES_AT_ONCE_MAX: usize = 64 << 10;
/// How many times longer than itself a compressed body is taken to be before it is decoded.
pub const DECODED_RATIO_EXPECTED: usize = 20;
/// How long a peer may take to send its body, in seconds.
pub const BODY_WAIT_S_MAX: u64 = 30;
/// The longest line (NDJSON, CSV) or array element (JSON), in bytes. A native event takes about 200.
pub const LINE_BYTES_MAX: usize = 64 << 10;
/// The deepest nesting of JSON inside one event; a native event nests two deep.
pub const JSON_DEPTH_MAX: usize = 32;
/// Lines (or elements) read of one request, blank ones aside; what follows is rejected and has to be sent again.
pub const EVENTS_PER_REQUEST_MAX: usize = 50_000;
/// Refusals told one by one, per request or file; further ones are only counted.
pub const REJECTS_REPORTED_MAX: usize = 100;
/// Dead letters of one request; further refusals are counted as dropped letters.
pub const DEAD_LETTERS_PER_REQUEST_MAX: usize = 10_000;
/// Dead letters waiting for the disk; further ones are dropped and counted. About 8 MB.
pub const DEAD_LETTERS_QUEUED_MAX: usize = 65_536;
/// The size at which a file of dead letters is followed by the next, in bytes.
pub const DEAD_LETTER_FILE_BYTES_MAX: u64 = 8 << 20;
/// Files of dead letters kept; the oldest is removed.
pub const DEAD_LETTER_FILES_MAX: usize = 8;
/// Names told in one answer: of dropped fields, or of columns that match nothing.
pub const NAMES_REPORTED_MAX: usize = 100;
/// The longest text of a categorical field (`category`, `channel`, `wave`, ...), in bytes.
pub const WORD_BYTES_MAX: usize = 128;
/// The longest free text of an incident, in bytes.
pub const FREE_TEXT_BYTES_MAX: usize = 4096;
/// Entries of a perception's `group`.
pub const GROUP_ENTRIES_MAX: usize = 16;
/// Names remembered by one decoder in front of the shared interner, per kind; when full, it starts over.
pub const CACHED_NAMES_MAX: usize = 65_536;
/// Decoders kept for the next request: about as many as requests are decoded at one time.
pub const IDLE_DECODERS_MAX: usize = 16;
/// Columns of a CSV file.
pub const COLUMNS_MAX: usize = 4096;
/// One batch of an Arrow IPC file, as stored and as decompressed, and all dictionaries of a file together, in bytes each:
/// two million rows or so.
pub const ARROW_BATCH_BYTES_MAX: u64 = 256 << 20;
/// Local times remembered to tell the second pass of a repeated hour from the first; when full, it starts over.
pub const REPEATED_TIMES_MAX: usize = 65_536;
/// Spaces registered by arrival under `spaces.unknown = "register"`.
pub const REGISTERED_SPACES_MAX: usize = 65_536;
/// The largest spaces file, in bytes.
pub const SPACES_FILE_BYTES_MAX: u64 = 256 << 20;
/// Rows that inputs of `replay` sort in memory: about 150 MB; beyond it they sort on disk.
pub const SORT_ROWS_MAX: usize = 1_000_000;
/// Sorted runs open at one time; more are merged into one first. Half the customary limit of open files, and then some.
pub const SORT_RUNS_MAX: usize = 256;
