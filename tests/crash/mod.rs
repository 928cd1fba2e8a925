//! What the crash tests share: a centre under load, senders that remember what they were answered, and an auditor that
//! knows nothing but that, the data folder and the rules.
//!
//! ```text
//!  senders --HTTP--> vigie serve (killed, started again, ...) --> log, history
//!     | what was answered                                           |     |
//!     +------------------> audit <-- rows, by `vigie sql` ----------|-----+
//!                            ^------ a second judgement of the log -+
//! ```

#![allow(dead_code, unreachable_pub, reason = "each test file is a crate that uses a part of it")]

pub mod dice;

pub mod centre;
pub mod events;
pub mod http;
pub mod server;
pub mod stream;

pub mod load;
pub mod surviving;

pub mod audit;

pub mod twin;
