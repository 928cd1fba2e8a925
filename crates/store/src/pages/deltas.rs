//! Whole numbers as packed differences: Parquet's `DELTA_BINARY_PACKED`.
//!
//! The differences of a block are packed less their smallest, a quarter of a block at a time, in as many bits as the quarter
//! needs. Differences may overflow: they are added up again in the same arithmetic.

use super::runs::write_varint;

/// Differences of a block, and of a quarter of it.
const BLOCK: usize = 128;
const QUARTER: usize = 32;

/// Appends `values` to `out`. O(values).
pub(crate) fn write_deltas(values: &[i64], out: &mut Vec<u8>) {
    write_varint(BLOCK as u64, out);
    write_varint((BLOCK / QUARTER) as u64, out);
    write_varint(values.len() as u64, out);
    write_varint(zigzag(values.first().copied().unwrap_or(0)), out);
    let mut deltas = [0; BLOCK];
    for first in (1..values.len()).step_by(BLOCK) {
        let count = BLOCK.min(values.len() - first);
        let deltas = &mut deltas[..count];
        for (delta, pair) in deltas.iter_mut().zip(values[first - 1..].windows(2)) {
            *delta = pair[1].wrapping_sub(pair[0]);
        }
        write_block(deltas, out);
    }
}

fn write_block(deltas: &[i64], out: &mut Vec<u8>) {
    let smallest = deltas.iter().copied().min().unwrap_or(0);
    write_varint(zigzag(smallest), out);
    let widths = out.len();
    out.resize(widths + BLOCK / QUARTER, 0);
    for (place, deltas) in (widths..).zip(deltas.chunks(QUARTER)) {
        let mut surplus = [0; QUARTER];
        for (surplus, delta) in surplus.iter_mut().zip(deltas) {
            *surplus = delta.wrapping_sub(smallest).cast_unsigned();
        }
        let bits = u64::BITS - surplus.iter().fold(0, |all, surplus| all | surplus).leading_zeros();
        out[place] = bits as u8;
        pack(&surplus, bits, out);
    }
}

/// Appends numbers of so many bits each, the lowest bits first.
fn pack(numbers: &[u64; QUARTER], bits: u32, out: &mut Vec<u8>) {
    let (mut word, mut filled) = (0_u128, 0);
    for number in numbers {
        word |= u128::from(*number) << filled;
        filled += bits;
        if filled >= u64::BITS {
            out.extend_from_slice(&(word as u64).to_le_bytes());
            (word, filled) = (word >> u64::BITS, filled - u64::BITS);
        }
    }
    // 32 numbers of any width end at a multiple of four bytes.
    out.extend_from_slice(&(word as u64).to_le_bytes()[..filled as usize / 8]);
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}
