//! `vigie rules test`: inputs through a log and the rules, and what came of it against what was expected.
//!
//! A test means what production does because it takes production's way: the sequencer of `vigie replay`, with the data's
//! own times as its clock, and the rules role behind it on a thread of its own.

use crate::app::cli::rules::RulesTestArgs;
use crate::app::roles::rules::RulesRole;
use crate::config::control::read_rule_file;
use crate::exit::{Failure, count};
use std::path::Path;
use std::sync::Arc;
use vigie_log::clock::LogClock;
use vigie_log::interner::{Interner, NAMES_PER_KIND_MAX, TooManyNames};
use vigie_log::ring::Reader;
use vigie_log::sequencer::{Sequencer, Settings};
use vigie_log::store::{MemoryLog, RING_ROWS_MAX};
use vigie_model::alert::Transition;
use vigie_model::batch::{Events, ObservationRow, Origin};
use vigie_model::control::{Control, SourceFile};
use vigie_model::diagnostic::Diagnostic;
use vigie_model::event::Incident;
use vigie_model::names::{NO_NAME, NameIx, NameKind};
use vigie_model::record::Record;
use vigie_model::stream::AlertItem;
use vigie_rules::load::load;
use vigie_rules::spec::RuleSet;
use vigie_rules::testing::case::{TestCase, TestFile, TestInput, What};
use vigie_rules::testing::read::{check_names, read_tests};
use vigie_rules::testing::verdict::{Question, judge};

/// The feed all inputs of a test come by.
const FEED: &str = "test";
/// Inputs handed to the sequencer at once.
const BATCH_INPUTS: usize = 1024;

/// Runs the command.
///
/// # Errors
/// When a file is wrong, or a test failed.
pub fn run(args: &RulesTestArgs) -> Result<(), Failure> {
    let (mut passed, mut failed, mut problems) = (0, 0, Vec::new());
    for path in &args.files {
        let (file, control, rules) = match open(path) {
            Ok(opened) => opened,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        println!("{}", path.display());
        for test in &file.tests {
            let (_, transitions) = judge_inputs(&test.inputs, &control, true)?;
            let failures = judge(test, &rules, &transitions);
            println!("{:<8}{}", if failures.is_empty() { "ok" } else { "FAILED" }, test.name);
            for failure in &failures {
                let [headline, rest @ ..] = failure.lines.as_slice() else { continue };
                let place = if failure.column == 0 { String::new() } else { format!(":{}", failure.column) };
                println!("        {}:{}{place}: {headline}", path.display(), failure.line);
                let answer = failure.question.as_ref().map(|question| why_not(question, test, &control)).transpose()?;
                rest.iter().chain(&answer.unwrap_or_default()).for_each(|line| println!("          {line}"));
            }
            if failures.is_empty() { passed += 1 } else { failed += 1 }
        }
    }
    if !problems.is_empty() {
        return Err(Failure::Configuration(problems));
    }
    println!("{}: {passed} ok, {failed} failed", count(passed + failed, "test"));
    if failed > 0 { Err(Failure::No(format!("{} failed", count(failed, "test")))) } else { Ok(()) }
}

/// A test file with the rules it names.
fn open(path: &Path) -> Result<(TestFile, Arc<Control>, Arc<RuleSet>), Vec<Diagnostic>> {
    let named = path.to_string_lossy();
    let SourceFile { text, .. } = read_rule_file(path).map_err(|problem| vec![problem])?;
    let file = read_tests(&named, &text)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let (mut sources, mut problems) = (Vec::new(), Vec::new());
    for rule_file in &file.rules {
        match read_rule_file(&folder.join(&rule_file.name)) {
            Ok(source) => sources.push(source),
            Err(problem) => {
                let message = format!("rule file '{}': {}", rule_file.name, problem.message);
                problems.push(Diagnostic::error(&*named, rule_file.line, rule_file.column, message));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let control = Arc::new(Control { rules: sources, ..file.control.clone() });
    let rules = load(&control)?.rules;
    let names: Vec<_> = rules.identities().map(|identity| identity.name.as_ref()).collect();
    check_names(&file, &names)?;
    Ok((file, control, rules))
}

/// What the rule itself says about its state at the instant in question.
fn why_not(question: &Question, test: &TestCase, control: &Arc<Control>) -> Result<Vec<String>, Failure> {
    let (role, _) = judge_inputs(&test.inputs_until(question.at_ms, control.tick_ms), control, false)?;
    let answer = role.core().why_not(&question.rule, &question.key);
    Ok(answer.text.into_iter().map(|sentence| format!("at that instant: {sentence}")).collect())
}

/// The rules after all inputs, and everything they said; `ends` says whether the clock runs on to the end of a replay.
fn judge_inputs(
    inputs: &[TestInput],
    control: &Arc<Control>,
    ends: bool,
) -> Result<(RulesRole, Vec<Transition>), Failure> {
    let settings = Settings { tick_ms: control.tick_ms, ..Settings::new(FEED.into()) };
    let partitions = settings.partitions;
    let (log, mut readers) = MemoryLog::new(RING_ROWS_MAX, 1);
    let reader = readers.pop().expect("one reader was asked for");
    let failed = |error| Failure::io("the log failed", error);
    std::thread::scope(|scope| {
        let judging = scope.spawn(move || fold(reader, RulesRole::new(partitions)));
        let interner = Arc::new(Interner::new(NAMES_PER_KIND_MAX));
        let control = Arc::clone(control);
        let mut sequencer =
            Sequencer::start(settings, LogClock::Data, log, Arc::clone(&interner), control).map_err(failed)?;
        for (batch, index) in inputs.chunks(BATCH_INPUTS).zip(0..) {
            let events = events_of(batch, index * BATCH_INPUTS, &interner);
            let events = events.map_err(|error| Failure::io("cannot run the test", error))?;
            sequencer.take(&events).map_err(failed)?;
        }
        if ends {
            sequencer.finish_replay().map_err(failed)?;
        }
        sequencer.commit().map_err(failed)?;
        // The log ends here, and with it the role.
        drop(sequencer);
        Ok(judging.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

fn fold(mut log: Reader<Arc<Record>>, mut rules: RulesRole) -> (RulesRole, Vec<Transition>) {
    let (mut records, mut out, mut transitions) = (Vec::new(), Vec::new(), Vec::new());
    while log.take(&mut records) {
        records.drain(..).for_each(|record| rules.step(&record, &mut out));
        let items = out.drain(..).map(|record| record.item);
        transitions.extend(items.filter_map(|item| match item {
            AlertItem::Transition(transition) => Arc::into_inner(transition),
            _ => None,
        }));
    }
    (rules, transitions)
}

/// Inputs as events; each has an id of its own, so that two equal ones are two.
fn events_of(inputs: &[TestInput], first: usize, interner: &Interner) -> Result<Events, TooManyNames> {
    let mut events = Events::default();
    let optional = |kind, name: &Option<Arc<str>>| -> Result<NameIx, TooManyNames> {
        name.as_ref().map_or(Ok(NO_NAME), |name| interner.intern(kind, name))
    };
    for (input, number) in inputs.iter().zip(first..) {
        let id = number.to_string();
        let feed = interner.intern(NameKind::Feed, FEED)?;
        let space = interner.intern(NameKind::Space, &input.space)?;
        let (sensor, node) = (optional(NameKind::Sensor, &input.sensor)?, optional(NameKind::Node, &input.node)?);
        match &input.what {
            What::Observation { metric, value, quality } => {
                let row = ObservationRow {
                    feed,
                    space,
                    metric: interner.intern(NameKind::Metric, metric)?,
                    sensor,
                    node,
                    seq: None,
                    id: Some(&id),
                    value: *value,
                    event_time_ms: input.event_time_ms,
                    sent_time_ms: None,
                    log_time_ms: 0,
                    quality: *quality,
                    flags: 0,
                };
                events.push_observation(row, Origin::default());
            }
            What::Incident { category, severity, channel } => {
                let incident = Incident {
                    feed,
                    id: Some(id),
                    space,
                    node,
                    sensor,
                    category: category.to_string(),
                    severity: *severity,
                    channel: channel.to_string(),
                    source_reliability: None,
                    status: String::new(),
                    version: 1,
                    text: None,
                    event_time_ms: input.event_time_ms,
                    reported_time_ms: None,
                    sent_time_ms: None,
                    log_time_ms: 0,
                    flags: 0,
                };
                events.push_incident(incident, Origin::default());
            }
        }
    }
    Ok(events)
}
