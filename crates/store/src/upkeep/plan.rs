//! Which files are put together next.
//!
//! **A date that is over** gets files of [`ROWS_PER_FILE`] rows or, where that would be more than [`FILES_A_DATE_MAX`],
//! that many larger ones: all of its files are rewritten when at least one row in `LOOSE_SHARE` is in files that are not
//! sorted as a whole, so that a row is rewritten a few times at most. Rows that come late add files again; when there are more
//! than [`FILES_A_DATE_MAX`], the smallest become one.
//!
//! **Today** (and dates to come) has files of several sizes: as soon as there are `FAN_IN` of about one size, they become one,
//! about `FAN_IN` times as large. So a row is rewritten once for each size, and there are less than `FAN_IN` files of each.

use crate::delta::files::{DataFile, Kind};
use std::collections::BTreeMap;

/// Files that a date may have once it is over and upkeep has looked at it.
pub const FILES_A_DATE_MAX: usize = 16;
/// Rows of a file, some 100 MB of observations: large enough for few files, small enough to be rewritten in seconds.
pub const ROWS_PER_FILE: u64 = 4_000_000;
/// Files of about one size that become one.
const FAN_IN: usize = 16;
/// A date is sorted as a whole when one of so many of its rows is in a file that is not.
const LOOSE_SHARE: u64 = 4;
/// When the smallest files of a date become one, so many files remain, so that it does not happen with every late row.
const FILES_LEFT: usize = FILES_A_DATE_MAX / 2;

/// Files to put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// The date of all rows, as `2017-03-12`.
    pub(crate) date: String,
    /// At least one file.
    pub(crate) inputs: Vec<DataFile>,
    /// What becomes of them.
    pub(crate) kind: Kind,
    /// Rows after which the next file begins, at least one.
    pub(crate) rows_per_file: u64,
}

impl Job {
    fn new(date: String, inputs: Vec<DataFile>, kind: Kind) -> Self {
        let rows = rows(&inputs);
        let rows_per_file = rows.div_ceil(files_of(rows) as u64).max(1);
        Self { date, inputs, kind, rows_per_file }
    }

    /// Rows of all files together.
    pub(crate) fn rows(&self) -> u64 {
        rows(&self.inputs)
    }

    /// Bytes of all files together.
    pub(crate) fn bytes(&self) -> u64 {
        self.inputs.iter().map(|file| file.bytes).sum()
    }
}

/// What to do next with the files of a table, given today's date as `2017-03-12`: dates that are over first, of these the
/// newest, which is asked for most.
pub(crate) fn next_job(files: Vec<DataFile>, today: &str) -> Option<Job> {
    let mut dates: BTreeMap<String, Vec<DataFile>> = BTreeMap::new();
    for file in files {
        dates.entry(file.date.clone()).or_default().push(file);
    }
    let (over, open): (Vec<_>, Vec<_>) = dates.into_iter().rev().partition(|(date, _)| date.as_str() < today);
    let over = over.into_iter().map(|(date, files)| (date, job_of_past(files)));
    let open = open.into_iter().map(|(date, files)| (date, job_of_today(files)));
    over.chain(open).find_map(|(date, job)| job.map(|(inputs, kind)| Job::new(date, inputs, kind)))
}

/// Files that rows of a date are sorted into.
fn files_of(rows: u64) -> usize {
    usize::try_from(rows.div_ceil(ROWS_PER_FILE)).unwrap_or(usize::MAX).clamp(1, FILES_A_DATE_MAX)
}

fn job_of_past(mut files: Vec<DataFile>) -> Option<(Vec<DataFile>, Kind)> {
    let all = rows(&files);
    let loose: u64 = files.iter().filter(|file| file.kind != Kind::Sorted).map(|file| file.rows).sum();
    if files.len() > 1 && loose > 0 && loose >= all.div_ceil(LOOSE_SHARE) {
        return Some((files, Kind::Sorted));
    }
    if files.len() <= FILES_A_DATE_MAX {
        return None;
    }
    files.sort_by_key(|file| file.rows);
    files.truncate(files.len() - FILES_LEFT + 1);
    Some((files, Kind::Merged))
}

fn job_of_today(files: Vec<DataFile>) -> Option<(Vec<DataFile>, Kind)> {
    let mut sizes: BTreeMap<u32, Vec<DataFile>> = BTreeMap::new();
    for file in files.into_iter().filter(|file| file.rows < ROWS_PER_FILE) {
        sizes.entry(file.rows.max(1).ilog(FAN_IN as u64)).or_default().push(file);
    }
    let full = sizes.into_values().find(|files| files.len() >= FAN_IN)?;
    Some((full, Kind::Merged))
}

fn rows(files: &[DataFile]) -> u64 {
    files.iter().map(|file| file.rows).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    const TODAY: &str = "2017-03-13";

    /// A table to which files are added, and which is looked after.
    #[derive(Default)]
    struct Model {
        files: Vec<DataFile>,
        next: Cell<u32>,
        rewritten: u64,
    }

    impl Model {
        fn add(&mut self, date: &str, rows: u64, kind: Kind) {
            let number = self.next.get();
            self.next.set(number + 1);
            let path = format!("date={date}/{number}");
            self.files.push(DataFile { path, date: date.to_owned(), bytes: rows * 20, rows, kind });
        }

        /// Does all there is to do; every row is kept.
        fn look_after(&mut self, today: &str) {
            for _ in 0..1_000 {
                let before = rows(&self.files);
                let Some(job) = next_job(self.files.clone(), today) else { return };
                assert!(job.inputs.iter().all(|file| file.date == job.date && self.files.contains(file)));
                self.files.retain(|file| !job.inputs.contains(file));
                let mut left = job.rows();
                self.rewritten += left;
                while left > 0 {
                    let rows = left.min(job.rows_per_file);
                    self.add(&job.date, rows, job.kind);
                    left -= rows;
                }
                assert_eq!(rows(&self.files), before);
            }
            panic!("upkeep never ends: {:?}", self.files);
        }

        fn files_of(&self, date: &str) -> usize {
            self.files.iter().filter(|file| file.date == date).count()
        }
    }

    #[test]
    fn a_day_of_commits_has_few_files_at_any_time_and_one_when_it_is_over() {
        let (mut model, mut most) = (Model::default(), 0);
        for _ in 0..17_280 {
            model.add(TODAY, 1_700, Kind::Flushed);
            model.look_after(TODAY);
            most = most.max(model.files_of(TODAY));
        }
        let rows = rows(&model.files);
        assert!(most <= 5 * FAN_IN, "{most} files");
        assert!(model.rewritten <= 4 * rows, "{} rows were rewritten for {rows}", model.rewritten);
        model.look_after("2017-03-14");
        assert_eq!(model.files_of(TODAY), 8, "4 million rows a file");
        assert!(model.rewritten <= 5 * rows);
        let before = model.rewritten;
        model.look_after("2017-03-14");
        assert_eq!(model.rewritten, before, "what is done is done");
    }

    #[test]
    fn a_giant_day_has_no_more_files_than_any() {
        let mut model = Model::default();
        (0..400).for_each(|_| model.add("2017-03-12", 1_000_000, Kind::Flushed));
        model.look_after(TODAY);
        assert_eq!(model.files_of("2017-03-12"), FILES_A_DATE_MAX);
    }

    #[test]
    fn late_rows_do_not_have_a_day_rewritten_each_time() {
        let mut model = Model::default();
        (0..3).for_each(|_| model.add("2017-03-12", ROWS_PER_FILE, Kind::Sorted));
        let (mut most, mut late) = (0, 0);
        for _ in 0..1_000 {
            model.add("2017-03-12", 10, Kind::Flushed);
            late += 10;
            model.look_after(TODAY);
            most = most.max(model.files_of("2017-03-12"));
        }
        assert!(most <= FILES_A_DATE_MAX, "{most} files");
        assert!(model.rewritten < 200 * late, "{} rows for {late}", model.rewritten);
    }

    #[test]
    fn a_day_filled_by_a_replay_is_sorted_a_few_times() {
        let mut model = Model::default();
        for _ in 0..500 {
            model.add("2017-03-12", 20_000, Kind::Flushed);
            model.look_after(TODAY);
        }
        assert!(model.rewritten <= 6 * rows(&model.files), "{} for {}", model.rewritten, rows(&model.files));
        assert!(model.files_of("2017-03-12") <= FILES_A_DATE_MAX);
    }

    #[test]
    fn days_that_are_over_come_first_the_newest_of_them_before_all() {
        let mut model = Model::default();
        (0..FAN_IN).for_each(|_| model.add(TODAY, 10, Kind::Flushed));
        for date in ["2017-03-10", "2017-03-11"] {
            (0..2).for_each(|_| model.add(date, 10, Kind::Flushed));
        }
        let order = std::iter::from_fn(|| {
            let job = next_job(model.files.clone(), TODAY)?;
            model.files.retain(|file| !job.inputs.contains(file));
            Some(job.date)
        });
        assert_eq!(order.collect::<Vec<_>>(), ["2017-03-11", "2017-03-10", TODAY]);
    }
}
