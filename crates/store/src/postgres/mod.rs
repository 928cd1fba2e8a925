//! History over the Postgres wire, for psql, dashboards and drivers: the protocol of `vigie_postgres` over the one SQL door.
//!
//! ```text
//!  client --> sign_in (TLS, SCRAM) --> connection --> statements: about the session, answered here
//!                                          |     \--> the SQL door: guard, scope, limits, audit
//!                                          v                 |
//!                                   prepared, portals <------/ rows, as values on the wire
//! ```
//!
//! **Invariants**
//! - Nothing here decides what may be read: every statement that is not on the short list of `statements` goes through
//!   the guard of [`crate::sql`], when it is prepared and again when it runs.
//! - A parameter is a value in a plan and never part of a statement's text.
//! - Whatever a peer sends, memory is bounded by [`limits`].

pub mod limits;

pub mod users;

pub mod tls;

mod refusal;

mod values;

mod cancels;

mod settings;

mod savepoints;

mod statements;

mod link;

mod sign_in;

mod formats;

mod rows;

mod prepared;

mod session;

mod connection;

pub mod server;
