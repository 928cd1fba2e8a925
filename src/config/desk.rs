//! `[desk]`: when new alerts are a flood, what chatters, what belongs together, which figures are good ones, and who is told
//! of alerts that nobody acknowledges. It decides what the desk does with a record, so it is part of the control record.

use super::toml_reader::Section;
use std::sync::Arc;
use vigie_model::control::{AlertSettings, DeskEscalation};
use vigie_model::desk_settings::{
    COUNTED_MS_MAX, ChatterSettings, DeskSettings, FileSettings, FloodSettings, KpiTargets, OPENINGS_MAX, OPERATORS_MAX,
};
use vigie_model::severity::Severity;

/// Most new alerts for each operator that a limit may name.
const ALERTS_MAX: i64 = 100_000;
/// How long an alert waits before another desk is told, when the configuration does not say.
const ESCALATE_AFTER_MS_DEFAULT: i64 = 5 * 60_000;

/// Reads `[desk]`.
pub(super) fn read(mut section: Section<'_>) -> AlertSettings {
    let operators = section.whole("operators", 1..=OPERATORS_MAX.into()).and_then(|number| u16::try_from(number).ok());
    let flood = flood(section.section("flood"));
    let chatter = chatter(section.section("chatter"));
    let files = files(section.section("incident_files"));
    let targets = targets(section.section("targets"));
    let has_escalation = section.has("escalation");
    let escalation = escalation(section.section("escalation")).filter(|_| has_escalation);
    section.finish();
    AlertSettings { escalation, desk: DeskSettings { operators, flood, chatter, files, targets } }
}

fn flood(mut section: Section<'_>) -> FloodSettings {
    let default = FloodSettings::default();
    let within_ms = counted(&mut section, "within", 1_000).unwrap_or(default.within_ms);
    let enter = number(&mut section, "enter", 1..=ALERTS_MAX).unwrap_or(default.enter);
    let leave = number(&mut section, "leave", 1..=ALERTS_MAX).unwrap_or(default.leave);
    let bypass = severity(&mut section, "bypass").unwrap_or(default.bypass);
    if leave > enter {
        let message = format!("a flood that begins above {enter} new alerts cannot end below {leave}");
        section.report().add(section.error(message).expected("'leave' no larger than 'enter'"));
    }
    section.finish();
    FloodSettings { within_ms, enter, leave, bypass }
}

fn chatter(mut section: Section<'_>) -> ChatterSettings {
    let default = ChatterSettings::default();
    let within_ms = counted(&mut section, "within", 1_000).unwrap_or(default.within_ms);
    let openings = 1..=i64::from(OPENINGS_MAX);
    let small = |number: u32| u16::try_from(number).unwrap_or(OPENINGS_MAX);
    let begin_above = number(&mut section, "begin_above", openings.clone()).map_or(default.begin_above, small);
    let end_below = number(&mut section, "end_below", openings).map_or(default.end_below, small);
    if end_below > begin_above {
        let message = format!("what chatters from more than {begin_above} openings on cannot end below {end_below}");
        section.report().add(section.error(message).expected("'end_below' no larger than 'begin_above'"));
    }
    section.finish();
    ChatterSettings { within_ms, begin_above, end_below }
}

fn files(mut section: Section<'_>) -> FileSettings {
    let same_space_within_ms = counted(&mut section, "same_space_within", 0);
    section.finish();
    same_space_within_ms
        .map_or_else(FileSettings::default, |same_space_within_ms| FileSettings { same_space_within_ms })
}

fn targets(mut section: Section<'_>) -> KpiTargets {
    let default = KpiTargets::default();
    let mut permille = |key, default| number(&mut section, key, 0..=100).map_or(default, |percent| percent * 10);
    let flood_permille = permille("flood_percent", default.flood_permille);
    let top_rules_permille = permille("top_rules_percent", default.top_rules_permille);
    let high_permille = permille("high_percent", default.high_permille);
    let targets = KpiTargets {
        alerts_per_day: number(&mut section, "alerts_per_day", 1..=ALERTS_MAX).unwrap_or(default.alerts_per_day),
        alerts_per_day_max: number(&mut section, "alerts_per_day_max", 1..=ALERTS_MAX)
            .unwrap_or(default.alerts_per_day_max),
        flood_permille,
        top_rules_permille,
        stale: number(&mut section, "stale", 1..=ALERTS_MAX).unwrap_or(default.stale),
        high_permille,
        acknowledge_ms: counted(&mut section, "acknowledge", 1_000).unwrap_or(default.acknowledge_ms),
    };
    section.finish();
    targets
}

fn escalation(mut section: Section<'_>) -> Option<DeskEscalation> {
    let severity = severity(&mut section, "severity").unwrap_or(Severity::High);
    let after_ms = section.duration_ms("after", 1_000).unwrap_or(ESCALATE_AFTER_MS_DEFAULT);
    let to = section.required_text("desk", "the name of the desk that is told").map(|desk| Arc::from(desk.value));
    section.finish();
    Some(DeskEscalation { severity, after_ms, to: to? })
}

/// A time over which something is counted.
fn counted(section: &mut Section<'_>, key: &'static str, least_ms: i64) -> Option<i64> {
    let counted_ms = section.duration_ms(key, least_ms)?;
    if counted_ms > COUNTED_MS_MAX {
        let at = section.text(key).map_or(0, |text| text.at);
        let report = section.report();
        report.add(report.error(at, format!("'{key}' is too long")).expected("at most a day"));
        return None;
    }
    Some(counted_ms)
}

fn number(section: &mut Section<'_>, key: &'static str, range: std::ops::RangeInclusive<i64>) -> Option<u32> {
    section.whole(key, range).and_then(|number| u32::try_from(number).ok())
}

fn severity(section: &mut Section<'_>, key: &'static str) -> Option<Severity> {
    section.choice(key, &Severity::ALL.map(|severity| (severity.as_str(), severity)))
}
