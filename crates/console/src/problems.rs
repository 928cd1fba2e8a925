//! `GET /problems/{kind}`: what a kind of refusal means, for a person who followed the `type` of a problem.

use crate::refusal::Refusal;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use vigie_model::problem::ProblemKind;

/// Tells the meaning of a kind.
pub(crate) async fn meaning(Path(name): Path<String>) -> Result<Response, Refusal> {
    let known = ProblemKind::ALL.into_iter().find(|kind| kind.uri().rsplit('/').next() == Some(name.as_str()));
    let kind = known.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "there is no problem of this kind"))?;
    Ok(format!("{} ({})\n\n{}\n", kind.title(), kind.status(), kind.meaning()).into_response())
}
