//! Concurrent senders that keep, outside the server, what they were answered.
//!
//! A sender behaves as a real one: a request without an answer is sent again, byte for byte, and now and then one that
//! was answered is sent once more.

use crate::common::WAIT_MAX;
use crate::crash::dice::Dice;
use crate::crash::events::{Event, Key, Request, Source};
use crate::crash::http::{Connection, TAKEN};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex};
use std::thread::scope;
use std::time::Instant;

/// Senders at once.
const SENDERS: usize = 4;
/// Answered requests a sender may repeat. With some 25 numbered events each, far inside the window of a node's numbers.
const REPEATED_MAX: usize = 8;
/// One request in so many is a repeated one.
const REPEAT_ONE_IN: u64 = 8;

/// All senders, over all lives of the server.
#[derive(Debug)]
pub struct Load {
    senders: Vec<Sender>,
}

/// What one life of the server saw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Round {
    /// Requests answered as taken.
    pub answered: u64,
    /// Requests wholly sent before the server was killed, and not answered.
    pub open: u64,
    /// Requests of an earlier life that were sent again, and were in the log already.
    pub found_again: u64,
}

/// What is shared between the senders and whoever kills the server.
#[derive(Debug, Default)]
pub struct Progress {
    state: Mutex<State>,
    changed: Condvar,
}

/// Tells the senders that it is enough, when dropped.
struct Enough<'a>(&'a Progress);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.enough();
    }
}

#[derive(Debug, Default)]
struct State {
    round: Round,
    killed_at: Option<Instant>,
    is_over: bool,
}

#[derive(Debug)]
struct Sender {
    source: Source,
    dice: Dice,
    /// A request without an answer.
    unanswered: Option<Request>,
    /// The newest answered ones.
    answered: VecDeque<Request>,
    /// Every event answered as taken.
    acknowledged: BTreeMap<Key, Event>,
}

/// How a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    First,
    Again,
    Repeat,
}

impl Load {
    /// Senders whose events a seed fixes, but for their times.
    pub fn new(events_per_request: u64, dice: &mut Dice) -> Self {
        let sender = |index| Sender {
            source: Source::new(index, events_per_request, Dice::new(dice.below(u64::MAX))),
            dice: Dice::new(dice.below(u64::MAX)),
            unanswered: None,
            answered: VecDeque::new(),
            acknowledged: BTreeMap::new(),
        };
        Self { senders: (0..SENDERS).map(sender).collect() }
    }

    /// Sends to a server that listens at `address`, while `during` runs, which ends the server or calls
    /// [`Progress::enough`].
    pub fn run(&mut self, address: &str, during: impl FnOnce(&Progress)) -> Round {
        let progress = Progress::default();
        scope(|threads| {
            for sender in &mut self.senders {
                threads.spawn(|| sender.run(address, &progress));
            }
            // Also when the test fails in `during`, the senders end.
            let _enough = Enough(&progress);
            during(&progress);
        });
        progress.state.into_inner().expect("no sender panicked").round
    }

    /// Sends again what has no answer yet, and nothing else.
    pub fn settle(&mut self, address: &str) -> Round {
        let progress = Progress::default();
        progress.enough();
        for sender in &mut self.senders {
            sender.run(address, &progress);
            assert!(sender.unanswered.is_none(), "the server ended while the last requests were sent again");
        }
        progress.state.into_inner().expect("no sender panicked").round
    }

    /// Every event answered as taken, with what was sent.
    pub fn acknowledged(&self) -> BTreeMap<Key, Event> {
        self.senders.iter().flat_map(|sender| sender.acknowledged.clone()).collect()
    }
}

impl Progress {
    /// Waits until so many requests were answered.
    pub fn wait_answered(&self, requests: u64) {
        let state = self.state.lock().expect("no sender panicked");
        let waiting = |state: &mut State| state.round.answered < requests;
        let waited = self.changed.wait_timeout_while(state, WAIT_MAX, waiting).expect("no sender panicked");
        assert!(!waited.1.timed_out(), "{requests} requests were not answered within {WAIT_MAX:?}");
    }

    /// To be called right before the server is killed.
    pub fn killing(&self) {
        self.state.lock().expect("no sender panicked").killed_at = Some(Instant::now());
    }

    /// The senders end after the request they are at.
    pub fn enough(&self) {
        self.state.lock().expect("no sender panicked").is_over = true;
    }

    fn is_over(&self) -> bool {
        self.state.lock().expect("no sender panicked").is_over
    }

    fn count(&self, count: impl FnOnce(&mut State)) {
        count(&mut self.state.lock().expect("no sender panicked"));
        self.changed.notify_all();
    }
}

impl Sender {
    /// Sends until the connection breaks or it is enough.
    fn run(&mut self, address: &str, progress: &Progress) {
        let Ok(mut connection) = Connection::open(address) else { return };
        let mut taken_at = Instant::now();
        while self.unanswered.is_some() || !progress.is_over() {
            let (request, turn) = self.next();
            match connection.post_events(&request.body) {
                Ok((429 | 503, answer)) => {
                    assert!(taken_at.elapsed() < WAIT_MAX, "refused for {WAIT_MAX:?}: {answer}");
                    self.unanswered = Some(request);
                }
                Ok((status, answer)) => {
                    assert_eq!(status, TAKEN, "{answer}");
                    taken_at = Instant::now();
                    let number = |name: &str| answer[name].as_u64().unwrap_or_else(|| panic!("no {name} in {answer}"));
                    let (accepted, duplicates) = (number("accepted"), number("duplicates"));
                    let events = request.events.len() as u64;
                    let right = match turn {
                        Turn::First => accepted == events,
                        Turn::Again => accepted + duplicates == events,
                        Turn::Repeat => duplicates == events,
                    };
                    assert!(right && answer["rejected"] == serde_json::json!([]), "{turn:?} of {events}: {answer}");
                    assert_eq!((number("undeduplicated"), number("time_adjusted")), (0, 0), "{answer}");
                    self.keep(request);
                    progress.count(|state| {
                        state.round.answered += 1;
                        state.round.found_again += u64::from(turn == Turn::Again && duplicates > 0);
                    });
                }
                Err(cut) => {
                    self.unanswered = Some(request);
                    progress.count(|state| {
                        // A server that ended by itself did so later than any request it was sent.
                        let was_open = |sent| state.killed_at.is_none_or(|killed_at| sent < killed_at);
                        state.round.open += u64::from(cut.sent.is_some_and(was_open));
                    });
                    return;
                }
            }
        }
    }

    fn next(&mut self) -> (Request, Turn) {
        if let Some(request) = self.unanswered.take() {
            return (request, Turn::Again);
        }
        if !self.answered.is_empty() && self.dice.below(REPEAT_ONE_IN) == 0 {
            let index = self.dice.below(self.answered.len() as u64);
            return (self.answered[usize::try_from(index).expect("an index")].clone(), Turn::Repeat);
        }
        (self.source.request(), Turn::First)
    }

    fn keep(&mut self, request: Request) {
        // One that is kept for longer would leave the window of its node's numbers.
        let is_new = !self.acknowledged.contains_key(&request.events[0].key);
        for event in &request.events {
            let before = self.acknowledged.insert(event.key.clone(), event.clone());
            assert!(before.is_none_or(|before| before == *event), "the test makes an event twice: {event:?}");
        }
        if is_new {
            self.answered.push_back(request);
        }
        if self.answered.len() > REPEATED_MAX {
            self.answered.pop_front();
        }
    }
}
