//! Evidence in sentences: what an episode's beginning rests on, kind by kind.
//!
//! The fields are those of `docs/rules.md`, "Evidence".

use crate::explain::words::{INDENT, Words, duration, figure, table};
use serde_json::{Map, Value};

/// Days in the order of the hours of the week.
const DAYS: [&str; 7] = ["Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"];

/// The sentences of one piece of evidence, one a line.
pub(crate) fn sentences(evidence: &Value, words: &Words) -> Vec<String> {
    let Some(fields) = evidence.as_object().filter(|fields| !fields.is_empty()) else {
        return vec!["Nothing was written down about why it began.".to_owned()];
    };
    let mut telling = Telling { fields, words, lines: Vec::new() };
    let kind = telling.text("kind").unwrap_or_default();
    telling.condition();
    match kind {
        "threshold" => telling.threshold(),
        "window" => telling.window(),
        "change" => telling.change(),
        "absence" => telling.absence(),
        "sequence" => telling.sequence(),
        "k_of_n" => telling.k_of_n(),
        "baseline" => telling.baseline(),
        "all_of" | "any_of" => telling.composite(kind),
        "spread" => telling.spread(),
        _ => telling.unknown(),
    }
    if kind != "absence" {
        telling.hold();
    }
    telling.place();
    telling.lines
}

/// Evidence being told; every method leaves out what it cannot find.
struct Telling<'a> {
    fields: &'a Map<String, Value>,
    words: &'a Words,
    lines: Vec<String>,
}

impl<'a> Telling<'a> {
    fn get(&self, name: &str) -> &'a Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name).as_str()
    }

    fn list(&self, name: &str) -> &'a [Value] {
        self.get(name).as_array().map_or(&[], Vec::as_slice)
    }

    fn instant(&self, name: &str) -> Option<String> {
        self.words.instant(self.get(name))
    }

    /// A number as people read it, if there is one.
    fn figure(&self, name: &str) -> Option<String> {
        Some(figure(self.get(name))).filter(|figure| !figure.is_empty())
    }

    fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    fn rows(&mut self, header: &[&str], items: &[Value], cells: impl Fn(&Words, &Value) -> Vec<String>) {
        let rows: Vec<_> = items.iter().map(|item| cells(self.words, item)).collect();
        if !rows.is_empty() {
            self.lines.extend(table(header, &rows));
        }
    }

    fn condition(&mut self) {
        if let Some(raise) = self.text("raise").filter(|raise| !raise.is_empty()) {
            let clear = self.text("clear").map_or(String::new(), |clear| format!(", and is over when {clear}"));
            self.say(format!("The rule speaks up when {raise}{clear}."));
        }
        if let Some(condition) = self.text("match") {
            self.say(format!("An input counts when {condition}."));
        }
        if let Some(params) = self.get("params").as_object().filter(|params| !params.is_empty()) {
            let params: Vec<_> = params.iter().map(|(name, value)| format!("{name} = {}", figure(value))).collect();
            self.say(format!("Parameters in force: {}.", params.join(", ")));
        }
    }

    fn threshold(&mut self) {
        let members = self.list("members");
        if let Some(value) = self.figure("value") {
            let of = match (members.len(), self.text("agg")) {
                (0 | 1, _) | (_, None) => "The value".to_owned(),
                (count, Some(agg)) => format!("The {agg} of {count} values"),
            };
            self.say(format!("{of} was {value}{}", if members.is_empty() { "." } else { ":" }));
        }
        self.members(members);
        if let Some(valid) = duration(self.get("stale_after_ms")) {
            self.say(format!("A value counts for {valid} after it was measured."));
        }
    }

    fn members(&mut self, members: &[Value]) {
        self.rows(&["sensor", "node", "value", "measured"], members, |words, member| {
            vec![
                figure(&member["sensor"]),
                figure(&member["node"]),
                figure(&member["value"]),
                words.instant(&member["event_time_ms"]).unwrap_or_default(),
            ]
        });
    }

    fn window(&mut self) {
        if let Some(value) = self.figure("value") {
            let agg = self.text("agg").unwrap_or("value");
            let over = self.span("window").map_or(String::new(), |span| format!(" over the window {span}"));
            self.say(format!("The {agg}{over} was {value}."));
        }
        if let Some(least) = self.get("min_count").as_i64().filter(|least| *least > 1) {
            self.say(format!("With fewer than {least} inputs there would have been no value."));
        }
        let panes = self.list("panes");
        if !panes.is_empty() {
            self.say("Its steps that hold inputs:");
        }
        self.rows(&["from", "inputs", "sum", "min", "max"], panes, |words, pane| {
            let from = words.instant(&pane["start_ms"]).unwrap_or_default();
            vec![from, figure(&pane["count"]), figure(&pane["sum"]), figure(&pane["min"]), figure(&pane["max"])]
        });
    }

    fn change(&mut self) {
        if let Some(value) = self.figure("value") {
            let over = self.span("over").map_or(String::new(), |span| format!(" over the window {span}"));
            self.say(format!("The newest value minus the oldest{over} was {value}:"));
        }
        let ends = [("oldest", self.get("first")), ("newest", self.get("last"))];
        let rows = ends.into_iter().filter(|(_, end)| end.is_object()).map(|(which, end)| {
            let measured = self.words.instant(&end["event_time_ms"]).unwrap_or_default();
            vec![which.to_owned(), figure(&end["value"]), measured]
        });
        let rows: Vec<_> = rows.collect();
        if !rows.is_empty() {
            self.lines.extend(table(&["", "value", "measured"], &rows));
        }
    }

    fn absence(&mut self) {
        match (self.instant("last_arrival_ms"), self.instant("since_ms")) {
            (Some(last), Some(since)) if last != since => {
                self.say(format!(
                    "The latest arrival was at {last}; the silence counts from {since}, when the intake was up."
                ));
            }
            (Some(last), _) => self.say(format!("Nothing arrived after {last}.")),
            (None, Some(since)) => self.say(format!("Nothing ever arrived; the silence counts from {since}.")),
            (None, None) => {}
        }
        if let (Some(bearable), Some(due)) = (duration(self.get("for_ms")), self.instant("due_ms")) {
            let noticed = self.instant("log_time_ms");
            let noticed = noticed.map_or(String::new(), |at| format!(", which was noticed at log time {at}"));
            self.say(format!("The rule bears a silence of {bearable}: it was too long after {due}{noticed}."));
        }
    }

    fn sequence(&mut self) {
        self.say(format!("Its steps came one after the other{}:", self.within()));
        self.rows(&["step", "what", "asked for", "value", "at", "row"], self.list("steps"), |words, step| {
            let what = ["metric", "incident", "category"].map(|name| figure(&step[name])).concat();
            let row = step["offset"].as_u64().map_or_else(String::new, |offset| offset.to_string());
            let at = words.instant(&step["event_time_ms"]).unwrap_or_default();
            vec![figure(&step["step"]), what, figure(&step["match"]), figure(&step["value"]), at, row]
        });
    }

    fn k_of_n(&mut self) {
        let sources = self.list("sources");
        let asked = self.figure("k").map_or(String::new(), |k| format!("; {k} are asked for"));
        let distinct = self.text("distinct").unwrap_or("source");
        let plural = if sources.len() == 1 { "" } else { "s" };
        self.say(format!("{} {distinct}{plural} said so{}{asked}:", sources.len(), self.within()));
        let header = [distinct, "newest match", "value"];
        self.rows(&header, sources, |words, source| {
            let at = words.instant(&source["event_time_ms"]).unwrap_or_default();
            vec![figure(&source["source"]), at, figure(&source["value"])]
        });
    }

    fn baseline(&mut self) {
        let hour = self.get("hour_of_week").as_u64().and_then(|hour| usize::try_from(hour).ok());
        let hour = hour.filter(|hour| *hour < 7 * 24).map_or("at this hour of the week".to_owned(), |hour| {
            format!("on {} from {:02}:00 to {:02}:00", DAYS[hour / 24], hour % 24, hour % 24 + 1)
        });
        if let (Some(value), Some(mean)) = (self.figure("value"), self.figure("mean")) {
            let sigma = self.figure("sigma").map_or(String::new(), |sigma| format!(", with a deviation of {sigma}"));
            let weeks = self.figure("weeks").map_or(String::new(), |weeks| format!(" (learnt over {weeks} weeks)"));
            self.say(format!("The value was {value}; {hour} {mean} is usual{sigma}{weeks}."));
        }
        if let Some(floor) = self.figure("sigma_floor") {
            self.say(format!("A deviation smaller than {floor} counts as {floor}."));
        }
        if let (Some(z), Some(limit)) = (self.get("z").as_f64(), self.figure("z_limit")) {
            let away = figure(&z.abs().into());
            let side = if z < 0.0 { "below" } else { "above" };
            let speaks = match self.text("direction") {
                Some("up") => "above it",
                Some("down") => "below it",
                _ => "away",
            };
            self.say(format!(
                "That is {away} deviations {side} the mean; from {limit} {speaks} on the rule speaks up."
            ));
        }
        self.members(self.list("members"));
        if let Some(valid) = duration(self.get("stale_after_ms")) {
            self.say(format!("A value counts for {valid} after it was measured."));
        }
    }

    fn composite(&mut self, kind: &str) {
        let named: Vec<_> = self.list("rules").iter().map(figure).collect();
        let named = if named.is_empty() { "the rules it names".to_owned() } else { named.join(", ") };
        let asked = if kind == "all_of" { "All" } else { "At least one" };
        self.say(format!("{asked} of {named} held:"));
        self.rows(&["rule", "key", "since", "data", "alert"], self.list("of"), |words, part| {
            let data = if part["stale"] == true { "missing" } else { "" };
            let since = words.instant(&part["active_ms"]).unwrap_or_default();
            vec![figure(&part["rule"]), figure(&part["key"]), since, data.to_owned(), figure(&part["alert_id"])]
        });
    }

    fn spread(&mut self) {
        let begun = self.list("begun");
        let among = match (self.text("among"), self.get("group")) {
            (Some("district"), Value::String(group)) => format!(" of the district {group}"),
            (Some("adjacent"), Value::String(group)) => format!(" at and around {group}"),
            (Some("district"), _) => " of one district".to_owned(),
            (Some("adjacent"), _) => " side by side".to_owned(),
            _ => String::new(),
        };
        let asked = self.figure("k").map_or(String::new(), |k| format!("; {k} are asked for"));
        let rule = self.text("of").map_or(String::new(), |rule| format!(" of {rule}"));
        let plural = if begun.len() == 1 { "" } else { "s" };
        self.say(format!("Episodes{rule} began in {} space{plural}{among}{}{asked}:", begun.len(), self.within()));
        self.rows(&["space", "key", "began", "alert"], begun, |words, part| {
            let began = words.instant(&part["active_ms"]).unwrap_or_default();
            vec![figure(&part["space"]), figure(&part["key"]), began, figure(&part["alert_id"])]
        });
    }

    /// A kind of another version: its fields as they are, but for those told anyway.
    fn unknown(&mut self) {
        const TOLD: [&str; 8] =
            ["rule_version", "params", "raise", "clear", "since_ms", "for_ms", "judged_ms", "position"];
        let fields = self.fields.iter().filter(|(name, _)| !TOLD.contains(&name.as_str()));
        let lines: Vec<_> = fields.map(|(name, value)| format!("{INDENT}{name}: {}", figure(value))).collect();
        self.say("What was written down:");
        self.lines.extend(lines);
    }

    fn hold(&mut self) {
        let Some(since_ms) = self.get("since_ms").as_i64() else { return };
        let since = self.words.instant_ms(since_ms);
        match self.get("for_ms").as_i64() {
            Some(for_ms) if for_ms > 0 => {
                let hold = duration(self.get("for_ms")).unwrap_or_default();
                let active = self.words.instant_ms(since_ms.saturating_add(for_ms));
                self.say(format!(
                    "That was true from {since} on, and for the {hold} the rule asks for: until {active}."
                ));
            }
            _ => self.say(format!("That became true at {since}.")),
        }
    }

    fn place(&mut self) {
        if let Some(judged) =
            self.instant("judged_ms").filter(|judged| Some(judged) != self.instant("since_ms").as_ref())
        {
            self.say(format!("The rule changed meanwhile: the above was judged anew at {judged}."));
        }
        let position = self.get("position");
        if let (Some(partition), Some(offset)) = (position["partition"].as_u64(), position["offset"].as_u64()) {
            self.say(format!("The newest row by then was offset {offset} of partition {partition} of the log."));
        }
    }

    fn within(&self) -> String {
        duration(self.get("within_ms")).map_or(String::new(), |within| format!(" within {within}"))
    }

    /// `from A to B` of a field with `start_ms` and `end_ms`.
    fn span(&self, name: &str) -> Option<String> {
        let bounds = self.get(name);
        let (start, end) = (self.words.instant(&bounds["start_ms"])?, self.words.instant(&bounds["end_ms"])?);
        Some(format!("from {start} to {end}"))
    }
}
