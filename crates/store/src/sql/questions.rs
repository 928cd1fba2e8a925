//! The questions of docs/sql.md are answered as they stand there.

use super::limits::SqlLimits;
use super::samples::filled_in;
use expect_test::expect;
use vigie_model::doors::QueryFormat;

const DOCS: &str = include_str!("../../../../docs/sql.md");

#[tokio::test]
async fn every_question_of_the_docs_is_answered() {
    let filled = filled_in(SqlLimits::default(), "Australia/Melbourne").await;
    let mut answers = String::new();
    let mut questions = 0;
    for part in DOCS.split("```sql\n").skip(1) {
        let (sql, _) = part.split_once("```").unwrap();
        let answer = filled.text(sql, QueryFormat::Csv).await;
        assert!(answer.contains(','), "{sql}\n{answer}");
        answers.push_str(&answer);
        answers.push('\n');
        questions += 1;
    }
    assert!(questions >= 15, "{questions}");
    expect![[r#"
        hour,mean,peak
        4,7,7
        3,6,6
        2,5,5
        1,4,4
        0,3,3

        space,local_time,people
        city-square,2017-03-13T04:00:00,7
        town-hall,2017-03-13T03:00:00,6

        space,weekend,weekdays
        city-square,1,5
        town-hall,1,5

        space,day,people,a_week_before
        city-square,2017-03-12,1,
        city-square,2017-03-13,15,
        town-hall,2017-03-12,2,
        town-hall,2017-03-13,10,

        day,shift,rule,alerts
        2017-03-12,3,Crowded,1

        space,alerts,grave
        town-hall,1,1

        rule,at_night,by_day
        Crowded,1,0

        rule,space,since,summary

        rule,key,again_within_the_hour

        ten_minutes,alerts
        2017-03-12T10:00:00Z,1

        rule,acknowledged,median_s,longest_s

        operator,action,outcome,times
        ines,close,done,1

        rule,true_alerts,judged,precision
        Crowded,0,1,0.0

        rule,cause,times
        Crowded,market day,1

        node,sensor,last_heard,hours_silent
        n1,s1,2017-03-12T16:00:00Z,1.0
        ,s2,2017-03-12T17:00:00Z,0.0

        sensor,day,hours
        s2,2017-03-12,1
        s1,2017-03-12,2
        s1,2017-03-13,2
        s2,2017-03-13,3

        space,sensor,late,doubtful,all_rows
        city-square,s2,4,0,4
        town-hall,s1,0,0,4

        space,category,by_day,by_night
        town-hall,theft,0,1

        space,sex,asked,unsafe_share
        city-square,f,234,0.19658119658119658

    "#]]
    .assert_eq(&answers);
}
