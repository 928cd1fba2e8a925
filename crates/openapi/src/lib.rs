//! HTTP routes that carry their description, and the [OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.0) document made of them.
//!
//! A route is registered together with its [`Operation`](operation::Operation): [`routes::Routes`] gives a router to serve and a
//! [`document::Document`] to publish, so the two cannot name different paths or methods. What an operation says of bodies and
//! answers is written beside it, as the handlers read bodies field by field and write rows from borrowed text; that it is true is
//! tested against the running server, by our own tests and by schemathesis (`tests/openapi.rs`).
//!
//! ```
//! use vigie_openapi::{operation::Operation, routes::Routes, schema};
//! let operation = Operation::new("ping", "Answer", "Says that somebody is there.").answers("text/plain", schema::text("A word."));
//! let routes: Routes = Routes::new().get("/ping", || async { "pong" }, operation);
//! let (_router, document) = routes.split();
//! assert_eq!(document.to_json("Ping", "1")["paths"]["/ping"]["get"]["operationId"], "ping");
//! ```

#![expect(clippy::needless_pass_by_value, reason = "descriptions are nested calls; a & before each would say nothing")]

pub mod schema;

pub mod operation;

pub mod document;

pub mod routes;
