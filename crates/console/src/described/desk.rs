//! The routes about the centre as a whole: desk, shift, settings, and reports by hand.

use crate::described::schemas::{ALERT_ID, severity};
use crate::described::texts::{NAME_CHARACTERS_MAX, note, operator, some_text};
use crate::given::NAME_BYTES_MAX;
use serde_json::{Value, json};
use vigie_alerts::desk::mode::SPACES_NAMED_MAX;
use vigie_model::command::{ALERTS_NAMED_MAX, DeskMode, ShiftSide};
use vigie_model::problem::ProblemKind::{BadRequest, Conflict, NotFound, TooLarge, Unavailable, UnsupportedMediaType};
use vigie_openapi::operation::Operation;
use vigie_openapi::schema::{Object, anything, instant, integer, list, name, named, or_null, text, truth, word};

const _: () = assert!(NAME_CHARACTERS_MAX * 4 <= NAME_BYTES_MAX, "what the document allows fits the bound in bytes");

const JSON: &str = "application/json";
const FILE_ID: &str = "4f1d0c6a92b3e57788aa00114c5d6e7f";

/// The shapes of the desk, by name.
pub(crate) fn shapes() -> [(&'static str, Value); 5] {
    [
        ("Desk", desk()),
        ("DeskDone", done()),
        ("OutOfService", out_of_service()),
        ("IncidentFile", incident_file()),
        ("Signed", signed()),
    ]
}

/// `GET /v1/desk`.
pub(crate) fn now() -> Operation {
    Operation::new(
        "getDesk",
        "The desk: flood, mode, what is out of service, incident files",
        "What concerns more than one alert.",
    )
    .tag("desk")
    .answers(JSON, named("Desk"))
}

/// `POST /v1/out-of-service`.
pub(crate) fn take_out() -> Operation {
    let body = Object::closed("What is out of service; at least one of rule, space, sensor and node.")
        .with("note", name(NAME_CHARACTERS_MAX, "Why."))
        .may_have("until", instant_or_null("Until when; must lie behind log time."))
        .may_have("rule", some_text("A rule."))
        .may_have("space", some_text("A space."))
        .may_have("sensor", some_text("A sensor."))
        .may_have("node", some_text("A node."));
    let example = json!({"note": "works until Friday", "space": "town-hall", "sensor": "s9"});
    let description = "Its alerts stay visible among themselves and call nobody.";
    command("takeOutOfService", "Take a rule, space, sensor or node out of service", description, body, example)
}

/// `POST /v1/out-of-service/{id}/return`.
pub(crate) fn give_back() -> Operation {
    let body = Object::closed("Who returns it.").may_have("note", note());
    command(
        "returnToService",
        "Return something to service",
        "Its running alerts ask for attention again.",
        body,
        json!({}),
    )
    .path("id", text("Its id, as /v1/desk lists it."), FILE_ID)
    .refuses(&[NotFound])
}

/// `POST /v1/mode`.
pub(crate) fn mode() -> Operation {
    let spaces = json!({ "type": "array", "maxItems": SPACES_NAMED_MAX, "items": text("A space.") });
    let body = Object::closed("The mode; name and until belong to event and exercise.")
        .with("mode", word(&DeskMode::ALL.map(DeskMode::as_str), "Which."))
        .may_have("name", some_text("What it is called."))
        .may_have("coordinator", some_text("Who leads it."))
        .may_have("until", instant_or_null("When it ends by itself; must lie behind log time."))
        .may_have("spaces", spaces)
        .may_have("note", note());
    command(
        "setMode",
        "Begin or end an event or exercise",
        "Alerts that open meanwhile carry its name.",
        body,
        json!({"mode": "normal"}),
    )
}

/// `POST /v1/test-alert`.
pub(crate) fn test_alert() -> Operation {
    let body = Object::closed("How bad, and where.")
        .may_have("severity", or_null(severity()))
        .may_have("space", some_text("A space."))
        .may_have("note", note());
    let description =
        "An alert of the built-in rule vigie-test that tries the way to the operators and counts in no figure.";
    command("openTestAlert", "Open a test alert", description, body, json!({"severity": "high"})).refuses(&[NotFound])
}

/// `POST /v1/incident-files`.
pub(crate) fn make_file() -> Operation {
    let body = Object::closed("What it is called and what belongs to it.")
        .with("title", name(NAME_CHARACTERS_MAX, "Its title."))
        .may_have("alerts", alert_ids())
        .may_have("note", note());
    command(
        "makeIncidentFile",
        "Make an incident file",
        "Groups alerts that belong together.",
        body,
        json!({"title": "Fight at the quay", "alerts": []}),
    )
    .refuses(&[NotFound])
}

/// `POST /v1/incident-files/{id}`.
pub(crate) fn change_file() -> Operation {
    let body = Object::closed("What changes.")
        .may_have("title", some_text("Its title."))
        .may_have("add", alert_ids())
        .may_have("remove", alert_ids())
        .may_have("closed", or_null(truth("Whether it is closed.")))
        .may_have("note", note());
    command(
        "changeIncidentFile",
        "Change or close an incident file",
        "What is left out stays as it is.",
        body,
        json!({"closed": true}),
    )
    .path("id", text("Its id, as /v1/desk lists it."), FILE_ID)
    .refuses(&[NotFound])
}

/// `GET /v1/shift`.
pub(crate) fn handover() -> Operation {
    let alerts = |what| list(named("Alert"), what);
    let kpi = Object::open("A figure.")
        .with("name", text("What it is called."))
        .with("value", or_null(json!({ "type": "number" })))
        .with("target", json!({ "type": "number", "description": "What it should be." }))
        .with("unit", text("What it is counted in."))
        .with("ok", or_null(truth("Whether it is as it should be.")))
        .schema();
    let shift = Object::open("A handover.")
        .with("from", instant("Its beginning, in log time."))
        .with("to", instant("Its end, in log time."))
        .with("open", alerts("Alerts nobody has taken up."))
        .with("acknowledged", alerts("Alerts somebody has taken up."))
        .with("shelved", alerts("Alerts put aside."))
        .with("out_of_service", list(named("OutOfService"), "What is out of service."))
        .with("dead_nodes", alerts("Running alerts of silent nodes and sensors."))
        .with("incident_files", list(named("IncidentFile"), "Files of that time."))
        .with("kpis", list(kpi, "Figures."))
        .with("actions", integer(0, "How often somebody acted."))
        .with("signed", named("Signed"))
        .schema();
    Operation::new(
        "getShift",
        "The handover of a shift, generated",
        "The last eight hours of log time unless asked otherwise.",
    )
    .tag("desk")
    .query("from", instant("Beginning."), json!("2017-03-12T06:00:00Z"))
    .query("to", instant("End."), json!("2017-03-12T14:00:00Z"))
    .answers(JSON, shift)
    .refuses(&[BadRequest])
}

/// `POST /v1/shift/sign`.
pub(crate) fn sign() -> Operation {
    let body = Object::closed("Which side signs.")
        .with("as", word(&ShiftSide::ALL.map(ShiftSide::as_str), "Whether they go or come."))
        .may_have("note", note());
    command("signShift", "Sign the handover", "Both sides sign.", body, json!({"as": "arriving"}))
}

/// `POST /v1/shift/sound-check`.
pub(crate) fn sound_check() -> Operation {
    let body = Object::closed("What was heard.")
        .with("heard", truth("Whether the sounds were heard."))
        .may_have("note", note());
    command(
        "noteSoundCheck",
        "Note whether the sounds were heard",
        "Belongs to the handover.",
        body,
        json!({"heard": true}),
    )
}

/// `POST /v1/reports`.
pub(crate) fn enter() -> Operation {
    let body = Object::closed("What somebody told.")
        .with("operator", operator())
        .with("space", name(NAME_CHARACTERS_MAX, "Where."))
        .with("category", name(NAME_CHARACTERS_MAX, "What happened, as in assault."))
        .may_have("severity", or_null(severity()))
        .may_have("channel", some_text("How it was told; 'phone' unless named."))
        .may_have("time", instant_or_null("When it happened; now unless named."))
        .may_have("note", note());
    let accepted = Object::open("The incident.")
        .with("outcome", word(&["accepted"], "It is in the log."))
        .with("id", text("Its id."));
    let example = json!({"operator": "Ada", "space": "town-hall", "category": "assault", "severity": "high"});
    Operation::new(
        "reportIncident",
        "Enter an incident that somebody told",
        "It goes through the log, where rules judge it.",
    )
    .tag("desk")
    .reads(JSON, body.schema(), example)
    .answers(JSON, accepted.schema())
    .refuses(&[BadRequest, TooLarge, UnsupportedMediaType, Unavailable])
}

/// `GET /v1/settings`.
pub(crate) fn settings() -> Operation {
    let settings = Object::open("What a page needs to know about its centre.")
        .with("centre", text("Id of the centre."))
        .with("name", text("Its name."))
        .with("time_zone", text("Its IANA time zone."))
        .with("languages", list(text("A language."), "Languages of the page."))
        .may_have("camera_url", text("Template of a camera's address, with {space} and {key}."))
        .may_have("radio_url", text("Template of a radio channel's address."))
        .may_have("basemap", text("Where the base map is read."))
        .may_have("escalation", anything("When an alert goes to another desk."))
        .with("flood", anything("The limits of a flood."))
        .schema();
    Operation::new("getSettings", "Settings of the centre for a page", "As configured.")
        .tag("desk")
        .answers(JSON, settings)
}

/// A command on the desk: its fields besides `operator`, and an example of them.
fn command(
    id: &'static str,
    summary: &'static str,
    description: &'static str,
    body: Object,
    mut example: Value,
) -> Operation {
    example["operator"] = "Ada".into();
    Operation::new(id, summary, description)
        .tag("desk")
        .reads(JSON, body.with("operator", operator()).schema(), example)
        .answers(JSON, named("DeskDone"))
        .refuses(&[BadRequest, Conflict, TooLarge, UnsupportedMediaType, Unavailable])
}

fn alert_ids() -> Value {
    let id = json!({ "type": "string", "description": "An alert's id.", "examples": [ALERT_ID] });
    json!({ "type": "array", "maxItems": ALERTS_NAMED_MAX, "items": id })
}

fn instant_or_null(description: &str) -> Value {
    or_null(instant(description))
}

fn desk() -> Value {
    let flood = Object::open("Whether alerts come faster than people can take them up.")
        .with("active", truth("Whether there is a flood."))
        .with("new_10min", integer(0, "New alerts within ten minutes, or the configured time."))
        .with("operators", integer(0, "Operators on duty."))
        .with("enter", integer(0, "Above this many it begins."))
        .with("leave", integer(0, "Below this many it ends."))
        .with("bypass", severity())
        .may_have("since", instant("Since when."))
        .may_have("first_up", text("Id of the alert it began with."))
        .with("digest", list(anything("A place, how many and the worst."), "What is not told one by one."))
        .schema();
    let mode = Object::open("The mode.").with("mode", word(&DeskMode::ALL.map(DeskMode::as_str), "Which.")).schema();
    Object::open("What concerns more than one alert.")
        .with("log_time", instant("Log time of its newest change."))
        .with("flood", flood)
        .with("mode", mode)
        .with("out_of_service", list(named("OutOfService"), "What is out of service."))
        .with("shelved", integer(0, "How many alerts are shelved."))
        .with("chattering", list(anything("Rule, key, since when, how often."), "What flaps."))
        .with("incident_files", list(named("IncidentFile"), "Files."))
        .may_have("escalation", anything("When an alert goes to another desk."))
        .may_have("sound_check", anything("The newest check of the sounds."))
        .with("signed", named("Signed"))
        .schema()
}

fn done() -> Value {
    Object::open("What became of a command, and the desk as it stands then.")
        .with("outcome", word(&["done", "unchanged"], "'unchanged' when it was so already."))
        .with("id", text("Id of what it made."))
        .with("desk", named("Desk"))
        .may_have("alert_id", text("Id of the test alert."))
        .schema()
}

fn out_of_service() -> Value {
    Object::open("Something out of service.")
        .with("id", text("Its id."))
        .with("operator", text("Who took it out."))
        .with("log_time", instant("When, in log time."))
        .may_have("note", text("Why."))
        .may_have("until", instant("Until when."))
        .may_have("rule", text("The rule."))
        .may_have("space", text("The space."))
        .may_have("sensor", text("The sensor."))
        .may_have("node", text("The node."))
        .schema()
}

fn incident_file() -> Value {
    Object::open("Alerts that belong together.")
        .with("id", text("Its id."))
        .with("title", text("Its title."))
        .with("alerts", list(text("An alert's id."), "Its alerts."))
        .with("opened", instant("When, in log time."))
        .may_have("closed", instant("When, in log time."))
        .may_have("space", text("The space it is about."))
        .may_have("cause", text("The alert or rule behind it."))
        .schema()
}

fn signed() -> Value {
    let signature = || {
        Object::open("A signature.")
            .with("operator", text("Who."))
            .with("log_time", instant("When, in log time."))
            .schema()
    };
    Object::open("Who signed the handover.").may_have("leaving", signature()).may_have("arriving", signature()).schema()
}
