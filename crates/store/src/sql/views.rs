//! What the views of the door say, and to whom.

use super::limits::SqlLimits;
use super::samples::filled;
use crate::fixture::{self, CENTRE};
use crate::schema::view::View;
use arrow::ipc::reader::StreamReader;
use expect_test::expect;
use vigie_model::audit::AuditRecord;
use vigie_model::doors::QueryFormat;
use vigie_model::principal::Principal;

/// Their columns are those that `vigie sql --describe` tells.
#[tokio::test]
async fn views_have_the_columns_they_are_described_with() {
    let filled = filled(SqlLimits::default()).await;
    for view in View::ALL {
        let sql = format!("SELECT * FROM {view}");
        let answer = filled.ask(&Principal::local(CENTRE), &sql, QueryFormat::Arrow).await.unwrap();
        let schema = StreamReader::try_new(answer.body.as_slice(), None).unwrap().schema();
        let found: Vec<_> =
            schema.fields().iter().map(|field| (field.name().as_str(), field.data_type().clone())).collect();
        let told = view.columns().into_iter().chain(view.computed_columns().iter().copied());
        let told: Vec<_> = told.map(|column| (column.name, column.kind.arrow())).collect();
        assert_eq!(found, told, "{view}");
    }
}

#[tokio::test]
async fn views_answer_from_the_tables() {
    let filled = filled(SqlLimits::default()).await;
    let mut answers = String::new();
    for sql in [
        "SELECT space, hour, expected, seen FROM coverage WHERE hour < '2017-03-12T14:00:00Z' ORDER BY hour, space",
        "SELECT * FROM incident_rates ORDER BY space",
        "SELECT * FROM rule_value",
        "SELECT * FROM rule_recall",
        "SELECT * FROM operator_load",
        "SELECT * FROM sdg_16_1_4",
    ] {
        answers.push_str(&format!("{sql}\n{}", filled.text(sql, QueryFormat::Csv).await));
    }
    expect![[r#"
        SELECT space, hour, expected, seen FROM coverage WHERE hour < '2017-03-12T14:00:00Z' ORDER BY hour, space
        space,hour,expected,seen
        city-square,2017-03-12T10:00:00Z,1,0
        town-hall,2017-03-12T10:00:00Z,1,1
        city-square,2017-03-12T11:00:00Z,1,1
        town-hall,2017-03-12T11:00:00Z,1,0
        city-square,2017-03-12T12:00:00Z,1,0
        town-hall,2017-03-12T12:00:00Z,1,1
        city-square,2017-03-12T13:00:00Z,1,1
        town-hall,2017-03-12T13:00:00Z,1,0
        SELECT * FROM incident_rates ORDER BY space
        space,month,incidents,hours_measured,incidents_measured,people,rate,rate_low,rate_high
        city-square,2017-03-01,0,4,0,16.0,0.0,0.0,229.25073951085943
        town-hall,2017-03-01,1,4,1,12.0,83.33333333333333,1.0893444084586943,463.646298539605
        SELECT * FROM rule_value
        rule,alerts,true_alerts,false_alerts,set_aside,not_judged,precision,precision_low,precision_high,operator_hours,false_per_operator_hour
        Crowded,1,0,1,0,0,0.0,0.0,0.7934506856227626,1,1.0
        SELECT * FROM rule_recall
        rule,category,incidents,with_alert,recall,recall_low,recall_high,lead_s
        Crowded,theft,1,1,1.0,0.20654931437723742,1.0,0.0
        SELECT * FROM operator_load
        hour,alerts,high,medium,low,acknowledged,acknowledge_s,busiest_10min,operators
        2017-03-12T10:00:00Z,1,1,0,0,0,,1,0
        SELECT * FROM sdg_16_1_4
        wave,question,scale,sex,age,asked,safe_share,safe_share_low,safe_share_high
        2018,safe-alone,,f,,234.0,0.8034188034188035,0.7477746004098555,0.8492617645035136
    "#]].assert_eq(&answers);
}

#[tokio::test]
async fn a_partner_sees_views_of_its_own_rows() {
    let filled = filled(SqlLimits::default()).await;
    let (stranger, partner) = (Principal::local("dublin"), fixture::partner("city-square"));
    for view in View::ALL {
        assert_eq!(filled.cell(&stranger, &format!("SELECT count(*) FROM {view}")).await, "0", "{view}");
    }
    for (sql, expected) in [
        ("SELECT count(DISTINCT space), min(space) FROM coverage", "1,city-square"),
        // The only alert is of the town hall.
        ("SELECT count(*) FROM operator_load", "0"),
        ("SELECT count(*) FROM rule_value", "0"),
        ("SELECT count(*), sum(incidents), min(space) FROM incident_rates", "1,0,city-square"),
        ("SELECT asked FROM sdg_16_1_4", "234.0"),
    ] {
        assert_eq!(filled.cell(&partner, sql).await, expected, "{sql}");
    }
}

/// A view by the hour is planned late, and still before the trail is written.
#[tokio::test]
async fn the_trail_names_the_columns_that_coverage_reads() {
    let filled = filled(SqlLimits::default()).await;
    filled.text("SELECT count(*) FROM coverage WHERE hour > '2017-03-12T14:00:00Z'", QueryFormat::Csv).await;
    let records = filled.audit.records.lock().unwrap();
    let begun =
        records.iter().find_map(|record| if let AuditRecord::Begun(begun) = record { Some(begun) } else { None });
    let reads = format!("{:?}", begun.unwrap().reads);
    let columns = r#"{"date", "event_time", "metric", "node", "quality", "sensor", "space"}"#;
    assert_eq!(reads, format!(r#"{{"observations": {columns}}}"#));
}
