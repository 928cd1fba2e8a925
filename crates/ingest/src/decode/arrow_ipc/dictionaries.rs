//! Dictionaries of texts, as they come and grow between batches.

use crate::decode::arrow_ipc::error::Unreadable;
use crate::decode::arrow_ipc::texts::{Texts, WRONG_KEY};
use hashbrown::HashMap;

/// All dictionaries of a stream that columns which are read use.
#[derive(Debug, Default)]
pub(super) struct Dictionaries {
    by_id: HashMap<i64, Dictionary>,
    /// How often one was replaced.
    replaced: u64,
}

/// One dictionary: pieces, since a later message may append to it.
#[derive(Debug)]
pub(super) struct Dictionary {
    /// Differs from that of every dictionary before it.
    pub(super) number: u64,
    pieces: Vec<Texts>,
    /// The key with which each piece ends, exclusively.
    ends: Vec<u32>,
    bytes: u64,
}

impl Dictionaries {
    /// Takes in texts, which replace the dictionary unless they are to follow it.
    pub(super) fn take(&mut self, id: i64, is_delta: bool, texts: Texts, bytes: u64) -> Result<(), Unreadable> {
        if !is_delta {
            self.replaced += 1;
            let dictionary = Dictionary { number: self.replaced, pieces: Vec::new(), ends: Vec::new(), bytes: 0 };
            self.by_id.insert(id, dictionary);
        }
        let absent = Unreadable::Damaged("a dictionary is to grow that was never sent");
        let dictionary = self.by_id.get_mut(&id).ok_or(absent)?;
        let end = u32::try_from(dictionary.len() as usize + texts.len()).ok().filter(|end| *end < WRONG_KEY);
        dictionary.ends.push(end.ok_or(Unreadable::Damaged("a dictionary has more than 4,294,967,293 entries"))?);
        dictionary.pieces.push(texts);
        dictionary.bytes += bytes;
        Ok(())
    }

    /// The dictionary with that id; `None` before the first message about it.
    pub(super) fn get(&self, id: i64) -> Option<&Dictionary> {
        self.by_id.get(&id)
    }

    /// Bytes of memory in all of them.
    pub(super) fn bytes(&self) -> u64 {
        self.by_id.values().map(|dictionary| dictionary.bytes).sum()
    }
}

impl Dictionary {
    /// How many texts there are.
    pub(super) fn len(&self) -> u32 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The text of a key below [`Self::len`], unless it is null.
    pub(super) fn get(&self, key: u32) -> Option<&str> {
        let piece = self.ends.partition_point(|end| *end <= key);
        let begin = if piece == 0 { 0 } else { self.ends[piece - 1] };
        self.pieces.get(piece)?.get((key - begin) as usize)
    }
}
