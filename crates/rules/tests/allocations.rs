//! In the long run judging needs no new memory: once every series was seen and every buffer has grown, observations in
//! which no condition changes, and the ticks between them, make not one allocation.
//!
//! Rows are made outside what is counted. Allocations are counted for each thread, as tests run beside each other.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::rules;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::decimal::Decimal;
use vigie_model::names::{NO_NAME, NameEntry, NameIx, NameKind};
use vigie_rules::engine::{Engine, Input};

const SPACES: NameIx = 500;
const METRICS: [&str; 4] = ["noise", "crowd", "dust", "vibration"];
/// In a round every series sends once.
const SERIES: usize = SPACES as usize * METRICS.len();
const ROUND_MS: i64 = 5_000;
const START_MS: i64 = 1_800_000_000_000;
const WARM_ROUNDS: usize = 200;
const COUNTED_ROUNDS: usize = 500;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; every call is handed on as it came")]
// SAFETY: all memory is the system allocator's, asked for with the caller's own layout.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps what `GlobalAlloc::alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps what `GlobalAlloc::dealloc` asks for, and all memory came from there.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps what `GlobalAlloc::realloc` asks for, and all memory came from there.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count() {
    // A thread that ends has no counter any more, and needs none.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

/// A city in which every series sends once in five seconds, and its rows.
struct City {
    state: u64,
    order: Vec<usize>,
    rows: Observations,
}

impl City {
    fn new() -> Self {
        Self { state: 1, order: (0..SERIES).collect(), rows: Observations::default() }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % end
    }

    /// The rows of one second of a round. A hundredth is up to three seconds late; values are from 40 to 65.
    fn second(&mut self, round: usize, second: usize) -> i64 {
        if second == 0 {
            for last in (1..SERIES).rev() {
                let other = self.below(last as u64 + 1);
                self.order.swap(last, usize::try_from(other).unwrap_or(0));
            }
        }
        self.rows = Observations::default();
        let start_ms = START_MS + round as i64 * ROUND_MS + second as i64 * 1_000;
        for place in second * SERIES / 5..(second + 1) * SERIES / 5 {
            let series = self.order[place];
            let late_ms = if self.below(100) == 0 { self.below(3_000) as i64 } else { 0 };
            let log_time_ms = start_ms + (place % (SERIES / 5) * 1_000 / (SERIES / 5)) as i64;
            let micros = 40_000_000 + self.below(25_000_000) as i64;
            self.rows.push(ObservationRow {
                feed: 0,
                space: (series / METRICS.len()) as NameIx,
                metric: (series % METRICS.len()) as NameIx,
                sensor: 0,
                node: NO_NAME,
                seq: None,
                id: None,
                value: Decimal::from_micros(micros),
                event_time_ms: log_time_ms - late_ms,
                sent_time_ms: None,
                log_time_ms,
                quality: Quality::Good,
                flags: 0,
            });
        }
        start_ms
    }
}

/// How many allocations a million observations make under a rule that is never raised.
fn allocations(rule: &str) -> u64 {
    let rules = rules(&format!("groups:\n- name: g\n  rules:\n  - {{alert: A, per: space, {rule}}}\n"));
    let (mut engine, mut out) = (Engine::new(rules, 0, 1), Vec::new());
    let name = |kind, index: usize, name: String| NameEntry { kind, index: index as NameIx, name: name.into() };
    let mut names: Vec<_> =
        (0..SPACES as usize).map(|space| name(NameKind::Space, space, format!("space-{space}"))).collect();
    names.extend(METRICS.iter().zip(0..).map(|(metric, index)| name(NameKind::Metric, index, (*metric).to_owned())));
    names
        .extend([(NameKind::Feed, "city"), (NameKind::Sensor, "s")].map(|(kind, text)| name(kind, 0, text.to_owned())));
    engine.step(Input::Names(&names), &mut out);
    engine.step(Input::IntakeUp { log_time_ms: START_MS }, &mut out);
    let (mut city, mut offset, mut counted) = (City::new(), 0, 0);
    for round in 0..WARM_ROUNDS + COUNTED_ROUNDS {
        for second in 0..5 {
            let start_ms = city.second(round, second);
            let before = ALLOCATIONS.get();
            engine.step(Input::Tick { tick_ms: start_ms, log_time_ms: start_ms }, &mut out);
            engine.step(Input::Observations { first_offset: offset, rows: &city.rows }, &mut out);
            counted += if round < WARM_ROUNDS { 0 } else { ALLOCATIONS.get() - before };
            offset += city.rows.len() as u64;
        }
    }
    assert!(out.is_empty(), "{:?}", out.first());
    assert!(engine.counters().series == SERIES as u64);
    counted
}

#[test]
fn thresholds() {
    assert_eq!(allocations("kind: threshold, metric: noise, raise: value >= 85, clear: value < 80"), 0);
}

#[test]
fn windows() {
    assert_eq!(allocations("kind: window, metric: noise, window: 60s, every: 5s, agg: mean, raise: value > 75"), 0);
}

#[test]
fn changes() {
    assert_eq!(allocations("kind: change, metric: noise, over: 60s, every: 5s, raise: value > 60"), 0);
}

#[test]
fn absences() {
    assert_eq!(allocations("kind: absence, metric: noise, for: 30s"), 0);
}

/// Runs begin and are over again.
#[test]
fn sequences() {
    let steps = "[{metric: noise, match: value > 60}, {metric: crowd, match: value > 85}]";
    let without = "{metric: dust, match: value > 64}";
    assert_eq!(allocations(&format!("kind: sequence, within: 30s, steps: {steps}, without: {without}")), 0);
}

/// Some match, but not enough sensors do.
#[test]
fn sources() {
    let rule = "kind: k_of_n, metric: noise, k: 3, within: 10s, distinct: sensor, match: value > 60";
    assert_eq!(allocations(rule), 0);
}

/// Within one hour; at its end a week of hours is made for each key, once.
#[test]
fn baselines() {
    assert_eq!(allocations("kind: baseline, metric: noise, z: 4, min_weeks: 2, sigma_floor: 2, stale_after: 1h"), 0);
}
