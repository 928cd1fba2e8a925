//! The routes that ask the running rules.

use crate::http::{get, post};
use crate::room::{Room, serve};
use vigie_console::state::ConsoleState;

#[test]
fn the_rules_in_force_and_why_one_says_nothing() {
    let at = serve(Room::new(Vec::new(), 10).state(), 0);
    let told = |path: &str| get(at, path).told();
    expect_test::expect![[r#"
        200 [{"name":"Crowded","uid":"","version":"","kind":"threshold","severity":"medium","shadow":false,"inhibited_by":["Blind"],"guidance":{"action":"Look at camera 4"}}]
        200 {"text":["town-hall/s1 is calm"]}
        404 {"detail":"there is no rule 'Crowdde'"}
        503 {"detail":"the rules are too busy to answer now; try again in a second"}
        400 {"detail":"'key' is missing","expected":"?rule=NAME&key=SPACE/SENSOR"}
        400 {"detail":"unknown query parameter 'keys'","expected":"rule, key","hint":"did you mean 'key'?"}"#]].assert_eq(
        &[
            "/v1/rules",
            "/v1/rules/why-not?rule=Crowded&key=town-hall%2Fs1",
            "/v1/rules/why-not?rule=Crowdde&key=town-hall",
            "/v1/rules/why-not?rule=busy&key=town-hall",
            "/v1/rules/why-not?rule=Crowded",
            "/v1/rules/why-not?rule=Crowded&keys=town-hall",
        ]
        .map(told)
        .join("\n"),
    );
}

#[test]
fn a_backtest_is_asked_whole_and_refused_in_words() {
    let room = Room::new(Vec::new(), 10);
    let at = serve(room.state(), 0);
    let ask = |json: &str| post(at, "/v1/rules/backtest", json).told();
    expect_test::expect![[r#"
        200 {"asked":"BacktestRequest { rules: None, from_ms: None, to_ms: None, warm_up_ms: None, window_ms: None, shift_ms: None, truth: None }"}
        200 {"asked":"BacktestRequest { rules: Some(\"\\n  groups: []\\n\"), from_ms: Some(0), to_ms: Some(1000), warm_up_ms: Some(604800000), window_ms: Some(60000), shift_ms: Some(3600000), truth: Some(\"x\") }"}
        400 {"detail":"proposed.yaml:3:1: error: no rule"}
        404 {"detail":"history has no rows"}
        409 {"detail":"vigie.toml:1: error: no centre","hint":"vigie check tells what is wrong with the configuration"}
        503 {"detail":"another backtest is running; try again when it is done"}
        503 {"detail":"the backtest was stopped after 120 s","hint":"give 'from' with a short 'warm_up', or use vigie rules backtest, which takes its time"}
        503 {"detail":"disk is gone"}
        400 {"detail":"'truth' contains a control character"}
        400 {"detail":"'to' is not later than 'from'"}
        400 {"detail":"'warm_up' is given without 'from'","expected":"both, or neither"}
        400 {"detail":"'shift': a shift is longer than nothing","expected":"a duration such as 8h"}
        400 {"detail":"'window': not a duration; expected whole numbers with units ms, s, m, h, d from the largest to the smallest, as in 90s or 1h30m","expected":"a duration such as 15m or 8h"}
        400 {"detail":"'rules' is not text","expected":"a JSON string"}"#]].assert_eq(
        &[
            "{}",
            r#"{"rules":"\n  groups: []\n","from":"1970-01-01T01:00:00+01:00","to":"1970-01-01T00:00:01Z","warm_up":"7d","window":"1m","shift":"1h","truth":"x"}"#,
            r#"{"truth":"wrong"}"#,
            r#"{"truth":"empty"}"#,
            r#"{"truth":"unfit"}"#,
            r#"{"truth":"second"}"#,
            r#"{"truth":"slow"}"#,
            r#"{"truth":"lost"}"#,
            r#"{"truth":"a\u0000b"}"#,
            r#"{"from":"1970-01-01T00:00:00Z","to":"1970-01-01T00:00:00Z"}"#,
            r#"{"warm_up":"7d"}"#,
            r#"{"shift":"0s"}"#,
            r#"{"window":"-1s"}"#,
            r#"{"rules":[]}"#,
        ]
        .map(ask)
        .join("\n"),
    );
    assert_eq!(post(at, "/v1/rules/backtest", r#"{"truth":"second"}"#).header("retry-after"), Some("5"));
    let bare = serve(ConsoleState { backtests: None, ..room.state() }, 0);
    assert_eq!(post(bare, "/v1/rules/backtest", "{}").status, 503);
}
