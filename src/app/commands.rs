//! The commands, one file each: what the user typed becomes what it means, then it runs.

pub mod asking;

mod asker;
pub mod running;

pub mod check;
pub mod explain;
pub mod history;
pub mod import;
pub mod report;
pub mod retention;
pub mod rules;
pub mod simulate;

mod make_verifier;

pub mod sql;
pub mod verify;
pub mod watch;

pub mod replay;
pub mod serve;

pub mod demo_posts;

pub mod demo_city;

pub mod demo;
