//! Snapshots: all that rules remember, as bytes, so that a start need not judge the whole log again.
//!
//! Each engine has a snapshot of its own, which its owner takes between any two records; another one has what stands over all
//! partitions. An engine that goes on from its snapshot does what it would have done, bit for bit: the same transitions, evidence,
//! ids and answers, and the same counts.
//!
//! Bytes come in pieces of about a megabyte, so that they can be written while the next ones are made; memory of pieces that were
//! written can be given back for the next, as memory that was never touched costs more than what is written into it. Lines of memory are
//! written nearly as they lie; what follows from the rules, the names of the log or other state is left out. So a snapshot
//! means something only together with the rules in force and the log's dictionary at its place, and whoever keeps it has
//! to note both.
//!
//! **Invariants**
//! - Bytes of another format, of other semantics or of no snapshot are refused; reading never panics. An engine is promised only
//!   for bytes that an engine with the same rules and names wrote: keep a checksum.
//! - What is read needs memory in proportion to the bytes.
//!
//! ```
//! use std::sync::Arc;
//! use vigie_model::control::{Control, SourceFile};
//! use vigie_rules::engine::Engine;
//!
//! let text = "groups:\n- name: a\n  rules:\n  - {alert: Silent, kind: absence, metric: heartbeat, for: 30s}\n";
//! let rules = vec![SourceFile { path: "rules.yaml".into(), text: text.into() }];
//! let control = Control { time_zone: "UTC".into(), rules, ..Control::default() };
//! let rules = vigie_rules::load::load(&control).unwrap().rules;
//! let engine = Engine::new(Arc::clone(&rules), 3, 16);
//! let mut bytes = Vec::new();
//! engine.snapshot(&mut |piece| {
//!     bytes.extend(&piece);
//!     piece
//! });
//! let again = Engine::restore(&rules, &Arc::default(), &bytes).unwrap();
//! assert_eq!(again.counters(), engine.counters());
//! bytes.pop();
//! assert!(Engine::restore(&rules, &Arc::default(), &bytes).is_err());
//! ```

use crate::core::RuleCore;
use crate::engine::Engine;
use crate::merger::Merger;
use crate::partition_set::{PartitionSet, Share};
use crate::saved::{FORMAT, HandOver, Loader, Saved, Saver, Wrong, require};
use crate::spec::RuleSet;
use std::fmt;
use std::sync::Arc;
use vigie_model::control::ENGINE_SEMANTICS;
use vigie_model::names::Names;
use vigie_model::position::PartitionIx;

/// Begins what one engine remembers.
const ENGINE: u32 = u32::from_le_bytes(*b"part");
/// Begins what stands over all of them.
const CITY: u32 = u32::from_le_bytes(*b"city");

/// Why engines do not go on together.
const OTHERS: &str = "its engines are not those of these partitions";

/// Why bytes are no snapshot to go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Its bytes are laid out in another way.
    Format {
        /// The version found.
        found: u32,
    },
    /// Rules mean something else to whoever wrote it: see [`ENGINE_SEMANTICS`].
    Semantics {
        /// The version found.
        found: u32,
    },
    /// It is no snapshot of these rules with these names, for this reason.
    Wrong(&'static str),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format { found } => write!(f, "its format is {found}, and this program reads {FORMAT}"),
            Self::Semantics { found } => {
                write!(f, "it was written with engine semantics {found}, and this program has {ENGINE_SEMANTICS}")
            }
            Self::Wrong(what) => write!(f, "it does not fit these rules and this log: {what}"),
        }
    }
}

impl std::error::Error for Unfit {}

impl From<Wrong> for Unfit {
    fn from(Wrong(what): Wrong) -> Self {
        Self::Wrong(what)
    }
}

impl Engine {
    /// Hands over all it remembers, in pieces. Cost: about that of copying it.
    pub fn snapshot(&self, hand_over: &mut dyn FnMut(Vec<u8>) -> Vec<u8>) {
        write(ENGINE, hand_over, |to| self.save(to));
    }

    /// The engine of a snapshot, with the rules and names that were in force at its place.
    ///
    /// # Errors
    /// When the bytes are no snapshot of an engine with these rules and names.
    pub fn restore(rules: &Arc<RuleSet>, names: &Arc<Names>, bytes: &[u8]) -> Result<Self, Unfit> {
        read(ENGINE, Loader::new(bytes, rules, names), |from| Self::load(rules, names, from))
    }
}

impl Merger {
    /// Hands over all it remembers, in pieces. Only once a control record has come.
    pub fn snapshot(&self, hand_over: &mut dyn FnMut(Vec<u8>) -> Vec<u8>) {
        write(CITY, hand_over, |to| self.save(to));
    }

    /// What looked over so many partitions when the snapshot was taken, with the rules that were in force at its place.
    ///
    /// # Errors
    /// When the bytes are no such snapshot with these rules.
    pub fn restore(rules: &Arc<RuleSet>, partitions: PartitionIx, bytes: &[u8]) -> Result<Self, Unfit> {
        read(CITY, Loader::new(bytes, rules, &Names::default()), |from| Self::load(rules, partitions, from))
    }
}

impl PartitionSet {
    /// Goes on with the engines of a share, in the order of their partitions, and from where `merger` is: all of them from between
    /// the same two records.
    ///
    /// # Errors
    /// When they are not the engines of this share.
    pub fn restore(share: Share, engines: Vec<Engine>, merger: &Merger) -> Result<Self, Unfit> {
        Self::of_parts(share, engines, merger).ok_or(Unfit::Wrong(OTHERS))
    }
}

impl RuleCore {
    /// Goes on with engines, one for each partition in their order, and with what looks over them: all of them from between
    /// the same two records.
    ///
    /// # Errors
    /// When they are not the engines of all partitions.
    pub fn restore(engines: Vec<Engine>, merger: Merger) -> Result<Self, Unfit> {
        Self::of_parts(engines, merger).ok_or(Unfit::Wrong(OTHERS))
    }
}

fn write(what: u32, hand_over: &mut HandOver<'_>, save: impl FnOnce(&mut Saver<'_>)) {
    let mut to = Saver::new(hand_over);
    for number in [what, FORMAT, ENGINE_SEMANTICS] {
        number.save(&mut to);
    }
    save(&mut to);
    to.finish();
}

fn read<T>(
    what: u32,
    mut from: Loader<'_>,
    load: impl FnOnce(&mut Loader<'_>) -> Result<T, Wrong>,
) -> Result<T, Unfit> {
    require(u32::load(&mut from)? == what, "it is of something else")?;
    let (found, semantics) = (u32::load(&mut from)?, u32::load(&mut from)?);
    if found != FORMAT {
        return Err(Unfit::Format { found });
    }
    if semantics != ENGINE_SEMANTICS {
        return Err(Unfit::Semantics { found: semantics });
    }
    let loaded = load(&mut from)?;
    from.finish()?;
    Ok(loaded)
}
