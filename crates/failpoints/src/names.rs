//! The names a test may use.

/// Every place, in the order in which an event meets them.
pub const POINTS: [&str; 12] = [
    // While the log is read from its beginning, once for each record.
    "log.recall",
    // A commit of the log: one write, one sync, the roles, the answers.
    "log.before_write",
    "log.before_sync",
    "log.after_sync",
    "log.before_answer",
    // A new segment: header, name, folder. A file also gets its name when the log is opened and for a control record.
    "log.roll_header_synced",
    "log.after_rename",
    "log.roll_folder_synced",
    // A commit of history, table by table: data files, Delta commit, publish and trim, now and then a checkpoint.
    "history.before_commit",
    "history.before_publish",
    "history.before_checkpoint",
    "history.after_checkpoint",
];

/// Every bound that a test may set.
pub const NUMBERS: [&str; 3] = ["log.segment_bytes", "history.flush_ms", "history.commits_per_checkpoint"];
