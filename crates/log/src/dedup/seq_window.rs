//! Sequence numbers of a node: the highest, and which of the 1,024 below it were seen.

use crate::dedup::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// Sequence numbers below the highest that are told apart per node.
pub const SEQ_WINDOW: i64 = 1024;

/// The highest sequence number of a node and which of the 1,024 below it were seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeqWindow {
    highest: Option<i64>,
    /// Bit `seq mod 1024`: seen, for the numbers in `(highest - 1024, highest]`.
    seen: [u64; (SEQ_WINDOW / 64) as usize],
}

impl SeqWindow {
    /// Judges a sequence number and remembers it. A number older than the window, as after a reboot of the node, is
    /// kept: dropping it would lose data.
    pub fn judge(&mut self, seq: i64) -> Verdict {
        let highest = match self.highest {
            Some(highest) if seq <= highest => {
                if highest.abs_diff(seq) >= SEQ_WINDOW.unsigned_abs() {
                    return Verdict::Undeduplicated;
                }
                return if self.set(seq) { Verdict::Duplicate } else { Verdict::New };
            }
            Some(highest) => highest,
            None => seq.saturating_sub(SEQ_WINDOW),
        };
        if highest.abs_diff(seq) >= SEQ_WINDOW.unsigned_abs() {
            self.seen = Default::default();
        } else {
            for passed in highest + 1..=seq {
                self.clear(passed);
            }
        }
        self.highest = Some(seq);
        self.set(seq);
        Verdict::New
    }

    /// Sets the bit of `seq`; whether it was set before.
    fn set(&mut self, seq: i64) -> bool {
        let (word, bit) = Self::place(seq);
        let before = self.seen[word] & bit != 0;
        self.seen[word] |= bit;
        before
    }

    fn clear(&mut self, seq: i64) {
        let (word, bit) = Self::place(seq);
        self.seen[word] &= !bit;
    }

    fn place(seq: i64) -> (usize, u64) {
        let slot = seq.rem_euclid(SEQ_WINDOW);
        ((slot / 64) as usize, 1 << (slot % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_rebooted_node_loses_nothing() {
        let mut window = SeqWindow::default();
        assert_eq!(window.judge(5000), Verdict::New);
        assert_eq!(window.judge(3976), Verdict::Undeduplicated);
        assert_eq!(window.judge(0), Verdict::Undeduplicated);
        assert_eq!(window.judge(3977), Verdict::New);
        assert_eq!(window.judge(3977), Verdict::Duplicate);
        assert_eq!(window.judge(i64::MAX), Verdict::New);
        assert_eq!(window.judge(i64::MIN), Verdict::Undeduplicated);
    }

    proptest! {
        /// Against a plain set: inside the window the verdicts are exact.
        #[test]
        fn seq_windows_are_exact(seqs in prop::collection::vec(-2000i64..2000, 1..400)) {
            let mut window = SeqWindow::default();
            let mut seen = BTreeSet::new();
            let mut highest = i64::MIN;
            for seq in seqs {
                let expected = if highest != i64::MIN && seq <= highest - SEQ_WINDOW {
                    Verdict::Undeduplicated
                } else if seen.insert(seq) {
                    Verdict::New
                } else {
                    Verdict::Duplicate
                };
                highest = highest.max(seq);
                seen.retain(|seen_seq| *seen_seq > highest - SEQ_WINDOW);
                prop_assert_eq!(window.judge(seq), expected);
            }
        }
    }
}
