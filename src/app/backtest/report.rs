//! What a backtest found, for people and for programs.

use super::compare::{Comparison, Line};
use super::truth::{Share, Worth};
use serde::Serialize;
use std::fmt::Write;
use vigie_model::duration::format_ms;
use vigie_model::time::format_utc;

/// Lines of a difference shown to people, and listed in JSON.
const LINES_SHOWN_MAX: usize = 20;
const LINES_LISTED_MAX: usize = 1000;
const HOUR_MS: f64 = 3_600_000.0;

/// What a backtest found.
#[derive(Debug)]
pub struct Report {
    /// Its first instant.
    pub from_ms: i64,
    /// Its end, not part of it.
    pub to_ms: i64,
    /// Log time from which on rows were judged, all of them when nothing else was asked for.
    pub warm_up_from_ms: Option<i64>,
    /// Observations read.
    pub observations: u64,
    /// Incidents read.
    pub incidents: u64,
    /// Log time of the newest row read.
    pub newest_ms: i64,
    /// What somebody should know.
    pub notes: Vec<String>,
    /// Length of a shift.
    pub shift_ms: i64,
    /// Operators on duty.
    pub operators: u32,
    /// The rules, in the order of their files; the last one stands for all of them.
    pub rules: Vec<RuleReport>,
    /// Against production, for unchanged rules.
    pub production: Comparison,
    /// How many rules were compared with production.
    pub compared: usize,
}

/// What a backtest found about one rule.
#[derive(Debug)]
pub struct RuleReport {
    /// Its name.
    pub rule: String,
    /// Its version, unless it stands for all rules.
    pub version: Option<String>,
    /// Whether its transitions were compared with production.
    pub compared: bool,
    /// How many alerts became active.
    pub alerts: usize,
    /// What they were worth, when there is a truth.
    pub worth: Option<Worth>,
}

#[derive(Serialize)]
struct Json<'a> {
    from: String,
    to: String,
    hours: f64,
    warm_up_from: Option<String>,
    observations: u64,
    incidents: u64,
    newest_log_time: String,
    notes: &'a [String],
    shift: String,
    operators: u32,
    rules: Vec<JsonRule<'a>>,
    production: JsonProduction,
}

#[derive(Serialize)]
struct JsonRule<'a> {
    rule: &'a str,
    version: Option<&'a str>,
    compared: bool,
    alerts: usize,
    alerts_per_shift: f64,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    worth: Option<&'a Worth>,
    #[serde(skip_serializing_if = "Option::is_none")]
    false_alerts_per_operator_hour: Option<f64>,
}

#[derive(Serialize)]
struct JsonProduction {
    rules: usize,
    transitions: usize,
    identical: Option<bool>,
    only_recorded: Vec<String>,
    only_judged: Vec<String>,
}

impl Report {
    /// Hours of the range.
    #[must_use]
    pub fn hours(&self) -> f64 {
        (self.to_ms - self.from_ms) as f64 / HOUR_MS
    }

    /// One JSON object on one line.
    #[must_use]
    pub fn json(&self) -> String {
        let listed = |lines: &[Line]| lines.iter().take(LINES_LISTED_MAX).map(Line::text).collect();
        let json = Json {
            from: format_utc(self.from_ms),
            to: format_utc(self.to_ms),
            hours: self.hours(),
            warm_up_from: self.warm_up_from_ms.map(format_utc),
            observations: self.observations,
            incidents: self.incidents,
            newest_log_time: format_utc(self.newest_ms),
            notes: &self.notes,
            shift: format_ms(self.shift_ms),
            operators: self.operators,
            rules: self.rules.iter().map(|rule| self.json_rule(rule)).collect(),
            production: JsonProduction {
                rules: self.compared,
                transitions: self.production.recorded,
                identical: (self.compared > 0).then(|| self.production.is_identical()),
                only_recorded: listed(&self.production.only_recorded),
                only_judged: listed(&self.production.only_judged),
            },
        };
        serde_json::to_string(&json).expect("texts and numbers are JSON")
    }

    fn json_rule<'a>(&self, rule: &'a RuleReport) -> JsonRule<'a> {
        JsonRule {
            rule: &rule.rule,
            version: rule.version.as_deref(),
            compared: rule.compared,
            alerts: rule.alerts,
            alerts_per_shift: self.per_shift(rule.alerts),
            worth: rule.worth.as_ref(),
            false_alerts_per_operator_hour: rule.worth.as_ref().map(|worth| self.per_operator_hour(worth)),
        }
    }

    /// A table for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let (from, to) = (format_utc(self.from_ms), format_utc(self.to_ms));
        let _ = writeln!(text, "{from} to {to}, {:.1} hours", self.hours());
        let _ = writeln!(
            text,
            "read {} observations and {} incidents, the newest of {}; state from {}",
            self.observations,
            self.incidents,
            format_utc(self.newest_ms),
            self.warm_up_from_ms
                .map_or_else(|| "all rows before".to_owned(), |from_ms| format!("{} on", format_utc(from_ms))),
        );
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        let width = self.rules.iter().map(|rule| rule.rule.chars().count()).max().unwrap_or(0).max(4);
        let shift = format!("per {}", format_ms(self.shift_ms));
        let has_truth = self.rules.iter().any(|rule| rule.worth.is_some());
        let _ = write!(text, "\n{:width$}  {:>7}  {shift:>8}", "rule", "alerts");
        if has_truth {
            let _ = write!(
                text,
                "  {:<26}  {:<26}  {:>9}  {:>10}",
                "precision (95 %)", "recall (95 %)", "lead", "false/op-h"
            );
        }
        text.push('\n');
        for rule in &self.rules {
            let _ = write!(text, "{:width$}  {:>7}  {:>8.2}", rule.rule, rule.alerts, self.per_shift(rule.alerts));
            if let Some(worth) = &rule.worth {
                let lead = worth.lead_median_s.map_or_else(|| "-".to_owned(), |lead_s| format!("{lead_s:.0} s"));
                let (precision, recall) = (shown(&worth.precision), shown(&worth.recall));
                let _ =
                    write!(text, "  {precision:<26}  {recall:<26}  {lead:>9}  {:>10.4}", self.per_operator_hour(worth));
            }
            text.push('\n');
        }
        text.push('\n');
        self.write_production(&mut text);
        text
    }

    fn write_production(&self, text: &mut String) {
        if self.compared == 0 {
            text.push_str("production: no rule is the same, so nothing is compared\n");
            return;
        }
        let identical = self.production.is_identical();
        let _ = writeln!(
            text,
            "production: identical: {identical} ({} recorded transitions of {} unchanged rules)",
            self.production.recorded, self.compared
        );
        for (sign, lines) in [('-', &self.production.only_recorded), ('+', &self.production.only_judged)] {
            for line in lines.iter().take(LINES_SHOWN_MAX) {
                let _ = writeln!(text, "{sign} {}", line.text());
            }
            if lines.len() > LINES_SHOWN_MAX {
                let _ = writeln!(text, "{sign} and {} more", lines.len() - LINES_SHOWN_MAX);
            }
        }
    }

    fn per_shift(&self, alerts: usize) -> f64 {
        alerts as f64 * self.shift_ms as f64 / (self.to_ms - self.from_ms).max(1) as f64
    }

    fn per_operator_hour(&self, worth: &Worth) -> f64 {
        worth.false_alerts as f64 / (self.hours() * f64::from(self.operators)).max(f64::MIN_POSITIVE)
    }
}

fn shown(share: &Share) -> String {
    match (share.share, share.low, share.high) {
        (Some(value), Some(low), Some(high)) => {
            format!("{value:.2} [{low:.2}, {high:.2}] {}/{}", share.count, share.of)
        }
        _ => "-".to_owned(),
    }
}
