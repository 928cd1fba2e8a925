//! Pseudo-random numbers from a seed: SplitMix64, the same on every machine.

/// A stream of pseudo-random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number from `from` up to, without, `until`.
    pub(crate) fn number(&mut self, from: i64, until: i64) -> i64 {
        from + (self.next() % until.abs_diff(from)) as i64
    }

    /// True in `percent` of a hundred cases.
    pub(crate) fn percent(&mut self, percent: i64) -> bool {
        self.number(0, 100) < percent
    }

    /// One of these.
    pub(crate) fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.number(0, choices.len() as i64) as usize].clone()
    }
}
