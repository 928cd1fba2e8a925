//! What a baseline learns, by the numbered steps of the section "Baselines".

use crate::episode::Verdict;
use crate::mutant::Mutant;
use crate::rule::Baseline;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// What a key has learnt, and the samples it will learn next.
#[derive(Clone, Debug)]
pub(crate) struct Learning<'r> {
    rule: Option<&'r Baseline>,
    zone: TimeZone,
    mutant: Mutant,
    hours: BTreeMap<i64, Hour>,
    /// The piece with samples, and these.
    samples: Option<(Piece, Vec<i64>)>,
}

/// What is learnt of an hour of the week.
#[derive(Clone, Copy, Debug)]
struct Hour {
    weeks: u32,
    weight: f64,
    mean: f64,
    squares: f64,
    week: i64,
}

/// A piece of local time.
#[derive(Clone, Copy, Debug)]
struct Piece {
    until: i64,
    /// Local hours since the local 1970-01-01 00:00.
    name: i64,
    is_repetition: bool,
}

impl Piece {
    fn hour_of_week(self) -> i64 {
        let monday_based = self.name.div_euclid(24) - 4;
        24 * monday_based.rem_euclid(7) + self.name.rem_euclid(24)
    }

    fn week(self) -> i64 {
        (self.name.div_euclid(24) - 4).div_euclid(7)
    }
}

impl<'r> Learning<'r> {
    pub(crate) fn new(rule: Option<&'r Baseline>, zone: TimeZone, mutant: Mutant) -> Self {
        Self { rule, zone, mutant, hours: BTreeMap::new(), samples: None }
    }

    fn offset_ms(&self, at: i64) -> i64 {
        let instant = Timestamp::from_millisecond(at).expect("an instant of this age");
        i64::from(self.zone.to_offset(instant).seconds()) * 1000
    }

    fn local_hour(&self, at: i64) -> i64 {
        (at + self.offset_ms(at)).div_euclid(HOUR_MS)
    }

    fn is_cut(&self, minute: i64) -> bool {
        let offset = self.offset_ms(minute);
        (minute + offset).rem_euclid(HOUR_MS) == 0 || offset != self.offset_ms(minute - MINUTE_MS)
    }

    fn piece(&self, at: i64) -> Piece {
        let mut from = at.div_euclid(MINUTE_MS) * MINUTE_MS;
        while !self.is_cut(from) {
            from -= MINUTE_MS;
        }
        let mut until = from + MINUTE_MS;
        while !self.is_cut(until) {
            until += MINUTE_MS;
        }
        let name = self.local_hour(from);
        let is_repetition = (1..=240).any(|minutes| self.local_hour(from - minutes * MINUTE_MS) >= name);
        Piece { until, name, is_repetition }
    }

    /// Learns what is complete before an input is judged.
    pub(crate) fn learn_until(&mut self, at: i64) {
        let Some((piece, samples)) = self.samples.take_if(|(piece, _)| piece.until <= at) else { return };
        if piece.is_repetition && self.mutant != Mutant::LearnsRepeatedHours {
            return;
        }
        let rule = self.rule.expect("only baselines learn");
        let sum: i128 = samples.iter().map(|sample| i128::from(*sample)).sum();
        let x = sum as f64 / (1_000_000 * samples.len()) as f64;
        let week = piece.week();
        let learnt = match self.hours.get(&piece.hour_of_week()) {
            None => Hour { weeks: 1, weight: 1.0, mean: x, squares: 0.0, week },
            Some(hour) => {
                let half_life = rule.half_life_weeks as f64 / 1e6;
                let decay = match self.mutant {
                    Mutant::LearnsWithoutDecay => 1.0,
                    _ => 2_f64.powf(-((week - hour.week) as f64) / half_life),
                };
                let weight = decay * hour.weight + 1.0;
                let error = x - hour.mean;
                let mean = hour.mean + error / weight;
                let squares = decay * hour.squares + error * (x - mean);
                Hour { weeks: hour.weeks + 1, weight, mean, squares, week }
            }
        };
        self.hours.insert(piece.hour_of_week(), learnt);
    }

    /// Remembers a value judged at an input.
    pub(crate) fn sample(&mut self, at: i64, micros: i64) {
        match &mut self.samples {
            Some((_, samples)) => samples.push(micros),
            None => self.samples = Some((self.piece(at), vec![micros])),
        }
    }

    /// The verdict on a value.
    pub(crate) fn verdict(&self, at: i64, micros: i64) -> Verdict {
        let rule = self.rule.expect("only baselines are judged");
        let hour = self.hours.get(&self.piece(at).hour_of_week());
        let Some(hour) = hour.filter(|hour| hour.weeks >= rule.min_weeks) else { return Verdict::Missing };
        let value = micros as f64 / 1e6;
        let sigma = (hour.squares / hour.weight).sqrt();
        let reach = rule.z as f64 / 1e6 * sigma.max(rule.sigma_floor as f64 / 1e6);
        let is_unusual = rule.up && value - hour.mean >= reach || rule.down && hour.mean - value >= reach;
        if is_unusual { Verdict::Raise } else { Verdict::Clear }
    }
}
