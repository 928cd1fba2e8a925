//! The console over a real loopback socket.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise; the lint only sees that in test functions")]

mod http;

mod room;
mod rules;

mod alerts;

mod commands;
mod desk;
