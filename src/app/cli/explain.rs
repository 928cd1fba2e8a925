//! What a user may type after `vigie explain`.

use clap::Args;
use std::path::PathBuf;

/// Help that teaches by example.
pub const EXPLAIN_HELP: &str = "\
Examples (after `vigie demo`):
  vigie sql \"SELECT alert_id, rule, summary FROM alerts WHERE state = 'active' ORDER BY event_time DESC LIMIT 5\"
  vigie explain 0c7f31                        the first six or more digits of an id do
  vigie explain --why-not Crowded state-library
                                              what this rule knows of that key now, and what it still lacks
A key is a space, SPACE/SENSOR or SPACE/NODE. --why-not needs a running server.
Exit code 0: explained. 1: no such alert or rule.";

/// Options of `vigie explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Id of the alert, or its first six or more digits.
    #[arg(required_unless_present = "why_not")]
    pub alert: Option<String>,
    /// Ask the running server why this rule has no alert for this key now.
    #[arg(long, value_names = ["RULE", "KEY"], num_args = 2, conflicts_with = "alert")]
    pub why_not: Option<Vec<String>>,
    /// Data folder; a server running on it is asked, so that its newest rows count.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
    /// Print the facts as JSON.
    #[arg(long)]
    pub json: bool,
}
