//! The rules role: steps the engines of all partitions through the log and writes the alert stream.
//!
//! Commands, ticks and marks are copied to the alert stream at their place, so that whoever reads it sees one order.

use crate::app::roles::marks::Marks;
use std::sync::Arc;
use vigie_model::alert::Transition;
use vigie_model::position::PartitionIx;
use vigie_model::record::{Payload, Record};
use vigie_model::stream::{AlertItem, AlertRecord};
use vigie_rules::engine::{Engine, Input};
use vigie_rules::load::load;

/// A fold over the log; its output is the alert stream.
#[derive(Debug)]
pub struct RulesRole {
    partitions: PartitionIx,
    engines: Vec<Engine>,
    next_position: u64,
    marks: Marks,
    /// Reused between records.
    transitions: Vec<Transition>,
}

impl RulesRole {
    /// A role at the beginning of a log with `partitions` partitions.
    #[must_use]
    pub fn new(partitions: PartitionIx) -> Self {
        Self {
            partitions,
            engines: Vec::new(),
            next_position: 0,
            marks: Marks::new(partitions),
            transitions: Vec::new(),
        }
    }

    /// Takes the next record of the log and appends what follows from it to `out`.
    ///
    /// # Panics
    /// When a control record has rules that do not load: they are checked before they are logged.
    pub fn step(&mut self, record: &Record, out: &mut Vec<AlertRecord>) {
        let log_time_ms = record.log_time_ms;
        if let Some(mark) = self.marks.follow(record) {
            self.write(log_time_ms, AlertItem::Mark(Arc::new(mark)), out);
        }
        match &record.payload {
            Payload::Control(control) => {
                let loaded = load(control).expect("rules are checked before they are logged");
                for engine in &mut self.engines {
                    engine.change_rules(Arc::clone(&loaded.rules), log_time_ms, &mut self.transitions);
                }
                if self.engines.is_empty() {
                    let engine = |partition| Engine::new(Arc::clone(&loaded.rules), partition, self.partitions);
                    self.engines = (0..self.partitions).map(engine).collect();
                }
            }
            Payload::Dictionary(entries) => self.step_all(&Input::Names(entries)),
            Payload::IntakeUp => self.step_all(&Input::IntakeUp { log_time_ms }),
            Payload::Tick { tick_ms } => {
                self.step_all(&Input::Tick { tick_ms: *tick_ms, log_time_ms });
                self.write_transitions(log_time_ms, out);
                self.write(log_time_ms, AlertItem::Tick { tick_ms: *tick_ms }, out);
            }
            Payload::Observations(batch) => {
                let input = Input::Observations { first_offset: batch.first_offset, rows: &batch.rows };
                self.engines[usize::from(batch.partition)].step(input, &mut self.transitions);
            }
            Payload::Incidents(batch) => {
                let input = Input::Incidents { first_offset: batch.first_offset, rows: &batch.rows };
                self.engines[usize::from(batch.partition)].step(input, &mut self.transitions);
            }
            Payload::Command(command) => self.write(log_time_ms, AlertItem::Command(Arc::clone(command)), out),
            Payload::Gap(gap) => self.next_position = self.next_position.max(gap.alert_position),
            Payload::Perceptions(_) | Payload::Seeds(_) => {}
        }
        self.write_transitions(log_time_ms, out);
    }

    /// The position of the next record of the alert stream.
    #[must_use]
    pub const fn next_position(&self) -> u64 {
        self.next_position
    }

    fn step_all(&mut self, input: &Input<'_>) {
        for engine in &mut self.engines {
            engine.step(*input, &mut self.transitions);
        }
    }

    fn write_transitions(&mut self, log_time_ms: i64, out: &mut Vec<AlertRecord>) {
        for transition in self.transitions.drain(..) {
            let position = self.next_position;
            self.next_position += 1;
            out.push(AlertRecord { position, log_time_ms, item: AlertItem::Transition(Arc::new(transition)) });
        }
    }

    fn write(&mut self, log_time_ms: i64, item: AlertItem, out: &mut Vec<AlertRecord>) {
        out.push(AlertRecord { position: self.next_position, log_time_ms, item });
        self.next_position += 1;
    }
}
