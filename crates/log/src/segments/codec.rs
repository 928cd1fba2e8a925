//! Payloads of records as bytes, format 1.
//!
//! Each kind is the [postcard](https://postcard.jamesmunns.com/wire-format) encoding of its model type: variable-length
//! integers, columns one after the other. The types of `model` are the format: whoever changes a field of one of them
//! raises [`crate::segments::header::FORMAT_VERSION`] and reads the older one too.
//!
//! A control record can be larger than a segment (it carries all spaces), so it stands in a file of its own, named by
//! its content, and the record names that file.

use crate::error::LogError;
use crate::segments::frame::Frame;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use vigie_model::batch::Observations;
use vigie_model::control::Control;
use vigie_model::event::{Incident, Perception};
use vigie_model::position::PartitionIx;
use vigie_model::record::{Batch, Payload, Record};

/// Names a control file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ControlRef {
    /// BLAKE3 of the file.
    pub(crate) hash: [u8; 32],
}

/// What a control file holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ControlFile {
    /// See [`vigie_model::control::ENGINE_SEMANTICS`].
    pub(crate) semantics: u32,
    /// The control record.
    pub(crate) control: Arc<Control>,
}

/// Kinds of payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Control = 1,
    Dictionary = 2,
    IntakeUp = 3,
    Tick = 4,
    Observations = 5,
    Incidents = 6,
    Perceptions = 7,
    Command = 8,
}

impl Kind {
    /// The kind of a payload, and its partition.
    pub(crate) const fn of(payload: &Payload) -> (Self, PartitionIx) {
        match payload {
            Payload::Control(_) => (Self::Control, 0),
            Payload::Dictionary(_) => (Self::Dictionary, 0),
            Payload::IntakeUp => (Self::IntakeUp, 0),
            Payload::Tick { .. } => (Self::Tick, 0),
            Payload::Observations(batch) => (Self::Observations, batch.partition),
            Payload::Incidents(batch) => (Self::Incidents, batch.partition),
            Payload::Perceptions(batch) => (Self::Perceptions, batch.partition),
            Payload::Command(_) => (Self::Command, 0),
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        const ALL: [Kind; 8] = [
            Kind::Control,
            Kind::Dictionary,
            Kind::IntakeUp,
            Kind::Tick,
            Kind::Observations,
            Kind::Incidents,
            Kind::Perceptions,
            Kind::Command,
        ];
        ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// Appends a payload; a control record by the name of its file.
pub(crate) fn encode(payload: &Payload, control: Option<ControlRef>, out: &mut Vec<u8>) {
    match payload {
        Payload::Control(_) => write(&control.expect("a control record is in its file before its record"), out),
        Payload::Dictionary(entries) => write(entries, out),
        Payload::IntakeUp => out.push(0),
        Payload::Tick { tick_ms } => write(tick_ms, out),
        Payload::Observations(batch) => write(&(batch.first_offset, &batch.rows), out),
        Payload::Incidents(batch) => write(&(batch.first_offset, &batch.rows), out),
        Payload::Perceptions(batch) => write(&(batch.first_offset, &batch.rows), out),
        Payload::Command(command) => write(command, out),
    }
}

/// Reads the record in a frame of the segment at `path`; `control` reads the file that a control record names.
pub(crate) fn decode(
    frame: &Frame<'_>,
    path: &Path,
    control: impl FnOnce(ControlRef) -> Result<Arc<Control>, LogError>,
) -> Result<Record, LogError> {
    let unreadable = || LogError::damaged(path, format!("record {} cannot be read", frame.sequence));
    let payload = match Kind::from_byte(frame.kind).ok_or_else(unreadable)? {
        Kind::Control => Payload::Control(control(read(frame.payload).ok_or_else(unreadable)?)?),
        Kind::Dictionary => Payload::Dictionary(read(frame.payload).ok_or_else(unreadable)?),
        Kind::IntakeUp => Payload::IntakeUp,
        Kind::Tick => Payload::Tick { tick_ms: read(frame.payload).ok_or_else(unreadable)? },
        Kind::Observations => {
            let batch: Batch<Observations> = batch(frame).ok_or_else(unreadable)?;
            if !batch.rows.is_consistent() {
                return Err(unreadable());
            }
            Payload::Observations(batch)
        }
        Kind::Incidents => Payload::Incidents(batch::<Vec<Incident>>(frame).ok_or_else(unreadable)?),
        Kind::Perceptions => Payload::Perceptions(batch::<Vec<Perception>>(frame).ok_or_else(unreadable)?),
        Kind::Command => Payload::Command(read(frame.payload).ok_or_else(unreadable)?),
    };
    Ok(Record { sequence: frame.sequence, log_time_ms: frame.log_time_ms, payload })
}

/// A value as bytes.
pub(crate) fn write(value: &impl Serialize, out: &mut Vec<u8>) {
    let bytes = std::mem::take(out);
    *out = postcard::to_extend(value, bytes).expect("types of the model have an encoding, and memory takes it");
}

/// The value that `bytes` hold, all of them.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}

fn batch<R: DeserializeOwned>(frame: &Frame<'_>) -> Option<Batch<R>> {
    let (first_offset, rows) = read(frame.payload)?;
    Some(Batch { partition: frame.partition, first_offset, rows })
}
