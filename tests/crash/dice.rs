//! Seeded chance, the same on every machine: SplitMix64.

/// A sequence of numbers that a seed fixes.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed in the environment variable `VIGIE_SEED`, or `otherwise`; printed, so that a failure can be repeated.
    pub fn seeded(test: &str, otherwise: u64) -> Self {
        let told = std::env::var("VIGIE_SEED").ok().map(|text| text.parse().expect("VIGIE_SEED is a whole number"));
        let seed = told.unwrap_or(otherwise);
        println!("{test}: VIGIE_SEED={seed}");
        Self(seed)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}
