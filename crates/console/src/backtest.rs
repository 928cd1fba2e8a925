//! `POST /v1/rules/backtest`: what rules, proposed ones too, would have said about stored rows, as `vigie rules backtest`
//! says it.
//!
//! ```text
//! {"rules":"groups:\n- name: ...","from":"2026-03-01T00:00:00+01:00","truth":"incident.category == \"fight\""}
//! ```

use crate::body::{BODY_BYTES_MAX, Fields};
use crate::given::{NAME_BYTES_MAX, command_fields, conflict, instant};
use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use vigie_model::command::TEXT_BYTES_MAX;
use vigie_model::doors::{BacktestError, BacktestRequest};
use vigie_model::duration::parse_ms;

/// Judges stored rows again.
pub(crate) async fn run(
    State(state): State<ConsoleState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let request = request(command_fields(&headers, body)?)?;
    let door = state.backtests.as_ref().ok_or_else(nothing_to_judge_by)?;
    let report = door.backtest(&state.principal, request).await.map_err(|error| not_run(&error))?;
    Ok(([(CONTENT_TYPE, "application/json")], report).into_response())
}

fn request(mut fields: Fields) -> Result<BacktestRequest, Refusal> {
    const KNOWN: [&str; 7] = ["rules", "from", "to", "warm_up", "window", "shift", "truth"];
    let request = BacktestRequest {
        rules: fields.verbatim("rules", BODY_BYTES_MAX)?,
        from_ms: instant(&mut fields, "from")?,
        to_ms: instant(&mut fields, "to")?,
        warm_up_ms: duration(&mut fields, "warm_up")?,
        window_ms: duration(&mut fields, "window")?,
        shift_ms: duration(&mut fields, "shift")?,
        truth: fields.text("truth", TEXT_BYTES_MAX)?,
    };
    fields.end(&KNOWN)?;
    if request.from_ms.zip(request.to_ms).is_some_and(|(from_ms, to_ms)| to_ms <= from_ms) {
        return Err(Refusal::bad_request("'to' is not later than 'from'"));
    }
    if request.warm_up_ms.is_some() && request.from_ms.is_none() {
        return Err(Refusal::bad_request("'warm_up' is given without 'from'").expected("both, or neither"));
    }
    if request.shift_ms == Some(0) {
        return Err(Refusal::bad_request("'shift': a shift is longer than nothing").expected("a duration such as 8h"));
    }
    if request.truth.as_deref().is_some_and(|truth| truth.chars().any(char::is_control)) {
        return Err(Refusal::bad_request("'truth' contains a control character"));
    }
    Ok(request)
}

fn duration(fields: &mut Fields, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = fields.text(name, NAME_BYTES_MAX)? else { return Ok(None) };
    let wrong = |error| Refusal::bad_request(format!("'{name}': {error}")).expected("a duration such as 15m or 8h");
    parse_ms(&text).map(Some).map_err(wrong)
}

fn nothing_to_judge_by() -> Refusal {
    let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "this process cannot judge stored rows again");
    refusal.hint("ask a process that has history and a configuration file, or use vigie rules backtest")
}

/// The refusal of a backtest that gave no report.
fn not_run(error: &BacktestError) -> Refusal {
    let refused = |status| Refusal::new(status, error.to_string());
    match error {
        BacktestError::Refused(_) => refused(StatusCode::BAD_REQUEST),
        BacktestError::Nothing(_) => refused(StatusCode::NOT_FOUND),
        BacktestError::Unfit(words) => conflict(words).hint("vigie check tells what is wrong with the configuration"),
        BacktestError::Busy => refused(StatusCode::SERVICE_UNAVAILABLE).retry_after_s(5),
        BacktestError::TooLong(_) => refused(StatusCode::SERVICE_UNAVAILABLE)
            .hint("give 'from' with a short 'warm_up', or use vigie rules backtest, which takes its time"),
        BacktestError::Unavailable(_) => refused(StatusCode::SERVICE_UNAVAILABLE).retry_after_s(5),
    }
}
