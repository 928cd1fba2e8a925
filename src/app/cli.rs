//! What a user may type, and help that teaches by example.

pub mod explain;
pub mod history;
pub mod import;
pub mod report;
pub mod retention;
pub mod rules;
pub mod simulate;
pub mod watch;

use self::explain::{EXPLAIN_HELP, ExplainArgs};
use self::history::HistoryCommand;
use self::import::{IMPORT_HELP, ImportArgs};
use self::report::ReportCommand;
use self::retention::RetentionCommand;
use self::rules::RulesCommand;
use self::simulate::{SIMULATE_HELP, SimulateArgs};
use self::watch::{WATCH_HELP, WatchArgs};
use crate::app::telemetry::LogFormat;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use vigie_store::sql::examples::EXAMPLES;

const DEMO_HELP: &str = "\
Examples:
  vigie demo                          two weeks of March 2017, one hour of city time a second
  vigie demo --fresh                  the same again from the beginning
  vigie demo --from 2017-03-12T12:00:00+11:00 --speed 10m
                                      the Sunday of the Moomba festival, slowly
  vigie demo --speed 12h --until-end  as fast as that, then end (for scripts)";

const SERVE_HELP: &str = "\
Examples:
  vigie check --config vigie.toml && vigie serve --config vigie.toml
  curl -s 127.0.0.1:8080/v1/events -H 'content-type: application/x-ndjson' -d \\
    '{\"space\":\"town-hall\",\"sensor\":\"s9\",\"metric\":\"people_count\",\"value\":118,\"time\":\"2026-03-11T18:00:00+11:00\"}'
  curl -sN 127.0.0.1:8080/v1/alerts/stream
  curl -s 127.0.0.1:8080/readyz";

const CHECK_HELP: &str = "\
Prints every problem of the configuration, the spaces and the rules with file, line and hint, in one run.

Examples:
  vigie check --config configs/melbourne/vigie.toml
Exit code 0: nothing wrong (warnings are printed). 2: something is.";

const REPLAY_HELP: &str = "\
Input files are NDJSON or JSON arrays of native events, or CSV files of a [[csv]] mapping (chosen by its `files` globs).

Examples:
  vigie replay --config configs/melbourne/vigie.toml --input configs/melbourne/pedestrian_03_2017.csv
  vigie replay --config vigie.toml --input a.ndjson b.ndjson --data history-2026 --alerts alerts.ndjson
The last line is JSON: events, accepted, rejected, late, duplicates, raised, cleared, elapsed_s, events_per_s, digest.
Repeating a replay into the same --data folder adds nothing.";

const VERIFY_HELP: &str = "\
Reads every byte of log and history: checksums, sequence, names, offsets, files, rows, and that history is not ahead of
the log; and of the audit log: that every entry is what was written behind the one before it. Its newest chain value, noted
elsewhere, shows later that nothing behind it is missing. Changes nothing. Stop the server first.

Examples:
  vigie verify --data vigie-data
Exit code 0: nothing is wrong. 1: something is; each finding says what, where and what to do.";

/// A high-throughput stream processor for a city's urban supervision centre.
#[derive(Debug, Parser)]
#[command(name = "vigie", version, after_help = "Start here: vigie demo")]
pub struct Cli {
    /// How logs are written to standard error; RUST_LOG chooses what.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replay a real city's data fast, with page, alerts and history; needs no file and no broker.
    #[command(after_help = DEMO_HELP)]
    Demo(DemoArgs),
    /// Run the server.
    #[command(after_help = SERVE_HELP)]
    Serve(ServeArgs),
    /// Check configuration, spaces and rules.
    #[command(after_help = CHECK_HELP)]
    Check(CheckArgs),
    /// Check and test rules.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Run recorded input through the whole pipeline as fast as it goes.
    #[command(after_help = REPLAY_HELP)]
    Replay(ReplayArgs),
    /// Bring archives into history: stored by event date, never judged, each row once.
    #[command(after_help = IMPORT_HELP)]
    Import(ImportArgs),
    /// Ask history with SQL.
    Sql(SqlArgs),
    /// Look after the files of history while no server runs.
    #[command(subcommand)]
    History(HistoryCommand),
    /// Delete rows that are older than their feed's retention, and keep others by legal holds.
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// Say in words why an alert began, or why a rule says nothing now.
    #[command(after_help = EXPLAIN_HELP)]
    Explain(ExplainArgs),
    /// Write a report as one HTML file, in English or French.
    #[command(subcommand)]
    Report(ReportCommand),
    /// Follow the alerts in a terminal, and act on them.
    #[command(after_help = WATCH_HELP)]
    Watch(WatchArgs),
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
    /// Write a made-up city's events into a file, the same on every machine.
    #[command(after_help = SIMULATE_HELP)]
    Simulate(SimulateArgs),
    /// Check that log, history and audit log of a data folder are whole and agree.
    #[command(after_help = VERIFY_HELP)]
    Verify(VerifyArgs),
}

/// Options of `vigie demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// City time that passes in one real second.
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    pub speed: String,
    /// City time at which to open, RFC 3339 with offset; by default where the last demo ended.
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Forget the last demo in the data folder.
    #[arg(long)]
    pub fresh: bool,
    /// Folder for history.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
    /// First port to try on 127.0.0.1.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Exit when the two weeks are over instead of waiting for Ctrl-C.
    #[arg(long)]
    pub until_end: bool,
}

/// Options of `vigie serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// Options of `vigie check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// Options of `vigie replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Files to read; they are merged by event time.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub input: Vec<PathBuf>,
    /// Write history into this folder.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Write transitions as NDJSON into this file.
    #[arg(long, value_name = "FILE")]
    pub alerts: Option<PathBuf>,
    /// Print only the summary line, no progress and no notes.
    #[arg(long)]
    pub json: bool,
    /// Judge in file order instead of by event time.
    #[arg(long)]
    pub keep_order: bool,
    /// Write the embedded log too, in the --data folder: its syncs then count in the time.
    #[arg(long, requires = "data")]
    pub through_log: bool,
    /// Rows handed to the sequencer at once.
    #[arg(long, value_name = "ROWS", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: u32,
    /// Partitions, instead of the configured number.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub partitions: Option<u16>,
}

/// Options of `vigie sql`.
#[derive(Debug, Args)]
pub struct SqlArgs {
    /// One SELECT or EXPLAIN statement; without, an editor on a terminal, else the statements of standard input, each
    /// ended by a semicolon.
    pub statement: Option<String>,
    /// Data folder; a server running on it is asked, so that its newest rows count.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// What the query is for; kept in the audit trail.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Write the answer into a file, which gets its name once all of it is there.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Most rows of an answer; 100,000 unless given.
    #[arg(long, value_name = "ROWS")]
    pub rows_max: Option<u32>,
    /// Most bytes of an answer; 64 MiB unless given.
    #[arg(long, value_name = "BYTES")]
    pub bytes_max: Option<u32>,
    /// Print tables and functions instead; columns, units and comments of a table, or all about a function, if named.
    #[arg(long, value_name = "TABLE", num_args = 0..=1, default_missing_value = "", conflicts_with = "statement")]
    pub describe: Option<String>,
    /// Read a password from the terminal, or from a line of standard input, and print what [[sql.postgres.users]] keeps of
    /// it.
    #[arg(long, conflicts_with_all = ["statement", "describe"])]
    pub make_verifier: bool,
}

/// Options of `vigie verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Data folder; nobody may be writing to it.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people.
    #[default]
    Table,
    /// Comma-separated values.
    Csv,
    /// A JSON array of objects.
    Json,
    /// An Arrow IPC stream.
    Arrow,
}

/// Reads the command line; prints help or usage errors and exits where clap does.
#[must_use]
pub fn parse() -> Cli {
    let command = Cli::command().mut_subcommand("sql", |sql| sql.after_help(sql_help()));
    let matches = command.get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn sql_help() -> String {
    let mut help = "Examples (after `vigie demo`):\n".to_owned();
    for (title, statement) in EXAMPLES {
        let statement = statement.replace('\n', "\n    ");
        help.push_str(&format!("\n  {title}:\n    {statement}\n"));
    }
    help.push_str("\nTables, columns, units and functions: vigie sql --describe");
    help
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_and_readme_have_every_example() {
        let help = sql_help();
        assert!(EXAMPLES.iter().all(|(title, _)| help.contains(title)));
        let readme = include_str!("../../README.md");
        assert!(EXAMPLES.iter().all(|(_, statement)| readme.contains(statement)), "README has them as they are");
    }
}
