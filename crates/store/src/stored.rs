//! Stored rows as the log once had them: in its order, and in the words of `vigie-model`.
//!
//! ```text
//!  observations --sort, spilling--+--> merged by (log time, partition, offset) --> StoredRow
//!  incidents   --sort, spilling---+
//!  alerts, actions --sort--> what was recorded about them
//!  observations --week by week, sort, spilling--> StoredValue in the order of event times
//! ```
//!
//! **Invariants**
//! - One instant of each table is read: committed rows, and those still hot where a history is being written.
//! - Memory is bounded: sorts spill to the system's folder for temporary files beyond 256 MiB.

pub(crate) mod columns;
pub(crate) mod session;

pub mod log_rows;
pub mod recorded;
pub mod values;
