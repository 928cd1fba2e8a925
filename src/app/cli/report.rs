//! What a user may type after `vigie report`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use vigie_report::making::Kind;
use vigie_report::measure::Measure;

const SHIFT_HELP: &str = "\
Examples (after `vigie demo`):
  vigie report shift                              the last eight hours
  vigie report shift --from 2017-03-11T14:00:00+11:00 --to 2017-03-11T22:00:00+11:00 --lang fr
  vigie report shift --check report-shift-2017-03-11.html
                                                  whether the data behind a report are still the same
Exit code 0: written. 1: --check found a difference.";

const RULES_HELP: &str = "\
Examples (after `vigie demo`):
  vigie report rules                              the last four weeks
  vigie report rules --from 2017-03-01T00:00:00+11:00 --to 2017-04-01T00:00:00+11:00 --lang fr
Counts are shown as they are, small ones too: not for publication (docs/reports.md).";

const PERCEPTION_HELP: &str = "\
Examples:
  vigie report perception --data city-data        all of history
  vigie report perception --data city-data --from 2018-01-01T00:00:00Z --to 2021-01-01T00:00:00Z --lang fr
  vigie report perception --measure 'New lamps=market,old-town@2025-07-01'
                                                  and what changed there from that day on
Small counts and groups are hidden (docs/reports.md).";

/// What a report is about.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// What a shift asked of its operators and leaves to the next one.
    #[command(after_help = SHIFT_HELP)]
    Shift(ReportArgs),
    /// How often each rule is right, what all of them see of what is reported, and what they cost.
    #[command(after_help = RULES_HELP)]
    Rules(ReportArgs),
    /// How safe people feel, what was reported, and where the two part.
    #[command(after_help = PERCEPTION_HELP)]
    Perception(PerceptionArgs),
}

impl ReportCommand {
    /// Its kind, options and measures.
    #[must_use]
    pub fn parts(&self) -> (Kind, &ReportArgs, &[Measure]) {
        match self {
            Self::Shift(args) => (Kind::Shift, args, &[]),
            Self::Rules(args) => (Kind::Rules, args, &[]),
            Self::Perception(args) => (Kind::Perception, &args.report, &args.measure),
        }
    }
}

/// Options of a report on perception.
#[derive(Debug, Args)]
pub struct PerceptionArgs {
    /// What any report takes.
    #[command(flatten)]
    pub report: ReportArgs,
    /// A measure to look at before and after: spaces, and the first day it held; again for each measure.
    #[arg(long, value_name = "[NAME=]SPACE[,SPACE...]@DATE", conflicts_with = "check")]
    pub measure: Vec<Measure>,
}

/// The language of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportLanguage {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

/// Options of every report.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Data folder; a server running on it is asked, so that its newest rows count.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
    /// Beginning of the span, RFC 3339 with offset.
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// End of the span, itself left out; by default the newest row.
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Count only what the log had taken up to here; by default all.
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Language of the report.
    #[arg(long, value_enum, default_value_t)]
    pub lang: ReportLanguage,
    /// File to write; by default report-KIND-DATE.html.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Compare the data behind this report with what history answers now; writes nothing.
    #[arg(long, value_name = "REPORT", conflicts_with_all = ["from", "to", "as_of", "output"])]
    pub check: Option<PathBuf>,
}
