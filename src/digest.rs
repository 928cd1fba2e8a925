//! The digest of a run: SHA-256 over its byte-sorted transitions (RULES.md, "Replay").
//!
//! Two runs with the same digest raised, lost and cleared the same alerts at the same instants, whatever their number
//! of partitions, their batch size or their machine.

use sha2::{Digest as _, Sha256};
use vigie_model::alert::{AlertState, Transition};

/// Collects transitions for a digest and counts them.
#[derive(Debug, Default)]
pub struct Digest {
    lines: Vec<String>,
    raised: u64,
    cleared: u64,
}

impl Digest {
    /// Adds a transition; those that are not lines of the digest are ignored.
    pub fn add(&mut self, transition: &Transition) {
        if !transition.state.is_in_digest() {
            return;
        }
        self.raised += u64::from(transition.state == AlertState::Active);
        self.cleared += u64::from(transition.state == AlertState::Cleared);
        let (rule, key, state) = (&transition.rule.name, &transition.key, transition.state.as_str());
        self.lines.push(format!("{rule}\t{key}\t{state}\t{}\n", transition.event_time_ms));
    }

    /// Number of active transitions.
    #[must_use]
    pub const fn raised(&self) -> u64 {
        self.raised
    }

    /// Number of cleared transitions.
    #[must_use]
    pub const fn cleared(&self) -> u64 {
        self.cleared
    }

    /// The SHA-256 in hex.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.lines.sort_unstable();
        let mut hasher = Sha256::new();
        for line in &self.lines {
            hasher.update(line.as_bytes());
        }
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_that_of_empty_text() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::default().finish(), empty);
    }
}
