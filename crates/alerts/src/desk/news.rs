//! What the desk announces, once each: that a flood or chatter began or ended, that a mode or a time out of service did.
//!
//! Each piece of news has a number that counts on from 0, so that whoever shows them knows which it has shown.

use crate::desk::chatter::ChatterChange;
use crate::desk::flood::FloodOver;
use crate::desk::mode::ModeInForce;
use crate::desk::service::OutOfService;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use vigie_model::command::{DeskMode, ServiceScope};

/// Most pieces of news kept: what an operator who comes back after a short absence wants to read.
pub const NEWS_MAX: usize = 50;

/// The newest pieces of news.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// From the oldest.
    pieces: VecDeque<Arc<Piece>>,
    next: u64,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Counts on from 0.
    pub number: u64,
    /// When, in log time.
    pub at_ms: i64,
    /// What happened.
    pub what: Happened,
}

/// What happened at the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Happened {
    /// A flood began.
    FloodBegan,
    /// A flood is over.
    FloodEnded(FloodOver),
    /// A key began to chatter, or has calmed down.
    Chatter(ChatterChange),
    /// A mode began, or was changed.
    ModeBegan(Arc<ModeInForce>),
    /// A mode is over.
    ModeEnded {
        /// Which.
        mode: DeskMode,
        /// What it was called.
        name: Arc<str>,
        /// Whether its time was over; else somebody ended it.
        by_itself: bool,
    },
    /// Something was taken out of service.
    OutOfService(Arc<OutOfService>),
    /// Something serves again.
    Returned {
        /// What.
        scope: ServiceScope,
        /// Whether its time was over; else somebody returned it.
        by_itself: bool,
    },
}

impl News {
    /// Announces something.
    pub fn tell(&mut self, at_ms: i64, what: Happened) {
        if self.pieces.len() == NEWS_MAX {
            self.pieces.pop_front();
        }
        self.pieces.push_back(Arc::new(Piece { number: self.next, at_ms, what }));
        self.next += 1;
    }

    /// The newest pieces, from the oldest kept.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Piece>> {
        self.pieces.iter()
    }
}
