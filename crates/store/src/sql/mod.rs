//! SQL over history: one guarded, read-only, bounded, audited door for the command line, HTTP and the Postgres
//! wire. Answers are streams.

pub mod examples;
pub mod limits;

mod expansion;
mod growth;
mod names;

mod explain;

mod guard;
mod weights;

mod portions;

pub mod functions;

mod queries;

mod light;
mod local_time;

mod locality;

mod brake;
mod current;
mod dated;

mod session;

mod known;

mod absent;

mod catalog_functions;

mod catalog_objects;

mod catalogs;

mod planning;

mod describe;

mod reads;

mod shape;
mod trail;

mod format;

mod work;

pub mod answer;

pub mod door;

#[cfg(test)]
mod samples;

#[cfg(test)]
mod documented;
#[cfg(test)]
mod measures;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod stopping;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod views;
