//! Full native lines for benches and load: seeded, in order of time, the same on every machine.
//!
//! A made-up city listens to its noise: every space has one sensor that sends a level every five seconds, twenty sensors
//! share an edge node, and each line carries every field that an observation may have. Levels wander between 40 and
//! 66 dB; now and then a space becomes loud for minutes, and now and then a sensor falls silent, so that the rules in
//! `rules.yaml` raise and clear some thousand alerts in five million lines.
//!
//! **Invariant**: a line is at least 180 bytes, its id is unique, and no line is earlier than the one
//! before it. The same [`City`] gives the same lines; `tests/native_lines.rs` pins their hash.

use std::fmt::Write;
use vigie_model::time::format_utc;

/// The instant of the first line: 14 March 2026, 17:00 UTC.
const START_MS: i64 = 1_773_507_600_000;
/// Each sensor sends this often.
const ROUND_MS: i64 = 5_000;
/// The offset in which times are written.
const OFFSET: (i64, &str) = (3_600_000, "+01:00");
const SPACES_PER_NODE: u32 = 20;
/// The quiet range, in tenths of a decibel.
const QUIET: (i64, i64) = (400, 660);

/// An endless stream of observations.
#[derive(Debug)]
pub(crate) struct City {
    chance: Chance,
    sensors: Vec<Sensor>,
    next_sensor: usize,
    round: i64,
    /// Lines written by each node, which numbers them.
    sent_by_node: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Sensor {
    quiet_tenths: i64,
    /// How far above the quiet level a loud spell lifts it.
    lift_tenths: i64,
    loud_rounds: i64,
    silent_rounds: i64,
}

impl City {
    /// A city of `spaces` spaces, at least one.
    #[must_use]
    pub(crate) fn new(seed: u64, spaces: u32) -> Self {
        let mut chance = Chance::new(seed);
        let spaces = spaces.max(1);
        let sensor = |_| Sensor {
            quiet_tenths: chance.between(QUIET.0, QUIET.1 - 60),
            lift_tenths: 0,
            loud_rounds: 0,
            silent_rounds: 0,
        };
        let sensors = (0..spaces).map(sensor).collect();
        let sent_by_node = vec![0; spaces.div_ceil(SPACES_PER_NODE) as usize];
        Self { chance, sensors, next_sensor: 0, round: 0, sent_by_node }
    }

    /// The next observation.
    pub(crate) fn next(&mut self) -> Noise {
        loop {
            let index = self.next_sensor;
            let spaces = self.sensors.len();
            let time_ms = START_MS + self.round * ROUND_MS + index as i64 * ROUND_MS / spaces as i64;
            self.next_sensor += 1;
            if self.next_sensor == spaces {
                (self.next_sensor, self.round) = (0, self.round + 1);
            }
            if let Some(tenths) = self.sensors[index].next_tenths(&mut self.chance) {
                let node = index / SPACES_PER_NODE as usize;
                let seq = self.sent_by_node[node];
                self.sent_by_node[node] += 1;
                return Noise { index, node, seq, tenths, time_ms, is_certain: !self.chance.one_in(200) };
            }
        }
    }

    /// Appends the next line, with its end.
    pub(crate) fn write_line(&mut self, out: &mut String) {
        self.next().write_line(out);
    }
}

/// One observation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noise {
    /// Number of its space and sensor.
    pub(crate) index: usize,
    /// Number of its edge node.
    pub(crate) node: usize,
    /// Its number among all of its node.
    pub(crate) seq: u64,
    /// The level in tenths of a decibel.
    pub(crate) tenths: i64,
    /// Event time.
    pub(crate) time_ms: i64,
    /// Whether its quality is good; otherwise uncertain.
    pub(crate) is_certain: bool,
}

impl Noise {
    fn write_line(&self, out: &mut String) {
        let Self { index, node, seq, tenths, time_ms, is_certain } = *self;
        let quality = if is_certain { "good" } else { "uncertain" };
        let (whole, tenth) = (tenths / 10, tenths % 10);
        let local = format_utc(time_ms + OFFSET.0);
        let (local, offset) = (local.trim_end_matches('Z'), OFFSET.1);
        writeln!(
            out,
            "{{\"type\":\"observation\",\"id\":\"edge-{node:04}-{seq:09}\",\"node\":\"edge-{node:04}\",\"seq\":{seq},\
             \"space\":\"space-{index:05}\",\"sensor\":\"mic-{index:05}\",\"metric\":\"noise_dba\",\"value\":{whole}.{tenth},\
             \"time\":\"{local}{offset}\",\"quality\":\"{quality}\"}}",
        )
        .expect("a text can always grow");
    }
}

impl Sensor {
    /// The next level in tenths of a decibel; `None` while the sensor is silent.
    fn next_tenths(&mut self, chance: &mut Chance) -> Option<i64> {
        self.quiet_tenths = (self.quiet_tenths + chance.between(-6, 6)).clamp(QUIET.0, QUIET.1);
        if self.silent_rounds > 0 {
            self.silent_rounds -= 1;
            return None;
        }
        if chance.one_in(50_000) {
            self.silent_rounds = chance.between(3, 60);
        }
        if self.loud_rounds > 0 {
            self.loud_rounds -= 1;
        } else if chance.one_in(5_000) {
            self.loud_rounds = chance.between(4, 60);
            self.lift_tenths = chance.between(120, 420);
        }
        let lift_tenths = if self.loud_rounds > 0 { self.lift_tenths + chance.between(-15, 15) } else { 0 };
        Some((self.quiet_tenths + lift_tenths).min(1_200))
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1).unsigned_abs()) as i64
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }
}
