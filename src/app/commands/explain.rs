//! `vigie explain`: why an alert began, or why a rule says nothing now; asks the server that writes to the data folder,
//! else the committed rows.

use crate::app::cli::explain::ExplainArgs;
use crate::app::commands::asking::{Answer, agent, asked, committed, note_other, unanswered};
use crate::app::commands::running::answer;
use crate::app::lock::{Holder, holder, time_zone_of};
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::exit::Failure;
use serde_json::Value;
use std::path::Path;
use vigie_alerts::explain::episode::Now;
use vigie_alerts::explain::history::{Unexplained, explain, id_or_prefix};

/// The clock of folders whose writer did not note its zone.
const ZONE_UNLESS_NOTED: &str = "UTC";
/// How to find an alert.
const FIND_HINT: &str =
    "vigie sql \"SELECT alert_id, summary FROM alerts WHERE state = 'active'\" lists alerts with their ids";

/// Runs the command.
///
/// # Errors
/// When there is no such alert, rule or key (the answer is no), the id is none (usage), or nobody answers.
pub fn run(args: &ExplainArgs, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    let explained = match (&args.why_not, &args.alert) {
        (Some(about), _) => why_not(&args.data, &about[0], &about[1])?,
        (None, alert) => alert_explained(&args.data, alert.as_deref().unwrap_or_default())?,
    };
    if args.json {
        return answer(explained.to_string().as_bytes());
    }
    let lines = explained["text"].as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_str);
    let asked = args.why_not.as_ref().map(|about| {
        let state = explained["state"].as_str().unwrap_or("nothing is known");
        format!("{} on {}: {state}", about[0], about[1])
    });
    answer(asked.as_deref().into_iter().chain(lines).collect::<Vec<_>>().join("\n").as_bytes())
}

fn alert_explained(data: &Path, alert: &str) -> Result<Value, Failure> {
    let id = id_or_prefix(alert).map_err(unexplained)?;
    match holder(data) {
        Holder::Server(url) => facts(&asked(&url, agent().get(format!("{url}/v1/alerts/{id}/explain")).call())?),
        Holder::Other => {
            note_other(data);
            committed_explained(data, &id)
        }
        Holder::Nobody => committed_explained(data, &id),
    }
}

fn committed_explained(data: &Path, alert: &str) -> Result<Value, Failure> {
    let zone = time_zone_of(data).unwrap_or_else(|| ZONE_UNLESS_NOTED.to_owned());
    committed(data, async |door, who| {
        let explained = explain(door, who, alert, &zone, |_| Now::default()).await;
        Ok(serde_json::to_value(explained.map_err(unexplained)?).expect("texts and numbers are always JSON"))
    })
}

fn unexplained(error: Unexplained) -> Failure {
    match error {
        Unexplained::Unknown(_) => Failure::No(format!("{error}; {FIND_HINT}")),
        Unexplained::NotAnId(_) => Failure::Usage(format!("{error}; {FIND_HINT}")),
        Unexplained::Several(..) => Failure::Usage(format!("{error}; give more digits")),
        Unexplained::Query(error) => unanswered(error),
    }
}

fn why_not(data: &Path, rule: &str, key: &str) -> Result<Value, Failure> {
    let Holder::Server(url) = holder(data) else {
        let text = format!("no server runs on {}; only a running one knows why a rule says nothing", data.display());
        return Err(Failure::Io(format!("{text}; start `vigie serve`, or name another folder with --data")));
    };
    let asking = agent().get(format!("{url}/v1/rules/why-not")).query("rule", rule).query("key", key);
    facts(&asked(&url, asking.call())?)
}

/// The facts a server answered with.
fn facts(answer: &Answer) -> Result<Value, Failure> {
    match answer.status {
        200 => {
            serde_json::from_slice(&answer.body).map_err(|error| Failure::io("the server's answer is no JSON", error))
        }
        404 => Err(Failure::No(answer.error())),
        400..=499 => Err(Failure::Usage(answer.error())),
        _ => Err(Failure::Io(answer.error())),
    }
}
