//! What one method of one path reads and answers.

use serde_json::{Map, Value, json};
use vigie_model::problem::{PROBLEM_MEDIA_TYPE, ProblemKind};

/// The schema of every refusal, by its name in the document.
pub const PROBLEM: &str = "Problem";

/// An operation, described.
#[derive(Clone, Debug)]
pub struct Operation {
    id: &'static str,
    summary: &'static str,
    description: &'static str,
    tag: &'static str,
    parameters: Vec<Value>,
    bodies: Map<String, Value>,
    answers: Map<String, Value>,
    answer_headers: Map<String, Value>,
    refusals: Vec<ProblemKind>,
}

impl Operation {
    /// An operation: its id for programs, what it does in a few words, and what has to be known about it.
    #[must_use]
    pub fn new(id: &'static str, summary: &'static str, description: &'static str) -> Self {
        Self {
            id,
            summary,
            description,
            tag: "",
            parameters: Vec::new(),
            bodies: Map::new(),
            answers: Map::new(),
            answer_headers: Map::new(),
            refusals: vec![ProblemKind::Forbidden],
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The group it is listed in.
    #[must_use]
    pub fn tag(mut self, tag: &'static str) -> Self {
        self.tag = tag;
        self
    }

    /// A part of the path.
    #[must_use]
    pub fn path(mut self, name: &str, schema: Value, example: &str) -> Self {
        self.parameters
            .push(json!({ "name": name, "in": "path", "required": true, "schema": schema, "example": example }));
        self
    }

    /// A parameter of the query that may be left out.
    #[must_use]
    pub fn query(self, name: &str, schema: Value, example: Value) -> Self {
        self.parameter("query", name, false, schema, example)
    }

    /// A parameter of the query that has to be there.
    #[must_use]
    pub fn required_query(self, name: &str, schema: Value, example: Value) -> Self {
        self.parameter("query", name, true, schema, example)
    }

    /// A header field that may be left out.
    #[must_use]
    pub fn header(self, name: &str, schema: Value, example: Value) -> Self {
        self.parameter("header", name, false, schema, example)
    }

    fn parameter(mut self, place: &str, name: &str, is_required: bool, schema: Value, example: Value) -> Self {
        let mut parameter = json!({ "name": name, "in": place, "required": is_required, "schema": schema });
        parameter["example"] = example;
        self.parameters.push(parameter);
        self
    }

    /// A body it reads.
    #[must_use]
    pub fn reads(mut self, media_type: &str, schema: Value, example: Value) -> Self {
        self.bodies.insert(media_type.to_owned(), json!({ "schema": schema, "example": example }));
        self
    }

    /// What it answers with 200.
    #[must_use]
    pub fn answers(mut self, media_type: &str, schema: Value) -> Self {
        self.answers.insert(media_type.to_owned(), json!({ "schema": schema }));
        self
    }

    /// What it answers with 200, with an example.
    #[must_use]
    pub fn answers_as(mut self, media_type: &str, schema: Value, example: Value) -> Self {
        self.answers.insert(media_type.to_owned(), json!({ "schema": schema, "example": example }));
        self
    }

    /// A header field of its answer.
    #[must_use]
    pub fn tells(mut self, name: &str, schema: Value) -> Self {
        self.answer_headers.insert(name.to_owned(), json!({ "schema": schema }));
        self
    }

    /// The refusals it may answer with, besides that of a page of another site.
    #[must_use]
    pub fn refuses(mut self, kinds: &[ProblemKind]) -> Self {
        self.refusals.extend(kinds);
        self
    }

    /// The operation object of the document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut answer = json!({ "description": self.summary, "content": self.answers });
        if !self.answer_headers.is_empty() {
            answer["headers"] = self.answer_headers.clone().into();
        }
        let mut responses = Map::from_iter([("200".to_owned(), answer)]);
        responses.extend(self.refusals.iter().map(|kind| (kind.status().to_string(), refusal(*kind))));
        let mut operation = json!({
            "operationId": self.id, "summary": self.summary, "description": self.description, "tags": [self.tag],
            "responses": responses,
        });
        if !self.parameters.is_empty() {
            operation["parameters"] = self.parameters.clone().into();
        }
        if !self.bodies.is_empty() {
            operation["requestBody"] = json!({ "required": true, "content": self.bodies });
        }
        operation
    }
}

fn refusal(kind: ProblemKind) -> Value {
    let (uri, title) = (kind.uri(), kind.title());
    let example = json!({ "type": uri, "title": title, "status": kind.status(), "detail": kind.meaning() });
    let content = json!({ "schema": { "$ref": format!("#/components/schemas/{PROBLEM}") }, "example": example });
    let mut response = json!({ "description": title, "content": { PROBLEM_MEDIA_TYPE: content } });
    if matches!(kind, ProblemKind::Shed | ProblemKind::Unavailable) {
        let schema = json!({ "type": "integer", "description": "Seconds after which trying again makes sense." });
        response["headers"] = json!({ "Retry-After": { "schema": schema } });
    }
    response
}
