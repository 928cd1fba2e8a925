//! Parquet's hybrid of runs and packed bits, in which codes and definition levels are written.

/// Values that are packed together; a run pays from here on.
const GROUP: usize = 8;

/// How many bits a code below `codes` needs.
pub(crate) const fn bits_for(codes: usize) -> u8 {
    (usize::BITS - codes.saturating_sub(1).leading_zeros()) as u8
}

/// Appends `values`, each below 2^`bits`, to `out`. O(values).
pub(crate) fn write(values: &[u32], bits: u8, out: &mut Vec<u8>) {
    let mut packed_from = 0;
    let mut at = 0;
    while at < values.len() {
        let run = run_length(&values[at..]);
        // Packed values come in whole groups, so the head of this run completes the group that is being filled.
        let head = (at - packed_from).next_multiple_of(GROUP) - (at - packed_from);
        if run >= head + GROUP {
            write_packed(&values[packed_from..at + head], bits, out);
            write_run(values[at], run - head, bits, out);
            packed_from = at + run;
        }
        at += run;
    }
    write_packed(&values[packed_from..], bits, out);
}

/// Appends `count` times the same value.
pub(crate) fn write_run(value: u32, count: usize, bits: u8, out: &mut Vec<u8>) {
    if count > 0 {
        write_varint((count as u64) << 1, out);
        out.extend_from_slice(&value.to_le_bytes()[..usize::from(bits.div_ceil(8))]);
    }
}

/// Appends values packed; the last group is filled up with zeros.
fn write_packed(values: &[u32], bits: u8, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(GROUP);
    write_varint((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * usize::from(bits);
    let (mut word, mut filled) = (0_u64, 0);
    for value in values {
        word |= u64::from(*value) << filled;
        filled += u32::from(bits);
        if filled >= 32 {
            out.extend_from_slice(&(word as u32).to_le_bytes());
            (word, filled) = (word >> 32, filled - 32);
        }
    }
    out.extend_from_slice(&word.to_le_bytes());
    out.resize(end, 0);
}

fn run_length(values: &[u32]) -> usize {
    values.iter().take_while(|value| **value == values[0]).count()
}

/// Appends a whole number, seven bits a byte.
pub(crate) fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
