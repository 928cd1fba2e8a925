//! A whole report from answers written by hand, in which every kind of row and a hostile name occur.

use crate::facts::Span;
use crate::language::Language;
use crate::making::{Kind, Request, make};
use crate::page::{manifest_of, page};
use crate::plain::plain;
use crate::wording::Wording;
use expect_test::expect;
use jiff::tz::TimeZone;

const HOUR_MS: i64 = 3_600_000;

/// Answers each statement by what it reads.
fn history(sql: &str) -> Result<Vec<u8>, String> {
    let answers = [
        (
            "UNION ALL",
            r#"[{"name":"alerts","rows":7,"last_ms":28799000},{"name":"incidents","rows":0,"last_ms":null}]"#,
        ),
        (
            "FROM alerts",
            r#"[{"alert_id":"a","rule":"Crowded","key":"quay","space":"quay","worst":3,"opened_ms":60000,"ended_ms":660000},
                {"alert_id":"b","rule":"Crowded","key":"quay","space":"quay","worst":4,"opened_ms":7200000,"ended_ms":null},
                {"alert_id":"c","rule":"Loud","key":"<b>","space":"<b>","worst":0,"opened_ms":7260000,"ended_ms":null},
                {"alert_id":"d","rule":"Loud","key":"old","space":"old","worst":1,"opened_ms":-90000000,"ended_ms":null}]"#,
        ),
        (
            "FROM spaces",
            r#"[{"id":"<b>","name":"","geometry":""},
                {"id":"quay","name":"Old Quay","geometry":"{\"type\":\"Point\",\"coordinates\":[3.1,50.2]}"},
                {"id":"park","name":"Park","geometry":"{\"type\":\"Point\",\"coordinates\":[3.2,50.2]}"}]"#,
        ),
        ("action IN ('close', 'reopen')", r#"[{"alert_id":"a","disposition":"nuisance"}]"#),
        (
            "FROM actions",
            r#"[{"alert_id":"a","operator":"Ana","action":"acknowledge","at_ms":180000},
                {"alert_id":"a","operator":"Bo","action":"close","at_ms":700000}]"#,
        ),
        ("FROM incidents", r#"[{"category":"theft","severity":"low","incidents":1}]"#),
        (
            "FROM observations",
            r#"[{"space":"park","sensor":"s1","metric":"noise","values":11,"first_ms":0,"last_ms":10000000},
                {"space":"quay","sensor":"s2","metric":"people","values":11,"first_ms":0,"last_ms":28000000}]"#,
        ),
    ];
    // The first that fits: what tells a question apart stands above the tables that several read.
    let fits = |mark: &&(&str, &'static str)| {
        sql.contains(mark.0) || sql.contains(&mark.0.replace("FROM ", "FROM (SELECT * FROM "))
    };
    let answer = answers.iter().find(fits).map(|(_, answer)| *answer);
    Ok(answer.ok_or_else(|| format!("no answer to {sql}"))?.as_bytes().to_vec())
}

fn made(language: Language) -> String {
    let request = Request {
        kind: Kind::Shift,
        centre: "testville".to_owned(),
        span: Span { from_ms: 0, to_ms: 8 * HOUR_MS },
        measures: Vec::new(),
        wording: Wording { language, zone: TimeZone::UTC },
        as_of_ms: 8 * HOUR_MS,
        made_at_ms: 9 * HOUR_MS,
        command: "vigie report shift".to_owned(),
        vigie: "0".to_owned(),
    };
    page(&make(&request, &mut history).unwrap())
}

#[test]
fn a_shift_in_words() {
    expect![[r#"
        Shift report · testville · 1 January 1970, 00:00 to 1 January 1970, 08:00
        Shift report
        testville · 1 January 1970, 00:00 to 1 January 1970, 08:00
        Bear in mind: For the control room. Counts are shown as they are, small ones too: not for publication.
        Findings
        Alerts opened: 3, of which high or critical: 2. Open at the end: 3.
        Sensors that have fallen silent: 1. Where they stand, no alert does not mean that nothing happens.
        Contents
        The shift in figures
        Alerts hour by hour
        Which rules
        Where
        Open at the end
        What was reported
        Sensors that fell silent
        How it was counted
        Sources of this report
        1. The shift in figures
        Figures of the shift and what a good one looks like (ISA-18.2, EEMUA 191). Operators: 2
        Figure | Value | Target | Judged
        Alerts opened | 3 |  |
        Alerts a day for each operator | 4 | at most 150 | as it should be
        Time in flood | 0.0% | below 1% | as it should be
        Load of the ten busiest rules |  | below 5% |
        Chattering keys | 0 | at most 0 | as it should be
        Active for more than a day | 1 | below 5 | as it should be
        Acknowledged | 1 |  |
        Median time to acknowledge | 2 min | at most 5 min | as it should be
        2. Alerts hour by hour
        Alerts: 3. Most of them, 2, from 02:00 on.
        Alerts by the hour in which they opened, and by the worst severity they had. Hours without a bar had none.
        3. Which rules
        Alerts that opened in the shift, by rule; the 20 busiest.
        Rule | Opened | Worst | Median time open | Median until acknowledged | Closed: true | false or nuisance
        Crowded | 2 | critical | 10 min | 2 min | 0 | 1
        Loud | 1 | informational |  |  | 0 | 0
        Time open counts episodes that have ended. Dispositions are those given by the end of the shift.
        4. Where
        Alerts that opened in the shift, by space. The area of a mark grows with their number; an empty mark had none.
        The 20 spaces with most alerts
        Space | Opened | Worst
        Old Quay | 2 | critical
        &lt;b&gt; | 1 | informational
        5. Open at the end
        Alerts that the next shift takes over, worst first
        Worst | Rule | About | Space | Since | Acknowledged by
        critical | Crowded | quay | Old Quay | 1 January 1970, 02:00 |
        low | Loud | old | old | 30 December 1969, 23:00 |
        informational | Loud | &lt;b&gt; | &lt;b&gt; | 1 January 1970, 02:01 |
        6. What was reported
        Incidents of the shift as sources reported them, whether or not a rule saw them
        Category | Worst | Incidents
        theft | low | 1
        7. Sensors that fell silent
        Sensors that sent nothing for more than three of their usual intervals before the end
        Space | Sensor | Metric | Last value | Usual interval
        Park | s1 | noise | 1 January 1970, 02:46 | 16 min 40 s
        8. How it was counted
        Alert
        One episode of a rule and a key, from its condition holding until it cleared. Rules in shadow are left out: nobody was shown them. It counts in the shift in which it opened.
        Flood
        From the alert that makes more than 10 in 10 minutes for each operator until fewer than 5 are left (ISA-18.2, EEMUA 191). History does not tell which alerts were new to operators because a shelf ended; those are not counted.
        Operators
        Whoever gave a command in the shift, at least one. Somebody who only watched is not counted, so figures for each operator may be too high.
        Exercises
        History does not mark the alerts of an exercise; if one was held, they are counted here.
        9. Sources of this report
        This report was made on 1970-01-01T09:00:00Z by Vigie 0 from what the log of testville had taken up to 1970-01-01T08:00:00Z. The command below makes it again from the same data; whether they are still the same, its manifest tells: for every question the hash of the answer stands there.
        The tables as they were
        Table | Rows | Newest row taken (UTC)
        alerts | 7 | 1970-01-01T07:59:59Z
        incidents | 0 |
        The questions asked
        Question | Rows | Hash of the answer
        episodes | 4 | 12bc50d8b13c3a86
        spaces | 3 | c6553b812835f3e4
        acts | 2 | ca2448230d9f8891
        incidents | 1 | 7bfaeb2ecaf95f5b
        sensors | 2 | d49029deb2cf2ca7
        dispositions | 1 | c11b721caf10590b
        how far the tables had grown | 2 | f7b3e314def9ce91
        Statements and manifest
        episodes
        spaces
        acts
        incidents
        sensors
        dispositions
        how far the tables had grown
    "#]].assert_eq(&plain(&made(Language::English)));
}

#[test]
fn no_name_becomes_markup_and_nothing_is_fetched() {
    for language in [Language::English, Language::French] {
        let html = made(language);
        assert!(!html.contains("<b>") && html.contains("&lt;b&gt;"));
        for fetching in ["src=", "url(h", "url(/", "@import", "<script>", "<link", "http://127"] {
            assert!(!html.contains(fetching), "{fetching}");
        }
        assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
    }
}

#[test]
fn the_manifest_comes_back_from_the_page() {
    let manifest = manifest_of(&made(Language::French)).unwrap();
    assert_eq!(manifest.report, "shift");
    assert_eq!(manifest.as_of, "1970-01-01T08:00:00Z");
    assert!(
        manifest.questions.iter().all(|question| question.answer.as_ref().is_some_and(|answer| answer.len() == 64))
    );
    assert!(
        manifest.questions.iter().all(|question| question.sql.contains("log_time <= TIMESTAMP '1970-01-01T08:00:00Z'"))
    );
}
