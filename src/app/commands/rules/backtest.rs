//! `vigie rules backtest`: what rules would have said about stored rows, and what that was worth.

use crate::app::backtest::compare::Comparison;
use crate::app::backtest::report::{Report, RuleReport};
use crate::app::backtest::rerun::Rerun;
use crate::app::backtest::truth::{Alert, Matches, Reported};
use crate::app::cli::rules::RulesBacktestArgs;
use crate::app::commands::running::{answer, block_on};
use crate::app::lock::{DataLock, Holder, centre_of, holder};
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::config::control::{Prepared, prepare, prepare_with};
use crate::exit::{Failure, count};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use vigie_alerts::wire::transition_json;
use vigie_model::alert::{AlertState, RuleIdentity, Transition, rule_uid};
use vigie_model::control::Control;
use vigie_model::duration::parse_ms;
use vigie_model::event::Incident;
use vigie_model::names::NameKind;
use vigie_model::stream::LogDeed;
use vigie_model::time::{format_utc, parse_rfc3339_ms};
use vigie_rules::incident_filter::IncidentFilter;
use vigie_rules::spec::RuleSet;
use vigie_store::history::reader::HistoryReader;
use vigie_store::stored::log_rows::{LogRows, StoredEvent};
use vigie_store::stored::recorded::{RecordedMark, RecordedRule, marks, rules, transitions};

/// Recorded transitions compared at most.
const RECORDED_MAX: usize = 2_000_000;
/// How often a rule may have been created anew.
const CREATIONS_MAX: u32 = 10_000;

/// The options, understood.
struct Wanted {
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    warm_up_from_ms: Option<i64>,
    window_ms: i64,
    shift_ms: i64,
    truth: Option<IncidentFilter>,
}

/// What history says about how it was judged.
struct Recorded {
    marks: Vec<RecordedMark>,
    rules: Vec<RecordedRule>,
    /// Log time of the newest row of `alerts` and `actions`.
    newest_ms: Option<i64>,
}

/// Stored rows judged again.
struct Judged {
    transitions: Vec<Transition>,
    incidents: Vec<Reported>,
    rows: (u64, u64),
    first_ms: i64,
    newest_ms: i64,
    end_ms: i64,
}

/// Runs the command.
///
/// # Errors
/// When options, configuration or rules are wrong, or history cannot be read.
pub fn run(args: &RulesBacktestArgs, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    let wanted = understand(args)?;
    let in_force = prepare(&args.config).map_err(Failure::Configuration)?;
    let proposed = match args.rules.as_slice() {
        [] => None,
        files => Some(prepare_with(&args.config, Some(files)).map_err(Failure::Configuration)?),
    };
    let mut notes = Vec::new();
    let _lock = look_at(&args.data, &in_force, &mut notes)?;
    let report = block_on(backtest(args, wanted, &in_force, proposed.as_ref(), notes))?;
    answer(if args.json { report.json() } else { report.text() }.as_bytes())
}

fn understand(args: &RulesBacktestArgs) -> Result<Wanted, Failure> {
    let instant = |option: &str, text: &Option<String>| {
        let parsed = text.as_deref().map(parse_rfc3339_ms).transpose();
        parsed.map_err(|error| Failure::Usage(format!("--{option}: {error}")))
    };
    let duration =
        |option: &str, text: &str| parse_ms(text).map_err(|error| Failure::Usage(format!("--{option}: {error}")));
    let (from_ms, to_ms) = (instant("from", &args.from)?, instant("to", &args.to)?);
    if let (Some(from_ms), Some(to_ms)) = (from_ms, to_ms)
        && to_ms <= from_ms
    {
        return Err(Failure::Usage("--to is not later than --from".to_owned()));
    }
    let warm_up_ms = args.warm_up.as_deref().map(|text| duration("warm-up", text)).transpose()?;
    let truth = args.truth.as_deref().map(IncidentFilter::parse).transpose();
    let shift_ms = duration("shift", &args.shift)?;
    if shift_ms == 0 {
        return Err(Failure::Usage("--shift: a shift is longer than nothing".to_owned()));
    }
    Ok(Wanted {
        from_ms,
        to_ms,
        warm_up_from_ms: warm_up_ms.zip(from_ms).map(|(warm_up_ms, from_ms)| from_ms - warm_up_ms),
        window_ms: duration("window", &args.window)?,
        shift_ms,
        truth: truth.map_err(|reason| Failure::Usage(format!("--truth: {reason}")))?,
    })
}

/// Keeps writers out, if none is there; it is the configured centre's folder.
fn look_at(data: &Path, prepared: &Prepared, notes: &mut Vec<String>) -> Result<Option<DataLock>, Failure> {
    let centre = &prepared.config.centre.id;
    match centre_of(data) {
        None => return Err(Failure::Io(format!("{} holds no history", data.display()))),
        Some(found) if found != *centre => {
            let text = format!("{} belongs to centre '{found}', the configuration is of '{centre}'", data.display());
            return Err(Failure::Usage(text));
        }
        Some(_) => {}
    }
    if holder(data) == Holder::Nobody {
        return DataLock::take(data, centre).map(Some);
    }
    notes.push("another process writes to this folder: only rows it has committed are read".to_owned());
    Ok(None)
}

async fn backtest(
    args: &RulesBacktestArgs,
    wanted: Wanted,
    in_force: &Prepared,
    proposed: Option<&Prepared>,
    mut notes: Vec<String>,
) -> Result<Report, Failure> {
    let failed = |error| Failure::io("cannot read history", with_causes(&error));
    let judging = proposed.unwrap_or(in_force);
    let centre = Arc::clone(&judging.control.centre);
    let reader = HistoryReader::open(&args.data.join("history")).await.map_err(failed)?;
    let is_alone = notes.is_empty();
    let recorded = recorded(&reader, &centre).await.map_err(failed)?;
    let judged = judge(&reader, &wanted, judging, &recorded, is_alone).await?;
    let (from_ms, to_ms) = (wanted.from_ms.unwrap_or(i64::MIN), wanted.to_ms.unwrap_or(judged.end_ms + 1));
    if from_ms > judged.end_ms || to_ms <= wanted.from_ms.unwrap_or(judged.first_ms) {
        return Err(no_rows());
    }
    note_marks(&recorded, (from_ms, to_ms), &mut notes);

    let is_counted = |transition: &&Transition| {
        transition.state.is_of_episode() && (from_ms..to_ms).contains(&transition.event_time_ms)
    };
    let counted: Vec<_> = judged.transitions.iter().filter(is_counted).cloned().collect();
    let rows = transitions(&reader, &centre, (from_ms.max(i64::MIN / 1000), to_ms), RECORDED_MAX);
    let mut rows = rows.await.map_err(failed)?;
    rows.retain(|row| row.log_time_ms <= judged.end_ms);
    let unchanged = unchanged(&in_force.rules, &judging.rules, &recorded, from_ms, &mut notes);
    let matches = Matches::new(alerts(&judged.transitions), judged.incidents, wanted.window_ms, (from_ms, to_ms));
    let names: Vec<_> = judging.rules.identities().collect();
    let alerts = matches.alerts_by_rule();
    let of_rule = |rule: Option<&str>| wanted.truth.as_ref().map(|_| matches.worth(rule));
    let mut rules: Vec<_> = names
        .iter()
        .map(|identity| RuleReport {
            rule: identity.name.to_string(),
            version: Some(identity.version.to_string()),
            compared: unchanged.contains(&identity.name),
            alerts: alerts.get(&identity.name).copied().unwrap_or(0),
            worth: of_rule(Some(&identity.name)),
        })
        .collect();
    let all = alerts.values().sum();
    rules.push(RuleReport {
        rule: "all".to_owned(),
        version: None,
        compared: false,
        alerts: all,
        worth: of_rule(None),
    });
    if let Some(path) = &args.transitions {
        write_lines(path, (0..).zip(&counted).map(|(position, row)| transition_json(&centre, row, position)))?;
    }
    if let Some(path) = &args.matches {
        write_lines(path, match_lines(&matches))?;
    }
    Ok(Report {
        from_ms: wanted.from_ms.unwrap_or(judged.first_ms),
        to_ms,
        warm_up_from_ms: wanted.warm_up_from_ms,
        observations: judged.rows.0,
        incidents: judged.rows.1,
        newest_ms: judged.newest_ms,
        notes,
        shift_ms: wanted.shift_ms,
        operators: args.operators,
        rules,
        production: Comparison::new(&counted, &rows, &unchanged),
        compared: unchanged.len(),
    })
}

async fn recorded(reader: &HistoryReader, centre: &str) -> Result<Recorded, vigie_store::error::Error> {
    let rules = rules(reader, centre).await?;
    let (marks, newest_action_ms) = marks(reader, centre).await?;
    let newest_alert_ms = rules.iter().map(|rule| rule.log_time_ms).max();
    Ok(Recorded { marks, rules, newest_ms: newest_alert_ms.max(newest_action_ms) })
}

/// Judges all rows, also those behind the range: a late one may decide about an instant inside.
async fn judge(
    reader: &HistoryReader,
    wanted: &Wanted,
    judging: &Prepared,
    recorded: &Recorded,
    is_alone: bool,
) -> Result<Judged, Failure> {
    let failed = |error| Failure::io("cannot read history", with_causes(&error));
    let centre = &judging.control.centre;
    let mut stored = LogRows::open(reader, centre, wanted.warm_up_from_ms).await.map_err(failed)?;
    let since_ms = wanted.warm_up_from_ms.unwrap_or(i64::MIN);
    let marks: Vec<_> = recorded.marks.iter().filter(|mark| mark.log_time_ms >= since_ms).cloned().collect();
    let ended = recorded.marks.last().filter(|mark| mark.action == LogDeed::WORDS[2]);
    let control = Control { creations: creations(&recorded.rules, centre), ..(*judging.control).clone() };
    let mut rerun = Rerun::new(Arc::new(control), judging.config.log.partitions, marks);
    let mut incidents = BTreeMap::new();
    let (mut first_ms, mut newest_ms) = (None, i64::MIN);
    while let Some(row) = stored.next().await.map_err(failed)? {
        first_ms.get_or_insert(row.log_time_ms);
        newest_ms = row.log_time_ms;
        let reported = match &row.event {
            StoredEvent::Incident(incident) if wanted.truth.is_some() => Some(incident.clone()),
            _ => None,
        };
        rerun.row(row, stored.take_names())?;
        if let (Some(incident), Some(truth)) = (reported, &wanted.truth) {
            note_incident(&incident, truth, &rerun, &mut incidents);
        }
    }
    let Some(first_ms) = first_ms else {
        return Err(no_rows());
    };
    // What a writer beside us has recorded since may follow from rows it has not committed yet.
    let clock_ms = recorded.newest_ms.filter(|_| is_alone).unwrap_or(newest_ms).max(newest_ms);
    let end_ms = ended.filter(|_| is_alone).and_then(|mark| mark.place.tick_ms).unwrap_or(clock_ms).max(clock_ms);
    let transitions = rerun.finish(clock_ms, ended.filter(|_| is_alone))?;
    let incidents = incidents.into_values().filter_map(|(_, reported)| reported).collect();
    Ok(Judged { transitions, incidents, rows: stored.rows(), first_ms, newest_ms, end_ms })
}

fn no_rows() -> Failure {
    Failure::No("history has no rows of this centre in that time".to_owned())
}

/// Of several versions of an incident, the newest one counts.
type Versions = BTreeMap<(Arc<str>, Arc<str>, String), (i64, Option<Reported>)>;

fn note_incident(incident: &Incident, truth: &IncidentFilter, rerun: &Rerun, incidents: &mut Versions) {
    let space = Arc::clone(rerun.names().name(NameKind::Space, incident.space));
    let feed = Arc::clone(rerun.names().name(NameKind::Feed, incident.feed));
    let id = incident.id.clone().unwrap_or_default();
    let reported = (truth.holds(incident) && !incident.is_withdrawn()).then(|| Reported {
        id: id.as_str().into(),
        space: Arc::clone(&space),
        event_time_ms: incident.event_time_ms,
    });
    let version = incidents.entry((feed, space, id)).or_insert((incident.version, None));
    if incident.version >= version.0 {
        *version = (incident.version, reported);
    }
}

/// How often each rule had been created, by the identities recorded.
fn creations(recorded: &[RecordedRule], centre: &str) -> BTreeMap<Arc<str>, u32> {
    let newest = recorded.iter().filter_map(|row| {
        let creation = (0..CREATIONS_MAX).find(|creation| rule_uid(centre, &row.rule, *creation) == row.uid)?;
        Some((row.rule.as_str().into(), creation))
    });
    newest.collect()
}

/// The rules that are as they were in production, all the time since `from_ms`.
fn unchanged(
    in_force: &RuleSet,
    judged: &RuleSet,
    recorded: &Recorded,
    from_ms: i64,
    notes: &mut Vec<String>,
) -> BTreeSet<Arc<str>> {
    let versions: BTreeMap<_, _> = in_force.identities().map(|identity| (&identity.name, &identity.version)).collect();
    let mut unchanged = BTreeSet::new();
    let mut changed = Vec::new();
    for identity in judged.identities().filter(|identity| versions.get(&identity.name) == Some(&&identity.version)) {
        if recorded.has_other(identity, from_ms) {
            changed.push(identity.name.as_ref());
        } else {
            unchanged.insert(Arc::clone(&identity.name));
        }
    }
    if !changed.is_empty() {
        notes.push(format!("new or different meanwhile, so not compared: {}", changed.join(", ")));
    }
    // A rule made of others says something else when one of those does.
    let composites: Vec<_> = judged.composites().collect();
    while let Some((name, _)) = composites
        .iter()
        .find(|(name, parts)| unchanged.contains(*name) && parts.iter().any(|part| !unchanged.contains(*part)))
    {
        unchanged.remove(*name);
    }
    unchanged
}

impl Recorded {
    /// Whether since `from_ms` there was a time without this rule, or with another one of its name.
    fn has_other(&self, identity: &RuleIdentity, from_ms: i64) -> bool {
        let mut of_rule = self.rules.iter().filter(|row| *row.rule == *identity.name).rev().peekable();
        let newest_uid = of_rule.peek().map(|row| row.uid.as_str());
        let is_other = |row: &RecordedRule| *row.version != *identity.version || Some(row.uid.as_str()) != newest_uid;
        let told_otherwise = of_rule.filter(|row| row.log_time_ms >= from_ms).any(is_other);
        let changes: Vec<_> = self.marks.iter().filter(|mark| !mark.rules.is_empty()).collect();
        let first = changes.iter().rposition(|mark| mark.log_time_ms <= from_ms).unwrap_or(0);
        told_otherwise || changes[first..].iter().any(|mark| mark.rules.get(&identity.name) != Some(&identity.version))
    }
}

fn note_marks(recorded: &Recorded, (from_ms, to_ms): (i64, i64), notes: &mut Vec<String>) {
    let of = |word: &str| recorded.marks.iter().filter(|mark| mark.action == word).collect::<Vec<_>>();
    if of(LogDeed::IntakeUp.as_str()).is_empty() {
        notes.push("history does not say when the intake came up; silences count from the first row".to_owned());
    }
    // The first one put the first rules in force.
    let changes = of(LogDeed::RulesChanged.as_str()).into_iter().skip(1);
    let inside: Vec<_> = changes.filter(|mark| (from_ms..to_ms).contains(&mark.log_time_ms)).collect();
    if let Some(last) = inside.last() {
        let times = count(inside.len(), "time");
        notes.push(format!("rules or spaces changed {times} in this range, at last {}", format_utc(last.log_time_ms)));
    }
}

fn alerts(transitions: &[Transition]) -> Vec<Alert> {
    let active = transitions.iter().filter(|transition| transition.state == AlertState::Active);
    let alert = |transition: &Transition| Alert {
        rule: Arc::clone(&transition.rule.name),
        id: transition.alert_id.as_str().into(),
        key: Arc::clone(&transition.key),
        space: Arc::clone(&transition.space),
        active_ms: transition.event_time_ms,
    };
    active.map(alert).collect()
}

/// One line for each alert, then for each incident, that is counted.
fn match_lines(matches: &Matches) -> impl Iterator<Item = String> + '_ {
    let alerts = matches.alerts.iter().zip(&matches.of_alert).filter(|((_, counts), _)| *counts);
    let alerts = alerts.map(|((alert, _), incidents)| {
        let incidents: Vec<_> = incidents.iter().map(|index| matches.incidents[*index].0.id.as_ref()).collect();
        let active = format_utc(alert.active_ms);
        serde_json::json!({
            "alert": *alert.id, "rule": *alert.rule, "key": *alert.key, "space": *alert.space, "active": active,
            "incidents": incidents,
        })
        .to_string()
    });
    let incidents = matches.incidents.iter().zip(&matches.of_incident).filter(|((_, counts), _)| *counts);
    let incidents = incidents.map(|((incident, _), alerts)| {
        let lead = |alert: &Alert| (incident.event_time_ms - alert.active_ms) as f64 / 1000.0;
        let alerts = alerts.iter().map(|index| &matches.alerts[*index].0);
        let alerts: Vec<_> = alerts
            .map(|alert| serde_json::json!({"alert": *alert.id, "rule": *alert.rule, "lead_s": lead(alert)}))
            .collect();
        let time = format_utc(incident.event_time_ms);
        serde_json::json!({"incident": *incident.id, "space": *incident.space, "time": time, "alerts": alerts})
            .to_string()
    });
    alerts.chain(incidents)
}

fn write_lines(path: &Path, lines: impl Iterator<Item = String>) -> Result<(), Failure> {
    let failed = |error| Failure::io(format!("cannot write {}", path.display()), error);
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    for line in lines {
        writeln!(file, "{line}").map_err(failed)?;
    }
    file.flush().map_err(failed)
}

/// An error with its causes on one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
