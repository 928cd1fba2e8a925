//! `vigie check`: every problem of configuration, spaces and rules in one run.

use crate::app::cli::CheckArgs;
use crate::app::commands::running::answer;
use crate::app::postgres::tls_of;
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
    let (control, config) = (&prepared.control, &prepared.config);
    if let Some(postgres) = &config.sql.postgres {
        tls_of(postgres)?;
    }
    let threads = config.rules.threads(config.log.partitions);
    let fine = format!(
        "{}: fine ({}, {}, {}); rules are judged on {}",
        args.config.display(),
        count(control.spaces.len(), "space"),
        count(control.rules.len(), "rule file"),
        count(prepared.warnings.len(), "warning"),
        count(usize::from(threads), "thread"),
    );
    answer(fine.as_bytes())
}
