//! The names a test may use.

/// Every place, in the order in which an event meets them.
pub const POINTS: [&str; 26] = [
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
    // Upkeep of history: new files without a commit, their commit, and the removal of old ones.
    "history.rewritten",
    "history.before_replace",
    "history.before_vacuum",
    // A run of retention: what it is about to delete is noted, the commit, all rows gone, the certificate in its waiting name, and
    // in the audit log.
    "retention.noted",
    "retention.committed",
    "retention.rows_gone",
    "retention.certificate_waits",
    "retention.certificate_audited",
    // A set of snapshots: each part, the manifest, what is older; then segments of the log that nobody needs, one by one.
    "snapshot.begun",
    "snapshot.after_part",
    "snapshot.before_manifest",
    "snapshot.after_manifest",
    "snapshot.after_removal",
    "log.segment_removed",
];

/// Every bound that a test may set.
pub const NUMBERS: [&str; 8] = [
    "log.segment_bytes",
    "log.kept_bytes",
    "history.flush_ms",
    "history.commits_per_checkpoint",
    "history.upkeep_ms",
    "history.removed_kept_ms",
    "history.vacuum_ms",
    "history.retention_ms",
];
