//! The same observations as the lines, in Arrow IPC.

use crate::generator::{City, Noise};
use std::fmt::Write as _;
use std::io::{self, Write};
use vigie_ingest::encode::{ArrowWriter, Sent};
use vigie_model::quality::Quality;

/// Millionths in a tenth.
const MICROS_PER_TENTH: i64 = 100_000;

/// Writes the next `events` observations of a city as a stream.
pub(crate) fn write_arrow<W: Write>(city: &mut City, events: u64, out: W) -> io::Result<W> {
    let mut writer = ArrowWriter::create(out)?;
    let mut texts: [String; 4] = Default::default();
    for _ in 0..events {
        let Noise { index, node, seq, tenths, time_ms, is_certain } = city.next();
        texts.iter_mut().for_each(String::clear);
        let [id, node_name, space, sensor] = &mut texts;
        let written = write!(id, "edge-{node:04}-{seq:09}")
            .and_then(|()| write!(node_name, "edge-{node:04}"))
            .and_then(|()| write!(space, "space-{index:05}"))
            .and_then(|()| write!(sensor, "mic-{index:05}"));
        written.expect("a text can always grow");
        writer.push(&Sent {
            id,
            node: node_name,
            seq: i64::try_from(seq).ok(),
            space,
            sensor,
            metric: "noise_dba",
            value_micros: tenths * MICROS_PER_TENTH,
            event_time_ms: time_ms,
            quality: if is_certain { Quality::Good } else { Quality::Uncertain },
        })?;
    }
    writer.finish()
}
