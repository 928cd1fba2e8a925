//! Gives the events of a request their places in the log: which of them are taken, at what time, between which ticks, and
//! at which offset.
//!
//! **Order of one row**: duplicate? -> log time -> ticks up to it -> event time adjusted? -> offset. All are judged first,
//! many at once: what makes an event a duplicate or late does not depend on the ticks between them.

use crate::clock::LogClock;
use crate::dedup::verdict::Verdict;
use crate::known::{Ceiling, Judged, Known};
use crate::receipt::Receipt;
use crate::settings::Settings;
use vigie_model::batch::{EventRef, Events, Observations, PickedRow, flags};
use vigie_model::record::Payload;

/// Rows that wait for a replay's next tick at most; far more than a city sends in a second.
const REPLAY_CUT_ROWS: usize = 65_536;

/// Takes events into what is known, in order. Rows then wait in the partitions, and a replay's records, cut at ticks, among
/// the records to be handed over.
pub(crate) fn place(known: &mut Known, clock: &LogClock, settings: &Settings, events: &Events) -> Receipt {
    let mut receipt = Receipt::default();
    let judged = known.judge(events, Ceiling::of(clock, known.log_time_ms, settings.max_skew_ms));
    for (index, judged) in judged.iter().enumerate() {
        if !receipt.count(judged.verdict, judged.is_late) {
            continue;
        }
        let sent_ms = events.event_time_ms(index);
        if matches!(clock, LogClock::Data) {
            follow_data(known, settings, sent_ms, &events.observations);
        } else {
            receipt.note_if_long_past(sent_ms, known.log_time_ms, clock.describe());
        }
        let is_moved = sent_ms > known.log_time_ms.saturating_add(settings.max_skew_ms);
        if is_moved {
            receipt.note_moved(sent_ms, known.log_time_ms, settings.max_skew_ms, clock.describe());
        }
        add(known, events, index, judged, is_moved);
    }
    known.partitions.settle(&events.observations);
    known.judged = judged;
    receipt
}

/// In a replay, log time is the largest event time read so far, and a row's ticks come before it.
fn follow_data(known: &mut Known, settings: &Settings, event_time_ms: i64, rows: &Observations) {
    known.newest_event_ms = known.newest_event_ms.max(Some(event_time_ms));
    if known.partitions.rows() >= REPLAY_CUT_ROWS {
        known.partitions.settle(rows);
        known.cut();
    }
    if event_time_ms <= known.log_time_ms {
        return;
    }
    let tick_ms = settings.tick_at(event_time_ms);
    if tick_ms > known.last_tick_ms {
        known.partitions.settle(rows);
        known.cut();
        (known.log_time_ms, known.last_tick_ms) = (event_time_ms, tick_ms);
        known.add(Payload::Tick { tick_ms });
    }
    known.log_time_ms = event_time_ms;
}

/// Adds an event that is taken to the waiting rows of its partition.
fn add(known: &mut Known, events: &Events, index: usize, judged: &Judged, is_moved: bool) {
    let (log_time_ms, sent_ms) = (known.log_time_ms, events.event_time_ms(index));
    let (event_time_ms, sent_time_ms) = if is_moved { (log_time_ms, Some(sent_ms)) } else { (sent_ms, None) };
    let adjusted_flag = if is_moved { flags::TIME_ADJUSTED } else { 0 };
    match events.order[index] {
        EventRef::Observation(row) => {
            let late_flag = if judged.is_late { flags::LATE } else { 0 };
            let flags = events.observations.flags[row as usize] | adjusted_flag | late_flag;
            known.partitions.pick_observation(judged.partition, PickedRow { row, flags, is_moved, log_time_ms });
        }
        EventRef::Incident(row) => {
            known.partitions.settle(&events.observations);
            let mut row = events.incidents[row as usize].clone();
            row.flags |= adjusted_flag | if judged.verdict == Verdict::Revision { flags::REVISION } else { 0 };
            (row.event_time_ms, row.sent_time_ms, row.log_time_ms) = (event_time_ms, sent_time_ms, log_time_ms);
            known.partitions.push_incident(judged.partition, row);
        }
        EventRef::Perception(row) => {
            known.partitions.settle(&events.observations);
            let mut row = events.perceptions[row as usize].clone();
            row.flags |= adjusted_flag;
            (row.event_time_ms, row.sent_time_ms, row.log_time_ms) = (event_time_ms, sent_time_ms, log_time_ms);
            known.partitions.push_perception(judged.partition, row);
        }
    }
}
