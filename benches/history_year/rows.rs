//! A made-up year: every space is measured at even intervals, busy ones more often, and the values follow the hour.

use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::decimal::Decimal;
use vigie_model::names::{NO_NAME, NameEntry, NameKind};
use vigie_model::position::PartitionIx;
use vigie_model::record::{Batch, Payload, Record};

/// 2025-01-01T00:00:00Z.
pub(crate) const START_MS: i64 = 1_735_689_600_000;
/// Length of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// Rows of one record of the log.
pub(crate) const ROWS_PER_RECORD: u64 = 100;
const METRICS: [&str; 4] = ["people_count", "noise_level", "speed", "temperature"];
const SENSORS_PER_SPACE: u32 = 2;
/// Values are tenths.
const TENTH_MICROS: i64 = 100_000;

/// How large the year is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Year {
    pub(crate) rows: u64,
    pub(crate) days: u64,
    pub(crate) spaces: u32,
    pub(crate) partitions: PartitionIx,
}

impl Year {
    /// All names.
    pub(crate) fn dictionary(&self) -> Record {
        let entry = |kind, index: u32, name: String| NameEntry { kind, index, name: name.into() };
        let mut entries = vec![entry(NameKind::Feed, 0, "sensors".to_owned())];
        entries.extend((0..).zip(METRICS).map(|(index, name)| entry(NameKind::Metric, index, name.to_owned())));
        for space in 0..self.spaces {
            entries.push(entry(NameKind::Space, space, format!("space-{space:05}")));
            for sensor in space * SENSORS_PER_SPACE..(space + 1) * SENSORS_PER_SPACE {
                entries.push(entry(NameKind::Sensor, sensor, format!("sensor-{sensor:06}")));
            }
        }
        Record { sequence: 0, log_time_ms: START_MS, payload: Payload::Dictionary(entries) }
    }

    /// Rows of a day.
    pub(crate) fn rows_of_day(&self, day: u64) -> u64 {
        self.rows * (day + 1) / self.days - self.rows * day / self.days
    }

    /// Records of a day; `next_offsets` counts the rows of each partition on.
    pub(crate) fn records_of_day(&self, day: u64, next_offsets: &mut [u64]) -> impl Iterator<Item = Record> {
        let rows = self.rows_of_day(day);
        let begins = (0..rows).step_by(ROWS_PER_RECORD as usize);
        begins.map(move |begin| self.record(day, begin..rows.min(begin + ROWS_PER_RECORD), next_offsets))
    }

    /// A record has rows of one partition: those spaces whose number leaves its remainder.
    fn record(&self, day: u64, rows: std::ops::Range<u64>, next_offsets: &mut [u64]) -> Record {
        let of_day = self.rows_of_day(day);
        let partition = (day + rows.start / ROWS_PER_RECORD) % u64::from(self.partitions);
        let first_offset = next_offsets[partition as usize];
        next_offsets[partition as usize] += rows.end - rows.start;
        let mut batch = Observations::default();
        for row in rows {
            let step = (row * DAY_MS as u64 / of_day) as i64;
            let event_time_ms = START_MS + day as i64 * DAY_MS + step;
            let draw = mixed(day << 32 | row);
            let space = self.space(draw, partition as u32);
            batch.push(ObservationRow {
                feed: 0,
                space,
                metric: (draw >> 40) as u32 % METRICS.len() as u32,
                sensor: space * SENSORS_PER_SPACE + (draw >> 48) as u32 % SENSORS_PER_SPACE,
                node: NO_NAME,
                seq: Some(row as i64),
                id: None,
                value: Decimal::from_micros((step / 3_600_000 * 10 + (draw >> 52) as i64 % 300) * TENTH_MICROS),
                event_time_ms,
                sent_time_ms: None,
                log_time_ms: event_time_ms + 250,
                quality: Quality::Good,
                flags: 0,
            });
        }
        let log_time_ms = START_MS + day as i64 * DAY_MS;
        let batch = Batch { partition: partition as PartitionIx, first_offset, rows: batch };
        Record { sequence: 0, log_time_ms, payload: Payload::Observations(batch) }
    }

    /// Half of all rows are of an eighth of the spaces.
    fn space(&self, draw: u64, partition: u32) -> u32 {
        let partitions = u32::from(self.partitions);
        let all = (self.spaces / partitions).max(1);
        let among = if draw & 1 == 0 { all } else { all.div_ceil(8) };
        ((draw >> 1) as u32 % among * partitions + partition).min(self.spaces - 1)
    }
}

/// The finaliser of SplitMix64: the same draws on every machine.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}
