//! The HTTP API for operators and analysts, and the operator's web page.
//!
//! The console knows neither the log nor history: it reads the live alerts and the public stream of `vigie-alerts`, and
//! reaches everything else through the doors of the model ([`vigie_model::doors`]). [`router::router`] gives routes to
//! merge into the process's one listener:
//!
//! | route | answer |
//! |---|---|
//! | `GET /` | the operator's page, as built from `web/`; without it the simple page |
//! | `GET /simple` | the simple page: one file, for old browsers and for builds without Node |
//! | `GET /v1/alerts` | alerts as JSON or NDJSON; `?space= ?severity= ?handling= ?limit= ?format=ndjson` |
//! | `GET /v1/alerts/stream` | transitions and handling as server-sent events; resumes with `Last-Event-ID` or `?after=` |
//! | `GET /v1/alerts/{id}` | one alert |
//! | `GET /v1/alerts/{id}/explain` | why it began, what happened then, what people did: facts and lines of text |
//! | `POST /v1/alerts/{id}/acknowledge`, `shelve`, `unshelve`, `assign`, `close`, `reopen`, `checklist` | the command's outcome and the alert as it stands then |
//! | `POST /v1/alerts/bulk` | the outcome of the same command for each of several alerts |
//! | `GET /v1/desk` | floods, the mode, what is out of service, chatter, incident files, who is on duty |
//! | `POST /v1/out-of-service`, `.../{id}/return`, `/v1/mode`, `/v1/test-alert` | the command's outcome and the desk as it stands then |
//! | `POST /v1/incident-files`, `.../{id}`, `/v1/shift/sign`, `/v1/shift/sound-check` | likewise |
//! | `POST /v1/reports` | takes an incident by hand into the log |
//! | `GET /v1/shift?from= &to=` | the handover: alerts, files, figures, signatures |
//! | `GET /v1/settings` | what the page needs to know about its centre |
//! | `GET /v1/spaces` | spaces as GeoJSON with their worst state |
//! | `GET /v1/status` | log time, stream position and counts |
//! | `GET /v1/rules` | the rules in force |
//! | `GET /v1/rules/why-not?rule= &key=` | why a rule has no alert for a key now: facts and lines of text |
//! | `POST /v1/rules/backtest` | what rules, proposed ones too, would have said about stored rows |
//! | `POST /v1/sql` | the rows of one read-only statement |
//! | `GET /v1/sql/running`, `DELETE /v1/sql/running/{id}` | one's own queries; cancels one |
//! | `GET /problems/{kind}` | what a kind of refusal means |
//!
//! **Invariants**
//! - Every read and every command is made for the state's principal; what its scope hides answers as if it did not exist.
//! - Every refusal is a problem of RFC 9457, also of an address that is none: see [`refusal`].
//! - A page of another site can neither command nor read: see [`guard`].

pub mod state;

pub mod refusal;

mod body;

pub mod guard;

mod alerts;

mod looker;

mod stream;

mod given;

mod deeds;

mod commands;

mod desk;

mod shift;

mod settings;

mod reports;

mod spaces;

mod status;

mod answers;

mod sql;

mod queries;

mod explain;

mod rules;

mod backtest;

mod problems;

mod page;

#[cfg(vigie_web)]
mod web;

mod described;

pub mod router;
