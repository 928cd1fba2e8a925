//! What history looks like: tables, columns, units and comments.
//!
//! The same description makes the Arrow schema of a batch, the Delta schema on disk (comments and units travel as field
//! metadata) and the text of `vigie sql --describe`, so the three cannot disagree.
//!
//! ```
//! use vigie_store::schema::table::Table;
//! let schema = Table::Observations.schema();
//! assert_eq!(schema.field_with_name("value").unwrap().metadata()["comment"], "the measured value, in the unit of column unit");
//! ```

pub mod column;
pub mod table;
pub mod view;

pub mod describe;

#[cfg(test)]
mod tests;
