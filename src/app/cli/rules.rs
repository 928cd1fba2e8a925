//! Options of `vigie rules`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

const CHECK_HELP: &str = "\
Prints every problem with file, line, column and hint, warnings too. Without --config only the rule files are read; with it
they are checked together with the spaces and metrics it names, and instead of the rule files it names.

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

/// The commands about rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Check rule files, without a data folder.
    #[command(after_help = CHECK_HELP)]
    Check(RulesCheckArgs),
    /// Run tests of rules.
    #[command(after_help = TEST_HELP)]
    Test(RulesTestArgs),
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
