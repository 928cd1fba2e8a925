//! Routes, registered with their description in one call.

use crate::document::Document;
use crate::operation::Operation;
use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use serde_json::Value;

/// A router and what its routes are.
#[derive(Clone, Debug)]
pub struct Routes<S = ()> {
    router: Router<S>,
    document: Document,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes.
    #[must_use]
    pub fn new() -> Self {
        Self { router: Router::new(), document: Document::default() }
    }

    /// Answers GET requests of a path; HEAD too, which has no description of its own.
    #[must_use]
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H, operation: Operation) -> Self {
        self.on(MethodFilter::GET, "get", path, handler, operation)
    }

    /// Answers POST requests of a path.
    #[must_use]
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H, operation: Operation) -> Self {
        self.on(MethodFilter::POST, "post", path, handler, operation)
    }

    /// Answers DELETE requests of a path.
    #[must_use]
    pub fn delete<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H, operation: Operation) -> Self {
        self.on(MethodFilter::DELETE, "delete", path, handler, operation)
    }

    fn on<H: Handler<T, S>, T: 'static>(
        mut self,
        filter: MethodFilter,
        method: &'static str,
        path: &str,
        handler: H,
        operation: Operation,
    ) -> Self {
        self.document.add(method, path, operation);
        self.router = self.router.route(path, on(filter, handler));
        self
    }

    /// Adds a schema that operations name.
    #[must_use]
    pub fn define(mut self, name: &'static str, schema: Value) -> Self {
        self.document.define(name, schema);
        self
    }

    /// Adds other routes.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.document.merge(other.document);
        self
    }

    /// The router to serve, and the document to publish.
    pub fn split(self) -> (Router<S>, Document) {
        (self.router, self.document)
    }
}
