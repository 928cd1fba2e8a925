//! What keys mean: a small state machine from keys to commands. Shelving and closing ask; acknowledging does not.

use crate::app::commands::watch::item::Item;
use crate::app::commands::watch::keys::Key;
use serde_json::{Value, json};
use vigie_model::duration::parse_ms;
use vigie_model::time::format_utc;

/// The keys, in the last line while nothing is asked.
pub(super) const KEYS: &str = "a acknowledge   s shelve   c close   up/down or j/k select   q quit";
/// The longest answer typed, in characters.
const ANSWER_CHARS_MAX: usize = 500;
/// Longest time an alert is shelved for from here: a shift and a half.
const SHELF_MS_MAX: i64 = 12 * 3_600_000;
const DISPOSITIONS: [(char, &str); 5] =
    [('t', "true"), ('f', "false"), ('n', "nuisance"), ('e', "test"), ('d', "duplicate")];

/// A command to send.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    /// The alert.
    pub(super) alert_id: String,
    /// The last part of the address.
    pub(super) verb: &'static str,
    /// The body.
    pub(super) body: Value,
}

/// What a key brings about.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Intent {
    /// Nothing but what the last line shows.
    Nothing,
    /// The end.
    Quit,
    /// Another alert is selected, so many lines further.
    Move(isize),
    /// A command.
    Send(Request),
}

/// What is being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Question {
    WhyShelve,
    HowLong { note: String },
    Disposition,
}

/// The dialogue with one operator.
#[derive(Clone, Debug)]
pub(super) struct Dialogue {
    operator: Option<String>,
    asked: Option<(Question, String)>,
    typed: String,
    said: String,
}

impl Dialogue {
    /// A dialogue with `operator`; without a name nothing can be commanded.
    #[must_use]
    pub(super) fn new(operator: Option<String>) -> Self {
        Self { operator, asked: None, typed: String::new(), said: String::new() }
    }

    /// What the last line shows.
    #[must_use]
    pub(super) fn footer(&self) -> String {
        let question = match self.asked.as_ref().map(|(question, _)| question) {
            Some(Question::WhyShelve) => "shelve: why? (Enter goes on, Escape gives up)",
            Some(Question::HowLong { .. }) => "shelve: for how long? for example 30m or 2h",
            Some(Question::Disposition) => {
                return "close: was it t true, f false, n nuisance, e test, d duplicate? (Escape gives up)".to_owned();
            }
            None if !self.said.is_empty() => return self.said.clone(),
            None => {
                let name = self.operator.as_deref().unwrap_or("nobody; start with --operator NAME to act");
                return format!("{KEYS}   operator: {name}");
            }
        };
        format!("{question} {}_", self.typed)
    }

    /// Shows what became of a command until the next key.
    pub(super) fn say(&mut self, words: String) {
        self.said = words;
    }

    /// A key was pressed with this alert selected, at this log time.
    pub(super) fn key(&mut self, key: Key, selected: Option<&Item>, log_ms: i64) -> Intent {
        self.said.clear();
        if key == Key::Interrupt {
            return Intent::Quit;
        }
        if let Some((question, alert_id)) = self.asked.take() {
            return self.answered(question, alert_id, key, log_ms);
        }
        match (key, selected) {
            (Key::Char('q'), _) => Intent::Quit,
            (Key::Up | Key::Char('k'), _) => Intent::Move(-1),
            (Key::Down | Key::Char('j'), _) => Intent::Move(1),
            (Key::Char('a' | 's' | 'c'), _) if self.operator.is_none() => {
                self.say("start with --operator NAME to act: who does something is written down".to_owned());
                Intent::Nothing
            }
            (Key::Char('a'), Some(item)) => self.send(&item.alert_id, "acknowledge", json!({})),
            (Key::Char('s'), Some(item)) => self.ask(Question::WhyShelve, &item.alert_id),
            (Key::Char('c'), Some(item)) => self.ask(Question::Disposition, &item.alert_id),
            _ => Intent::Nothing,
        }
    }

    fn ask(&mut self, question: Question, alert_id: &str) -> Intent {
        self.typed.clear();
        self.asked = Some((question, alert_id.to_owned()));
        Intent::Nothing
    }

    fn answered(&mut self, question: Question, alert_id: String, key: Key, log_ms: i64) -> Intent {
        if key == Key::Escape {
            self.say("nothing was done".to_owned());
            return Intent::Nothing;
        }
        if question == Question::Disposition {
            let chosen = DISPOSITIONS.iter().find(|(letter, _)| key == Key::Char(*letter));
            let Some((_, disposition)) = chosen else {
                self.asked = Some((question, alert_id));
                return Intent::Nothing;
            };
            return self.send(&alert_id, "close", json!({ "disposition": disposition }));
        }
        match key {
            Key::Char(character) if self.typed.chars().count() < ANSWER_CHARS_MAX => self.typed.push(character),
            Key::Backspace => {
                self.typed.pop();
            }
            Key::Enter if !self.typed.trim().is_empty() => return self.typed_out(question, &alert_id, log_ms),
            _ => {}
        }
        self.asked = Some((question, alert_id));
        Intent::Nothing
    }

    fn typed_out(&mut self, question: Question, alert_id: &str, log_ms: i64) -> Intent {
        let typed = std::mem::take(&mut self.typed).trim().to_owned();
        let Question::HowLong { note } = question else {
            return self.ask(Question::HowLong { note: typed }, alert_id);
        };
        match parse_ms(&typed) {
            Ok(shelf_ms) if (1..=SHELF_MS_MAX).contains(&shelf_ms) => {
                let until = format_utc(log_ms + shelf_ms);
                self.send(alert_id, "shelve", json!({ "note": note, "until": until }))
            }
            Ok(_) => {
                self.say("nothing was done: shelve for at most 12h, and look again then".to_owned());
                Intent::Nothing
            }
            Err(error) => {
                self.say(format!("nothing was done: {error}"));
                Intent::Nothing
            }
        }
    }

    fn send(&self, alert_id: &str, verb: &'static str, mut body: Value) -> Intent {
        body["operator"] = self.operator.as_deref().unwrap_or_default().into();
        Intent::Send(Request { alert_id: alert_id.to_owned(), verb, body })
    }
}

#[cfg(test)]
mod tests;
