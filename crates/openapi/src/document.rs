//! The document: all operations by path and method, and the schemas they name.

use crate::operation::{Operation, PROBLEM};
use crate::schema::{self, Object};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use vigie_model::problem::ProblemKind;

/// Descriptions of routes.
#[derive(Clone, Debug, Default)]
pub struct Document {
    paths: BTreeMap<String, BTreeMap<&'static str, Operation>>,
    schemas: BTreeMap<&'static str, Value>,
}

impl Document {
    /// Adds an operation; `method` in lower case.
    pub(crate) fn add(&mut self, method: &'static str, path: &str, operation: Operation) {
        self.paths.entry(path.to_owned()).or_default().insert(method, operation);
    }

    /// Adds a schema that operations [name](schema::named).
    pub(crate) fn define(&mut self, name: &'static str, schema: Value) {
        self.schemas.insert(name, schema);
    }

    /// Adds all that another document holds.
    pub fn merge(&mut self, other: Self) {
        for (path, operations) in other.paths {
            self.paths.entry(path).or_default().extend(operations);
        }
        self.schemas.extend(other.schemas);
    }

    /// The document as JSON, always in the same order.
    #[must_use]
    pub fn to_json(&self, title: &str, version: &str) -> Value {
        let operations = |of: &BTreeMap<&'static str, Operation>| -> Map<String, Value> {
            of.iter().map(|(method, operation)| ((*method).to_owned(), operation.to_json())).collect()
        };
        let paths: Map<_, _> = self.paths.iter().map(|(path, of)| (path.clone(), operations(of).into())).collect();
        let mut schemas = self.schemas.clone();
        schemas.insert(PROBLEM, problem());
        json!({
            "openapi": "3.1.0",
            "info": { "title": title, "version": version, "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
            "servers": [{ "url": "/" }],
            "paths": paths,
            "components": { "schemas": schemas },
        })
    }
}

fn problem() -> Value {
    let uris: Vec<_> = ProblemKind::ALL.iter().map(|kind| kind.uri()).collect();
    Object::open("A refusal (RFC 9457); docs/api.md says what each type means.")
        .with("type", schema::word(&uris, "What programs branch on."))
        .with("title", schema::text("The type in a few words."))
        .with("status", schema::integer(400, "The HTTP status."))
        .with("detail", schema::text("What was wrong with this request."))
        .may_have("expected", schema::text("What would have been right."))
        .may_have("hint", schema::text("What to do."))
        .schema()
}
