//! One simulated file: what processes see, what is durable, and what a power loss does with the difference.
//!
//! Between two syncs a file collects [`Write`]s and lengths. A power loss decides for each sector they touch which of its
//! versions is there, or that it is torn, and which of the lengths holds; nothing keeps one sector in step with another.
//! A tear changes only bytes written since the last sync: the simulated disk, like SQLite's "powersafe overwrite", does
//! not spoil the rest of a sector.
//!
//! After a failed sync the writes it should have kept are *lost*: still seen, but no later sync makes them durable, as
//! Linux marks such pages clean. Only writing the same bytes again does.

use crate::rng::Rng;
use std::collections::BTreeSet;
use std::ops::Range;

/// The unit in which a disk writes.
pub(crate) const SECTOR_BYTES: usize = 512;

/// How a power loss treats one file: extremes are as likely as mixtures, since each finds other faults.
#[derive(Clone, Copy, Debug)]
enum Mood {
    DropAll,
    KeepAll,
    Mix { kept_percent: usize },
}

impl Mood {
    fn draw(rng: &mut Rng) -> Self {
        match rng.below(5) {
            0 => Self::DropAll,
            1 => Self::KeepAll,
            _ => Self::Mix { kept_percent: [10, 50, 90][rng.below(3)] },
        }
    }

    /// How many of `count` steps, taken one after the other, reached the disk.
    fn steps(self, count: usize, rng: &mut Rng) -> usize {
        match self {
            Self::DropAll => 0,
            Self::KeepAll => count,
            Self::Mix { kept_percent } if rng.chance(kept_percent, 100) => count,
            Self::Mix { .. } => rng.below(count),
        }
    }
}

/// The content of one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    view: Vec<u8>,
    durable: Vec<u8>,
    durable_length: usize,
    writes: Vec<Write>,
    lengths: Vec<Length>,
    /// Bytes of the disk it occupies.
    allocated: usize,
}

#[derive(Clone, Debug)]
struct Write {
    offset: usize,
    bytes: Vec<u8>,
    lost: bool,
}

#[derive(Clone, Copy, Debug)]
struct Length {
    to: usize,
    lost: bool,
}

impl Content {
    /// A file as a disk that was shut down properly holds it.
    pub(crate) fn durable(bytes: Vec<u8>) -> Self {
        let (length, view) = (bytes.len(), bytes.clone());
        Self { view, durable: bytes, durable_length: length, allocated: length, ..Self::default() }
    }

    /// The bytes a process reads.
    pub(crate) fn view(&self) -> &[u8] {
        &self.view
    }

    pub(crate) const fn allocated(&self) -> usize {
        self.allocated
    }

    /// Whether a power loss could change anything.
    pub(crate) fn is_clean(&self) -> bool {
        self.writes.is_empty() && self.lengths.is_empty()
    }

    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let end = offset + bytes.len();
        if end > self.view.len() {
            self.set_length(end);
        }
        self.allocated = self.allocated.max(end);
        self.view[offset..end].copy_from_slice(bytes);
        self.writes.push(Write { offset, bytes: bytes.to_vec(), lost: false });
    }

    pub(crate) fn reserve(&mut self, length: usize) {
        self.allocated = self.allocated.max(length);
        if length > self.view.len() {
            self.set_length(length);
        }
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.allocated = self.allocated.min(length);
        if length < self.view.len() {
            // What is cut reads as zero should the file grow again; until a sync the cut sectors may come back.
            let cut = vec![0; self.view.len() - length];
            self.writes.push(Write { offset: length, bytes: cut, lost: false });
        }
        if length != self.view.len() {
            self.set_length(length);
        }
    }

    fn set_length(&mut self, length: usize) {
        self.view.resize(length, 0);
        self.lengths.push(Length { to: length, lost: false });
    }

    /// A sync that keeps its word for all that is not lost.
    pub(crate) fn sync(&mut self) {
        let (lost, dirty): (Vec<_>, Vec<_>) = self.writes.drain(..).partition(|write| write.lost);
        for write in &dirty {
            put(&mut self.durable, write.offset, &write.bytes);
        }
        self.writes = lost;
        for write in &dirty {
            self.writes = self.writes.drain(..).flat_map(|lost| lost.without(&write.range())).collect();
        }
        if self.lengths.last().is_some_and(|length| !length.lost) {
            self.durable_length = self.view.len();
            self.lengths.clear();
        }
    }

    /// A sync that fails: what it should have kept is lost from now on, though processes still see it.
    pub(crate) fn fail_sync(&mut self) {
        self.writes.iter_mut().for_each(|write| write.lost = true);
        self.lengths.iter_mut().for_each(|length| length.lost = true);
    }

    /// The end of all processes: what is lost may vanish from the page cache.
    pub(crate) fn survive_kill(&mut self, rng: &mut Rng) {
        if !self.writes.iter().any(|write| write.lost) {
            return;
        }
        let evicted = Mood::draw(rng);
        self.writes.retain(|write| !write.lost || evicted.steps(1, rng) == 1);
        let length = self.view.len();
        self.view.clone_from(&self.durable);
        for write in &self.writes {
            put(&mut self.view, write.offset, &write.bytes);
        }
        self.view.resize(length, 0);
    }

    /// Power is lost: decides what the disk holds. Returns how many sectors were torn.
    pub(crate) fn lose_power(&mut self, rng: &mut Rng) -> usize {
        let mood = Mood::draw(rng);
        let mut torn = 0;
        let mut bytes = std::mem::take(&mut self.durable);
        let sectors: BTreeSet<_> = self.writes.iter().flat_map(Write::sectors).collect();
        for sector in sectors {
            torn += usize::from(self.settle_sector(sector, mood, &mut bytes, rng));
        }
        let kept = mood.steps(self.lengths.len(), rng);
        let length = self.lengths[..kept].last().map_or(self.durable_length, |length| length.to);
        bytes.resize(length, 0);
        *self = Self::durable(bytes);
        torn
    }

    /// Decides the bytes of one sector that were written since the last sync; whether it is torn.
    fn settle_sector(&self, sector: usize, mood: Mood, bytes: &mut Vec<u8>, rng: &mut Rng) -> bool {
        let place = sector * SECTOR_BYTES..(sector + 1) * SECTOR_BYTES;
        let pieces: Vec<_> = self.writes.iter().filter_map(|write| write.inside(&place)).collect();
        let kept = mood.steps(pieces.len(), rng);
        for (index, piece) in pieces[..kept].iter().enumerate() {
            let is_last = index + 1 == kept;
            if piece.lost && rng.chance(1, 2) {
                continue;
            }
            if is_last && matches!(mood, Mood::Mix { .. }) && rng.chance(1, 3) {
                put_torn(bytes, piece, rng);
                return true;
            }
            put(bytes, piece.offset, &piece.bytes);
        }
        false
    }
}

impl Write {
    fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.bytes.len()
    }

    fn sectors(&self) -> Range<usize> {
        self.offset / SECTOR_BYTES..self.range().end.div_ceil(SECTOR_BYTES)
    }

    /// The part of this write inside a range.
    fn inside(&self, range: &Range<usize>) -> Option<Self> {
        let (start, end) = (self.offset.max(range.start), self.range().end.min(range.end));
        (start < end).then(|| Self {
            offset: start,
            bytes: self.bytes[start - self.offset..end - self.offset].to_vec(),
            lost: self.lost,
        })
    }

    /// The parts of this write outside a range.
    fn without(&self, range: &Range<usize>) -> Vec<Self> {
        [0..range.start, range.end..usize::MAX].iter().filter_map(|rest| self.inside(rest)).collect()
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, new: &[u8]) {
    let end = offset + new.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(new);
}

/// Writes the first part, the last part, or garbage in place of some of it.
fn put_torn(bytes: &mut Vec<u8>, piece: &Write, rng: &mut Rng) {
    let at = rng.below(piece.bytes.len() + 1);
    match rng.below(3) {
        0 => put(bytes, piece.offset, &piece.bytes[..at]),
        1 => put(bytes, piece.offset + at, &piece.bytes[at..]),
        _ => {
            let mut garbage = piece.bytes.clone();
            garbage[at..].iter_mut().for_each(|byte| *byte = rng.next() as u8);
            put(bytes, piece.offset, &garbage);
        }
    }
}
