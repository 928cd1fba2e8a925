//! The program: roles wired to the log, the listener, and the commands users type.
//!
//! The modules stand in dependency order: each uses only those above it.

pub mod audit;
pub mod embedded_log;
pub mod health;
pub mod lock;
pub mod retention;
pub mod telemetry;

pub mod roles;

pub mod beginning;
pub mod keeper;

pub mod backtest;

pub mod backtests_door;
pub mod commands_door;
pub mod pipeline;
pub mod reports_door;

pub mod reload;
pub mod seeder;

pub mod connections;
pub mod listener;
pub mod openapi;
pub mod postgres;
pub mod pressure;
pub mod sql_door;

pub mod routes;

pub mod server;

pub mod cli;
pub mod commands;
