//! How deep JSON nests: serde_json skips a value of any depth, so depth is checked before, on brackets alone.

/// Follows brackets and strings, byte by byte. It does not check the grammar: the JSON reader does that afterwards.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Nesting {
    /// Takes in the next byte.
    pub(crate) fn step(&mut self, byte: u8) {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Open brackets after the bytes so far.
    pub(crate) fn depth(self) -> usize {
        self.depth
    }

    /// Whether the bytes so far end inside a string.
    pub(crate) fn in_string(self) -> bool {
        self.in_string
    }
}

/// Whether `text` opens more than `depth_max` brackets at one time. Cost: one pass.
pub(crate) fn nests_deeper(text: &[u8], depth_max: usize) -> bool {
    let mut nesting = Nesting::default();
    text.iter().any(|byte| {
        nesting.step(*byte);
        nesting.depth() > depth_max
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_strings_only() {
        assert!(nests_deeper(b"[[[]]]", 2));
        assert!(!nests_deeper(b"[[],[],{}]", 2));
        assert!(!nests_deeper(br#"{"a[[\"[[":"[[[["}"#, 1));
        assert!(!nests_deeper(b"]]]][", 1));
    }
}
