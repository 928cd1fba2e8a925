//! Handover: who is on duty, who signed, and whether the sounds were heard.
//!
//! A handover is complete once one person signed as leaving and another as arriving; the next signature begins the next
//! one. Whoever signs as arriving is on duty until signing as leaving, and so many operators a flood is measured by, unless
//! the configuration names a number.
//!
//! **Bounds.** [`ON_DUTY_MAX`] people on duty, [`HANDOVERS_MAX`] handovers kept.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use vigie_model::command::{Command, Outcome, ShiftSide};

/// Most people on duty at one time.
pub const ON_DUTY_MAX: usize = 256;
/// Most handovers kept: a year of three a day.
pub const HANDOVERS_MAX: usize = 1_095;

/// Who is on duty, and how they took over; see the [module's documentation](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    on_duty: BTreeSet<Arc<str>>,
    /// From the oldest; only the newest can be incomplete.
    handovers: VecDeque<Handover>,
    sound_check: Option<SoundCheck>,
}

/// A change of shifts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// The newest signature of somebody who leaves.
    pub leaving: Option<Signature>,
    /// The newest signature of somebody who comes.
    pub arriving: Option<Signature>,
}

/// Somebody signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Who.
    pub operator: Arc<str>,
    /// When, in log time.
    pub at_ms: i64,
    /// What is to be said about it.
    pub note: Option<String>,
}

/// Somebody tried the sounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundCheck {
    /// Who.
    pub operator: Arc<str>,
    /// When, in log time.
    pub at_ms: i64,
    /// Whether they were heard.
    pub heard: bool,
}

impl Handover {
    /// Whether both sides signed, and are two people.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match (&self.leaving, &self.arriving) {
            (Some(leaving), Some(arriving)) => leaving.operator != arriving.operator,
            _ => false,
        }
    }

    /// When it was signed last.
    #[must_use]
    pub fn signed_ms(&self) -> Option<i64> {
        self.leaving.iter().chain(&self.arriving).map(|signature| signature.at_ms).max()
    }

    fn side(&mut self, side: ShiftSide) -> &mut Option<Signature> {
        match side {
            ShiftSide::Leaving => &mut self.leaving,
            ShiftSide::Arriving => &mut self.arriving,
        }
    }
}

impl Duty {
    /// Somebody signs.
    pub fn sign(&mut self, command: &Command, side: ShiftSide) -> Outcome {
        let is_new = side == ShiftSide::Arriving && !self.on_duty.contains(&command.operator);
        if is_new && self.on_duty.len() >= ON_DUTY_MAX {
            return Outcome::TooMany;
        }
        if self.handovers.back().is_none_or(Handover::is_complete) {
            if self.handovers.len() == HANDOVERS_MAX {
                self.handovers.pop_front();
            }
            self.handovers.push_back(Handover::default());
        }
        let newest = self.handovers.back_mut().expect("there is a handover to be signed");
        let signed = newest.side(side);
        if signed.as_ref().is_some_and(|signed| signed.operator == command.operator && signed.note == command.note) {
            return Outcome::Unchanged;
        }
        let (operator, note) = (Arc::clone(&command.operator), command.note.clone());
        *signed = Some(Signature { operator, at_ms: command.log_time_ms, note });
        match side {
            ShiftSide::Arriving => self.on_duty.insert(Arc::clone(&command.operator)),
            ShiftSide::Leaving => self.on_duty.remove(&command.operator),
        };
        Outcome::Done
    }

    /// Somebody tried the sounds.
    pub fn check_sound(&mut self, command: &Command, heard: bool) -> Outcome {
        let operator = Arc::clone(&command.operator);
        self.sound_check = Some(SoundCheck { operator, at_ms: command.log_time_ms, heard });
        Outcome::Done
    }

    /// Operators to measure a flood by when the configuration names no number: those on duty, at least one.
    #[must_use]
    pub fn operators(&self) -> u16 {
        u16::try_from(self.on_duty.len().max(1)).unwrap_or(u16::MAX)
    }

    /// Who is on duty.
    pub fn on_duty(&self) -> impl Iterator<Item = &Arc<str>> {
        self.on_duty.iter()
    }

    /// The newest handover, complete or not.
    #[must_use]
    pub fn newest(&self) -> Option<&Handover> {
        self.handovers.back()
    }

    /// The newest handover that was signed between two log times, both included.
    #[must_use]
    pub fn signed_within(&self, from_ms: i64, to_ms: i64) -> Option<&Handover> {
        let is_within = |handover: &&Handover| handover.signed_ms().is_some_and(|at| (from_ms..=to_ms).contains(&at));
        self.handovers.iter().rev().find(is_within)
    }

    /// The newest trial of the sounds.
    #[must_use]
    pub const fn sound_check(&self) -> Option<&SoundCheck> {
        self.sound_check.as_ref()
    }
}
