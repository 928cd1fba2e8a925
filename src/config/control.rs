//! The configuration with the files it names: everything `vigie check` checks, and every other command starts from.
//!
//! Spaces and rules are read even when the configuration has mistakes, as far as it can be understood, so that one run
//! shows the mistakes of all files.

use super::file::{Config, read_all};
use super::text;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_ingest::limits::REGISTERED_SPACES_MAX;
use vigie_ingest::spaces::file::read_spaces;
use vigie_ingest::spaces::registry::Registry;
use vigie_model::control::{Control, SourceFile};
use vigie_model::diagnostic::Diagnostic;
use vigie_model::space::Space;
use vigie_rules::load::{LoadOptions, load_with};
use vigie_rules::spec::RuleSet;

/// The largest spaces file in MiB: a million outlines of some 250 bytes.
const SPACES_MIB_MAX: u64 = 256;
/// The largest rule file in MiB.
const RULES_MIB_MAX: u64 = 4;

/// A configuration that can be run.
#[derive(Debug)]
pub struct Prepared {
    /// The configuration.
    pub config: Config,
    /// What verdicts depend on, for the log.
    pub control: Arc<Control>,
    /// The rules of that control record, loaded.
    pub rules: Arc<RuleSet>,
    /// What somebody should look at: of the configuration, then of the spaces, then of the rules.
    pub warnings: Vec<Diagnostic>,
}

impl Prepared {
    /// The spaces it declares, and room for those that register themselves.
    #[must_use]
    pub fn registry(&self) -> Registry {
        Registry::new(
            &self.config.centre.id,
            Arc::clone(&self.control.spaces),
            self.config.spaces.unknown,
            REGISTERED_SPACES_MAX,
            self.config.spaces.nearest_m.unwrap_or(0.0),
        )
    }
}

/// Reads a configuration file and the files it names.
///
/// # Errors
/// Every mistake and every warning of all files: first the configuration's, then the spaces', then the rules'.
pub fn prepare(path: &Path) -> Result<Prepared, Vec<Diagnostic>> {
    prepare_with(path, None)
}

/// [`prepare`] with other rule files than the configured ones, when there are `instead`.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_with(path: &Path, instead: Option<&[PathBuf]>) -> Result<Prepared, Vec<Diagnostic>> {
    let (config, mut found) = read_all(path);
    let Some(mut config) = config else { return Err(found) };
    if let Some(instead) = instead {
        config.rules.files = instead.to_vec();
    }
    let spaces = spaces_of(&config, &mut found);
    let events = config.events.iter().map(|event| event.event.clone()).collect();
    let control = Arc::new(Control {
        centre: config.centre.id.as_str().into(),
        time_zone: config.centre.time_zone.as_str().into(),
        tick_ms: config.time.tick_ms,
        rules: rule_files(&config.rules.files, &mut found),
        spaces: Arc::new(spaces),
        metrics: Arc::new(config.metrics.clone()),
        calendars: Arc::new(config.calendars.clone()),
        events: Arc::new(events),
        alerts: Arc::clone(&config.desk),
        ..Control::default()
    });
    let options = LoadOptions { require_guidance: config.rules.require_guidance };
    let rules = match load_with(&control, options) {
        Ok(loaded) => {
            found.extend(loaded.warnings);
            Some(loaded.rules)
        }
        Err(mut mistakes) => {
            mistakes.sort();
            found.extend(mistakes);
            None
        }
    };
    match rules {
        Some(rules) if !found.iter().any(Diagnostic::is_error) => {
            Ok(Prepared { config, control, rules, warnings: found })
        }
        _ => Err(found),
    }
}

/// The configuration file, and the files it names as far as it can be understood: whatever changes what [`prepare`]
/// gives is a change of one of them.
#[must_use]
pub fn files(path: &Path) -> Vec<PathBuf> {
    let (config, _) = read_all(path);
    let named = config.into_iter().flat_map(|config| config.spaces.file.into_iter().chain(config.rules.files));
    let mut files: Vec<_> = named.chain([path.to_owned()]).collect();
    files.sort();
    files.dedup();
    files
}

fn spaces_of(config: &Config, found: &mut Vec<Diagnostic>) -> Vec<Space> {
    // A file that is not there was reported where the configuration names it.
    let Some(file) = config.spaces.file.as_ref().filter(|file| file.is_file()) else { return Vec::new() };
    match text::read(file, SPACES_MIB_MAX) {
        Ok(text) => {
            let (spaces, mistakes) = read_spaces(&file.to_string_lossy(), &text);
            if !mistakes.iter().any(Diagnostic::is_error) {
                found.extend(config.events.iter().flat_map(|event| event.undeclared(&spaces, config.spaces.unknown)));
            }
            found.extend(mistakes);
            spaces
        }
        Err(mistake) => {
            found.push(mistake);
            Vec::new()
        }
    }
}

/// Reads rule files; those that cannot be read are added to what was found.
pub fn rule_files(files: &[PathBuf], found: &mut Vec<Diagnostic>) -> Vec<SourceFile> {
    let mut sources = Vec::new();
    for file in files {
        match read_rule_file(file) {
            Ok(source) => sources.push(source),
            Err(mistake) => found.push(mistake),
        }
    }
    sources
}

/// Reads a rule file, or a file of tests of rules.
///
/// # Errors
/// When it cannot be read, is no text, or is too large.
pub fn read_rule_file(file: &Path) -> Result<SourceFile, Diagnostic> {
    let text = text::read(file, RULES_MIB_MAX)?;
    Ok(SourceFile { path: file.to_string_lossy().into(), text: text.into() })
}
