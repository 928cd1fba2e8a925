//! Duplicates: the memory that finds an event again, by its [`Identity`].
//!
//! Ids are remembered per partition ([`IdWindow`]), sequence numbers per node ([`SeqWindow`]). Memory follows use: 24
//! to 32 bytes for each id of a generation, so a partition that really sees its 4 Mi ids twice holds some 200 MB.

use crate::dedup::id_window::IdWindow;
use crate::dedup::seq_window::SeqWindow;
use crate::dedup::verdict::Verdict;
use crate::identity::Identity;
use hashbrown::HashMap;
use std::hint::black_box;
use vigie_model::names::NameIx;
use vigie_model::position::PartitionIx;

pub mod verdict;

pub mod id_window;
pub mod seq_window;

/// Ids remembered per partition by default: the dedup window of the promise.
pub const IDS_REMEMBERED: usize = 4 << 20;

/// Events whose places in memory are fetched together: more than a processor fetches at once, and they still fit in its
/// nearest cache.
const TOGETHER: usize = 64;

/// Finds duplicates over all partitions of a log.
#[derive(Debug)]
pub struct Dedup {
    ids: Vec<IdWindow>,
    nodes: HashMap<(NameIx, NameIx), SeqWindow>,
}

impl Dedup {
    /// Remembers the last `ids_remembered` ids of each of `partitions` partitions.
    #[must_use]
    pub fn new(partitions: PartitionIx, ids_remembered: usize) -> Self {
        Self { ids: (0..partitions).map(|_| IdWindow::new(ids_remembered)).collect(), nodes: HashMap::new() }
    }

    /// Goes on with the windows of all partitions, and those of nodes.
    pub(crate) fn resumed(ids: Vec<IdWindow>, nodes: impl IntoIterator<Item = (NameIx, NameIx, SeqWindow)>) -> Self {
        let nodes = nodes.into_iter().map(|(feed, node, window)| ((feed, node), window));
        Self { ids, nodes: nodes.collect() }
    }

    /// The ids of each partition.
    pub(crate) fn ids(&self) -> &[IdWindow] {
        &self.ids
    }

    /// The windows of nodes, each with its feed and node.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (NameIx, NameIx, SeqWindow)> {
        self.nodes.iter().map(|((feed, node), window)| (*feed, *node, window.clone()))
    }

    /// Remembers an event of `partition` whose node's window is known already.
    pub(crate) fn remember(&mut self, identity: Identity, partition: PartitionIx) {
        if let Identity::Hash(hash) = identity {
            self.ids[usize::from(partition)].judge(hash);
        }
    }

    /// Judges an event of `partition` by its identity, and remembers it.
    pub fn judge(&mut self, identity: Identity, partition: PartitionIx) -> Verdict {
        match identity {
            Identity::Hash(hash) => self.ids[usize::from(partition)].judge(hash),
            Identity::Versioned { report, version } => {
                let ids = &mut self.ids[usize::from(partition)];
                match (ids.judge(report), ids.judge(version)) {
                    (Verdict::Duplicate, Verdict::Duplicate) => Verdict::Duplicate,
                    (Verdict::Duplicate, _) => Verdict::Revision,
                    _ => Verdict::New,
                }
            }
            Identity::Sequence { feed, node, seq } => self.nodes.entry((feed, node)).or_default().judge(seq),
            Identity::None => Verdict::Undeduplicated,
        }
    }

    /// Judges so many events in order, as [`Self::judge`] would one by one; `hear` is told each verdict with the event's
    /// partition.
    pub fn judge_all(
        &mut self,
        count: usize,
        event: impl Fn(usize) -> (Identity, PartitionIx),
        mut hear: impl FnMut(PartitionIx, Verdict),
    ) {
        let mut together = [(Identity::None, 0); TOGETHER];
        for first in (0..count).step_by(TOGETHER) {
            let together = &mut together[..TOGETHER.min(count - first)];
            together.iter_mut().zip(first..).for_each(|(place, index)| *place = event(index));
            let touched = together.iter().map(|(identity, partition)| match identity {
                Identity::Hash(hash) | Identity::Versioned { report: hash, .. } => {
                    self.ids[usize::from(*partition)].touch(*hash)
                }
                Identity::Sequence { .. } | Identity::None => 0,
            });
            black_box(touched.fold(0, |all, one| all ^ one));
            for (identity, partition) in together {
                hear(*partition, self.judge(*identity, *partition));
            }
        }
    }
}

#[cfg(test)]
mod tests;
