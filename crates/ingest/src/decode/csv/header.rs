//! How a mapping fits the header of one file: which column is what, or everything that does not fit.

use crate::decode::csv::clock::Series;
use crate::decode::csv::event_rows::{EventColumns, ValueCell};
use crate::decode::csv::mapping::{Ids, Mapping, ROLES};
use crate::decode::csv::record::Record;
use crate::decode::csv::spec::Layout;
use crate::decode::names::NameCache;
use crate::decode::reason::Reason;
use crate::limits::NAMES_REPORTED_MAX;
use std::collections::BTreeMap;
use vigie_model::diagnostic::{Diagnostic, did_you_mean};
use vigie_model::names::NO_NAME;
use xxhash_rust::xxh3::xxh3_128;

/// Which column of a file is what.
#[derive(Debug)]
pub(super) struct Plan {
    /// Number of columns.
    pub(super) width: usize,
    /// Columns that together hold the time.
    pub(super) time: Vec<usize>,
    /// Where the values are.
    pub(super) values: Values,
    /// Columns whose texts decide which rows are read.
    pub(super) only_rows: Vec<(usize, Vec<String>)>,
}

/// Where the values of a file are.
#[derive(Debug)]
pub(super) enum Values {
    /// One column per series.
    Wide(Vec<SeriesColumn>),
    /// One row per value.
    Long(LongColumns),
    /// Rows become native events.
    Events(Box<EventColumns>),
}

/// A value column of a wide file.
#[derive(Debug)]
pub(super) struct SeriesColumn {
    pub(super) column: usize,
    pub(super) name: String,
    pub(super) series: Series,
    /// Identity of this column of this file: with the line, it identifies a value (DESIGN.md, decision 13).
    pub(super) source: u128,
}

/// The columns of a long file.
#[derive(Debug)]
pub(super) struct LongColumns {
    pub(super) name: Option<usize>,
    pub(super) value: usize,
    /// Columns of ids, in the order of [`ROLES`].
    pub(super) ids: [Option<usize>; ROLES.len()],
    pub(super) id: Option<usize>,
    pub(super) seq: Option<usize>,
    pub(super) quality: Option<usize>,
}

impl Plan {
    /// Fits `mapping` to the header of `file`, whose content has the hash `file_hash`.
    pub(super) fn new(
        file: &str,
        line: u32,
        file_hash: u128,
        header: &Record,
        mapping: &Mapping,
        names: &mut NameCache,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut fit = Fit { file, line, header: Header::new(header), found: Vec::new() };
        let time = mapping.time_columns.iter().filter_map(|name| fit.column(name, "time")).collect();
        let read = |fit: &mut Fit<'_>| {
            let columns = mapping.only_rows.iter();
            columns.filter_map(|(name, texts)| Some((fit.column(name, "rows to read")?, texts.clone()))).collect()
        };
        let only_rows = read(&mut fit);
        let values = match mapping.layout {
            _ if mapping.events.is_some() => fit.events(mapping, file_hash).map(Box::new).map(Values::Events),
            Layout::Wide => fit.wide(mapping, file_hash, names).map(Values::Wide),
            Layout::Long => fit.long(mapping).map(Values::Long),
        };
        match values {
            Some(values) if fit.found.is_empty() => Ok(Self { width: header.len(), time, values, only_rows }),
            _ => Err(fit.found),
        }
    }
}

/// The ids of one series as integers; the error names the id that is refused and why.
pub(super) fn series_of(ids: &Ids, names: &mut NameCache) -> Result<Series, Reason> {
    let mut series = [NO_NAME; ROLES.len()];
    // The space comes first, so that a refused one leaves no other name behind.
    for ((index, id), (_, _, kind)) in series.iter_mut().zip(ids).zip(ROLES) {
        if let Some(id) = id {
            *index = names.index(kind, id)?;
        }
    }
    Ok(series)
}

/// Columns by name; those without one are left out.
struct Header {
    by_name: BTreeMap<String, usize>,
    twice: Vec<String>,
}

impl Header {
    fn new(header: &Record) -> Self {
        let mut by_name = BTreeMap::new();
        let mut twice = Vec::new();
        for (column, name) in (0..header.len()).map(|column| (column, header.field(column))) {
            if !name.is_empty() && by_name.insert(name.to_owned(), column).is_some() {
                twice.push(name.to_owned());
            }
        }
        Self { by_name, twice }
    }
}

struct Fit<'a> {
    file: &'a str,
    line: u32,
    header: Header,
    found: Vec<Diagnostic>,
}

impl Fit<'_> {
    fn error(&mut self, text: String, hint: Option<String>) {
        if self.found.len() < NAMES_REPORTED_MAX {
            self.found.push(Diagnostic::error(self.file, self.line, 0, text).hint_opt(hint));
        }
    }

    fn column(&mut self, name: &str, what: &str) -> Option<usize> {
        if self.header.twice.iter().any(|twice| twice == name) {
            self.error(format!("the header has column '{name}' twice"), None);
        }
        let column = self.header.by_name.get(name).copied();
        if column.is_none() {
            let hint = did_you_mean(name, self.header.by_name.keys().map(String::as_str));
            self.error(format!("the header has no column '{name}' for the {what}"), hint);
        }
        column
    }

    fn optional(&mut self, name: Option<&String>, what: &str) -> Option<usize> {
        name.and_then(|name| self.column(name, what))
    }

    fn wide(&mut self, mapping: &Mapping, file_hash: u128, names: &mut NameCache) -> Option<Vec<SeriesColumn>> {
        for name in &mapping.only {
            self.column(name, "values");
        }
        let is_value = |name: &String| {
            let is_listed = mapping.only.is_empty() || mapping.only.contains(name);
            let is_other = mapping.time_columns.contains(name) || mapping.only_rows.contains_key(name);
            is_listed && !is_other && !mapping.ignore.contains(name)
        };
        let by_column: BTreeMap<_, _> =
            self.header.by_name.iter().map(|(name, column)| (*column, name.clone())).collect();
        let mut columns: Vec<SeriesColumn> = Vec::new();
        for (column, name) in by_column.into_iter().filter(|(_, name)| is_value(name)) {
            if self.header.twice.contains(&name) {
                self.error(format!("the header has column '{name}' twice"), None);
            }
            let Some(ids) = mapping.ids_of_name(&name) else {
                let hint = did_you_mean(&name, mapping.names.keys().map(String::as_str));
                self.error(format!("column '{name}' is not in the name map of csv mapping '{}'", mapping.name()), hint);
                continue;
            };
            match series_of(&ids, names) {
                Err(refusal) => self.error(format!("column '{name}': {refusal}"), None),
                Ok(series) => {
                    if let Some(other) = columns.iter().find(|other| other.series == series) {
                        let text = format!(
                            "columns '{}' and '{name}' map to the same space, sensor, node and metric",
                            other.name
                        );
                        self.error(text, Some("map them to different sensors".to_owned()));
                    }
                    columns.push(SeriesColumn { column, name, series, source: source_of(file_hash, column) });
                }
            }
        }
        if columns.is_empty() && self.found.is_empty() {
            self.error("the header has no value column".to_owned(), None);
        }
        Some(columns)
    }

    fn events(&mut self, mapping: &Mapping, file_hash: u128) -> Option<EventColumns> {
        let columns = &mapping.columns;
        let ids = [&columns.space, &columns.sensor, &columns.node, &columns.metric];
        let ids = std::array::from_fn(|role| self.optional(ids[role].as_ref(), ROLES[role].1));
        let fields = columns.fields.iter().filter_map(|(field, name)| Some((*field, self.column(name, field.key())?)));
        let fields = fields.collect();
        let group = columns.group.iter().filter_map(|(key, name)| Some((key.clone(), self.column(name, "group")?)));
        let group = group.collect();
        let cells = match mapping.layout {
            Layout::Wide => self.event_cells(mapping, file_hash),
            Layout::Long => {
                let column = self.optional(columns.value.as_ref(), "value");
                vec![ValueCell { column, name: None, source: file_hash }]
            }
        };
        Some(EventColumns {
            name: self.optional(columns.name.as_ref(), "name"),
            ids,
            id: self.optional(columns.id.as_ref(), "id"),
            seq: self.optional(columns.seq.as_ref(), "seq"),
            quality: self.optional(columns.quality.as_ref(), "quality"),
            fields,
            group,
            cells,
        })
    }

    /// The value columns of a wide file of events: those of `only`, or all that nothing else names.
    fn event_cells(&mut self, mapping: &Mapping, file_hash: u128) -> Vec<ValueCell> {
        let columns = &mapping.columns;
        let ids = [&columns.space, &columns.sensor, &columns.node, &columns.metric, &columns.id];
        let named: Vec<&String> =
            ids.into_iter().flatten().chain(columns.fields.values()).chain(columns.group.values()).collect();
        let is_other = |name: &String| {
            named.contains(&name)
                || mapping.time_columns.contains(name)
                || mapping.ignore.contains(name)
                || mapping.only_rows.contains_key(name)
        };
        let names: Vec<String> = match &mapping.only[..] {
            [] => self.header.by_name.keys().filter(|name| !is_other(name)).cloned().collect(),
            only => only.to_vec(),
        };
        let mut cells = Vec::new();
        for name in names {
            let Some(column) = self.column(&name, "values") else { continue };
            let known = mapping.events.as_ref().is_none_or(|of| of.names.is_empty() || of.names.contains_key(&name));
            if !known {
                let hint = did_you_mean(&name, mapping.names.keys().map(String::as_str));
                self.error(format!("column '{name}' is not in the name map of csv mapping '{}'", mapping.name()), hint);
            }
            cells.push(ValueCell { column: Some(column), name: Some(name), source: source_of(file_hash, column) });
        }
        if cells.is_empty() && self.found.is_empty() {
            self.error("the header has no value column".to_owned(), None);
        }
        cells
    }

    fn long(&mut self, mapping: &Mapping) -> Option<LongColumns> {
        let columns = &mapping.columns;
        let value = self.optional(columns.value.as_ref(), "value");
        let ids = [&columns.space, &columns.sensor, &columns.node, &columns.metric];
        Some(LongColumns {
            name: self.optional(columns.name.as_ref(), "name"),
            ids: std::array::from_fn(|role| self.optional(ids[role].as_ref(), ROLES[role].1)),
            id: self.optional(columns.id.as_ref(), "id"),
            seq: self.optional(columns.seq.as_ref(), "seq"),
            quality: self.optional(columns.quality.as_ref(), "quality"),
            value: value?,
        })
    }
}

/// Each column of a wide file is a source of its own: a line then holds one value of it, as in a long file.
fn source_of(file_hash: u128, column: usize) -> u128 {
    let mut bytes = [0u8; 24];
    bytes[..16].copy_from_slice(&file_hash.to_le_bytes());
    bytes[16..].copy_from_slice(&(column as u64).to_le_bytes());
    xxh3_128(&bytes)
}
