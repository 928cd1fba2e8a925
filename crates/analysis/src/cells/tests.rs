use super::*;
use proptest::prelude::*;

fn words(cells: &[Shown]) -> String {
    let word = |cell: &Shown| match cell {
        Shown::Count(count) => count.to_string(),
        Shown::Hidden => "-".to_owned(),
    };
    cells.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_single_small_count_of_a_list_takes_another_along() {
    let list = |counts: &[u64]| {
        let found = Disclosure::default().list(counts).unwrap();
        format!("{} | {}", words(&found.cells), words(&[found.total]))
    };
    assert_eq!(list(&[3, 40, 8, 0]), "- 40 - 0 | 51");
    assert_eq!(list(&[3, 2, 40]), "- - 40 | 45");
    assert_eq!(list(&[1, 1, 40, 9]), "- - 40 - | 51", "two hidden counts that sum to 2 are both 1");
    assert_eq!(list(&[1, 1, 1, 1, 1]), "- - - - - | -");
    assert_eq!(list(&[3, 0]), "- 0 | -");
    assert_eq!(list(&[5, 0, 12]), "5 0 12 | 17");
    assert_eq!(list(&[]), " | 0");
}

#[test]
fn a_small_count_of_a_table_takes_a_cycle_along() {
    let found = Disclosure::default().table(&[vec![3, 20, 9], vec![12, 30, 7], vec![6, 40, 50]]).unwrap();
    let rows: Vec<String> = found.cells.iter().map(|row| words(row)).collect();
    assert_eq!(rows, ["- 20 -", "- 30 -", "6 40 50"].map(String::from), "{found:?}");
    assert_eq!((words(&found.row_totals), words(&found.column_totals)), ("32 49 96".into(), "21 90 66".into()));
}

#[test]
fn thresholds_are_settings() {
    let strict = Disclosure { count_min: 11, answers_min: 30 };
    assert!(!strict.shows(10) && strict.shows(11) && strict.shows(0) && !strict.shows_answers(29));
    assert!(!Disclosure::default().shows_answers(9) && Disclosure::default().shows_answers(10));
    assert_eq!([0, 2, 3, 7, 8, 12].map(rounded), [0, 0, 5, 5, 10, 10]);
}

#[test]
fn what_a_difference_would_tell_is_found() {
    let disclosure = Disclosure::default();
    assert!(disclosure.differ_safely(&[20, 31], &[20, 36]).unwrap());
    assert!(!disclosure.differ_safely(&[20, 31], &[20, 33]).unwrap());
    assert!(disclosure.differ_safely(&[20], &[20, 33]).is_err());
    assert!(disclosure.table(&[vec![1, 2], vec![3]]).is_err() && disclosure.table(&[]).is_err());
}

/// All values that the first hidden cell, then the next, ... may have, as a reader would find them by trying: hidden counts
/// are from 1 to `MOST`, and every line whose other cells are known sums to its total.
struct Reader<'a> {
    shown: &'a Table,
    hidden: Vec<(usize, usize)>,
    tried: Vec<Vec<u64>>,
    possible: Vec<std::collections::BTreeSet<u64>>,
    left: u64,
}

const MOST: u64 = 12;

impl<'a> Reader<'a> {
    fn of(shown: &'a Table) -> Self {
        let mut hidden = Vec::new();
        let mut tried = vec![vec![0; shown.column_totals.len()]; shown.row_totals.len()];
        for (row, cells) in shown.cells.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                match cell {
                    Shown::Count(count) => tried[row][column] = *count,
                    Shown::Hidden => hidden.push((row, column)),
                }
            }
        }
        let possible = vec![std::collections::BTreeSet::new(); hidden.len()];
        Self { shown, hidden, tried, possible, left: 100_000 }
    }

    /// False once the budget of steps is used up.
    fn looks(&mut self, at: usize) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let Some((row, column)) = self.hidden.get(at).copied() else {
            if self.fits() {
                for (place, (row, column)) in self.hidden.iter().enumerate() {
                    self.possible[place].insert(self.tried[*row][*column]);
                }
            }
            return true;
        };
        for count in 1..=MOST {
            self.tried[row][column] = count;
            if self.row_fits(row, at) && !self.looks(at + 1) {
                return false;
            }
        }
        self.tried[row][column] = 0;
        true
    }

    /// Whether a row can still sum to its total once its last hidden cell is tried.
    fn row_fits(&self, row: usize, at: usize) -> bool {
        let is_last = self.hidden.get(at + 1).is_none_or(|next| next.0 != row);
        !is_last || is_sum(self.shown.row_totals[row], self.tried[row].iter().sum())
    }

    fn fits(&self) -> bool {
        let sums: Vec<u64> =
            (0..self.shown.column_totals.len()).map(|column| self.tried.iter().map(|row| row[column]).sum()).collect();
        sums.iter().zip(&self.shown.column_totals).all(|(sum, total)| is_sum(*total, *sum))
            && is_sum(self.shown.total, sums.iter().sum())
    }
}

fn is_sum(total: Shown, sum: u64) -> bool {
    match total {
        Shown::Count(count) => count == sum,
        // A reader knows that a hidden total is no 0.
        Shown::Hidden => sum >= 1,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Small counts are hidden, zeros shown, and trying all tables leaves no hidden count without an alternative.
    #[test]
    fn no_hidden_count_can_be_recomputed(counts in prop::collection::vec(prop::collection::vec(0..9_u64, 3), 1..4)) {
        let disclosure = Disclosure::default();
        let shown = disclosure.table(&counts).unwrap();
        for (row, cells) in counts.iter().zip(&shown.cells) {
            for (count, cell) in row.iter().zip(cells) {
                prop_assert!(disclosure.shows(*count) || *cell == Shown::Hidden);
                prop_assert!(*count > 0 || *cell == Shown::Count(0));
            }
        }
        let mut reader = Reader::of(&shown);
        let looked_at_all = reader.looks(0);
        // What was found before the budget ended counts; only then may an alternative be missing.
        prop_assert!(!looked_at_all || reader.possible.iter().all(|values| values.len() >= 2), "{:?}", shown);
    }

    #[test]
    fn no_hidden_count_of_a_list_can_be_recomputed(counts in prop::collection::vec(0..9_u64, 0..7)) {
        let shown = Disclosure::default().list(&counts).unwrap();
        let hidden: Vec<u64> = counts.iter().zip(&shown.cells).filter(|(_, cell)| **cell == Shown::Hidden).map(|(c, _)| *c).collect();
        let sum: u64 = hidden.iter().sum();
        // A sum of n counts from 1 on has one solution only when n is 1 or the sum is n.
        let is_open = hidden.is_empty() || shown.total == Shown::Hidden || (hidden.len() >= 2 && sum > hidden.len() as u64);
        prop_assert!(is_open, "{:?}", shown);
        prop_assert!(counts.iter().zip(&shown.cells).all(|(count, cell)| *count > 0 || *cell == Shown::Count(0)));
    }
}
