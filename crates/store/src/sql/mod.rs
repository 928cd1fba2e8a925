//! SQL over history: one guarded, read-only, bounded, audited door for the command line and HTTP.

pub mod examples;
pub mod limits;

mod explain;
mod format;
mod guard;
mod session;

pub mod door;

#[cfg(test)]
mod samples;

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;
