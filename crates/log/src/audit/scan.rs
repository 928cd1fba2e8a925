//! Entries of one file, followed along their chain.

use crate::audit::line::{CHAIN, Chain, LINE_BYTES_MAX, Line, may_be_torn};

/// The end of a chain, and what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Chain value of the newest entry.
    pub(crate) chain: Chain,
    /// Number of the next one.
    pub(crate) next: u64,
}

/// What a part of a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// The chain behind its entries.
    pub(crate) head: Head,
    /// Entries that are what was written.
    pub(crate) entries: u64,
    /// Bytes of them, up to the first one that is not.
    pub(crate) whole_bytes: usize,
    /// What follows them.
    pub(crate) rest: Rest,
    /// Entries that are not what was written.
    pub(crate) broken: Vec<Broken>,
}

/// What stands behind the whole entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing.
    Nothing,
    /// As many bytes that a crash may have left.
    Torn(usize),
    /// Something else.
    Damage,
}

/// An entry that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Its place in the bytes scanned.
    pub(crate) at: usize,
    /// What is wrong with it.
    pub(crate) what: String,
}

/// Follows the chain from `head` through `bytes`. Behind an entry that breaks it, the chain goes on from what that entry
/// states, so that every break is found and no break hides another.
pub(crate) fn scan(bytes: &[u8], mut head: Head) -> Scanned {
    let (mut at, mut whole_bytes, mut entries) = (0, 0, 0);
    let mut broken = Vec::new();
    let mut rest = Rest::Nothing;
    for text in bytes.split_inclusive(|byte| *byte == b'\n') {
        let line = text.strip_suffix(b"\n").and_then(Line::parse);
        let wrong = match line {
            None => Some("it is no entry".to_owned()),
            Some(line) if line.number != head.next => {
                Some(format!("its number is {}, expected {}", line.number, head.next))
            }
            Some(line) if line.expected(&head.chain) != line.chain => {
                Some("it is not what was written behind the entry before it".to_owned())
            }
            Some(_) => None,
        };
        match wrong {
            None => entries += 1,
            Some(_) if broken.is_empty() && is_torn(&bytes[at..]) => {
                rest = Rest::Torn(bytes.len() - at);
                break;
            }
            Some(what) => {
                rest = Rest::Damage;
                broken.push(Broken { at, what });
            }
        }
        if let Some(line) = line {
            head = Head { chain: line.chain, next: line.number.saturating_add(1) };
        }
        at += text.len();
        if broken.is_empty() {
            whole_bytes = at;
        }
    }
    Scanned { head, entries, whole_bytes, rest, broken }
}

/// Whether what is left of a file may be one entry that was never finished. A crash leaves garbage too; but behind the beginning
/// of an entry that was written whole there is the beginning of another one, or nothing.
fn is_torn(left: &[u8]) -> bool {
    let begins_another = || left.windows(CHAIN.len()).skip(1).any(|window| window == CHAIN);
    left.len() <= LINE_BYTES_MAX && may_be_torn(left) && !begins_another()
}
