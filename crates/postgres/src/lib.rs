//! The Postgres wire, protocol 3.0, as far as a server of read-only queries needs it: messages and sign-in, no I/O.
//!
//! [`incoming`] takes messages out of the bytes a peer sent, [`outgoing`] appends answers to a buffer, [`scram`] is the
//! server's side of SCRAM-SHA-256 and [`verifier`] what it knows of a password instead of the password.
//!
//! **Invariant**: no bytes a peer can send make this crate panic, or keep more than a message of a named size. That is why
//! the messages are taken apart here, although a library for it is linked already
//! (docs/decisions/0023-the-postgres-wire-is-our-own.md).
//!
//! ```
//! use bytes::BytesMut;
//! use vigie_postgres::incoming::{Incoming, take_message};
//! let mut bytes = BytesMut::from(&b"Q\0\0\0\x0dSELECT 1\0X\0\0\0\x04"[..]);
//! assert_eq!(take_message(&mut bytes, 1_000).unwrap(), Some(Ok(Incoming::Query("SELECT 1".to_owned()))));
//! assert_eq!(take_message(&mut bytes, 1_000).unwrap(), Some(Ok(Incoming::Terminate)));
//! assert_eq!(take_message(&mut bytes, 1_000).unwrap(), None);
//! ```

pub mod verifier;

pub mod end_point;

pub mod scram;

pub mod malformed;

mod body;

pub mod incoming;

pub mod outgoing;

pub mod hello;
