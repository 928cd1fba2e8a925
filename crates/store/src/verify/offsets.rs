//! A set of (partition, offset), one bit each, in blocks that exist only where rows do: memory follows the number of rows,
//! not the largest offset, which may be damaged.

use std::collections::HashMap;

/// Words of a block.
const BLOCK_WORDS: usize = 64;
/// Offsets of a block.
const BLOCK_OFFSETS: i64 = 64 * BLOCK_WORDS as i64;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    blocks: HashMap<(i32, i64), [u64; BLOCK_WORDS]>,
}

impl Offsets {
    /// Adds an offset; returns whether it was new.
    pub(super) fn insert(&mut self, partition: i32, offset: i64) -> bool {
        let (block, bit) = (offset.div_euclid(BLOCK_OFFSETS), offset.rem_euclid(BLOCK_OFFSETS) as usize);
        let words = self.blocks.entry((partition, block)).or_insert([0; BLOCK_WORDS]);
        let (word, mask) = (&mut words[bit / 64], 1_u64 << (bit % 64));
        let is_new = *word & mask == 0;
        *word |= mask;
        is_new
    }

    /// How many offsets in `[0, end)` a partition lacks.
    pub(super) fn missing_below(&self, partition: i32, end: i64) -> i64 {
        let whole = end.div_euclid(BLOCK_OFFSETS);
        let in_block = |(key, words): (&(i32, i64), &[u64; BLOCK_WORDS])| match key.1 {
            block if key.0 != partition || block < 0 || block > whole => 0,
            block if block < whole => words.iter().map(|word| i64::from(word.count_ones())).sum(),
            _ => {
                (0..end.rem_euclid(BLOCK_OFFSETS) as usize).map(|bit| (words[bit / 64] >> (bit % 64) & 1) as i64).sum()
            }
        };
        end - self.blocks.iter().map(in_block).sum::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_and_gaps_are_counted_across_blocks() {
        let mut offsets = Offsets::default();
        assert!((0..10_000).all(|offset| offsets.insert(3, offset)));
        assert!(!offsets.insert(3, 4_096));
        assert!(offsets.insert(4, 4_096) && offsets.insert(3, i64::MAX));
        assert_eq!(offsets.missing_below(3, 10_000), 0);
        assert_eq!(offsets.missing_below(3, 10_007), 7);
        assert_eq!(offsets.missing_below(4, 4_097), 4_096);
        assert_eq!(offsets.missing_below(5, 9), 9);
        assert_eq!(offsets.missing_below(3, 0), 0);
    }
}
