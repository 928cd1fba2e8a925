//! Snapshots on disk: sets of files that hold what roles remember at some place of the log.
//!
//! A role's state is opaque here: bytes that come in pieces. A set has a file for each part, say a partition, and is there once
//! its manifest is. Everything is written to a temporary name, synced and renamed, and the names are durable before the manifest
//! that counts on them. So after a crash the newest set is the one before or the new one, whole; older ones go only then, and the one
//! before stays, should the newest turn out to be damaged.
//!
//! ```text
//! snapshots/00000000000000004711-partition-3.part   one part of the set taken before record 4711
//! snapshots/00000000000000004711.set                its manifest: which parts, how long, with which checksum
//! snapshots/*.tmp                                   what was never finished
//! ```
//!
//! [`writer`] does it on a thread of its own, so that whoever takes state down waits for no disk.
//!
//! A snapshot is never needed: whoever finds none reads the log. So whatever is wrong with one is no error but a reason not to use
//! it ([`Refused`](stamp::Refused)); it is never taken for what it is not.
//!
//! ```
//! use std::sync::Arc;
//! use vigie_log::disk::SystemDisk;
//! use vigie_log::snapshots::sets::Snapshots;
//! use vigie_log::snapshots::stamp::Stamp;
//!
//! let folder = tempfile::tempdir().unwrap();
//! let snapshots = Snapshots::open(Arc::new(SystemDisk), &folder.path().join("snapshots")).unwrap();
//! let stamp = Stamp { log_id: "l".into(), semantics: 1, control: [7; 32], partitions: 1, next_sequence: 4711 };
//! let mut part = snapshots.begin(&stamp, "partition-0").unwrap();
//! part.write(b"what it ").unwrap();
//! part.write(b"remembers").unwrap();
//! let parts = vec![part.finish().unwrap()];
//! snapshots.commit(&stamp, parts, None).unwrap();
//!
//! let (sets, refused) = snapshots.sets(&stamp).unwrap();
//! assert!(refused.is_empty());
//! let mut room = Vec::new();
//! assert_eq!(snapshots.read(&sets[0], "partition-0", &mut room).unwrap(), b"what it remembers");
//! ```

pub mod stamp;

mod file;

pub mod part;

pub mod sets;

pub mod writer;
