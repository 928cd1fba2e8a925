//! The state of all keys of a partition, and the way from a row to what it concerns.
//!
//! Rules that can share what they remember have a line on each key, every other rule a slot. Rows are taken in some at a
//! time: first where each leads, then a look at all those places, then one after the other. So the waits for memory
//! overlap, which a city of many spaces spends most of its time on otherwise.
//!
//! **Invariant**: every slot and line with a due timer has an entry at or before it.

use crate::about::SlotKey;
use crate::cohort::{CohortRule, can_share};
use crate::fate::Succession;
use crate::firsts::First;
use crate::input::{IncidentFacts, Member, SlotInput};
use crate::kind::{Per, RuleIx};
use crate::line::LineKey;
use crate::lines::Lines;
use crate::past::Past;
use crate::routes::{Route, Routes, Series, Target, covers, expected};
use crate::saved::{Loader, Saved, Saver, Wrong};
use crate::slot::Slot;
use crate::slots::Slots;
use crate::spec::RuleSet;
use crate::step::{Counters, Step};
use crate::timers::{SlotIx, Timers};
use std::ops::Range;
use vigie_model::batch::{Observations, Quality, flags};
use vigie_model::decimal::MICROS_PER_UNIT;
use vigie_model::event::Incident;
use vigie_model::names::{NO_NAME, NameIx, NameKind, Names};
use vigie_model::seeds::Seeds;

/// Rows whose places are fetched from memory together.
const ROWS_AHEAD: usize = 32;

/// Everything that rules on rows remember in one partition.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    routes: Routes,
    lines: Lines,
    slots: Slots,
    past: Past,
    /// When slots are due.
    timers: Timers,
    /// The largest tick.
    tick_ms: i64,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            routes: Routes::default(),
            lines: Lines::default(),
            slots: Slots::default(),
            past: Past::default(),
            timers: Timers::default(),
            tick_ms: i64::MIN,
        }
    }
}

impl Saved for Keys {
    fn save(&self, to: &mut Saver<'_>) {
        let Self { routes, lines, slots, past, timers, tick_ms } = self;
        tick_ms.save(to);
        lines.save(to);
        slots.save(to);
        past.save(to);
        timers.save(to);
        routes.save(to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let tick_ms = i64::load(from)?;
        let (lines, slots, past) = (Lines::load(from)?, Slots::load(from)?, Past::load(from)?);
        let timers = Timers::load(slots.count(), from)?;
        let exists = |target| match target {
            Target::Line(..) | Target::Porch(..) => lines.has(target),
            Target::Slot(slot, member, _) => slots.has_member(slot, member),
        };
        let routes = Routes::load(lines.straight(), exists, from)?;
        Ok(Self { routes, lines, slots, past, timers, tick_ms })
    }
}

impl Keys {
    /// Takes in observations.
    pub(crate) fn observations(&mut self, first_offset: u64, rows: &Observations, step: &mut Step<'_>) {
        let mut offset = first_offset;
        for start in (0..rows.len()).step_by(ROWS_AHEAD) {
            let ahead = start..rows.len().min(start + ROWS_AHEAD);
            let routes = self.look_ahead(rows, ahead.clone());
            for (route, index) in routes.iter().zip(ahead) {
                step.move_to(offset);
                offset += 1;
                if rows.flags[index] & flags::BACKFILL == 0 {
                    step.log_time_ms = rows.log_time_ms[index];
                    self.observation(rows, index, *route, step);
                }
            }
        }
    }

    /// Takes in an incident.
    pub(crate) fn incident(&mut self, incident: &Incident, step: &mut Step<'_>) {
        step.log_time_ms = incident.log_time_ms;
        let space = step.names.name(NameKind::Space, incident.space);
        let readers = self.routes.incident_rules(incident.space, step.rules, step.names, step.counters).to_vec();
        for rule in readers {
            let matching = step.rules.rules[rule].matching(incident, &mut step.counters.arithmetic_faults);
            if matching == 0 {
                continue;
            }
            let slot = self.slot(rule, SlotKey::new(space, None), incident.log_time_ms, step.rules, step.counters);
            let input = SlotInput {
                member: 0,
                reading: 0,
                sensor: incident.sensor,
                node: incident.node,
                micros: MICROS_PER_UNIT,
                event_time_ms: incident.event_time_ms,
                quality: Quality::Good,
                feed: incident.feed,
                incident: Some(IncidentFacts { matching, channel: &incident.channel }),
            };
            self.with_slot(slot, step, |slot, step| slot.take(&input, step));
        }
    }

    /// Fires every timer due at or before `tick_ms`: those of lines, then those of slots, each in order of due time.
    pub(crate) fn tick(&mut self, tick_ms: i64, step: &mut Step<'_>) {
        self.tick_ms = tick_ms.max(self.tick_ms);
        while self.lines.fire_next(tick_ms, &mut self.past, step) {}
        let (mut not_yet, mut seen) = (Vec::new(), 0);
        while let Some((_, index)) = self.timers.pop_due(tick_ms) {
            if seen % ROWS_AHEAD == 0 {
                let ahead = self.timers.upcoming().take(ROWS_AHEAD);
                std::hint::black_box(ahead.fold(0, |seen, slot| seen ^ self.slots[slot].touch()));
            }
            seen += 1;
            let slot = &mut self.slots[index];
            slot.disarm();
            let due_ms = slot.due_ms();
            if due_ms.is_none_or(|due_ms| due_ms > tick_ms) {
                self.timers.schedule(index, slot.arm_at(due_ms));
            } else if slot.may_fire(step.log_time_ms) {
                self.with_slot(index, step, |slot, step| slot.fire_next(tick_ms, step));
            } else {
                not_yet.push(index);
            }
        }
        for index in not_yet {
            self.timers.schedule(index, self.slots[index].arm());
        }
    }

    /// The intake is up: silences count anew. Timers may now have entries that are too early, which they are allowed to.
    pub(crate) fn intake_up(&mut self, log_time_ms: i64) {
        for slot in self.slots.iter_mut() {
            slot.intake_up(log_time_ms);
        }
    }

    /// Makes the slots of sensors that count from the engine's start.
    pub(crate) fn expect_sensors(
        &mut self,
        is_own: impl Fn(&str) -> bool,
        log_time_ms: i64,
        rules: &RuleSet,
        counters: &mut Counters,
    ) {
        for (rule, space, part) in expected(rules, is_own, counters) {
            let slot = self.slot(rule, SlotKey::new(space, part), log_time_ms, rules, counters);
            self.timers.schedule(slot, self.slots[slot].arm());
        }
    }

    /// A baseline rule goes on from what history taught about the spaces of one owner.
    pub(crate) fn seed(
        &mut self,
        seeds: &Seeds,
        is_own: impl Fn(&str) -> bool,
        log_time_ms: i64,
        rules: &RuleSet,
        counters: &mut Counters,
    ) {
        let Some(rule) = rules.rules.iter().position(|rule| rule.identity.uid == seeds.rule_uid) else { return };
        for key in seeds.keys.iter().filter(|key| is_own(&key.space)) {
            if !covers(&rules.rules[rule], &key.space, rules, counters) {
                continue;
            }
            let part = (!key.part.is_empty()).then_some(&key.part);
            let slot = self.slot(rule, SlotKey::new(&key.space, part), log_time_ms, rules, counters);
            self.slots[slot].state_mut().seed(key);
        }
    }

    /// Goes on under changed rules.
    pub(crate) fn change(&mut self, change: &Succession, step: &mut Step<'_>) {
        let (_, timers) = self.slots.change(change, &mut self.past, step);
        self.timers = timers;
        let (slots, timers) = (&mut self.slots, &mut self.timers);
        self.lines.change(change, self.tick_ms, &mut self.past, step, |rule, mut slot| {
            let due_ms = slot.arm();
            timers.schedule(slots.put(rule, slot), due_ms);
        });
        self.past.keep_only(&change.uids());
        self.routes = Routes::default();
    }

    /// A rule as it stands on a key.
    pub(crate) fn slot_of(&self, rule: RuleIx, key: &str, rules: &RuleSet, names: &Names) -> Option<Slot> {
        if let Some(slot) = self.slots.find(rule, &key.into()) {
            return Some(self.slots[slot].clone());
        }
        let key = LineKey::find(&rules.rules[rule], key, names)?;
        self.lines.slot_of(rule, &key, self.tick_ms, (rules, names))
    }

    /// Where the next rows lead. Each step is taken for all of them before the next one.
    fn look_ahead(&self, rows: &Observations, ahead: Range<usize>) -> [Option<Route>; ROWS_AHEAD] {
        let (mut firsts, mut routes) = ([None; ROWS_AHEAD], [None; ROWS_AHEAD]);
        for (first, index) in firsts.iter_mut().zip(ahead.clone()) {
            *first = self.routes.first(rows.space[index], rows.metric[index]);
        }
        for ((route, first), index) in routes.iter_mut().zip(firsts).zip(ahead) {
            *route = self.route(first, series_of(rows, index));
        }
        let touch = |target| match target {
            Target::Line(line, _) => self.lines.touch(line),
            Target::Porch(porch, _) => self.lines.porch(porch).touch(),
            Target::Slot(slot, ..) => self.slots[slot].touch(),
        };
        let touch_behind = |target| match target {
            Target::Line(..) => 0,
            Target::Porch(porch, _) => self.lines.porch(porch).touch_behind(),
            Target::Slot(slot, ..) => self.slots[slot].touch_behind(),
        };
        let seen = routes.iter().flatten().fold(0, |seen, route| match *route {
            Route::Line(line) => seen ^ self.lines.touch(line),
            Route::Targets { start, count } => {
                (start..start + count).fold(seen, |seen, target| seen ^ touch(self.routes.target(target)))
            }
        });
        let seen = routes.iter().flatten().fold(seen, |seen, route| match *route {
            Route::Line(_) => seen,
            Route::Targets { start, count } => {
                (start..start + count).fold(seen, |seen, target| seen ^ touch_behind(self.routes.target(target)))
            }
        });
        std::hint::black_box(seen);
        routes
    }

    #[inline]
    fn observation(&mut self, rows: &Observations, index: usize, route: Option<Route>, step: &mut Step<'_>) {
        if let Some(Route::Line(line)) = route
            && self.take_quiet(line, rows, index, step)
        {
            return;
        }
        let series = series_of(rows, index);
        let route = route.or_else(|| self.route(self.routes.first(series.0, series.1), series));
        let route = route.unwrap_or_else(|| self.add_route(series, step));
        // Rules that share read one source; slots say themselves what they read.
        let mut input = SlotInput {
            member: 0,
            reading: 1,
            sensor: rows.sensor[index],
            node: rows.node[index],
            micros: rows.value_micros[index],
            event_time_ms: rows.event_time_ms[index],
            quality: rows.quality[index],
            feed: rows.feed[index],
            incident: None,
        };
        match route {
            Route::Line(line) => self.lines.take(line, &input, self.tick_ms, &mut self.past, step),
            Route::Targets { start, count } => {
                for target in start..start + count {
                    match self.routes.target(target) {
                        Target::Line(line, 0) if self.take_quiet(line, rows, index, step) => {}
                        Target::Line(line, member) => {
                            input.member = member;
                            self.lines.take(line, &input, self.tick_ms, &mut self.past, step);
                        }
                        Target::Porch(porch, member) => {
                            input.member = member;
                            self.lines.take_at_porch(porch, &input, self.tick_ms, &mut self.past, step);
                        }
                        Target::Slot(slot, member, reading) => {
                            (input.member, input.reading) = (member, reading);
                            if !self.slots[slot].take_quiet(&input, step) {
                                self.with_slot(slot, step, |slot, step| slot.take(&input, step));
                            }
                        }
                    }
                }
            }
        }
    }

    /// Where a series leads, which is the first of its space and metric or another; `None` when it was never seen.
    #[inline]
    fn route(&self, first: Option<First>, series: Series) -> Option<Route> {
        let (_, _, sensor, node) = series;
        let route = match first {
            Some(First::Line(line)) if self.lines.is_first(line, sensor, node) => Some(Route::Line(line)),
            Some(First::Head(head)) => self.routes.of_head(head, sensor, node),
            Some(First::Line(_)) | None => None,
        };
        route.or_else(|| self.routes.get(series))
    }

    /// Whether a line took the row in as one that changes nothing.
    #[inline]
    fn take_quiet(&mut self, line: u32, rows: &Observations, index: usize, step: &mut Step<'_>) -> bool {
        let (micros, event_time_ms) = (rows.value_micros[index], rows.event_time_ms[index]);
        let line = self.lines.line_mut(line);
        let quiet = rows.quality[index] == Quality::Good
            && line.take_quiet(micros, event_time_ms, rows.feed[index], self.tick_ms);
        step.counters.judgements += u64::from(quiet);
        quiet
    }

    /// Makes the route of a series seen for the first time, with the lines and slots it leads to.
    fn add_route(&mut self, series: Series, step: &mut Step<'_>) -> Route {
        let (space, metric, sensor, node) = series;
        let (rules, names) = (step.rules, step.names);
        let (space_name, metric_name) = (names.name(NameKind::Space, space), names.name(NameKind::Metric, metric));
        let member = Member::of(sensor, node, metric);
        let (mut targets, mut sharing) = (Vec::new(), [const { Vec::new() }; 3]);
        for (index, rule) in rules.rules.iter().enumerate() {
            let reading = rule.reading(metric_name);
            let Some((place, part)) = part_of(rule.per, sensor, node) else { continue };
            if reading == 0 || !covers(rule, space_name, rules, step.counters) {
                continue;
            }
            let id = SlotKey::new(space_name, part.map(|(kind, part)| names.name(kind, part)));
            if can_share(rule) && self.slots.find(index, &id.key).is_none() {
                sharing[place].push(CohortRule::new(index, space_name, rules));
                continue;
            }
            let slot = self.slot(index, id, step.log_time_ms, rules, step.counters);
            targets.push(Target::Slot(slot, self.slots[slot].join(member), reading));
        }
        for (per, sharing) in [Per::Space, Per::Sensor, Per::Node].into_iter().zip(&sharing) {
            let Some((_, part)) = part_of(per, sensor, node).filter(|_| !sharing.is_empty()) else { continue };
            let part = part.map_or(NO_NAME, |(_, part)| part);
            let key = LineKey { per, space, part, metric };
            for line in self.lines.find_or_make(key, (sensor, node), sharing, rules, step.counters) {
                targets.push(self.lines.join(line, member, self.tick_ms));
            }
        }
        step.counters.series += 1;
        let route = self.routes.add(series, &targets, |line| self.lines.is_first(line, sensor, node));
        if let Some(First::Line(line)) = self.routes.first(space, metric) {
            self.lines.go_straight(line);
        }
        route
    }

    /// The slot of a rule on a key, which is made when it is new.
    fn slot(
        &mut self,
        rule: RuleIx,
        id: SlotKey,
        log_time_ms: i64,
        rules: &RuleSet,
        counters: &mut Counters,
    ) -> SlotIx {
        self.slots.find_or_make(rule, id, rules, log_time_ms, &mut self.past, counters)
    }

    /// Lets a slot work, then schedules its next timer.
    fn with_slot(&mut self, index: SlotIx, step: &mut Step<'_>, work: impl FnOnce(&mut Slot, &mut Step<'_>)) {
        let slot = &mut self.slots[index];
        work(slot, step);
        self.timers.schedule(index, slot.arm());
    }
}

/// The sensor or node of a key, and a number for what the key consists of; `None` when the series lacks it.
fn part_of(per: Per, sensor: NameIx, node: NameIx) -> Option<(usize, Option<(NameKind, NameIx)>)> {
    let part = |kind, name| (name != NO_NAME).then_some(Some((kind, name)));
    Some(match per {
        Per::Space => (0, None),
        Per::Sensor => (1, part(NameKind::Sensor, sensor)?),
        Per::Node => (2, part(NameKind::Node, node)?),
    })
}

fn series_of(rows: &Observations, index: usize) -> Series {
    (rows.space[index], rows.metric[index], rows.sensor[index], rows.node[index])
}
