//! Keys, read from the bytes a terminal sends.

/// One key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A character.
    Char(char),
    /// Enter.
    Enter,
    /// Escape alone.
    Escape,
    /// Takes the last character back.
    Backspace,
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// Ctrl-C, or the end of input.
    Interrupt,
}

/// The keys in what was read at once: terminals send the sequence of one key in one piece.
#[must_use]
pub(super) fn keys(bytes: &[u8]) -> Vec<Key> {
    let text = String::from_utf8_lossy(bytes);
    let (mut rest, mut keys) = (text.as_ref(), Vec::new());
    while let Some(character) = rest.chars().next() {
        if let Some(sequence) = rest.strip_prefix("\x1b[").or_else(|| rest.strip_prefix("\x1bO")) {
            let end = sequence.find(|c: char| ('@'..='~').contains(&c)).map_or(sequence.len(), |end| end + 1);
            match &sequence[..end] {
                "A" => keys.push(Key::Up),
                "B" => keys.push(Key::Down),
                _ => {}
            }
            rest = &sequence[end..];
            continue;
        }
        rest = &rest[character.len_utf8()..];
        keys.extend(match character {
            '\r' | '\n' => Some(Key::Enter),
            '\x1b' => Some(Key::Escape),
            '\x7f' | '\x08' => Some(Key::Backspace),
            '\x03' | '\x04' => Some(Key::Interrupt),
            control if control.is_control() => None,
            character => Some(Key::Char(character)),
        });
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_keys_and_unknown_sequences_nothing() {
        let expected = [Key::Up, Key::Down, Key::Char('a'), Key::Char('é'), Key::Enter, Key::Backspace, Key::Escape];
        assert_eq!(keys("\x1b[A\x1bOBaé\r\x7f\x1b".as_bytes()), expected);
        assert_eq!(keys(b"\x1b[15~\x1b[1;5Cq\x03"), [Key::Char('q'), Key::Interrupt]);
        assert_eq!(keys(b"\x1b["), []);
    }
}
