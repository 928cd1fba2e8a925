//! What a user may type after `vigie retention`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const RUN_HELP: &str = "\
Deletes the rows of history that are older than the retention of their feed ([feeds.NAME] retention) and under no hold, with the
files and versions that held them, and files a certificate in DATA/retention/certificates. A running server does the same once a day.
Stop the server first; nobody else should be reading the folder either.

Examples:
  vigie retention run --config vigie.toml --dry-run
  vigie retention run --config vigie.toml --format json
  vigie retention run --config vigie.toml --data vigie-data";

const ADD_HELP: &str = "\
Rows under a hold stay, however old they are, until the hold ends or is released. It counts as soon as this command says so, also
beside a running server; what was deleted before stays deleted.

Examples:
  vigie retention hold add --data vigie-data --from 2026-10-01T00:00:00+02:00 --to 2026-10-02T00:00:00+02:00 \\
    --space town-hall city-square --requester \"Court of Appeal\" --reference 26/1234 --reason \"evidence in case 26/1234\"
  vigie retention hold add --data vigie-data --feed cameras --requester DPO --reference complaint-7 --reason \"data subject request\" \\
    --ends 2027-03-01T00:00:00+01:00";

const RELEASE_HELP: &str = "\
The rows of the hold go with the next run, if they are too old and under no other hold. The hold stays in the list, with who released it
and why.

Examples:
  vigie retention hold release h1 --data vigie-data --requester \"Court of Appeal\" --reason \"case closed\"";

/// The commands about how long rows are kept.
#[derive(Debug, Subcommand)]
pub enum RetentionCommand {
    /// Delete rows that are too old, and file a certificate.
    #[command(after_help = RUN_HELP)]
    Run(RunArgs),
    /// Keep rows although they are too old.
    #[command(subcommand)]
    Hold(HoldCommand),
}

/// The commands about legal holds.
#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// Make a hold.
    #[command(after_help = ADD_HELP)]
    Add(AddArgs),
    /// All holds, released ones too.
    List(ListArgs),
    /// Release a hold.
    #[command(after_help = RELEASE_HELP)]
    Release(ReleaseArgs),
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Options of `vigie retention run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Configuration file, which declares the retention of each feed.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Data folder; by default the one of the configuration.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Count everything, change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How the certificate is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: AnswerFormat,
}

/// Options of `vigie retention hold add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// Data folder; a server may be running on it.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
    /// Event times from this instant on, RFC 3339 with offset; without, from the beginning.
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Event times before this instant; without, to the end of time.
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Spaces, by id; without, all.
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub space: Vec<String>,
    /// Feeds; without, all.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub feed: Vec<String>,
    /// Who asks for it.
    #[arg(long, value_name = "NAME")]
    pub requester: String,
    /// The case or letter it belongs to.
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// When it ends by itself; without, when it is released.
    #[arg(long, value_name = "TIME")]
    pub ends: Option<String>,
}

/// Options of `vigie retention hold list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Data folder; a server may be running on it.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
    /// How holds are printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: AnswerFormat,
}

/// Options of `vigie retention hold release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// The hold, as the list names it.
    pub hold: String,
    /// Data folder; a server may be running on it.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
    /// Who asks for it.
    #[arg(long, value_name = "NAME")]
    pub requester: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}
