//! The ids of rows, as one text and the end of each.

use crate::decode::arrow_ipc::dictionaries::Dictionaries;
use crate::decode::arrow_ipc::refusals::Refusals;
use crate::decode::arrow_ipc::stream::Values;
use crate::decode::arrow_ipc::texts::{NO_KEY, Texts};
use crate::decode::reason::Reason;
use arrow_array::{Array, StringArray};
use std::ops::Range;
use vigie_model::id::{ID_BYTES_MAX, check_id};

/// Ids of a range of rows; an empty one is absent.
#[derive(Debug, Default)]
pub(super) struct Ids {
    pub(super) bytes: String,
    pub(super) ends: Vec<u32>,
}

impl Ids {
    /// Reads and checks the ids of a range of rows. Cost: where they are plain, one look at all bytes and one copy of them.
    pub(super) fn read(
        &mut self,
        values: Option<&Values>,
        dictionaries: &Dictionaries,
        rows: Range<usize>,
        refusals: &mut Refusals,
    ) {
        self.bytes.clear();
        self.ends.clear();
        match values {
            Some(Values::Texts(Texts::Short(texts))) if self.copy_plain(texts, rows.clone()) => {}
            Some(Values::Texts(texts)) => {
                rows.enumerate().for_each(|(row, at)| self.push(row, texts.get(at), refusals));
            }
            Some(Values::Keys(keys, id)) => {
                let dictionary = dictionaries.get(*id);
                for (row, key) in keys[rows].iter().enumerate() {
                    if *key == NO_KEY {
                        self.push(row, None, refusals);
                    } else if let Some(dictionary) = dictionary.filter(|dictionary| *key < dictionary.len()) {
                        self.push(row, dictionary.get(*key), refusals);
                    } else {
                        self.push(row, None, refusals);
                        let words = "id refers to an entry that its dictionary does not hold";
                        refusals.refuse(row, Reason::of("id", "is in no dictionary").in_words(words));
                    }
                }
            }
            _ => self.ends.resize(rows.len(), 0),
        }
    }

    /// Copies ids that are all there, printable ASCII without `/`, and of allowed length; false when they are not.
    fn copy_plain(&mut self, texts: &StringArray, rows: Range<usize>) -> bool {
        let offsets = &texts.value_offsets()[rows.start..=rows.end];
        let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else { return false };
        let bytes = &texts.value_data()[*first as usize..*last as usize];
        let are_plain = bytes.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~') & (*byte != b'/'));
        let fits = |length: i32| (1..=ID_BYTES_MAX as i32).contains(&length);
        let have_length = offsets.windows(2).fold(true, |fit, ends| fit & fits(ends[1] - ends[0]));
        if texts.null_count() > 0 || !are_plain || !have_length {
            return false;
        }
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        self.bytes.push_str(text);
        self.ends.extend(offsets[1..].iter().map(|end| (end - first).cast_unsigned()));
        true
    }

    fn push(&mut self, row: usize, id: Option<&str>, refusals: &mut Refusals) {
        if let Some(id) = id {
            match check_id(id) {
                Ok(()) => self.bytes.push_str(id),
                Err(error) => refusals.refuse(row, Reason::of("id", "is not an id").in_words(format!("id {error}"))),
            }
        }
        self.ends.push(u32::try_from(self.bytes.len()).expect("the ids of a range of rows are below 4 GiB"));
    }

    /// Takes the ids of refused rows out.
    pub(super) fn sift(&mut self, refusals: &Refusals) {
        let mut kept =
            Self { bytes: String::with_capacity(self.bytes.len()), ends: Vec::with_capacity(self.ends.len()) };
        let mut begin = 0;
        for (row, end) in self.ends.iter().enumerate() {
            if !refusals.has(row) {
                kept.bytes.push_str(&self.bytes[begin..*end as usize]);
                kept.ends.push(kept.bytes.len() as u32);
            }
            begin = *end as usize;
        }
        *self = kept;
    }
}
