//! The shapes that several routes answer with. What is optional here is left out of an answer when it says nothing.

use serde_json::{Value, json};
use vigie_alerts::view::{Condition, Handling};
use vigie_model::command::Disposition;
use vigie_model::severity::Severity;
use vigie_openapi::schema::{Object, anything, instant, integer, list, named, or_null, text, truth, word};

/// An alert's id in examples.
pub(crate) const ALERT_ID: &str = "bd40316b2be944af923ebeebc050be08";

/// Severity as one of its five words.
pub(crate) fn severity() -> Value {
    word(&Severity::ALL.map(Severity::as_str), "How bad it is.")
}

/// Handling as one of its words.
pub(crate) fn handling() -> Value {
    word(&Handling::ALL.map(Handling::as_str), "What people, the clock or another alert did with it.")
}

/// Disposition as one of its words.
pub(crate) fn disposition() -> Value {
    word(&Disposition::ALL.map(Disposition::as_str), "What it turned out to be.")
}

/// All shapes with their names.
pub(crate) fn all() -> [(&'static str, Value); 5] {
    [("Alert", alert()), ("Done", done()), ("Guidance", guidance()), ("Inhibitor", inhibitor()), ("Handled", handled())]
}

fn alert() -> Value {
    let conditions = [Condition::Active, Condition::Stale, Condition::Cleared].map(Condition::as_str);
    Object::open("An alert as it stands: its opening, what became of it and what people did.")
        .with("alert_id", text("Its id: a hash of centre, rule, key and instant, the same in every replay."))
        .with("rule", text("The rule that raised it."))
        .with("rule_uid", text("The rule's id, which survives a new name."))
        .with("rule_version", text("A hash of the rule as it was then."))
        .with("key", text("What the rule judged: a space, SPACE/SENSOR or SPACE/NODE."))
        .with("space", text("Where."))
        .with("severity", severity())
        .with("state", word(&conditions, "Its condition."))
        .with("handling", handling())
        .with("event_time", instant("Event time of its opening."))
        .with("changed_time", instant("Event time of the newest change of its condition."))
        .may_have("escalated_time", instant("Since when it is worse."))
        .may_have("inhibited_by", named("Inhibitor"))
        .may_have("reason", text("Why its condition is what it is, in one word."))
        .may_have("evidence", anything("What it is based on, as the rule's kind writes it."))
        .with("summary", text("What happened, in words."))
        .may_have("guidance", named("Guidance"))
        .with("centre", text("The centre it belongs to."))
        .with("feed", text("The feed of the event that raised it."))
        .with("log_time", instant("Log time of its opening."))
        .with("offset", integer(0, "Place in the alert stream of the newest record that changed it."))
        .may_have("acknowledged", named("Handled"))
        .may_have("shelved", named("Handled"))
        .may_have("closed", named("Handled"))
        .may_have("out_of_service", named("Handled"))
        .may_have("assigned", assigned())
        .may_have("reannounced", reannounced())
        .may_have("escalated_to", escalated_to())
        .may_have("checklist", list(step(), "The rule's procedure, and how far it is done."))
        .may_have("mode", text("The event mode in force at its opening."))
        .may_have("exercise", truth("It belongs to an exercise."))
        .may_have("test", truth("It is a test."))
        .may_have("incident_file", text("The incident file it belongs to."))
        .may_have("chattering", anything("Since when and how often its rule and key flap."))
        .schema()
}

fn done() -> Value {
    Object::open("What became of a command, and the alert as it stands then.")
        .with("outcome", word(&["done", "unchanged"], "'unchanged' when it was so already."))
        .with("alert", named("Alert"))
        .schema()
}

fn guidance() -> Value {
    Object::open("What the rule's author advises.")
        .may_have("cause", text("What may be behind it."))
        .may_have("consequence", text("What happens if nobody acts."))
        .may_have("action", text("What to do."))
        .may_have("respond_within", text("How fast, as in 10m."))
        .schema()
}

fn inhibitor() -> Value {
    Object::open("The alert that suppresses this one.")
        .with("rule", text("Its rule."))
        .with("alert_id", text("Its id."))
        .schema()
}

fn handled() -> Value {
    Object::open("Who did something with an alert, when, in what words and until when.")
        .with("operator", text("Who."))
        .with("log_time", instant("When, in log time."))
        .may_have("disposition", disposition())
        .may_have("cause", text("What was behind it."))
        .may_have("note", text("In their words."))
        .may_have("until", instant("Until when it holds."))
        .may_have("cleared_time", instant("Event time of an end that came meanwhile."))
        .may_have("id", text("Id of the measure it belongs to."))
        .schema()
}

fn assigned() -> Value {
    Object::open("Whose it is.")
        .with("operator", text("Who gave it."))
        .with("to", text("Who has it."))
        .with("log_time", instant("When, in log time."))
        .schema()
}

fn reannounced() -> Value {
    Object::open("Why it asks for attention again.")
        .with("log_time", instant("Since when, in log time."))
        .with("reason", text("One word, as in shelf_expired."))
        .schema()
}

fn escalated_to() -> Value {
    Object::open("The other desk that was told, as nobody took it up.")
        .with("desk", text("Its name."))
        .with("log_time", instant("When, in log time."))
        .schema()
}

fn step() -> Value {
    Object::open("A step.")
        .with("step", integer(1, "Its number."))
        .with("text", text("What is to be done."))
        .with("state", word(&["open", "done", "skipped"], "How far it is."))
        .may_have("operator", text("Who did or skipped it."))
        .may_have("log_time", instant("When, in log time."))
        .may_have("note", text("In their words."))
        .schema()
}

/// A space with what its alerts amount to, as a feature of GeoJSON.
pub(crate) fn spaces() -> Value {
    let properties = Object::open("What is known of it.")
        .with("id", text("Its id."))
        .with("name", text("Its name."))
        .with("kind", text("What it is."))
        .with("district", text("Where it is."))
        .with("capacity", or_null(integer(0, "People it is made for.")))
        .with("state", word(&["active", "stale", "cleared", "calm"], "The worst condition of its alerts."))
        .with("severity", or_null(severity()))
        .with("running", integer(0, "Alerts that are active or stale."))
        .with("unacknowledged", integer(0, "Alerts nobody has acknowledged."))
        .with("open", integer(0, "Alerts that are not closed."))
        .with("suppressed", integer(0, "Alerts that another one suppresses."))
        .schema();
    let feature = Object::open("A space.")
        .with("type", json!({ "const": "Feature" }))
        .with("id", text("Its id."))
        .with("geometry", anything("GeoJSON, or null for a space that is only registered."))
        .with("properties", properties)
        .schema();
    Object::open("Spaces as GeoJSON, by id.")
        .with("type", json!({ "const": "FeatureCollection" }))
        .with("features", list(feature, "The spaces."))
        .schema()
}
