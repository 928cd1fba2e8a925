//! What a measure of many parts says: numbers, a label, and a note when there are none.

use arrow::array::{ArrayRef, Float64Array, StringArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use std::sync::Arc;
use vigie_analysis::error::AnalysisError;
use vigie_analysis::estimate::Estimate;

/// The part that says why the others are null.
const NOTE: &str = "note";
/// The part with a word instead of a number.
const LABEL: &str = "label";

/// The parts of a measure's answer, in their order. A label follows the numbers, the note stands last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) numbers: &'static [&'static str],
    pub(crate) has_label: bool,
}

/// One answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) numbers: Vec<Option<f64>>,
    pub(crate) label: Option<&'static str>,
    pub(crate) note: Option<String>,
}

impl Answer {
    /// An answer of numbers.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        Self { numbers: numbers.into_iter().map(Some).collect(), ..Self::default() }
    }

    /// Adds a value with its limits; nulls when there is none.
    pub(crate) fn with(mut self, estimate: Option<Estimate>) -> Self {
        let parts = estimate.map(|estimate| [estimate.value, estimate.low, estimate.high]);
        self.numbers.extend(parts.map_or([None; 3], |parts| parts.map(Some)));
        self
    }

    /// No numbers, and why: what the measure cannot be computed from.
    pub(crate) fn why_not(error: &AnalysisError) -> Self {
        Self { note: Some(error.to_string()), ..Self::default() }
    }
}

impl Shape {
    /// The type of the answers.
    pub(crate) fn data_type(&self) -> DataType {
        DataType::Struct(self.fields())
    }

    fn fields(&self) -> Fields {
        let numbers = self.numbers.iter().map(|name| Field::new(*name, DataType::Float64, true));
        let label = self.has_label.then(|| Field::new(LABEL, DataType::Utf8, true));
        numbers.chain(label).chain([Field::new(NOTE, DataType::Utf8, true)]).collect()
    }

    /// The answers as a column.
    pub(crate) fn column(&self, answers: &[Option<Answer>]) -> StructArray {
        let numbers = (0..self.numbers.len()).map(|part| {
            let cells = answers.iter().map(|answer| answer.as_ref()?.numbers.get(part).copied()?);
            Arc::new(Float64Array::from_iter(cells)) as ArrayRef
        });
        let text = |pick: &dyn Fn(&Answer) -> Option<&str>| {
            let cells = answers.iter().map(|answer| answer.as_ref().and_then(pick));
            Arc::new(StringArray::from_iter(cells)) as ArrayRef
        };
        let label = self.has_label.then(|| text(&|answer| answer.label));
        let note = text(&|answer| answer.note.as_deref());
        let there: NullBuffer = answers.iter().map(Option::is_some).collect();
        StructArray::new(self.fields(), numbers.chain(label).chain([note]).collect(), Some(there))
    }
}
