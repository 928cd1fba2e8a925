//! Records of the log.
//!
//! **Invariants**, kept by the sequencer
//! - `sequence` counts records from 0 without gaps; `log_time_ms` never decreases.
//! - Rows of a partition have contiguous offsets: a batch covers `[first_offset, first_offset + rows)`.
//! - A name is in a dictionary record before a row uses its index; a control record precedes all rows.

use crate::batch::Observations;
use crate::command::Command;
use crate::control::Control;
use crate::event::{Incident, Perception};
use crate::names::NameEntry;
use crate::position::PartitionIx;
use crate::seeds::Seeds;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One record of the log.
#[derive(Debug)]
pub struct Record {
    /// Place in the log, from 0.
    pub sequence: u64,
    /// Log time: of the newest row, for rows.
    pub log_time_ms: i64,
    /// What it says.
    pub payload: Payload,
}

/// What a record says.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every record is of the large variant; a box would cost it an allocation"
)]
pub enum Payload {
    /// Rules, spaces and settings from here on.
    Control(Arc<Control>),
    /// Names for indices used from here on.
    Dictionary(Vec<NameEntry>),
    /// The sequencer started, or goes on after a pause.
    IntakeUp,
    /// Records before this one are lost, of which others still have some.
    Gap(Gap),
    /// All timers due at or before `tick_ms` fire, in every partition.
    Tick {
        /// T, the instant up to which timers fire.
        tick_ms: i64,
    },
    /// Observations of one partition.
    Observations(Batch<Observations>),
    /// Incidents of one partition.
    Incidents(Batch<Vec<Incident>>),
    /// Perceptions of one partition.
    Perceptions(Batch<Vec<Perception>>),
    /// An operator's command.
    Command(Arc<Command>),
    /// What a baseline rule starts with.
    Seeds(Arc<Seeds>),
}

/// Where numbering goes on behind records that are lost: nothing that was ever numbered may be numbered again, or whoever
/// has the old one would take the new one for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The offset of the next row of each partition.
    pub next_offsets: Vec<u64>,
    /// The position of the next record of the alert stream.
    pub alert_position: u64,
}

/// Rows of one partition.
#[derive(Debug)]
pub struct Batch<R> {
    /// The partition.
    pub partition: PartitionIx,
    /// Offset of the first row.
    pub first_offset: u64,
    /// The rows.
    pub rows: R,
}
