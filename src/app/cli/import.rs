//! What a user may type after `vigie import`.

use clap::Args;
use std::path::PathBuf;

/// Help that teaches by example.
pub const IMPORT_HELP: &str = "\
Rows go into history by their event date and are never judged. A row that history has already, by the live intake or an
earlier import, is not stored again: so a repeated import adds nothing, and one that was stopped is repeated.
Input files are those of `vigie replay`, and Parquet files with the columns of Arrow IPC (docs/events.md). Stop the server first.

Examples:
  vigie import --config vigie.toml --input counts-2015.csv counts-2016.csv --dry-run
  vigie import --config vigie.toml --input counts-2015.csv counts-2016.csv
  vigie import --config vigie.toml --feed dispatch --input incidents.ndjson --data vigie-data --json
The last line is JSON: files, read, taken, duplicates, retention, rejected, from, until, days, dry_run, elapsed_s.
Rows older than the retention of their feed are left out, and counted as \"retention\".
Exit code 0: all other rows are in history. 1: some were rejected. 3: nothing could be read, or history failed.";

/// Options of `vigie import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Files to read.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub input: Vec<PathBuf>,
    /// Data folder; by default the one of the configuration.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Feed of events whose file names none.
    #[arg(long, value_name = "NAME")]
    pub feed: Option<String>,
    /// Read and compare everything, store nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print only the summary line.
    #[arg(long)]
    pub json: bool,
}
