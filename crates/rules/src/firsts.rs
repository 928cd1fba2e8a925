//! Where the first series of each space and metric leads, without a search.
//!
//! For most series that is all there is to know: a row is led to its line by two indices. Tables are not part of a snapshot.
//! A line and a head know whether they are in one, so no one has to look through places of which a partition fills one in
//! sixteen.
//!
//! **Invariant**: tables grow with the series that were seen, not with the largest name: whoever invents names fills no memory
//! by it.

use crate::saved::{Loader, Saved, Saver, Wrong, require, saved};
use crate::timers::LineIx;
use vigie_model::names::NameIx;

/// Set for a head.
const HEAD: u32 = 1 << 31;
/// Metrics with a larger index are looked up as any other series.
const METRICS_MAX: usize = 1_024;
/// Places that a series may bring: partitions share the spaces, so that a table of one is seldom full.
const PLACES_PER_SERIES: usize = 64;

/// Where the first series of a space and metric leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// To a line, as its first member.
    Line(LineIx),
    /// To the targets of a head.
    Head(u32),
}

impl First {
    /// What a table has for a space: nothing is 0, so that a table made anew takes only the memory that is written to.
    #[inline]
    fn of(place: u32) -> Option<Self> {
        let index = place.checked_sub(1)?;
        Some(if index & HEAD == 0 { Self::Line(index) } else { Self::Head(index & !HEAD) })
    }

    /// What a table keeps of it.
    const fn place(self) -> u32 {
        match self {
            Self::Line(line) => line + 1,
            Self::Head(head) => (head | HEAD) + 1,
        }
    }
}

/// A [`First`] for each metric and space: by metric the index of a line, or of a head with a bit set, of each space.
#[derive(Clone, Debug, Default)]
pub(crate) struct Firsts(Vec<OfMetric>);

/// What is known of one metric.
#[derive(Clone, Debug, Default)]
struct OfMetric {
    /// Series.
    seen: usize,
    spaces: Vec<u32>,
}

/// What a snapshot has of a table.
struct Size {
    seen: usize,
    length: usize,
}

saved!(Size { seen, length });

impl Firsts {
    /// Where the first series of a space and metric leads.
    #[inline]
    pub(crate) fn get(&self, space: NameIx, metric: NameIx) -> Option<First> {
        First::of(*self.0.get(metric as usize)?.spaces.get(space as usize)?)
    }

    /// Writes how large each table is; whoever is in them knows that itself.
    pub(crate) fn save(&self, to: &mut Saver<'_>) {
        to.count(self.0.len());
        for OfMetric { seen, spaces } in &self.0 {
            Size { seen: *seen, length: spaces.len() }.save(to);
        }
    }

    /// Makes tables of those who are in them; they take no more memory than so many series allow.
    pub(crate) fn load(
        mut series: usize,
        firsts: impl Iterator<Item = (NameIx, NameIx, First)> + Clone,
        from: &mut Loader<'_>,
    ) -> Result<Self, Wrong> {
        let sizes: Vec<Size> = Vec::load(from)?;
        require(sizes.len() <= METRICS_MAX, "it has too many tables of metrics")?;
        let mut tables = Vec::with_capacity(sizes.len());
        for Size { seen, length } in sizes {
            series = series.checked_sub(seen).ok_or(Wrong("a table knows of more series than there are"))?;
            require(length <= places_max(seen), "a table of series is too large")?;
            tables.push(OfMetric { seen, spaces: vec![0; length] });
        }
        // All are written before one is read: a page of memory that is read first is made twice, and the other cores wait.
        for (space, metric, first) in firsts.clone() {
            let table = tables.get_mut(metric as usize).ok_or(Wrong("a series is of no table"))?;
            *table.spaces.get_mut(space as usize).ok_or(Wrong("a series is outside its table"))? = first.place();
        }
        let tables = Self(tables);
        let mut each = firsts.map(|(space, metric, first)| tables.get(space, metric) == Some(first));
        require(each.all(|is_alone| is_alone), "two series are the first of a space and metric")?;
        drop(each);
        Ok(tables)
    }

    /// Keeps where a new series leads, if it is the first of its space and metric and there is room; whether it did.
    pub(crate) fn add(&mut self, space: NameIx, metric: NameIx, first: First) -> bool {
        let (space, metric) = (space as usize, metric as usize);
        if metric >= METRICS_MAX {
            return false;
        }
        if metric >= self.0.len() {
            self.0.resize(metric + 1, OfMetric::default());
        }
        let OfMetric { seen, spaces } = &mut self.0[metric];
        *seen += 1;
        if space >= spaces.len() {
            if space >= places_max(*seen) {
                return false;
            }
            spaces.resize(space + 1, 0);
        }
        let is_new = spaces[space] == 0;
        if is_new {
            spaces[space] = first.place();
        }
        is_new
    }
}

/// The most places of a table when so many series of its metric were seen.
const fn places_max(seen: usize) -> usize {
    PLACES_PER_SERIES.saturating_mul(seen.saturating_add(PLACES_PER_SERIES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::control::Control;
    use vigie_model::names::Names;

    #[test]
    fn a_table_grows_with_the_series_seen() {
        let mut firsts = Firsts::default();
        assert!(firsts.add(4_000, 0, First::Line(7)) && !firsts.add(4_000, 0, First::Line(8)));
        assert!(!firsts.add(900_000, 0, First::Line(8)) && !firsts.add(0, 5_000, First::Line(8)), "few series so far");
        assert_eq!((firsts.get(4_000, 0), firsts.get(3, 0), firsts.get(0, 9)), (Some(First::Line(7)), None, None));
        for space in 0..20_000 {
            firsts.add(space, 1, First::Head(space));
        }
        assert!(firsts.add(900_000, 1, First::Head(1)), "enough series by now");
        assert_eq!((firsts.get(19_999, 1), firsts.get(900_000, 1)), (Some(First::Head(19_999)), Some(First::Head(1))));
    }
    #[test]
    fn tables_are_made_again_of_those_who_are_in_them() {
        let mut firsts = Firsts::default();
        let known = [(4_000, 0, First::Line(7)), (2, 3, First::Head(0)), (4_001, 0, First::Line(1))];
        known.iter().for_each(|(space, metric, first)| assert!(firsts.add(*space, *metric, *first)));
        let mut bytes = Vec::new();
        let mut keep = |piece| {
            bytes.extend::<Vec<u8>>(piece);
            Vec::new()
        };
        let mut to = Saver::new(&mut keep);
        firsts.save(&mut to);
        to.finish();
        let control = Control { time_zone: "UTC".into(), ..Control::default() };
        let (rules, names) = (crate::load::load(&control).unwrap().rules, Names::default());
        let load = |series, firsts: &[(NameIx, NameIx, First)]| {
            Firsts::load(series, firsts.iter().copied(), &mut Loader::new(&bytes, &rules, &names))
        };
        let again = load(3, &known).unwrap();
        assert_eq!(format!("{again:?}"), format!("{firsts:?}"));
        assert_eq!(load(2, &known).unwrap_err(), Wrong("a table knows of more series than there are"));
        let wrong = |first| load(3, &[known[0], first]).unwrap_err();
        assert_eq!(wrong((4_000, 0, First::Head(1))), Wrong("two series are the first of a space and metric"));
        assert_eq!(wrong((4_002, 0, First::Line(2))), Wrong("a series is outside its table"));
        assert_eq!(wrong((2, 4, First::Line(2))), Wrong("a series is of no table"));
    }
}
