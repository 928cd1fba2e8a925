//! Bounds of the Postgres wire; those of queries are [`crate::sql::limits::SqlLimits`].

use std::time::Duration;

/// What one connection, and all together, may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostgresLimits {
    /// Connections at once, signed in or not; further ones are told so and closed.
    pub connections_max: usize,
    /// From connecting to being signed in.
    pub sign_in_max: Duration,
    /// Between two messages of a client.
    pub idle_max: Duration,
    /// For a client to take what it was sent.
    pub write_max: Duration,
    /// Longest message of a client that is signed in, in bytes. It bounds parameters; statements are bounded by the SQL door.
    pub message_bytes_max: usize,
    /// Prepared statements of a connection.
    pub statements_max: usize,
    /// Portals of a connection.
    pub portals_max: usize,
    /// Portals of a connection with rows still to be fetched: each holds one of the SQL door's few slots.
    pub open_portals_max: usize,
    /// Bytes of statements, columns and parameters that a connection may have kept.
    pub kept_bytes_max: usize,
}

impl Default for PostgresLimits {
    /// Enough for some dashboards with their pools of connections; all connections together keep at most 192 MiB.
    fn default() -> Self {
        Self {
            connections_max: 64,
            sign_in_max: Duration::from_secs(15),
            idle_max: Duration::from_secs(3_600),
            write_max: Duration::from_secs(30),
            message_bytes_max: 256 << 10,
            statements_max: 256,
            portals_max: 32,
            open_portals_max: 2,
            kept_bytes_max: 2 << 20,
        }
    }
}

/// How long a failed sign-in waits for its answer: guessing takes its time, whoever is guessed.
pub(crate) const FAILED_SIGN_IN_WAIT: Duration = Duration::from_millis(500);
/// Longest message before the client is signed in: a proof is a few hundred bytes.
pub(crate) const SIGN_IN_MESSAGE_BYTES_MAX: usize = 4 << 10;
/// Bytes that are written together.
pub(crate) const WRITE_BYTES: usize = 64 << 10;
/// Most columns of an answer, as in PostgreSQL.
pub(crate) const COLUMNS_MAX: usize = 1_600;
