//! In which form values travel, and columns as clients are told of them.

use super::refusal::Refusal;
use super::values::types::ColumnType;
use arrow::datatypes::{Field, SchemaRef};
use std::sync::Arc;
use vigie_postgres::outgoing::Column;

/// In which form each column is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Formats(Vec<i16>);

impl Formats {
    /// # Errors
    /// When a code is unknown, or their number is neither 0, 1 nor that of the things they are for.
    pub(crate) fn new(codes: Vec<i16>, things: usize, what: &str) -> Result<Self, Refusal> {
        if codes.iter().any(|code| ![0, 1].contains(code)) {
            return Err(Refusal::protocol(format!("formats of {what} are 0 for text and 1 for binary")));
        }
        if codes.len() > 1 && codes.len() != things {
            return Err(Refusal::protocol(format!("{} formats for {things} {what}", codes.len())));
        }
        Ok(Self(codes))
    }

    pub(crate) fn is_binary(&self, index: usize) -> bool {
        self.0.get(if self.0.len() == 1 { 0 } else { index }) == Some(&1)
    }
}

/// The columns of a schema as clients are told.
pub(crate) fn told_columns(schema: &SchemaRef, formats: &Formats) -> Vec<Column> {
    let column = |(index, field): (usize, &Arc<Field>)| {
        let column_type = ColumnType::of(field);
        let format = i16::from(formats.is_binary(index));
        Column { name: field.name().clone(), type_id: column_type.id(), size: column_type.size(), format }
    };
    schema.fields().iter().enumerate().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_none_one_or_one_each() {
        let formats = |codes: &[i16], things| Formats::new(codes.to_vec(), things, "columns");
        assert!(!formats(&[], 3).unwrap().is_binary(2));
        assert!(formats(&[1], 3).unwrap().is_binary(2));
        assert!(formats(&[0, 1], 2).unwrap().is_binary(1));
        assert!(!formats(&[0, 1], 2).unwrap().is_binary(7));
        assert!(formats(&[0, 1], 3).is_err());
        assert!(formats(&[2], 1).is_err());
    }
}
