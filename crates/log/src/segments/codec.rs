//! Payloads of records as bytes, format 2.
//!
//! Each kind is the [postcard](https://postcard.jamesmunns.com/wire-format) encoding of its model type: variable-length
//! integers, columns one after the other. The types of `model` are the format: whoever changes a field of one of them
//! raises [`crate::segments::header::FORMAT_VERSION`], and reads the older one too where logs of that format are read at all.
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
    /// See [`vigie_model::control::ENGINE_SEMANTICS`]. It stays the first field: it says whether the rest can be read.
    pub(crate) semantics: u32,
    /// BLAKE3 of the file of its spaces; `None` when it has none.
    pub(crate) spaces: Option<[u8; 32]>,
    /// The control record without its spaces.
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
    Gap = 9,
    Seeds = 10,
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
            Payload::Gap(_) => (Self::Gap, 0),
            Payload::Seeds(_) => (Self::Seeds, 0),
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        const ALL: [Kind; 10] = [
            Kind::Control,
            Kind::Dictionary,
            Kind::IntakeUp,
            Kind::Tick,
            Kind::Observations,
            Kind::Incidents,
            Kind::Perceptions,
            Kind::Command,
            Kind::Gap,
            Kind::Seeds,
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
        Payload::Gap(gap) => write(gap, out),
        Payload::Seeds(seeds) => write(seeds, out),
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
        Kind::Gap => Payload::Gap(read(frame.payload).ok_or_else(unreadable)?),
        Kind::Seeds => Payload::Seeds(read(frame.payload).ok_or_else(unreadable)?),
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

/// The semantics with which a control file was written.
pub(crate) fn semantics(control_file: &[u8]) -> Option<u32> {
    postcard::take_from_bytes(control_file).ok().map(|(semantics, _)| semantics)
}

fn batch<R: DeserializeOwned>(frame: &Frame<'_>) -> Option<Batch<R>> {
    let (first_offset, rows) = read(frame.payload)?;
    Some(Batch { partition: frame.partition, first_offset, rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use vigie_model::alert::AlertId;
    use vigie_model::batch::{ObservationRow, Quality};
    use vigie_model::command::{
        Action, AlertDeed, Command, DeskDeed, DeskMode, Disposition, ServiceScope, ShiftSide, StepState,
    };
    use vigie_model::decimal::Decimal;
    use vigie_model::names::{NO_NAME, NameEntry, NameKind};
    use vigie_model::record::Gap;
    use vigie_model::seeds::{HourSeed, KeySeeds, RuleStart, Seeds};
    use vigie_model::severity::Severity;

    fn observation() -> Observations {
        let mut rows = Observations::default();
        rows.push(ObservationRow {
            feed: 1,
            space: 2,
            metric: 3,
            sensor: 4,
            node: NO_NAME,
            seq: Some(-5),
            id: Some("é"),
            value: Decimal::from_micros(-6),
            event_time_ms: 7,
            sent_time_ms: Some(8),
            log_time_ms: 9,
            quality: Quality::Bad,
            flags: 5,
        });
        rows
    }

    fn incident() -> Incident {
        Incident {
            feed: 1,
            id: Some("i".into()),
            space: 2,
            node: 3,
            sensor: NO_NAME,
            category: "c".into(),
            severity: Severity::Critical,
            channel: String::new(),
            source_reliability: Some(Decimal::from_micros(4)),
            status: "s".into(),
            version: 5,
            text: None,
            event_time_ms: 6,
            reported_time_ms: None,
            sent_time_ms: None,
            log_time_ms: 7,
            flags: 0,
        }
    }

    fn perception() -> Perception {
        Perception {
            feed: 1,
            id: None,
            space: 2,
            wave: "w".into(),
            question: "q".into(),
            scale: Some("s".into()),
            period: "p".into(),
            group: [("k".to_owned(), "v".to_owned())].into(),
            n: 3,
            unsafe_count: Decimal::from_micros(4),
            share: None,
            weight: None,
            event_time_ms: 5,
            sent_time_ms: None,
            log_time_ms: 6,
            flags: 0,
        }
    }

    fn seeds() -> Seeds {
        let hour = HourSeed { hour: 1, weeks: 2, newest_week: -3, weight: 4.0, mean: 5.5, squares: 6.25 };
        let key = KeySeeds { key: "k".into(), space: "s".into(), part: "p".into(), newest_hour: -7, hours: vec![hour] };
        let start = RuleStart { sequence: 9, log_time_ms: -4 };
        Seeds { rule_uid: "u".into(), start, keys: vec![key], more: true }
    }

    fn command(action: Action) -> Payload {
        let (action_id, operator) = ("a".into(), "o".into());
        Payload::Command(Arc::new(Command { action_id, operator, note: None, log_time_ms: 1, action }))
    }

    fn alert_command(deed: AlertDeed) -> Payload {
        command(Action::Alert { alert_id: AlertId::from_text("x"), deed })
    }

    /// Every payload of format 2 as bytes, and read again. When one of these changes, logs on disk cannot be read any
    /// more: raise the format version.
    #[test]
    fn payloads_of_format_2_never_change() {
        let entry = NameEntry { kind: NameKind::Metric, index: 300, name: "n".into() };
        let cases: [(Payload, Expect); 8] = [
            (Payload::Dictionary(vec![entry]), expect!["0103ac02016e"]),
            (Payload::IntakeUp, expect!["00"]),
            (Payload::Tick { tick_ms: 1_700_000_000_000 }, expect!["80a0abfef962"]),
            (
                Payload::Observations(Batch { partition: 1, first_offset: 2, rows: observation() }),
                expect!["02010101020103010401ffffffff0f010109010b010e01011001120102010502c3a90102"],
            ),
            (
                Payload::Incidents(Batch { partition: 1, first_offset: 2, rows: vec![incident()] }),
                expect!["0201010101690203ffffffff0f01630400010801730a000c00000e00"],
            ),
            (
                Payload::Perceptions(Batch { partition: 1, first_offset: 2, rows: vec![perception()] }),
                expect!["020101000201770171010173017001016b0176060800000a000c00"],
            ),
            (Payload::Gap(Gap { next_offsets: vec![1, 300], alert_position: 5 }), expect!["0201ac0205"]),
            (
                Payload::Seeds(Arc::new(seeds())),
                expect!["0175090701016b017301700d0101020500000000000010400000000000001640000000000000194001"],
            ),
        ];
        for (payload, expected) in cases {
            check(&payload, &expected);
        }
    }

    #[test]
    fn commands_of_format_2_never_change() {
        let scope = ServiceScope { rule: Some("r".into()), sensor: Some("s".into()), ..ServiceScope::default() };
        let mode = DeskDeed::Mode {
            mode: DeskMode::Exercise,
            name: Some("n".into()),
            coordinator: None,
            until_ms: Some(2),
            spaces: vec!["s".into()],
        };
        let change = DeskDeed::FileChange {
            id: "f".into(),
            title: None,
            add: vec![AlertId::from_text("x")],
            remove: Vec::new(),
            closed: Some(true),
        };
        let cases: [(Payload, Expect); 15] = [
            (alert_command(AlertDeed::Acknowledge { until_ms: Some(2) }), expect!["0161016f0002000178000104"]),
            (alert_command(AlertDeed::Shelve { until_ms: 2 }), expect!["0161016f00020001780104"]),
            (alert_command(AlertDeed::Unshelve), expect!["0161016f000200017802"]),
            (alert_command(AlertDeed::Assign { to: "b".into() }), expect!["0161016f0002000178030162"]),
            (
                alert_command(AlertDeed::Close { disposition: Disposition::Nuisance, cause: Some("c".into()) }),
                expect!["0161016f00020001780402010163"],
            ),
            (alert_command(AlertDeed::Reopen), expect!["0161016f000200017805"]),
            (
                alert_command(AlertDeed::CheckStep { step: 3, state: StepState::Skipped }),
                expect!["0161016f0002000178060302"],
            ),
            (
                command(Action::Desk(DeskDeed::OutOfService { scope, until_ms: None })),
                expect!["0161016f00020100010172000101730000"],
            ),
            (command(Action::Desk(DeskDeed::Return { id: "e".into() })), expect!["0161016f000201010165"]),
            (command(Action::Desk(mode)), expect!["0161016f000201020201016e000104010173"]),
            (
                command(Action::Desk(DeskDeed::TestAlert { severity: None, space: Some("s".into()) })),
                expect!["0161016f0002010300010173"],
            ),
            (
                command(Action::Desk(DeskDeed::FileNew { title: "t".into(), alerts: vec![AlertId::from_text("x")] })),
                expect!["0161016f000201040174010178"],
            ),
            (command(Action::Desk(change)), expect!["0161016f00020105016600010178000101"]),
            (command(Action::Desk(DeskDeed::SignShift { side: ShiftSide::Arriving })), expect!["0161016f0002010601"]),
            (command(Action::Desk(DeskDeed::SoundCheck { heard: true })), expect!["0161016f0002010701"]),
        ];
        for (payload, expected) in cases {
            check(&payload, &expected);
        }
    }

    fn check(payload: &Payload, expected: &Expect) {
        let mut bytes = Vec::new();
        encode(payload, None, &mut bytes);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        expected.assert_eq(&hex);
        let (kind, partition) = Kind::of(payload);
        let frame =
            Frame { sequence: 0, commit_first: 0, log_time_ms: 0, kind: kind as u8, partition, payload: &bytes };
        let back = decode(&frame, Path::new("a.seg"), |_| unreachable!("no control record")).unwrap();
        assert_eq!(format!("{:?}", back.payload), format!("{payload:?}"));
        let cut = Frame { payload: &bytes[..bytes.len() - 1], ..frame };
        let longer = [&bytes[..], &[0]].concat();
        let longer = Frame { payload: &longer, ..frame };
        if !matches!(payload, Payload::IntakeUp) {
            for wrong in [cut, longer] {
                assert!(decode(&wrong, Path::new("a.seg"), |_| unreachable!("no control record")).is_err());
            }
        }
    }
}
