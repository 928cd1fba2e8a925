//! Counts of incidents as they may be shown: what is small is hidden, and what would tell it.
//!
//! Everything of the report that rests on counts of incidents takes them from here: tables, maps, the order of rows, and which
//! spaces may be compared or looked at over time. An index, a correlation or a fitted line made of a hidden count would tell it.

use super::compared::reported;
use super::questions::Incidents;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use vigie_analysis::cells::{Disclosure, Shown};

/// The light of the columns, unknown last.
pub(super) const LIGHTS: [&str; 3] = ["day", "night", ""];

/// A space with its counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) space: String,
    /// By light, as in [`LIGHTS`].
    pub(super) cells: Vec<Shown>,
    pub(super) total: Shown,
}

impl Row {
    fn hides(&self) -> bool {
        self.cells.iter().chain([&self.total]).any(|shown| *shown == Shown::Hidden)
    }
}

/// All counts of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Published {
    /// Spaces with a report, the largest first; those whose total is hidden follow by their id, as an order would tell it.
    pub(super) rows: Vec<Row>,
    pub(super) column_totals: Vec<Shown>,
    pub(super) total: Shown,
}

impl Published {
    /// The counts of a span. Where they are too many to be made safe, all of them are hidden.
    pub(super) fn of(incidents: &[Incidents]) -> Self {
        let spaces: BTreeSet<&str> = incidents.iter().map(|group| group.space.as_str()).collect();
        if spaces.is_empty() {
            return Self {
                rows: Vec::new(),
                column_totals: vec![Shown::Count(0); LIGHTS.len()],
                total: Shown::Count(0),
            };
        }
        let counts: Vec<Vec<u64>> = spaces
            .iter()
            .map(|space| LIGHTS.iter().map(|light| reported(incidents, space, Some(light))).collect())
            .collect();
        let Ok(shown) = Disclosure::default().table(&counts) else { return Self::hidden(&spaces) };
        let rows = spaces.iter().zip(shown.cells).zip(shown.row_totals);
        let row = |((space, cells), total): ((&&str, _), _)| Row { space: (*space).to_owned(), cells, total };
        Self { rows: ordered(rows.map(row).collect()), column_totals: shown.column_totals, total: shown.total }
    }

    fn hidden(spaces: &BTreeSet<&str>) -> Self {
        let none = || vec![Shown::Hidden; LIGHTS.len()];
        let row = |space: &&str| Row { space: (*space).to_owned(), cells: none(), total: Shown::Hidden };
        Self { rows: spaces.iter().map(row).collect(), column_totals: none(), total: Shown::Hidden }
    }

    /// The spaces of which any count is hidden.
    pub(super) fn hidden_spaces(&self) -> BTreeSet<&str> {
        self.rows.iter().filter(|row| row.hides()).map(|row| row.space.as_str()).collect()
    }
}

fn ordered(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| match row.total {
        Shown::Count(count) => (Reverse(count), row.space.clone()),
        Shown::Hidden => (Reverse(0), row.space.clone()),
    });
    // A zero that is shown stands before what is hidden.
    rows.sort_by_key(|row| row.total == Shown::Hidden);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(space: &str, light: &str, incidents: u64) -> Incidents {
        Incidents { space: space.to_owned(), light: light.to_owned(), incidents, first_ms: 0, last_ms: 0 }
    }

    #[test]
    fn what_is_hidden_is_in_no_order() {
        let groups = [group("a", "day", 6), group("b", "day", 3), group("c", "day", 40), group("d", "night", 4)];
        let published = Published::of(&groups);
        let spaces: Vec<&str> = published.rows.iter().map(|row| row.space.as_str()).collect();
        let hidden = published.hidden_spaces();
        assert!(hidden.contains("b") && hidden.contains("d"), "{hidden:?}");
        assert!(published.rows.iter().all(|row| !hidden.contains(row.space.as_str()) || row.hides()));
        let after: Vec<&str> =
            published.rows.iter().filter(|row| row.total == Shown::Hidden).map(|row| row.space.as_str()).collect();
        assert!(after.is_sorted() && spaces.ends_with(&after), "{spaces:?}");
    }

    #[test]
    fn nothing_reported_is_zero_and_not_hidden() {
        assert_eq!(Published::of(&[]).total, Shown::Count(0));
    }

    #[test]
    fn more_than_can_be_made_safe_is_hidden() {
        let groups: Vec<Incidents> = (0..4_000).map(|space| group(&format!("s{space}"), "day", 50)).collect();
        let published = Published::of(&groups);
        assert_eq!((published.total, published.hidden_spaces().len()), (Shown::Hidden, 4_000));
    }
}
