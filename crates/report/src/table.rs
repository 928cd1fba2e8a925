//! Tables of a report: what a cell may say, a value that is hidden or was not measured included.

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Words; aligned left.
    Text(String),
    /// A value as people write it; aligned right.
    Value(String),
    /// A small count or group that is not shown, so that nobody can be recognised.
    Hidden,
    /// Nothing was measured or asked, which is not zero.
    NotMeasured,
    /// The question does not arise.
    Empty,
}

impl Cell {
    /// A cell of words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A cell with a value.
    pub fn value(value: impl Into<String>) -> Self {
        Self::Value(value.into())
    }

    /// A value, or that nothing was measured.
    #[must_use]
    pub fn measured(value: Option<String>) -> Self {
        value.map_or(Self::NotMeasured, Self::Value)
    }
}

/// A table; every row has as many cells as there are headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it shows, in one sentence.
    pub caption: String,
    /// Column headings.
    pub headings: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<Cell>>,
    /// What has to be known to read it; one line each.
    pub notes: Vec<String>,
}

impl Table {
    /// A table without rows.
    pub fn new<const N: usize>(caption: impl Into<String>, headings: [&str; N]) -> Self {
        Self {
            caption: caption.into(),
            headings: headings.map(str::to_owned).into(),
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// When it has another number of cells than there are headings.
    pub fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        let cells = cells.into();
        assert_eq!(cells.len(), self.headings.len(), "a cell for each heading of '{}'", self.caption);
        self.rows.push(cells);
    }
}
