//! The rule engine alone: decoded batches in, transitions out, one partition, one thread.
//!
//! Every kind of rule runs over the same seeded input: 10,000 spaces with one sensor each, one observation a second from
//! every space, in batches of 1,024 rows, with a tick each second. An engine has seen every space once before the clock
//! starts, so what is measured is the steady state, not the making of slots. Figures are in `benches/README.md`.
//!
//! ```text
//! cargo bench --no-default-features --bench engine
//! ```

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::batch::{ObservationRow, Observations, Quality};
use vigie_model::control::{Control, SourceFile};
use vigie_model::decimal::Decimal;
use vigie_model::names::{NO_NAME, NameEntry, NameIx, NameKind};
use vigie_rules::engine::{Engine, Input};
use vigie_rules::load::load;
use vigie_rules::spec::RuleSet;

const SPACES: NameIx = 10_000;
const BATCH_ROWS: usize = 1_024;
/// Seconds of input in one measured pass.
const SECONDS: i64 = 20;
const START_MS: i64 = 1_700_000_000_000;
const SEED: u64 = 0x5eed_0f00_1e5e_ed01;

/// Threshold with hysteresis.
const R1: &str = "
  - {alert: R1, kind: threshold, metric: noise, raise: value >= 85, clear: value < 80, stale_after: 10m}";
/// Five thresholds with hold and hysteresis on every observation.
const R2: &str = "
  - {alert: R2a, kind: threshold, metric: noise, raise: value >= 75, clear: value < 70, for: 60s, stale_after: 10m}
  - {alert: R2b, kind: threshold, metric: noise, raise: value >= 80, clear: value < 75, for: 60s, stale_after: 10m}
  - {alert: R2c, kind: threshold, metric: noise, raise: value >= 85, clear: value < 80, for: 60s, stale_after: 10m}
  - {alert: R2d, kind: threshold, metric: noise, raise: value >= 90, clear: value < 85, for: 60s, stale_after: 10m}
  - {alert: R2e, kind: threshold, metric: noise, raise: value >= 95, clear: value < 90, for: 60s, stale_after: 10m}";
/// Sliding mean.
const R3: &str = "
  - {alert: R3, kind: window, metric: noise, per: space, window: 60s, every: 5s, agg: mean, raise: value > 75, clear: value < 70}";
/// Silence.
const R4: &str = "
  - {alert: R4, kind: absence, metric: noise, for: 30s}";

fn engine_per_kind(criterion: &mut Criterion) {
    let seconds = input();
    let mut group = criterion.benchmark_group("engine");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(SPACES) * u64::try_from(SECONDS).expect("a small number")));
    for (name, text) in [("threshold", R1), ("five_thresholds", R2), ("window_mean", R3), ("absence", R4)] {
        let rules = rules(text);
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || warm(&rules, &seconds[0]),
                |engine| black_box(pass(engine, &seconds[1..])),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// Runs seconds of input; the number of transitions.
fn pass(engine: &mut Engine, seconds: &[Second]) -> usize {
    let mut count = 0;
    let mut out: Vec<Transition> = Vec::new();
    for second in seconds {
        engine.step(Input::Tick { tick_ms: second.start_ms, log_time_ms: second.start_ms }, &mut out);
        for (batch, first_offset) in second.batches.iter().zip((second.first_offset..).step_by(BATCH_ROWS)) {
            engine.step(Input::Observations { first_offset, rows: batch }, &mut out);
        }
        count += out.len();
        out.clear();
    }
    count
}

/// An engine that has seen every space once.
fn warm(rules: &Arc<RuleSet>, first: &Second) -> Engine {
    let mut engine = Engine::new(Arc::clone(rules), 0, 1);
    let mut out = Vec::new();
    engine.step(Input::Names(&names()), &mut out);
    engine.step(Input::IntakeUp { log_time_ms: first.start_ms }, &mut out);
    pass(&mut engine, std::slice::from_ref(first));
    engine
}

/// All observations of one second.
struct Second {
    start_ms: i64,
    first_offset: u64,
    batches: Vec<Observations>,
}

/// Noise levels wander between 40 and 90 dB, by at most 1 dB a second: conditions change now and then, as in a city.
fn input() -> Vec<Second> {
    let mut chance = Chance(SEED);
    let mut tenths: Vec<i64> = (0..SPACES).map(|_| chance.between(400, 900)).collect();
    let mut first_offset = 0;
    (0..=SECONDS)
        .map(|second| {
            let start_ms = START_MS + second * 1000;
            let mut batches = vec![Observations::default()];
            for space in 0..SPACES {
                if batches.last().is_some_and(|batch| batch.len() == BATCH_ROWS) {
                    batches.push(Observations::default());
                }
                let level = &mut tenths[space as usize];
                *level = (*level + chance.between(-10, 10)).clamp(400, 900);
                let row = row(space, start_ms + i64::from(space) * 1000 / i64::from(SPACES), *level);
                batches.last_mut().expect("there is always one").push(row);
            }
            let second = Second { start_ms, first_offset, batches };
            first_offset += u64::from(SPACES);
            second
        })
        .collect()
}

/// One observation of a noise level in tenths of a decibel.
fn row(space: NameIx, event_time_ms: i64, tenths: i64) -> ObservationRow<'static> {
    ObservationRow {
        feed: 0,
        space,
        metric: 0,
        sensor: space,
        node: NO_NAME,
        seq: None,
        id: None,
        value: Decimal::from_micros(tenths * 100_000),
        event_time_ms,
        sent_time_ms: None,
        log_time_ms: event_time_ms,
        quality: Quality::Good,
        flags: 0,
    }
}

fn names() -> Vec<NameEntry> {
    let entry = |kind, index: NameIx, name: String| NameEntry { kind, index, name: name.into() };
    let mut names = vec![entry(NameKind::Feed, 0, "bench".to_owned()), entry(NameKind::Metric, 0, "noise".to_owned())];
    for index in 0..SPACES {
        names.push(entry(NameKind::Space, index, format!("space-{index}")));
        names.push(entry(NameKind::Sensor, index, format!("sensor-{index}")));
    }
    names
}

fn rules(rules: &str) -> Arc<RuleSet> {
    let control = Control {
        centre: "bench".into(),
        time_zone: "UTC".into(),
        tick_ms: 1000,
        rules: vec![SourceFile {
            path: "bench.yaml".into(),
            text: format!("groups:\n- name: bench\n  rules:{rules}\n").into(),
        }],
        spaces: Arc::default(),
        metrics: Arc::default(),
        ..Control::default()
    };
    load(&control).expect("the rules of the bench are right").rules
}

/// Marsaglia's xorshift64: a seed gives the same input on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.next() % high.abs_diff(low)).expect("a small number")
    }
}

criterion_group!(benches, engine_per_kind);
criterion_main!(benches);
