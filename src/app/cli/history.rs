//! What a user may type after `vigie history`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

const COMPACT_HELP: &str = "\
Puts the small files of every date together, sorted by space and time, as a running server does in the background. Rows do not
change. The old files stay until `vigie history vacuum` or a server removes them.

Examples:
  vigie history compact --data vigie-data
  vigie history compact --data vigie-data --memory-mib 512";

const VACUUM_HELP: &str = "\
Removes data files that no version of a table has named for so long. A reader that opened the tables before then would miss them.

Examples:
  vigie history vacuum --data vigie-data
  vigie history vacuum --data vigie-data --keep 1h";

/// The commands about the files of history; no server may be running on the data folder.
#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// Put small files together, sorted.
    #[command(after_help = COMPACT_HELP)]
    Compact(CompactArgs),
    /// Remove files that nobody needs any more.
    #[command(after_help = VACUUM_HELP)]
    Vacuum(VacuumArgs),
    /// How many files and rows each table has.
    Stats(StatsArgs),
}

/// Options of `vigie history compact`.
#[derive(Debug, Args)]
pub struct CompactArgs {
    /// Data folder; nobody may be writing to it.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
    /// Memory to sort in, in MiB; beyond it rows spill to the disk.
    #[arg(long, value_name = "NUMBER", default_value_t = 128, value_parser = clap::value_parser!(u32).range(32..=65_536))]
    pub memory_mib: u32,
}

/// Options of `vigie history vacuum`.
#[derive(Debug, Args)]
pub struct VacuumArgs {
    /// Data folder; nobody may be writing to it.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
    /// How long a file stays after others have taken its place, at most 7d; 0s when nobody reads.
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    pub keep: String,
}

/// Options of `vigie history stats`.
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// Data folder; nobody may be writing to it.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
}
