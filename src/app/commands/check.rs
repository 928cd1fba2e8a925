//! `vigie check`: every problem of configuration, spaces and rules in one run.

use crate::app::cli::CheckArgs;
use crate::app::commands::running::answer;
use crate::config::control::prepare;
use crate::exit::{Failure, count};

/// Runs the command.
///
/// # Errors
/// All problems, when there is an error among them.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let prepared = prepare(&args.config).map_err(Failure::Configuration)?;
    for warning in &prepared.warnings {
        eprintln!("{warning}");
    }
    let control = &prepared.control;
    let fine = format!(
        "{}: fine ({}, {}, {})",
        args.config.display(),
        count(control.spaces.len(), "space"),
        count(control.rules.len(), "rule file"),
        count(prepared.warnings.len(), "warning"),
    );
    answer(fine.as_bytes())
}
