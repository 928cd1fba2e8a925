//! How state is written to a snapshot and read from one: fields one after the other, numbers in little-endian order.
//!
//! Whatever an engine remembers is [`Saved`]. A type lists its fields once, with [`saved!`](saved) or [`saved_enum!`](saved_enum); a field
//! that is not in the list does not compile, so none can be forgotten. What follows from the rules or from other state is left out
//! and made anew, as the types say where they do so.
//!
//! **Invariants**
//! - What is read was written by the same list of fields: whoever changes one changes [`FORMAT`].
//! - Reading never panics, and needs memory in proportion to the bytes, whatever they are.

use crate::spec::RuleSet;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::sync::Arc;
use vigie_model::names::{NameKind, Names};

/// Version of everything that is written.
pub(crate) const FORMAT: u32 = 3;
/// Bytes are handed over once there are so many.
const PIECE_BYTES: usize = 1 << 20;

/// What bytes are wrong about, for people: they are no snapshot of the rules and names they are read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrong(pub(crate) &'static str);

/// What can be kept in a snapshot.
pub(crate) trait Saved: Sized {
    /// Writes it.
    fn save(&self, to: &mut Saver<'_>);

    /// Reads it again.
    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong>;
}

/// Who takes pieces of about a megabyte as they come. It gives memory for the next one, or none: what is in that does not count.
pub(crate) type HandOver<'a> = dyn FnMut(Vec<u8>) -> Vec<u8> + 'a;

/// Takes down state, and hands it over in pieces.
pub(crate) struct Saver<'a> {
    piece: Vec<u8>,
    hand_over: &'a mut HandOver<'a>,
    /// Texts written so far: the second time a number is enough.
    texts: HashMap<Arc<str>, u32, FixedState>,
}

impl<'a> Saver<'a> {
    /// Writes to whoever takes the pieces; the first has nothing in it, and only asks for memory.
    pub(crate) fn new(hand_over: &'a mut HandOver<'a>) -> Self {
        let mut saver = Self { piece: Vec::new(), hand_over, texts: HashMap::default() };
        saver.flush();
        saver
    }

    /// Appends bytes.
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.piece.extend_from_slice(bytes);
    }

    /// Writes how many follow.
    pub(crate) fn count(&mut self, count: usize) {
        self.put(&(count as u64).to_le_bytes());
    }

    /// Writes how many there are, and each.
    pub(crate) fn all<'b, T: Saved + 'b>(&mut self, all: impl ExactSizeIterator<Item = &'b T>) {
        self.count(all.len());
        all.for_each(|one| self.each(one));
    }

    /// Writes one of many.
    #[inline]
    pub(crate) fn each(&mut self, one: &impl Saved) {
        one.save(self);
        self.flush_full();
    }

    /// Writes a text: once, and from then on only its number.
    pub(crate) fn text(&mut self, text: &Arc<str>) {
        if let Some(known) = self.texts.get(text) {
            let known = known.to_le_bytes();
            return self.put(&known);
        }
        let next = u32::try_from(self.texts.len()).expect("texts of a partition are fewer than 2^32");
        self.texts.insert(Arc::clone(text), next);
        self.put(&next.to_le_bytes());
        self.count(text.len());
        self.put(text.as_bytes());
    }

    /// Hands the piece over if it is full.
    #[inline]
    pub(crate) fn flush_full(&mut self) {
        if self.piece.len() >= PIECE_BYTES {
            self.flush();
        }
    }

    /// Hands over what is left.
    pub(crate) fn finish(self) {
        (self.hand_over)(self.piece);
    }

    fn flush(&mut self) {
        self.piece = (self.hand_over)(std::mem::take(&mut self.piece));
        self.piece.clear();
    }
}

/// Reads state for the rules and names it belongs to.
#[derive(Debug)]
pub(crate) struct Loader<'a> {
    bytes: &'a [u8],
    texts: Vec<Arc<str>>,
    /// The rules in force.
    pub(crate) rules: &'a RuleSet,
    /// Names of the indices.
    pub(crate) names: &'a Names,
}

impl<'a> Loader<'a> {
    /// Reads these bytes.
    pub(crate) const fn new(bytes: &'a [u8], rules: &'a RuleSet, names: &'a Names) -> Self {
        Self { bytes, texts: Vec::new(), rules, names }
    }

    /// The next bytes.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Wrong> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(Wrong("it ends too early"))?;
        self.bytes = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Wrong> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or(Wrong("it ends too early"))?;
        self.bytes = rest;
        Ok(*taken)
    }

    /// How many follow: no more than there are bytes, as each has at least one.
    pub(crate) fn count(&mut self) -> Result<usize, Wrong> {
        let count = usize::try_from(u64::from_le_bytes(self.array()?)).unwrap_or(usize::MAX);
        require(count <= self.bytes.len(), "it tells of more than it has")?;
        Ok(count)
    }

    /// The chunks of `N` bytes that follow, as many as are told of.
    pub(crate) fn chunks<const N: usize>(&mut self) -> Result<&'a [[u8; N]], Wrong> {
        let count = self.count()?;
        Ok(self.take(count.saturating_mul(N))?.as_chunks().0)
    }

    /// So many, however many that is said to be, with room made only as far as there are bytes.
    pub(crate) fn many<T>(
        &mut self,
        count: usize,
        mut one: impl FnMut(&mut Self) -> Result<T, Wrong>,
    ) -> Result<Vec<T>, Wrong> {
        let mut many = Vec::with_capacity(count.min(self.bytes.len() / size_of::<T>().max(1)));
        for _ in 0..count {
            many.push(one(self)?);
        }
        Ok(many)
    }

    /// A text.
    pub(crate) fn text(&mut self) -> Result<Arc<str>, Wrong> {
        let number = u32::from_le_bytes(self.array()?) as usize;
        if let Some(known) = self.texts.get(number) {
            return Ok(Arc::clone(known));
        }
        require(number == self.texts.len(), "it uses a text before it has it")?;
        let new = Arc::from(self.characters()?);
        self.texts.push(Arc::clone(&new));
        Ok(new)
    }

    /// A count, and so many bytes of text.
    pub(crate) fn characters(&mut self) -> Result<&'a str, Wrong> {
        let count = self.count()?;
        std::str::from_utf8(self.take(count)?).map_err(|_| Wrong("a text is not UTF-8"))
    }

    /// Whether an index is one of a name.
    pub(crate) fn require_name(&self, kind: NameKind, index: u32) -> Result<(), Wrong> {
        require(self.names.get(kind, index).is_some(), "it uses a name that the log does not have")
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), Wrong> {
        require(self.bytes.is_empty(), "it has more than belongs to it")
    }
}

/// An error unless `holds`.
pub(crate) const fn require(holds: bool, otherwise: &'static str) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(Wrong(otherwise)) }
}

/// `saved!(Type { field, 0: name })`: all fields of a struct, in this order.
macro_rules! saved {
    ($type:ident { $($field:tt $(: $name:ident)?),* $(,)? }) => {
        impl $crate::saved::Saved for $type {
            #[inline]
            fn save(&self, to: &mut $crate::saved::Saver<'_>) {
                let Self { $($field $(: $name)?),* } = self;
                $($crate::saved::saved!(@bound to $field $($name)?);)*
            }

            #[inline]
            fn load(from: &mut $crate::saved::Loader<'_>) -> Result<Self, $crate::saved::Wrong> {
                Ok(Self { $($field: $crate::saved::Saved::load(from)?),* })
            }
        }
    };
    (@bound $to:ident $field:tt $name:ident) => { $crate::saved::Saved::save($name, $to) };
    (@bound $to:ident $field:ident) => { $crate::saved::Saved::save($field, $to) };
}
pub(crate) use saved;

/// `saved_enum!(Type { 0 => One {}, 1 => Two { field } })`: all variants of an enum, each after its number.
macro_rules! saved_enum {
    ($type:ident { $($tag:literal => $variant:ident { $($field:tt $(: $name:ident)?),* }),* $(,)? }) => {
        impl $crate::saved::Saved for $type {
            fn save(&self, to: &mut $crate::saved::Saver<'_>) {
                match self {
                    $(Self::$variant { $($field $(: $name)?),* } => {
                        to.put(&[$tag]);
                        $($crate::saved::saved!(@bound to $field $($name)?);)*
                    })*
                }
            }

            fn load(from: &mut $crate::saved::Loader<'_>) -> Result<Self, $crate::saved::Wrong> {
                Ok(match from.array::<1>()? {
                    $([$tag] => Self::$variant { $($field: $crate::saved::Saved::load(from)?),* },)*
                    _ => return Err($crate::saved::Wrong("it has a number of no variant")),
                })
            }
        }
    };
}
pub(crate) use saved_enum;
