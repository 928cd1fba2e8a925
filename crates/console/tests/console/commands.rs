//! What operators do, and what attackers try, over a real socket.

use crate::http::{Reply, get, post, request};
use crate::room::{MOOMBA_MS, Room, Said, serve};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use vigie_console::state::ConsoleState;
use vigie_model::alert::AlertState;
use vigie_model::severity::Severity;

/// An alert "run" that goes on and an alert "over" that has cleared.
fn room() -> Arc<Room> {
    let room = Room::new(Vec::new(), 100);
    let say = |id, state| {
        let said = Said { id, space: "town-hall", severity: Severity::High, state, summary: "crowded" };
        room.say(&said, None);
    };
    say("run", AlertState::Active);
    say("over", AlertState::Active);
    say("over", AlertState::Cleared);
    room
}

#[test]
fn an_alert_is_acknowledged_once_and_closed_when_it_is_over() {
    let at = serve(room().state(), 0);
    let first = post(at, "/v1/alerts/over/acknowledge", r#"{"operator":" Ada ","note":"camera 4"}"#);
    assert_eq!((first.status, &first.json()["outcome"]), (200, &"done".into()));
    assert_eq!(first.json()["alert"]["acknowledged"]["operator"], "Ada");
    let again = post(at, "/v1/alerts/over/acknowledge", r#"{"operator":"Bea"}"#);
    assert_eq!((again.status, &again.json()["outcome"]), (200, &"unchanged".into()));
    assert_eq!(again.json()["alert"]["acknowledged"]["operator"], "Ada", "the first one stays");

    let close = r#"{"operator":"Bea","disposition":"nuisance","cause":"fireworks"}"#;
    let closed = post(at, "/v1/alerts/over/close", close);
    assert_eq!((closed.status, &closed.json()["alert"]["handling"]), (200, &"closed".into()));
    assert_eq!(get(at, "/v1/alerts/over").json()["closed"]["disposition"], "nuisance");
    expect_test::expect![[r#"
        409 {"detail":"the alert is already closed","hint":"reopen it if it was closed by mistake"}
        409 {"detail":"the alert is still active or stale","hint":"acknowledge it now and close it once it has cleared"}
        404 {"detail":"no alert has this id","hint":"GET /v1/alerts lists those that are kept; older ones are in the history table 'alerts'"}"#]]
    .assert_eq(&["over", "run", "nowhere"].map(|id| post(at, &format!("/v1/alerts/{id}/close"), close).told()).join("\n"));
    assert_eq!(get(at, "/v1/status").json()["handled"], 2);
}

#[test]
fn a_wrong_body_is_told_the_field_and_what_was_expected() {
    let at = serve(room().state(), 0);
    let long = format!(r#"{{"operator":"Ada","note":"{}"}}"#, "x".repeat(5000));
    let cases = [
        ("acknowledge", "{}"),
        ("acknowledge", r#"{"operator":"  "}"#),
        ("acknowledge", r#"{"operator":7}"#),
        ("acknowledge", r#"{"operator":"A\u0000"}"#),
        ("acknowledge", r#"{"operator":"Ada","until":"2017-03-12T09:00:00Z"}"#),
        ("acknowledge", r#"{"operator":"Ada","until":"tomorrow"}"#),
        ("acknowledge", r#"{"operator":"Ada","disposition":"true"}"#),
        ("acknowledge", r#"{"operator":"Ada","note2":"x"}"#),
        ("acknowledge", &long),
        ("acknowledge", r#"["Ada"]"#),
        ("acknowledge", "{operator"),
        ("close", r#"{"operator":"Ada"}"#),
        ("close", r#"{"operator":"Ada","disposition":"maybe"}"#),
        ("close", r#"{"operator":"busy","disposition":"true"}"#),
        ("close", r#"{"operator":"closed","disposition":"true"}"#),
        ("shelve", r#"{"operator":"Ada","until":"2017-03-12T11:00:00Z"}"#),
        ("shelve", r#"{"operator":"Ada","note":"why"}"#),
        ("assign", r#"{"operator":"Ada"}"#),
        ("checklist", r#"{"operator":"Ada","state":"done"}"#),
        ("checklist", r#"{"operator":"Ada","step":-1,"state":"done"}"#),
        ("checklist", r#"{"operator":"Ada","step":1,"state":"half"}"#),
        ("checklist", r#"{"operator":"Ada","step":1,"state":"done"}"#),
        ("unshelve", r#"{"operator":"Ada","until":"2017-03-12T11:00:00Z"}"#),
    ];
    expect_test::expect![[r#"
        400 {"detail":"'operator' is missing","expected":"the name of the person who acts"}
        400 {"detail":"'operator' is missing","expected":"the name of the person who acts"}
        400 {"detail":"'operator' is not text","expected":"a JSON string"}
        400 {"detail":"'operator' contains a control character","expected":"the name of the person who acts"}
        400 {"detail":"'until' has passed already","expected":"an instant behind log time, which /v1/status tells"}
        400 {"detail":"'until' is not an instant","expected":"RFC 3339 with an offset, as in 2017-03-12T21:00:00+11:00"}
        400 {"detail":"unknown field 'disposition'","expected":"operator, note, until"}
        400 {"detail":"unknown field 'note2'","expected":"operator, note, until","hint":"did you mean 'note'?"}
        400 {"detail":"'note' is too long: 5000 bytes","expected":"at most 4096 bytes"}
        400 {"detail":"the body is not a JSON object","expected":"a JSON object such as {\"operator\":\"Ada\"}"}
        400 {"detail":"the body is not valid JSON: key must be a string at line 1 column 2","expected":"a JSON object such as {\"operator\":\"Ada\"}"}
        400 {"detail":"'disposition' is missing","expected":"true, false, nuisance, test or duplicate"}
        400 {"detail":"'disposition' is none of the words","expected":"true, false, nuisance, test or duplicate"}
        503 {"detail":"too busy to take the command now; try again in a second","hint":"nothing was taken; send it again"}
        503 {"detail":"the log is closed; the command may not have been taken","hint":"look whether it was before sending it again"}
        400 {"detail":"'note' is missing","expected":"why it is put out of sight"}
        400 {"detail":"'until' is missing","expected":"when it comes back"}
        400 {"detail":"'to' is missing","expected":"the name of the person who is to act"}
        400 {"detail":"'step' is missing","expected":"the number of a step, from 1"}
        400 {"detail":"'step' is not a whole number","expected":"a JSON number from 0"}
        400 {"detail":"'state' is none of the words","expected":"open, done or skipped"}
        409 {"detail":"the alert's checklist has no such step"}
        400 {"detail":"unknown field 'until'","expected":"operator, note"}"#]]
    .assert_eq(&cases.map(|(verb, body)| post(at, &format!("/v1/alerts/over/{verb}"), body).told()).join("\n"));
    let busy = post(at, "/v1/alerts/over/close", r#"{"operator":"busy","disposition":"true"}"#);
    assert_eq!(busy.header("retry-after"), Some("1"));
    assert_eq!(get(at, "/v1/status").json()["handled"], 0, "nothing wrong had an effect");
}

fn acknowledge(at: SocketAddr, headers: &str) -> Reply {
    request(at, "POST /v1/alerts/run/acknowledge", headers, br#"{"operator":"Eve"}"#)
}

#[test]
fn a_page_of_another_site_can_neither_command_nor_read() {
    let at = serve(room().state(), 0);
    let form = acknowledge(at, "Content-Type: text/plain");
    expect_test::expect![[
        r#"415 {"detail":"the body is not declared to be JSON","expected":"Content-Type: application/json"}"#
    ]]
    .assert_eq(&form.told());
    let json = "Content-Type: application/json";
    assert_eq!(acknowledge(at, &format!("{json}\r\nOrigin: http://evil.example")).status, 403);
    assert_eq!(acknowledge(at, &format!("{json}\r\nOrigin: null")).status, 403);
    let rebound = format!("{json}\r\nHost: evil.example\r\nOrigin: http://evil.example");
    assert_eq!(acknowledge(at, &rebound).status, 403);
    assert_eq!(request(at, "GET /v1/alerts", "Host: evil.example:8080", b"").status, 403);
    assert_eq!(get(at, "/v1/status").json()["handled"], 0);
    assert_eq!(acknowledge(at, &format!("{json}; charset=utf-8\r\nOrigin: http://{at}")).status, 200);
}

#[test]
fn hostile_requests_are_refused_and_the_next_one_is_served() {
    let at = serve(room().state(), 0);
    let big = vec![b' '; 70 * 1024];
    let reply = request(at, "POST /v1/alerts/run/acknowledge", "Content-Type: application/json", &big);
    assert_eq!(reply.told(), r#"413 {"detail":"the body is too large","expected":"at most 65536 bytes"}"#);
    let deep = "[".repeat(50_000);
    assert_eq!(post(at, "/v1/alerts/run/acknowledge", &deep).status, 400);
    assert_eq!(request(at, "POST /v1/sql", "", b"\xff\xfe").status, 400);
    expect_test::expect![[r#"
        400 {"detail":"Invalid URL: Invalid UTF-8 in `id`"}
        404 {"detail":"there is nothing at this address"}
        405 {"detail":"the method does not belong to this address"}
        404 {"detail":"there is no problem of this kind"}
        200 The state of things forbids it (409)

        Nothing was changed. Look at how it stands now, then decide.
    "#]]
    .assert_eq(
        &[
            "GET /v1/alerts/%ff",
            "GET /v1/nowhere",
            "DELETE /v1/sql",
            "GET /problems/nonsense",
            "GET /problems/conflict",
        ]
        .map(|line| request(at, line, "", b"").told())
        .join("\n"),
    );
    assert_eq!(request(at, "PUT /v1/alerts", "", b"").header("allow"), Some("GET,HEAD"));
    assert_eq!(get(at, "/v1/alerts/..%2f..%2fetc").status, 404);
    assert_eq!(get(at, "/v1/alerts?space=%00%ff").body, "[]");
    assert_eq!(request(at, "GET /v1/alerts/stream", "Last-Event-ID: -1", b"").status, 400);
    assert_eq!(get(at, "/v1/status").status, 200);
}

#[test]
fn statements_come_as_json_or_text_and_go_out_as_asked() {
    let at = serve(room().state(), 0);
    let text = request(at, "POST /v1/sql?format=csv", "", b"SELECT 1");
    assert_eq!((text.status, &*text.body), (200, "melbourne|Csv|SELECT 1"));
    assert_eq!((text.header("content-type"), text.header("vigie-rows")), (Some("text/x-test"), Some("1")));
    let asked = |headers: &str, body: &str| request(at, "POST /v1/sql", headers, body.as_bytes()).body;
    assert_eq!(asked("Accept: text/csv;q=0.9", "SELECT 1"), "melbourne|Csv|SELECT 1");
    assert_eq!(asked("Accept: */*", "SELECT 1"), "melbourne|Json|SELECT 1");
    assert_eq!(post(at, "/v1/sql", r#"{"sql":"SELECT 1","format":"arrow"}"#).body, "melbourne|Arrow|SELECT 1");
    expect_test::expect![[r#"
        400 {"detail":"only SELECT may be run"}
        422 {"detail":"ran longer than 30 s"}
        503 {"detail":"history cannot be read: disk is gone"}
        400 {"detail":"there is no statement","expected":"{\"sql\":\"SELECT ...\"} or the plain text"}"#]]
    .assert_eq(
        &["DROP TABLE alerts", "SELECT slow", "SELECT lost", " "]
            .map(|sql| request(at, "POST /v1/sql", "", sql.as_bytes()).told())
            .join("\n"),
    );
    let wrong = post(at, "/v1/sql", r#"{"sql":"SELECT 1","format":"xml"}"#);
    assert_eq!(wrong.told(), r#"400 {"detail":"'format' is not understood","expected":"table, csv, json or arrow"}"#);
    let overruled = post(at, "/v1/sql?format=xml", r#"{"sql":"SELECT 1","format":"csv"}"#);
    assert_eq!(overruled.told(), wrong.told(), "a wrong word is told also where another one decides");
    let bare = serve(ConsoleState { queries: None, ..room().state() }, 0);
    assert_eq!(request(bare, "POST /v1/sql", "", b"SELECT 1").status, 503);
}

#[test]
fn a_query_says_what_for_under_which_id_and_how_much_of_it() {
    let at = serve(room().state(), 0);
    let headers = "Vigie-Reason: shift report, Z\u{fc}rich\r\nVigie-Query: mine-1";
    let told = request(at, "POST /v1/sql", headers, b"SELECT told");
    assert_eq!(told.header("vigie-query"), Some("mine-1"));
    let body = r#"{"sql":"SELECT told","reason":"a study","rows_max":10,"bytes_max":4294967295}"#;
    expect_test::expect![[r#"
        http Some("shift report, Zürich") AnswerBounds { rows_max: None, bytes_max: None } Some("mine-1")
        http Some("a study") AnswerBounds { rows_max: Some(10), bytes_max: Some(4294967295) } None
        400 {"detail":"'rows_max' is not a whole number","expected":"a JSON number from 0"}"#]]
    .assert_eq(&format!(
        "{}\n{}\n{}",
        told.body,
        post(at, "/v1/sql", body).body,
        post(at, "/v1/sql", r#"{"sql":"SELECT 1","rows_max":-1}"#).told()
    ));
}

/// A failure behind the first bytes must not look like the end of the answer.
#[test]
fn small_answers_are_whole_or_a_problem_and_large_ones_streamed_or_broken_off() {
    let at = serve(room().state(), 0);
    let ask = |sql: &str| request(at, "POST /v1/sql", "Connection: close", sql.as_bytes());
    assert_eq!(ask("SELECT late").told(), r#"409 {"detail":"the query was cancelled"}"#);
    let (much, broken) = (ask("SELECT much"), ask("SELECT broken"));
    for reply in [&much, &broken] {
        assert_eq!((reply.status, reply.header("transfer-encoding")), (200, Some("chunked")));
        assert_eq!((reply.header("vigie-rows"), reply.header("vigie-query")), (None, Some("q-17")));
    }
    let last_chunk = "\r\n0\r\n\r\n";
    assert_eq!(much.body.matches('x').count(), 600 << 10);
    assert!(much.body.ends_with(last_chunk), "a whole answer has its last chunk");
    assert!(broken.body.matches('x').count() > 400 << 10);
    assert!(!broken.body.ends_with(last_chunk), "one that broke off has none");
}

#[test]
fn queries_are_listed_and_cancelled() {
    let at = serve(room().state(), 0);
    let listed = get(at, "/v1/sql/running").json();
    assert_eq!(listed["running"][0]["sql"].as_str().map(str::len), Some(200));
    expect_test::expect![[r#"{"asked":"2017-03-12T10:00:00Z","door":"http","error":"too large","id":"q-1","outcome":"limited","reason":"for local","rows":7}"#]].assert_eq(&{
        let mut ended = listed["ended"][0].clone();
        ended.as_object_mut().unwrap().remove("sql");
        ended.to_string()
    });
    assert_eq!(request(at, "DELETE /v1/sql/running/q-1", "", b"").json()["outcome"], "cancelled");
    expect_test::expect![[r#"404 {"detail":"no query of yours with this id is running","hint":"GET /v1/sql/running lists those that are, and those that ended lately"}"#]]
        .assert_eq(&request(at, "DELETE /v1/sql/running/q-2", "", b"").told());
}

#[test]
fn the_simple_page_is_served_so_that_the_browser_runs_nothing_else() {
    let page = get(serve(room().state(), 0), "/simple");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let csp = page.header("content-security-policy").unwrap();
    assert!(csp.starts_with("default-src 'none'; script-src 'sha256-") && !csp.contains("unsafe"), "{csp}");
    assert!(page.body.contains("</html>"));
}

/// The full page where it was built, else the simple one; either way nothing but the server's own files may run.
#[test]
fn the_page_and_the_files_it_names_are_served_and_nothing_else_may_run() {
    let at = serve(room().state(), 0);
    let page = get(at, "/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let csp = page.header("content-security-policy").unwrap();
    assert!(csp.starts_with("default-src 'none'; ") && !csp.contains("unsafe") && !csp.contains('*'), "{csp}");
    for name in page.body.split("/assets/").skip(1) {
        let path = format!("/assets/{}", name.split('"').next().unwrap());
        let file = get(at, &path);
        assert_eq!((file.status, file.header("cache-control")), (200, Some("public, max-age=31536000, immutable")));
    }
    assert_eq!(get(at, "/assets/nothing.js").status, 404);
}

#[test]
fn the_life_of_an_alert_over_http() {
    let room = room();
    let at = serve(room.state(), 0);
    let deed = |verb: &str, body: &str| {
        let reply = post(at, &format!("/v1/alerts/run/{verb}"), body);
        assert_eq!(reply.status, 200, "{verb}: {}", reply.body);
        let answer = reply.json();
        (answer["outcome"].as_str().unwrap().to_owned(), answer["alert"].clone())
    };
    let (outcome, alert) = deed("assign", r#"{"operator":"Ada","to":"Bea"}"#);
    assert_eq!((&*outcome, &alert["assigned"]["to"], &alert["handling"]), ("done", &"Bea".into(), &"open".into()));
    let (_, alert) = deed("acknowledge", r#"{"operator":"Bea","until":"2017-03-12T10:30:00Z"}"#);
    assert_eq!(
        (&alert["handling"], &alert["acknowledged"]["until"]),
        (&"acknowledged".into(), &"2017-03-12T10:30:00Z".into())
    );
    room.log_time_ms.store(MOOMBA_MS + 30 * 60_000, Ordering::Relaxed);
    room.tick();
    let alert = get(at, "/v1/alerts/run").json();
    assert_eq!(
        (&alert["handling"], &alert["reannounced"]["reason"]),
        (&"open".into(), &"acknowledgement_expired".into())
    );
    let (_, alert) = deed("shelve", r#"{"operator":"Bea","note":"works","until":"2017-03-12T12:00:00Z"}"#);
    assert_eq!((&alert["handling"], &alert["shelved"]["note"]), (&"shelved".into(), &"works".into()));
    let (outcome, _) = deed("unshelve", r#"{"operator":"Bea"}"#);
    assert_eq!(outcome, "done");
    let (outcome, _) = deed("unshelve", r#"{"operator":"Bea"}"#);
    assert_eq!(outcome, "unchanged");
    let closed = post(at, "/v1/alerts/over/close", r#"{"operator":"Bea","disposition":"false"}"#);
    assert_eq!(closed.json()["alert"]["handling"], "closed");
    let reopened = post(at, "/v1/alerts/over/reopen", r#"{"operator":"Bea"}"#).json();
    assert_eq!(
        (&reopened["alert"]["handling"], &reopened["alert"]["reannounced"]["reason"]),
        (&"open".into(), &"reopened".into())
    );
    let over =
        post(at, "/v1/alerts/over/shelve", r#"{"operator":"Bea","note":"works","until":"2017-03-12T12:00:00Z"}"#);
    expect_test::expect![[r#"409 {"detail":"the alert is over","hint":"close it"}"#]].assert_eq(&over.told());
}

#[test]
fn a_bulk_is_one_command_for_each_alert_with_an_outcome_of_its_own() {
    let at = serve(room().state(), 0);
    let bulk = |body: &str| post(at, "/v1/alerts/bulk", body);
    let close = bulk(
        r#"{"operator":"Ada","alerts":["over","run","nowhere","over"],"action":"close","disposition":"duplicate"}"#,
    );
    let outcomes: Vec<_> = close.json()["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", row["alert_id"], row["outcome"]))
        .collect();
    assert_eq!(
        outcomes,
        [r#""over" "done""#, r#""run" "still_active""#, r#""nowhere" "unknown_alert""#, r#""over" "already_closed""#]
    );
    let busy = bulk(r#"{"operator":"busy","alerts":["run"],"action":"acknowledge"}"#);
    assert_eq!(busy.json()["results"][0]["outcome"], "not_taken");
    expect_test::expect![[r#"
        400 {"detail":"'alerts' is missing","expected":"the ids of the alerts"}
        400 {"detail":"'alerts' is missing","expected":"the ids of the alerts"}
        400 {"detail":"'alerts' is not a list of texts","expected":"a JSON array of at most 500 texts of at most 256 bytes each"}
        400 {"detail":"'action' is none of the words","expected":"acknowledge, shelve, unshelve, assign or close"}
        400 {"detail":"'note' is missing","expected":"why it is put out of sight"}
        400 {"detail":"unknown field 'disposition'","expected":"alerts, action, operator, note, until"}"#]].assert_eq(
        &[
            r#"{"operator":"Ada","action":"acknowledge"}"#,
            r#"{"operator":"Ada","alerts":[],"action":"acknowledge"}"#,
            r#"{"operator":"Ada","alerts":[7],"action":"acknowledge"}"#,
            r#"{"operator":"Ada","alerts":["run"],"action":"reopen"}"#,
            r#"{"operator":"Ada","alerts":["run"],"action":"shelve","until":"2017-03-12T12:00:00Z"}"#,
            r#"{"operator":"Ada","alerts":["run"],"action":"acknowledge","disposition":"true"}"#,
        ]
        .map(|body| bulk(body).told())
        .join("\n"),
    );
}
