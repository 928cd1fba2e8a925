//! The OpenAPI document and the running server say the same: every operation is answered as described and no other, and
//! schemathesis, which sends whatever the document invites to and some of what it does not, finds nothing undocumented.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{CROWDED_RULES, PEOPLE_METRIC, Running, found_centre, project, python, run, serve, text, vigie};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// Pages and their parts, which are for browsers, and no part of the API.
const PAGES: [&str; 4] = ["/", "/simple", "/assets/{name}", "settings::BASEMAP"];
/// How long schemathesis may ask, in seconds.
const ASKING_S: &str = "60";
const SEED: &str = "7";

/// A server with an alert that goes on and one that is over.
fn found(folder: &Path) -> Running {
    found_centre(folder, PEOPLE_METRIC, CROWDED_RULES);
    let server = Running::start(serve(folder));
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let people = |space: &str, value: u64, later: u64| json!({"space": space, "sensor": "s1", "metric": "people_count", "value": value, "time": time + later});
    let events = json!([people("plaza", 120, 0), people("quay", 120, 0), people("quay", 1, 1)]);
    assert_eq!(server.post_json("/v1/events", &events).0, 200);
    while !server.get("/v1/alerts").1.contains("cleared") {}
    server
}

fn document() -> Value {
    serde_json::from_slice(&run(vigie().arg("openapi"), 0).stdout).unwrap()
}

/// Method, path and operation.
fn operations(document: &Value) -> Vec<(String, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
        })
        .collect()
}

/// Status of the answer to a bare request, by a client that sends what it is told to.
fn status(server: &Running, method: &str, path: &str) -> u16 {
    let address = server.url.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn the_document_names_what_the_server_answers_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = found(folder.path());
    let document = document();
    let (code, served) = server.get("/v1/openapi.json");
    assert_eq!((code, serde_json::from_str::<Value>(&served).unwrap()), (200, document.clone()));
    let operations = operations(&document);
    for path in document["paths"].as_object().unwrap().keys() {
        // A part of a path that fits no route of its own.
        let address = path.replace("{id}", "bd40316b2be944af923ebeebc050be08").replace("{kind}", "conflict");
        for method in METHODS {
            let answered = status(&server, method, &address);
            match operations.iter().find(|(known, of, _)| known == method && of == path) {
                Some((.., operation)) => {
                    let documented = operation["responses"].as_object().unwrap().contains_key(&answered.to_string());
                    assert!(documented, "{method} {path} answers {answered}, which is not documented");
                }
                None => assert_eq!(answered, 405, "{method} {path} is answered and not documented"),
            }
        }
    }
}

/// Only [`vigie_openapi::routes::Routes`] registers what programs use: nothing is answered that the document does not name.
#[test]
fn no_route_is_registered_past_the_document() {
    let mut past = BTreeSet::new();
    for folder in ["crates/console/src", "crates/ingest/src", "src"] {
        for (file, source) in sources(&project().join(folder)) {
            let registered = source.split(".route(").skip(1).filter_map(|rest| rest.split(',').next());
            past.extend(registered.map(|path| (path.trim().trim_matches('"').to_owned(), file.clone())));
        }
    }
    past.retain(|(path, _)| !PAGES.contains(&path.as_str()));
    assert_eq!(past, BTreeSet::new(), "register it with `Routes`, or name it among the pages");
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

#[test]
fn every_operation_is_explained_and_every_name_has_a_meaning() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let says = |name: &str| operation[name].as_str().is_some_and(|text| !text.is_empty());
        assert!(says("summary") && says("description") && says("operationId"), "{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
        assert!(operation["tags"][0].as_str().is_some_and(|tag| !tag.is_empty()), "{method} {path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                parameter.get("example").is_some() && parameter["schema"]["description"].is_string(),
                "{parameter}"
            );
        }
        for body in operation["requestBody"]["content"].as_object().into_iter().flat_map(|bodies| bodies.values()) {
            assert!(body.get("example").is_some(), "{method} {path}");
        }
        assert!(
            operation["responses"]["403"].is_object() && operation["responses"]["200"].is_object(),
            "{method} {path}"
        );
    }
    let (text, schemas) = (document.to_string(), document["components"]["schemas"].as_object().unwrap());
    let named: BTreeSet<_> =
        text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(
        named,
        schemas.keys().map(String::as_str).collect(),
        "every schema is named and every name has a schema"
    );
}

#[test]
fn the_api_page_lists_every_operation() {
    let (document, page) = (document(), std::fs::read_to_string(project().join("docs/api.md")).unwrap());
    for (method, path, operation) in operations(&document) {
        let row = format!("| `{method} {path}` | {} |", operation["summary"].as_str().unwrap());
        assert!(page.contains(&row), "docs/api.md lacks the row\n{row}");
    }
}

/// The command beside the Python of the tests; says so when there is none.
fn schemathesis(test: &str) -> Option<PathBuf> {
    let command = python(test)?.with_file_name("schemathesis");
    if command.exists() {
        return Some(command);
    }
    assert!(std::env::var_os("VIGIE_REQUIRE_PYTHON").is_none(), "VIGIE_PYTHON has no schemathesis beside it");
    let said = "VIGIE_PYTHON has no schemathesis beside it; scripts/python-env.sh installs it";
    writeln!(std::io::stderr(), "SKIPPED {test}: {said}").expect("standard error can be written");
    None
}

/// Bounded in time and seeded; the stream is left out, as its answer never ends (crates/console/tests has it).
#[test]
fn schemathesis_finds_no_error_and_nothing_undocumented() {
    let Some(schemathesis) = schemathesis("schemathesis_finds_no_error_and_nothing_undocumented") else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = found(folder.path());
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                  response_schema_conformance,unsupported_method,allow_header_conformance,missing_required_header";
    let mut asking = Command::new(schemathesis);
    asking
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", project().join("tests/openapi"))
        .current_dir(folder.path());
    asking.arg("run").arg(format!("{}/v1/openapi.json", server.url)).args(["--exclude-operation-id", "followAlerts"]);
    asking.args([
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        "40",
        "--max-time",
        ASKING_S,
        "--seed",
        SEED,
    ]);
    asking.args(["--checks", checks, "--request-timeout", "60", "--generation-database", "none", "--no-color"]);
    let said = text(&run(&mut asking, 0).stdout);
    println!("{said}");
    assert!(said.contains("Tested: "), "{said}");
    assert_eq!(server.get("/healthz").0, 200);
}
