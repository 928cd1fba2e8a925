//! What threads wait for each other with.
//!
//! The ring takes these types from here, so that a test which compiles the same file beside types of loom sees every order
//! in which its threads can run.

pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard};
