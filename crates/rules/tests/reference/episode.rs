//! From verdicts to records: the states a key goes through.

use crate::mutant::Mutant;
use crate::rule::Rule;

/// What a judgement found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Raise,
    Clear,
    /// Neither.
    Between,
    Missing,
}

/// Where a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Inactive,
    /// `raise` is true since then.
    Pending(i64),
    Open(Open),
}

/// An episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    /// When it became active.
    pub(crate) since: i64,
    pub(crate) stale: bool,
    /// When `clear` was first judged true, if the off-delay runs.
    pub(crate) clear_since: Option<i64>,
    pub(crate) escalated: bool,
}

/// A record of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Record {
    /// `pending`, `active`, ...
    pub(crate) state: &'static str,
    pub(crate) time_ms: i64,
    /// The reason, or the severity of an escalation; or nothing.
    pub(crate) note: String,
}

/// State and records of one key.
#[derive(Clone, Debug)]
pub(crate) struct Episode {
    pub(crate) state: State,
    pub(crate) hold_ms: i64,
    pub(crate) off_ms: i64,
    escalate: Option<(i64, String)>,
    mutant: Mutant,
    /// Records nobody has taken yet.
    pub(crate) records: Vec<Record>,
}

impl Episode {
    pub(crate) fn new(rule: &Rule, mutant: Mutant) -> Self {
        let escalate = rule.escalate.as_ref().map(|escalate| (escalate.after_ms, escalate.severity.clone()));
        Self {
            state: State::Inactive,
            hold_ms: rule.hold_ms,
            off_ms: rule.off_ms,
            escalate,
            mutant,
            records: Vec::new(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Goes on with a verdict of this instant.
    pub(crate) fn judge(&mut self, at: i64, verdict: Verdict) {
        match self.state {
            State::Inactive => {
                if verdict == Verdict::Raise && self.hold_ms == 0 {
                    self.open(at);
                } else if verdict == Verdict::Raise {
                    self.state = State::Pending(at);
                    self.record("pending", at);
                }
            }
            State::Pending(_) => {
                let goes_on = match verdict {
                    Verdict::Raise => true,
                    Verdict::Missing => self.mutant == Mutant::HoldSurvivesMissing,
                    Verdict::Between => self.mutant == Mutant::BetweenKeepsHold,
                    Verdict::Clear => false,
                };
                if !goes_on {
                    self.state = State::Inactive;
                    self.record("inactive", at);
                }
            }
            State::Open(open) => self.judge_open(open, at, verdict),
        }
    }

    fn judge_open(&mut self, mut open: Open, at: i64, verdict: Verdict) {
        if verdict == Verdict::Missing {
            if !open.stale {
                self.record("stale", at);
            }
            open.stale = true;
            if self.mutant == Mutant::MissingStopsOffDelay {
                open.clear_since = None;
            }
        } else {
            if open.stale {
                self.record("resumed", at);
            }
            open.stale = false;
        }
        match verdict {
            Verdict::Raise => open.clear_since = None,
            Verdict::Clear if self.mutant == Mutant::ClearRestartsOffDelay => open.clear_since = Some(at),
            Verdict::Clear => open.clear_since = open.clear_since.or(Some(at)),
            Verdict::Between if self.mutant == Mutant::BetweenStopsOffDelay => open.clear_since = None,
            Verdict::Between | Verdict::Missing => {}
        }
        self.state = State::Open(open);
        if open.clear_since == Some(at) && self.off_ms == 0 {
            self.close(at, "");
        }
    }

    /// A sequence is complete.
    pub(crate) fn complete(&mut self, at: i64) {
        match &mut self.state {
            State::Open(open) => {
                if self.mutant != Mutant::CompletionDoesNotExtend {
                    open.clear_since = Some(at);
                }
            }
            _ => {
                self.open(at);
                let State::Open(open) = &mut self.state else { panic!("just opened") };
                open.clear_since = Some(at);
            }
        }
        if self.off_ms == 0 {
            self.close(at, "");
        }
    }

    /// The rule's period ends.
    pub(crate) fn end_period(&mut self, at: i64) {
        match self.state {
            State::Inactive => {}
            State::Pending(_) => {
                self.state = State::Inactive;
                self.record("inactive", at);
            }
            State::Open(_) => {
                if self.mutant != Mutant::PeriodKeepsOpen {
                    self.close(at, "inactive_period");
                }
            }
        }
    }

    /// When the hold or the off-delay that runs is over.
    pub(crate) fn hold_or_off_due(&self) -> Option<i64> {
        match self.state {
            State::Inactive => None,
            State::Pending(since) if self.mutant == Mutant::HoldsLonger => Some(since + self.hold_ms + 1),
            State::Pending(since) => Some(since + self.hold_ms),
            State::Open(open) => open.clear_since.map(|since| since + self.off_ms),
        }
    }

    /// The hold or the off-delay is over.
    pub(crate) fn end_hold_or_off(&mut self, at: i64) {
        if self.is_open() { self.close(at, "") } else { self.open(at) }
    }

    /// When the episode escalates.
    pub(crate) fn escalation_due(&self) -> Option<i64> {
        match (self.state, &self.escalate) {
            (State::Open(open), Some((after_ms, _))) if !open.escalated => Some(open.since + after_ms),
            _ => None,
        }
    }

    pub(crate) fn escalate(&mut self, at: i64) {
        let State::Open(open) = &mut self.state else { panic!("only what is open escalates") };
        open.escalated = true;
        let note = self.escalate.as_ref().map_or(String::new(), |(_, severity)| severity.clone());
        self.records.push(Record { state: "escalated", time_ms: at, note });
    }

    pub(crate) fn open(&mut self, at: i64) {
        self.state = State::Open(Open { since: at, stale: false, clear_since: None, escalated: false });
        self.record("active", at);
    }

    pub(crate) fn close(&mut self, at: i64, reason: &str) {
        self.state = State::Inactive;
        self.records.push(Record { state: "cleared", time_ms: at, note: reason.to_owned() });
    }

    fn record(&mut self, state: &'static str, time_ms: i64) {
        self.records.push(Record { state, time_ms, note: String::new() });
    }
}
