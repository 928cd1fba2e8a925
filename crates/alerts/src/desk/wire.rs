//! How the desk looks as JSON, to whoever may see it; fields always in the same order, absent ones left out.
//!
//! What a scope does not allow is as if it did not exist: of a principal that may not see all spaces, the digest, the list
//! of what is out of service, chatter and files are those of its own spaces. Whatever belongs to no one space, as a file
//! somebody made by hand, only those see who may see all.

use crate::desk::files::IncidentFile;
use crate::desk::flood::Digested;
use crate::desk::handover::{Duty, Handover, Signature};
use crate::desk::news::{Happened, Piece};
use crate::desk::service::OutOfService;
use crate::desk::view::{Chattering, DeskView};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::control::DeskEscalation;
use vigie_model::duration::format_ms;
use vigie_model::principal::{Scope, SpaceScope};
use vigie_model::time::format_utc;

/// Most incident files told at once.
const FILES_TOLD_MAX: usize = 200;

/// Who looks, and what they need to understand it.
pub struct Looker<'a> {
    /// What they may see.
    pub scope: &'a Scope,
    /// The centre whose desk it is.
    pub centre: &'a str,
    /// The district of a space; empty when it has none.
    pub district: &'a dyn Fn(&str) -> String,
}

impl Looker<'_> {
    fn may_see(&self, space: &str) -> bool {
        self.scope.allows(self.centre, space)
    }

    fn may_see_all(&self) -> bool {
        *self.scope.centre == *self.centre && self.scope.spaces == SpaceScope::All
    }

    fn sees_key(&self, key: &str) -> bool {
        self.may_see(key.split_once('/').map_or(key, |(space, _)| space))
    }
}

/// Whether a file is shown to somebody.
#[must_use]
pub fn sees_file(file: &IncidentFile, looker: &Looker<'_>) -> bool {
    file.space.as_deref().map_or_else(|| looker.may_see_all(), |space| looker.may_see(space))
}

/// The desk as JSON: `flood`, `mode`, `out_of_service`, `shelved` (how many alerts are), `chattering`, `incident_files`,
/// `escalation`, `sound_check`, `signed`, `on_duty` and `news`.
#[must_use]
pub fn desk_json(view: &DeskView, shelved: usize, looker: &Looker<'_>) -> Value {
    if *looker.scope.centre != *looker.centre {
        let own = Looker { centre: &looker.scope.centre, ..*looker };
        return desk_json(&DeskView::default(), 0, &own);
    }
    let seen = |piece: &&Arc<Piece>| sees_news(piece, looker);
    let mut desk = Map::new();
    desk.insert("log_time".to_owned(), format_utc(view.at_ms).into());
    desk.insert("flood".to_owned(), flood(view, looker));
    desk.insert("mode".to_owned(), mode(view));
    desk.insert("out_of_service".to_owned(), out_of_service_json(view, looker));
    desk.insert("shelved".to_owned(), shelved.into());
    let chattering = view.chattering.iter().filter(|one| looker.sees_key(&one.at.key)).map(chatter);
    desk.insert("chattering".to_owned(), chattering.collect());
    desk.insert("incident_files".to_owned(), files_json(view, looker, i64::MIN, i64::MAX));
    if let Some(escalation) = &view.settings.escalation {
        desk.insert("escalation".to_owned(), escalation_json(escalation));
    }
    if let Some(check) = view.duty.sound_check() {
        let log_time = format_utc(check.at_ms);
        let check = json!({"operator": &*check.operator, "log_time": log_time, "heard": check.heard});
        desk.insert("sound_check".to_owned(), check);
    }
    desk.insert("signed".to_owned(), signed_json(view.duty.newest()));
    desk.insert("on_duty".to_owned(), on_duty(&view.duty));
    desk.insert("news".to_owned(), view.news.iter().filter(seen).map(|piece| news(piece)).collect());
    Value::Object(desk)
}

/// When an alert goes to another desk: `severity`, `after`, `desk`.
#[must_use]
pub fn escalation_json(escalation: &DeskEscalation) -> Value {
    json!({"severity": escalation.severity, "after": format_ms(escalation.after_ms), "desk": &*escalation.to})
}

/// The limits of a flood: `within`, `enter`, `leave` (for each operator), `bypass`, `operators`.
#[must_use]
pub fn flood_settings_json(view: &DeskView) -> Value {
    let flood = &view.settings.desk.flood;
    json!({
        "within": format_ms(flood.within_ms),
        "enter": flood.enter,
        "leave": flood.leave,
        "bypass": flood.bypass,
        "operators": view.operators,
    })
}

/// What is out of service.
#[must_use]
pub fn out_of_service_json(view: &DeskView, looker: &Looker<'_>) -> Value {
    let seen = |entry: &&Arc<OutOfService>| match &entry.scope.space {
        Some(space) => looker.may_see(space),
        None => looker.may_see_all(),
    };
    view.out_of_service.iter().filter(seen).map(|entry| out_of_service(entry)).collect()
}

/// The newest incident files that were open at any time between two log times, from the newest; at most 200.
#[must_use]
pub fn files_json(view: &DeskView, looker: &Looker<'_>, from_ms: i64, to_ms: i64) -> Value {
    let overlaps =
        |file: &IncidentFile| file.opened_ms <= to_ms && file.closed_ms.is_none_or(|closed_ms| closed_ms >= from_ms);
    let seen = view.files.iter().filter(|file| sees_file(file, looker) && overlaps(file));
    seen.take(FILES_TOLD_MAX).map(|file| file_json(file)).collect()
}

/// The signatures of a handover: `leaving`, `arriving`.
#[must_use]
pub fn signed_json(handover: Option<&Handover>) -> Value {
    let sides =
        handover.into_iter().flat_map(|handover| [("leaving", &handover.leaving), ("arriving", &handover.arriving)]);
    let signed = sides.filter_map(|(side, signature)| Some((side.to_owned(), signature_json(signature.as_ref()?))));
    Value::Object(signed.collect())
}

#[derive(Serialize)]
struct FloodRow<'a> {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// New alerts within the time counted, ten minutes unless configured.
    new_10min: u64,
    operators: u16,
    /// Limits for all operators together.
    enter: u64,
    leave: u64,
    bypass: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_up: Option<&'a str>,
    /// New alerts told one by one while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<u64>,
    digest: Vec<DigestRow>,
}

#[derive(Serialize)]
struct DigestRow {
    district_or_space: String,
    count: u64,
    worst: &'static str,
}

fn flood(view: &DeskView, looker: &Looker<'_>) -> Value {
    let (running, limits) = (view.flood.now(), view.settings.desk.flood.limits(view.operators));
    let row = FloodRow {
        active: running.is_some(),
        since: running.map(|running| format_utc(running.since_ms)),
        new_10min: view.flood.counted(),
        operators: view.operators,
        enter: limits.enter_above,
        leave: limits.leave_below,
        bypass: view.settings.desk.flood.bypass.as_str(),
        first_up: running.filter(|_| looker.may_see_all()).map(|running| running.first_up.as_str()),
        told: running.map(|running| running.told),
        digest: running.map(|running| digest(running.digest.iter(), looker)).unwrap_or_default(),
    };
    json!(row)
}

/// By district, or by space where it has none; the largest first.
fn digest<'a>(spaces: impl Iterator<Item = (&'a Arc<str>, &'a Digested)>, looker: &Looker<'_>) -> Vec<DigestRow> {
    let mut places: BTreeMap<String, Digested> = BTreeMap::new();
    for (space, digested) in spaces.filter(|(space, _)| looker.may_see(space)) {
        let district = (looker.district)(space);
        let place = if district.is_empty() { space.to_string() } else { district };
        let place = places.entry(place).or_insert(Digested { count: 0, worst: digested.worst });
        place.count += digested.count;
        place.worst = place.worst.max(digested.worst);
    }
    let row = |(place, digested): (String, Digested)| DigestRow {
        district_or_space: place,
        count: digested.count,
        worst: digested.worst.as_str(),
    };
    let mut rows: Vec<_> = places.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}

fn mode(view: &DeskView) -> Value {
    let Some(mode) = &view.mode else { return json!({"mode": "normal"}) };
    without_absent(json!({
        "mode": mode.mode.as_str(),
        "name": &*mode.name,
        "coordinator": mode.coordinator.as_deref(),
        "since": format_utc(mode.since_ms),
        "until": format_utc(mode.until_ms),
        "spaces": &mode.spaces,
        "operator": &*mode.operator,
        "note": &mode.note,
    }))
}

fn out_of_service(entry: &OutOfService) -> Value {
    without_absent(json!({
        "id": &*entry.id,
        "operator": &*entry.operator,
        "log_time": format_utc(entry.since_ms),
        "note": &entry.note,
        "until": entry.until_ms.map(format_utc),
        "rule": &entry.scope.rule,
        "space": &entry.scope.space,
        "sensor": &entry.scope.sensor,
        "node": &entry.scope.node,
    }))
}

fn chatter(one: &Chattering) -> Value {
    without_absent(json!({
        "rule": &*one.at.rule,
        "key": &*one.at.key,
        "since": format_utc(one.flapping.since_ms),
        "count": one.flapping.count,
        "proposed_delay": one.proposed_delay_ms.map(format_ms),
        "proposed_field": one.proposed_delay_ms.map(|_| "keep_firing_for"),
    }))
}

/// An incident file.
#[must_use]
pub fn file_json(file: &IncidentFile) -> Value {
    without_absent(json!({
        "id": &*file.id,
        "title": &*file.title,
        "space": &file.space,
        "cause": &file.cause,
        "operator": &file.operator,
        "note": &file.note,
        "alerts": &file.alerts,
        "opened": format_utc(file.opened_ms),
        "closed": file.closed_ms.map(format_utc),
    }))
}

fn signature_json(signature: &Signature) -> Value {
    let log_time = format_utc(signature.at_ms);
    without_absent(json!({"operator": &*signature.operator, "log_time": log_time, "note": &signature.note}))
}

fn on_duty(duty: &Duty) -> Value {
    duty.on_duty().map(|operator| Value::from(&**operator)).collect()
}

fn sees_news(piece: &Piece, looker: &Looker<'_>) -> bool {
    let is_of_its_own = match &piece.what {
        Happened::Chatter(change) => looker.sees_key(&change.at.key),
        Happened::OutOfService(entry) => entry.scope.space.as_deref().is_some_and(|space| looker.may_see(space)),
        Happened::Returned { scope, .. } => scope.space.as_deref().is_some_and(|space| looker.may_see(space)),
        _ => true,
    };
    is_of_its_own || looker.may_see_all()
}

/// A piece of news: `number`, `log_time`, `what`, and what belongs to it.
fn news(piece: &Piece) -> Value {
    let what = match &piece.what {
        Happened::FloodBegan => json!({"what": "flood_began"}),
        Happened::FloodEnded(over) => {
            json!({"what": "flood_ended", "since": format_utc(over.since_ms), "told": over.told, "digested": over.digested})
        }
        Happened::Chatter(change) => json!({
            "what": if change.ended { "chatter_ended" } else { "chatter_began" },
            "rule": &*change.at.rule,
            "key": &*change.at.key,
            "count": change.flapping.count,
        }),
        Happened::ModeBegan(mode) => json!({"what": "mode_began", "mode": mode.mode.as_str(), "name": &*mode.name}),
        Happened::ModeEnded { mode, name, by_itself } => {
            json!({"what": "mode_ended", "mode": mode.as_str(), "name": &**name, "by_itself": by_itself})
        }
        Happened::OutOfService(entry) => json!({"what": "out_of_service", "id": &*entry.id}),
        Happened::Returned { scope, by_itself } => json!({
            "what": "returned",
            "rule": &scope.rule,
            "space": &scope.space,
            "sensor": &scope.sensor,
            "node": &scope.node,
            "by_itself": by_itself,
        }),
    };
    let Value::Object(what) = without_absent(what) else { return Value::Null };
    let mut told = Map::new();
    told.insert("number".to_owned(), piece.number.into());
    told.insert("log_time".to_owned(), format_utc(piece.at_ms).into());
    told.extend(what);
    Value::Object(told)
}

/// An object without the fields that are `null`.
fn without_absent(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
