//! What a sender is told about the events of one request.

/// What became of the events of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Events now in the log.
    pub accepted: u64,
    /// Events dropped because the log has them.
    pub duplicates: u64,
    /// Accepted events without any identity: sending them again would add them again.
    pub undeduplicated: u64,
    /// Accepted events whose event time was moved.
    pub time_adjusted: u64,
    /// Accepted observations that were late.
    pub late: u64,
    /// Whether an event lay long before log time, as a note says.
    pub long_past: bool,
    /// Words about the above.
    pub notes: Vec<String>,
}
