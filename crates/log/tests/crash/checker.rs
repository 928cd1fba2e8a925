//! Compares what is in a log with what the sender knows, and says which promise is broken.

use crate::facts::{Fact, MAX_SKEW_MS};
use crate::sender::{Answer, Sender};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use vigie_model::batch::Observations;
use vigie_model::command::Command;
use vigie_model::event::{Incident, Perception};
use vigie_model::names::{NO_NAME, NameEntry, NameIx, NameKind};
use vigie_model::position::{PartitionIx, partition_of};
use vigie_model::record::{Payload, Record};

/// What a log promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    /// What was acknowledged is in the log.
    NothingAcknowledgedIsLost,
    /// A fact is in the log once, however often it was sent.
    NothingIsThereTwice,
    /// What is in the log was sent, and was not refused.
    NothingUnsentIsThere,
    /// What is in the log is as it was sent.
    NothingIsChanged,
    /// Sequences and offsets have no gaps, time and ticks never go back.
    Order,
    /// An index is named before it is used, and never named twice.
    NamesBeforeUse,
    /// What a role has seen stays in the log.
    NothingSeenIsTakenBack,
    /// A log opens after every crash, and tells of no damage that no crash can cause.
    OpensAfterACrash,
    /// Checking a log finds nothing wrong that no more than a crash has befallen, and changes nothing.
    VerifiedAfterACrash,
    /// Silence before a start proves nothing about sensors, so every start is in the log.
    StartsAreLogged,
    /// A receipt counts what became of every fact.
    ReceiptsAreRight,
    /// After a failure nothing is acknowledged and nothing written any more.
    PoisonedByFailure,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) promise: Promise,
    pub(crate) words: String,
}

impl Broken {
    pub(crate) fn new(promise: Promise, words: impl Into<String>) -> Self {
        Self { promise, words: words.into() }
    }
}

/// Every promise that a log breaks, given what its sender knows and which records are told as damaged.
pub(crate) fn broken(
    records: &[Arc<Record>],
    sender: &Sender,
    partitions: PartitionIx,
    damaged: &[Range<u64>],
) -> Vec<Broken> {
    let mut checker = Checker::new(sender, partitions);
    checker.may_have_gaps = !damaged.is_empty();
    let mut sequence = 0;
    for record in records {
        sequence = damaged.iter().find(|gap| gap.start == sequence).map_or(sequence, |gap| gap.end);
        checker.check_record(sequence, record);
        sequence += 1;
    }
    checker.check_answers();
    checker.broken
}

/// Whether two records say the same.
pub(crate) fn is_same(a: &Record, b: &Record) -> bool {
    let is_same_payload = match (&a.payload, &b.payload) {
        (Payload::Control(a), Payload::Control(b)) => a == b,
        (Payload::Dictionary(a), Payload::Dictionary(b)) => a == b,
        (Payload::IntakeUp, Payload::IntakeUp) => true,
        (Payload::Gap(a), Payload::Gap(b)) => a == b,
        (Payload::Tick { tick_ms: a }, Payload::Tick { tick_ms: b }) => a == b,
        (Payload::Observations(a), Payload::Observations(b)) => {
            (a.partition, a.first_offset) == (b.partition, b.first_offset) && a.rows == b.rows
        }
        (Payload::Incidents(a), Payload::Incidents(b)) => {
            (a.partition, a.first_offset) == (b.partition, b.first_offset) && a.rows == b.rows
        }
        (Payload::Perceptions(a), Payload::Perceptions(b)) => {
            (a.partition, a.first_offset) == (b.partition, b.first_offset) && a.rows == b.rows
        }
        (Payload::Command(a), Payload::Command(b)) => a == b,
        (Payload::Seeds(a), Payload::Seeds(b)) => a == b,
        _ => false,
    };
    is_same_payload && (a.sequence, a.log_time_ms) == (b.sequence, b.log_time_ms)
}

struct Checker<'a> {
    sender: &'a Sender,
    partitions: PartitionIx,
    broken: Vec<Broken>,
    /// How often each fact and each command is there.
    facts_found: Vec<usize>,
    commands_found: Vec<usize>,
    names: [Vec<Arc<str>>; NameKind::ALL.len()],
    named: BTreeSet<(usize, Arc<str>)>,
    next_offset: Vec<u64>,
    row_time_ms: Vec<i64>,
    log_time_ms: i64,
    tick_ms: i64,
    has_control: bool,
    /// Whether rows are missing with damaged records.
    may_have_gaps: bool,
}

/// What all kinds of rows have in common.
struct Row {
    mark: i64,
    /// Feed, space, metric, sensor, node; `NO_NAME` where a kind has none.
    names: [NameIx; 5],
    event_time_ms: i64,
    sent_time_ms: Option<i64>,
    log_time_ms: i64,
}

impl<'a> Checker<'a> {
    fn new(sender: &'a Sender, partitions: PartitionIx) -> Self {
        Self {
            sender,
            partitions,
            broken: Vec::new(),
            facts_found: vec![0; sender.facts().len()],
            commands_found: vec![0; sender.commands().len()],
            names: Default::default(),
            named: BTreeSet::new(),
            next_offset: vec![0; usize::from(partitions)],
            row_time_ms: vec![i64::MIN; usize::from(partitions)],
            log_time_ms: i64::MIN,
            tick_ms: i64::MIN,
            has_control: false,
            may_have_gaps: false,
        }
    }

    fn expect(&mut self, holds: bool, promise: Promise, words: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(Broken::new(promise, words()));
        }
    }

    fn check_record(&mut self, sequence: u64, record: &Record) {
        let (found, time_ms, last_ms) = (record.sequence, record.log_time_ms, self.log_time_ms);
        self.expect(found == sequence, Promise::Order, || format!("record {found} stands at place {sequence}"));
        self.expect(time_ms >= last_ms, Promise::Order, || format!("log time {time_ms} after {last_ms} at {sequence}"));
        self.log_time_ms = last_ms.max(time_ms);
        match &record.payload {
            Payload::Control(_) => self.has_control = true,
            Payload::Dictionary(entries) => self.learn(entries),
            Payload::IntakeUp | Payload::Seeds(_) => {}
            Payload::Gap(gap) => {
                let may_have_gaps = self.may_have_gaps;
                self.expect(may_have_gaps, Promise::Order, || format!("{gap:?} where nothing is lost"));
                for (next, behind) in self.next_offset.iter_mut().zip(&gap.next_offsets) {
                    *next = (*next).max(*behind);
                }
            }
            Payload::Tick { tick_ms } => {
                let last_ms = std::mem::replace(&mut self.tick_ms, *tick_ms);
                self.expect(*tick_ms >= last_ms, Promise::Order, || format!("tick {tick_ms} after {last_ms}"));
                self.expect(*tick_ms <= time_ms, Promise::Order, || format!("tick {tick_ms} at {time_ms}"));
            }
            Payload::Observations(batch) => {
                self.check_place(batch.partition, batch.first_offset, batch.rows.len());
                (0..batch.rows.len()).for_each(|index| self.check_observation(batch.partition, &batch.rows, index));
            }
            Payload::Incidents(batch) => {
                self.check_place(batch.partition, batch.first_offset, batch.rows.len());
                batch.rows.iter().for_each(|row| self.check_incident(batch.partition, row));
            }
            Payload::Perceptions(batch) => {
                self.check_place(batch.partition, batch.first_offset, batch.rows.len());
                batch.rows.iter().for_each(|row| self.check_perception(batch.partition, row));
            }
            Payload::Command(command) => self.check_command(command),
        }
    }

    fn learn(&mut self, entries: &[NameEntry]) {
        for NameEntry { kind, index, name } in entries {
            let next = self.names[*kind as usize].len();
            let is_new = self.named.insert((*kind as usize, Arc::clone(name)));
            self.expect(*index as usize == next && is_new, Promise::NamesBeforeUse, || {
                format!("{kind:?} {index} is named {name} where {next} is next; new: {is_new}")
            });
            self.names[*kind as usize].push(Arc::clone(name));
        }
    }

    fn check_place(&mut self, partition: PartitionIx, first_offset: u64, rows: usize) {
        let has_control = self.has_control;
        self.expect(has_control, Promise::Order, || "rows stand before the control record".to_owned());
        if partition >= self.partitions {
            self.broken.push(Broken::new(Promise::Order, format!("there is no partition {partition}")));
            return;
        }
        let next = std::mem::replace(&mut self.next_offset[usize::from(partition)], first_offset + rows as u64);
        let follows = first_offset == next || self.may_have_gaps && first_offset > next;
        self.expect(follows, Promise::Order, || {
            format!("partition {partition} goes on at {first_offset} instead of {next}")
        });
    }

    fn check_observation(&mut self, partition: PartitionIx, rows: &Observations, index: usize) {
        let mut row = rows.row(index);
        let names = [row.feed, row.space, row.metric, row.sensor, row.node];
        let (event_time_ms, sent_time_ms, log_time_ms) = (row.event_time_ms, row.sent_time_ms, row.log_time_ms);
        let common = Row { mark: row.value.micros(), names, event_time_ms, sent_time_ms, log_time_ms };
        let Some(fact) = self.check_row(partition, &common) else { return };
        (row.event_time_ms, row.sent_time_ms) = (sent_time_ms.unwrap_or(event_time_ms), None);
        (row.log_time_ms, row.flags) = (0, 0);
        let sent = fact.observation(names);
        self.expect(row == sent, Promise::NothingIsChanged, || format!("sent {sent:?}, found {row:?}"));
    }

    fn check_incident(&mut self, partition: PartitionIx, found: &Incident) {
        let mut row = found.clone();
        let common = Row {
            mark: row.version,
            names: [row.feed, row.space, NO_NAME, row.sensor, row.node],
            event_time_ms: row.event_time_ms,
            sent_time_ms: row.sent_time_ms,
            log_time_ms: row.log_time_ms,
        };
        let Some(fact) = self.check_row(partition, &common) else { return };
        (row.event_time_ms, row.sent_time_ms) = (row.sent_time_ms.unwrap_or(row.event_time_ms), None);
        (row.log_time_ms, row.flags) = (0, 0);
        let sent = fact.incident(row.feed, row.space, row.sensor, row.node);
        self.expect(row == sent, Promise::NothingIsChanged, || format!("sent {sent:?}, found {row:?}"));
    }

    fn check_perception(&mut self, partition: PartitionIx, found: &Perception) {
        let mut row = found.clone();
        let common = Row {
            mark: row.n,
            names: [row.feed, row.space, NO_NAME, NO_NAME, NO_NAME],
            event_time_ms: row.event_time_ms,
            sent_time_ms: row.sent_time_ms,
            log_time_ms: row.log_time_ms,
        };
        let Some(fact) = self.check_row(partition, &common) else { return };
        (row.event_time_ms, row.sent_time_ms) = (row.sent_time_ms.unwrap_or(row.event_time_ms), None);
        (row.log_time_ms, row.flags) = (0, 0);
        let sent = fact.perception(row.feed, row.space);
        self.expect(row == sent, Promise::NothingIsChanged, || format!("sent {sent:?}, found {row:?}"));
    }

    /// Checks what all rows have in common and counts the fact, which it returns when there is one.
    fn check_row(&mut self, partition: PartitionIx, row: &Row) -> Option<&'a Fact> {
        let mark = row.mark;
        let Some(fact) = usize::try_from(mark).ok().and_then(|mark| self.sender.facts().get(mark)) else {
            self.broken.push(Broken::new(Promise::NothingUnsentIsThere, format!("a row has the mark {mark}")));
            return None;
        };
        self.facts_found[fact.mark] += 1;
        self.check_names(fact, row);
        self.check_times(partition, row);
        let expected = partition_of(&fact.space, self.partitions);
        self.expect(partition == expected, Promise::Order, || {
            format!("fact {mark} is in partition {partition}, its space belongs to {expected}")
        });
        Some(fact)
    }

    fn check_names(&mut self, fact: &Fact, row: &Row) {
        let metric = fact.kind.is_observation().then_some(fact.metric);
        let is_perception = fact.kind == crate::facts::Kind::PerceptionWithId;
        let sensor = fact.sensor.as_deref().filter(|_| !is_perception);
        let sent = [Some(fact.feed), Some(&*fact.space), metric, sensor, fact.node.as_deref()];
        let kinds = [NameKind::Feed, NameKind::Space, NameKind::Metric, NameKind::Sensor, NameKind::Node];
        for ((kind, sent), index) in kinds.into_iter().zip(sent).zip(row.names) {
            let found = self.names[kind as usize].get(index as usize).map(ToString::to_string);
            let is_right = found.as_deref() == sent && (found.is_some() || index == NO_NAME);
            self.expect(is_right, Promise::NamesBeforeUse, || {
                format!("fact {} was sent with {kind:?} {sent:?}; {index} stands for {found:?}", fact.mark)
            });
        }
    }

    fn check_times(&mut self, partition: PartitionIx, row: &Row) {
        let (mark, log_ms, record_ms) = (row.mark, row.log_time_ms, self.log_time_ms);
        let last_ms = self.row_time_ms.get(usize::from(partition)).copied().unwrap_or(i64::MIN);
        self.expect(last_ms <= log_ms && log_ms <= record_ms, Promise::Order, || {
            format!("fact {mark} has log time {log_ms} after {last_ms} in a record of {record_ms}")
        });
        if let Some(last_ms) = self.row_time_ms.get_mut(usize::from(partition)) {
            *last_ms = log_ms;
        }
        let is_right = match row.sent_time_ms {
            Some(sent_ms) => row.event_time_ms == log_ms && sent_ms > log_ms + MAX_SKEW_MS,
            None => row.event_time_ms <= log_ms + MAX_SKEW_MS,
        };
        self.expect(is_right, Promise::NothingIsChanged, || {
            format!("fact {mark} has event time {}, sent {:?}, at {log_ms}", row.event_time_ms, row.sent_time_ms)
        });
    }

    fn check_command(&mut self, found: &Command) {
        let mark = found.action_id.strip_prefix("action-").and_then(|mark| mark.parse::<usize>().ok());
        let Some(mark) = mark.filter(|mark| *mark < self.commands_found.len()) else {
            self.broken.push(Broken::new(Promise::NothingUnsentIsThere, format!("found {found:?}")));
            return;
        };
        self.commands_found[mark] += 1;
        let sent = Command { log_time_ms: found.log_time_ms, ..self.sender.command(mark) };
        self.expect(*found == sent, Promise::NothingIsChanged, || format!("sent {sent:?}, found {found:?}"));
        let is_timed = found.log_time_ms == self.log_time_ms;
        self.expect(is_timed, Promise::Order, || format!("command {mark} has log time {}", found.log_time_ms));
    }

    /// Compares how often each fact and command is there with what its sender was told.
    fn check_answers(&mut self) {
        let facts = self.sender.facts().iter().zip(&self.facts_found);
        let facts = facts.map(|(fact, count)| (format!("{fact:?}"), self.sender.answer(fact.mark), *count));
        let commands = self.sender.commands().iter().zip(&self.commands_found).enumerate();
        let commands = commands.map(|(mark, (answer, count))| (format!("command {mark}"), *answer, *count));
        let counted: Vec<_> = facts.chain(commands).collect();
        for (what, answer, count) in counted {
            let is_lost = answer == Answer::Acknowledged && count == 0;
            self.expect(!is_lost, Promise::NothingAcknowledgedIsLost, || format!("acknowledged, but gone: {what}"));
            self.expect(count < 2, Promise::NothingIsThereTwice, || format!("{count} times: {what}"));
            let is_unsent = answer == Answer::Unsent && count > 0;
            self.expect(!is_unsent, Promise::NothingUnsentIsThere, || format!("refused or never sent: {what}"));
        }
    }
}
