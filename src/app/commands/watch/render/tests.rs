use super::*;
use crate::app::commands::watch::board::Status;
use vigie_model::time::parse_rfc3339_ms;

fn board() -> Board {
    let rows = r#"
        {"alert_id":"aa","rule":"Crowded","space":"birrarung-marr","severity":"high","state":"active","event_time":"2017-03-12T09:53:00Z","log_time":"2017-03-12T09:53:01Z","summary":"Birrarung Marr: 9,411 people in six hours","offset":1,"handling":"open","reannounced":{"log_time":"2017-03-12T09:59:00Z","reason":"shelf_expired"}}
        {"alert_id":"bb","rule":"Calm","space":"a-space-with-a-name-that-is-too-long","severity":"informational","state":"cleared","event_time":"2017-03-10T05:00:00Z","log_time":"2017-03-10T05:00:01Z","summary":"it is calm","offset":2,"exercise":true}
        {"alert_id":"cc","rule":"Crowded","space":"town-hall","severity":"critical","state":"stale","event_time":"2017-03-12T09:59:20Z","log_time":"2017-03-12T09:59:21Z","summary":"Town Hall: 7,665 people","offset":3,"handling":"acknowledged","acknowledged":{"operator":"Ada","log_time":"2017-03-12T09:59:30Z"}}
        {"alert_id":"dd","rule":"Crowded","space":"town-hall","severity":"low","state":"active","event_time":"2017-03-12T09:59:20Z","log_time":"2017-03-12T09:59:21Z","summary":"hidden","offset":4,"handling":"shelved"}"#;
    let items = rows.lines().filter(|row| !row.is_empty()).map(|row| Item::read(row).unwrap()).collect();
    let mut board = Board::new(0, 10_000);
    let status = Status {
        name: "Melbourne".to_owned(),
        time_zone: "Australia/Melbourne".to_owned(),
        log_time_ms: parse_rfc3339_ms("2017-03-12T10:00:07Z").unwrap(),
        position: Some(4),
    };
    board.read(status, items, 0, 0);
    board
}

fn shown(board: &Board, now_ms: i64, height: usize, selected: usize) -> String {
    let view = View { now_ms, height, selected, footer: "keys" };
    let lines = screen(board, view);
    assert_eq!(lines.len(), height);
    let drawn = |line: &Line| line.drawn(110, false).replace("\x1b[0m", "").trim_end().to_owned();
    lines.iter().map(drawn).collect::<Vec<_>>().join("\n").replace('\x1b', "^")
}

#[test]
fn the_list_with_words_for_everything() {
    expect_test::expect![[r#"
        ^[7m Melbourne  2017-03-12 21:00:07   2 open, 1 acknowledged, 1 shelved^[7m
          ^[1mHIGH         ^[1m  open          active   7m07s  birrarung-marr             Birrarung Marr: 9,411 people in six…
        > INFORMATIONAL^[1m  open          cleared  2d05h  a-space-with-a-name-that…  EXERCISE it is calm
          ^[7mCRITICAL       acknowledged  stale    47s    town-hall                  Town Hall: 7,665 people [Ada]


        ^[7m keys^[7m"#]].assert_eq(&shown(&board(), 100, 7, 1));
}

#[test]
fn old_lists_say_so_and_show_no_ages() {
    let mut old = board();
    expect_test::expect![[r#"
        ^[7m Melbourne  2017-03-12 21:00:07   2 open, 1 acknowledged, 1 shelved^[7m
        ^[1;7m VIGIE JUDGES NO MORE: no tick for 14s; what you see is old^[1;7m
        > ^[2mHIGH^[2m  open  active  ?  birrarung-marr  Birrarung Marr: 9,411 people in six hours [again: shelf expired]
        ^[7m keys^[7m"#]].assert_eq(&shown(&old, 14_000, 4, 0));
    old.lost("connection refused".to_owned(), 3_000);
    expect_test::expect![[r#"
        ^[7m Melbourne  2017-03-12 21:00:07   2 open, 1 acknowledged, 1 shelved^[7m
        ^[1;7m NO CONNECTION for 1m15s: what you see is old (connection refused)^[1;7m
        > ^[2mCRITICAL^[2m  acknowledged  stale  ?  town-hall  Town Hall: 7,665 people [Ada]
        ^[7m keys^[7m"#]]
    .assert_eq(&shown(&old, 75_000, 4, 2));
    let never = Board::new(0, 10_000);
    expect_test::expect![[r#"
        ^[7m Vigie^[7m
        ^[1;7m NO CONNECTION for 0s: what you see is old (not connected yet)^[1;7m
        ^[7m keys^[7m"#]]
    .assert_eq(&shown(&never, 500, 3, 0));
}
