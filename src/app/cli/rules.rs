//! Options of `vigie rules`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

const CHECK_HELP: &str = "\
Prints every problem with file, line, column and hint, warnings too. Without --config only the rule files are read; with it
they are checked together with the spaces, metrics, calendars and events it names, and instead of the rule files it names.

Examples:
  vigie rules check rules/*.yaml
  vigie rules check --config vigie.toml
  vigie rules check --config vigie.toml proposed/squares.yaml
Exit code 0: nothing wrong (warnings are printed). 2: something is.";

const TEST_HELP: &str = "\
A test file names rule files, gives inputs, and says which transitions they must bring about; docs/rules-tests.md
describes it. The inputs go through a log and the rules as in production.

Examples:
  vigie rules test rules/squares.test.yaml
  vigie rules test rules/*.test.yaml
Exit code 0: all tests passed. 1: one failed; it says what was expected, what came nearest, and why. 2: a file is wrong.";

const BACKTEST_HELP: &str = "\
Judges stored rows again, with their recorded log times. For rules that are those of production the transitions are the
same; the report says so. docs/backtest.md defines every figure.

Examples:
  vigie rules backtest --config vigie.toml --data vigie-data
  vigie rules backtest --config vigie.toml --data vigie-data --rules proposed/*.yaml --from 2026-03-01T00:00:00+01:00
  vigie rules backtest --config vigie.toml --data vigie-data --truth 'incident.category == \"fight\"' --matches matches.ndjson";

/// The commands about rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Check rule files, without a data folder.
    #[command(after_help = CHECK_HELP)]
    Check(RulesCheckArgs),
    /// Run tests of rules.
    #[command(after_help = TEST_HELP)]
    Test(RulesTestArgs),
    /// Judge stored rows again, by the rules in force or by proposed ones.
    #[command(after_help = BACKTEST_HELP)]
    Backtest(Box<RulesBacktestArgs>),
}

/// Options of `vigie rules check`.
#[derive(Debug, Args)]
pub struct RulesCheckArgs {
    /// Rule files.
    #[arg(value_name = "RULE_FILE", required_unless_present = "config")]
    pub files: Vec<PathBuf>,
    /// Configuration file: its spaces, metrics, calendars and events count, and its rules unless files are named.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the problems as a JSON array.
    #[arg(long)]
    pub json: bool,
}

/// Options of `vigie rules test`.
#[derive(Debug, Args)]
pub struct RulesTestArgs {
    /// Test files.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// Options of `vigie rules backtest`.
#[derive(Debug, Args)]
pub struct RulesBacktestArgs {
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// First instant of the transitions reported, RFC 3339 with offset; default the first row.
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// End of the transitions reported, not part of it; default the last row.
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Proposed rule files instead of the configured ones.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub rules: Vec<PathBuf>,
    /// How long before --from judging begins, and baselines learn; default with the first row stored.
    #[arg(long, value_name = "DURATION", requires = "from")]
    pub warm_up: Option<String>,
    /// Which incidents alerts should have told, as a condition on incident.
    #[arg(long, value_name = "CONDITION")]
    pub truth: Option<String>,
    /// How far an alert and an incident that match may lie apart.
    #[arg(long, value_name = "DURATION", default_value = "15m")]
    pub window: String,
    /// Length of a shift.
    #[arg(long, value_name = "DURATION", default_value = "8h")]
    pub shift: String,
    /// Operators on duty at a time.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub operators: u32,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Write the transitions as NDJSON into this file.
    #[arg(long, value_name = "FILE")]
    pub transitions: Option<PathBuf>,
    /// Write each alert and each incident with what it matches as NDJSON into this file.
    #[arg(long, value_name = "FILE", requires = "truth")]
    pub matches: Option<PathBuf>,
}
