//! `vigie rules check`: every problem of rule files in one run.

use crate::app::cli::rules::RulesCheckArgs;
use crate::app::commands::running::answer;
use crate::config::control::{prepare_with, rule_files};
use crate::exit::{Failure, count};
use serde::Serialize;
use vigie_model::control::Control;
use vigie_model::diagnostic::Diagnostic;
use vigie_rules::load::load;

/// A problem, as JSON.
#[derive(Serialize)]
struct Problem<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    level: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// Runs the command.
///
/// # Errors
/// All problems, when there is an error among them.
pub fn run(args: &RulesCheckArgs) -> Result<(), Failure> {
    let checked = check(args);
    let found = match &checked {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    };
    if args.json {
        answer(json(found).as_bytes())?;
    } else if checked.is_ok() {
        found.iter().for_each(|warning| eprintln!("{warning}"));
    }
    let (rules, warnings) = checked.map_err(Failure::Configuration)?;
    if args.json {
        return Ok(());
    }
    answer(format!("fine ({}, {})", count(rules, "rule"), count(warnings.len(), "warning")).as_bytes())
}

/// The number of rules, and the warnings.
fn check(args: &RulesCheckArgs) -> Result<(usize, Vec<Diagnostic>), Vec<Diagnostic>> {
    if let Some(config) = &args.config {
        let instead = (!args.files.is_empty()).then_some(args.files.as_slice());
        let prepared = prepare_with(config, instead)?;
        return Ok((prepared.rules.len(), prepared.warnings));
    }
    let mut found = Vec::new();
    let rules = rule_files(&args.files, &mut found);
    let control =
        Control { centre: "check".into(), time_zone: "UTC".into(), tick_ms: 1000, rules, ..Control::default() };
    match load(&control) {
        Ok(loaded) if found.is_empty() => Ok((loaded.rules.len(), loaded.warnings)),
        Ok(loaded) => Err(found.into_iter().chain(loaded.warnings).collect()),
        Err(problems) => Err(found.into_iter().chain(problems).collect()),
    }
}

fn json(found: &[Diagnostic]) -> String {
    let problems: Vec<_> = found
        .iter()
        .map(|diagnostic| Problem {
            file: &diagnostic.file,
            line: diagnostic.line,
            column: diagnostic.column,
            level: if diagnostic.is_error() { "error" } else { "warning" },
            message: &diagnostic.message,
            expected: diagnostic.expected.as_deref(),
            hint: diagnostic.hint.as_deref(),
        })
        .collect();
    serde_json::to_string(&problems).expect("texts and numbers are JSON")
}
