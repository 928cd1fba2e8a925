//! The OpenAPI document of everything the listener answers to programs: served at `/v1/openapi.json`, printed by `vigie openapi`.

use crate::app::listener::health_document;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use serde_json::json;
use std::sync::LazyLock;
use vigie_console::router::document as console_document;
use vigie_ingest::intake::http::document as intake_document;
use vigie_openapi::document::Document;
use vigie_openapi::operation::Operation;
use vigie_openapi::routes::Routes;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut document = openapi_routes().split().1;
    for part in [intake_document(), console_document(), health_document()] {
        document.merge(part);
    }
    written(&document)
});

/// The document as text.
#[must_use]
pub fn document() -> &'static str {
    &DOCUMENT
}

/// `/v1/openapi.json`.
pub fn openapi_router() -> Router {
    openapi_routes().split().0
}

fn openapi_routes() -> Routes {
    let operation = Operation::new("getDocument", "This document", "What `vigie openapi` prints.")
        .tag("service")
        .answers("application/json", json!({ "type": "object" }));
    Routes::new().get("/v1/openapi.json", async || ([(CONTENT_TYPE, "application/json")], document()), operation)
}

fn written(document: &Document) -> String {
    let document = document.to_json("Vigie", env!("CARGO_PKG_VERSION"));
    serde_json::to_string_pretty(&document).expect("JSON can be written") + "\n"
}
