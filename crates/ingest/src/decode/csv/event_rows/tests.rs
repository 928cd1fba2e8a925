//! Surveys, incidents and positions, through mappings alone.

use super::*;
use crate::decode::csv::reader::CsvReader;
use crate::decode::csv::spec::MappingSpec;
use crate::limits::WORD_BYTES_MAX;
use crate::spaces::registry::{Registry, UnknownSpace};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::fmt::Write;
use std::sync::Arc;
use vigie_log::interner::Interner;
use vigie_model::batch::EventRef;
use vigie_model::names::NameKind;
use vigie_model::space::Space;
use vigie_model::time::format_utc;

fn spec(text: &str) -> MappingSpec {
    toml::from_str(&format!("name = \"m\"\nfiles = [\"*\"]\n{text}")).unwrap()
}

/// The events of a file as lines, with what was refused, left out or missing.
fn read(text: &str, file: &str) -> String {
    let interner = Arc::new(Interner::new(1000));
    let square = r#"{"type":"Polygon","coordinates":[[[0,51],[1,51],[1,52],[0,52],[0,51]]]}"#;
    let square = Space { geometry: square.into(), ..Space::registered("square") };
    let spaces = vec![square, Space::registered("city"), Space::registered("carlton")];
    let registry = Registry::new("c", Arc::new(spaces), UnknownSpace::Reject, 0, 0.0);
    let mut names = NameCache::new(Arc::clone(&interner), Arc::new(registry));
    let mapping = Arc::new(Mapping::new(&spec(text)).unwrap());
    let mut rows = CsvReader::open("f.csv", file.as_bytes(), 1, mapping, &mut names).unwrap();
    let (mut events, mut report) = (Events::default(), Report::default());
    while rows.read(events.len() + 1, &mut names, &mut events, &mut report).unwrap() {}
    assert_eq!(report.taken, events.len() as u64);
    let space = |index| interner.name(NameKind::Space, index).unwrap();
    let mut told = String::new();
    for (index, event) in events.order.iter().enumerate() {
        write!(told, "{}: ", events.origin[index].line).unwrap();
        match *event {
            EventRef::Observation(row) => {
                let row = events.observations.row(row as usize);
                write!(told, "{} {} {}", space(row.space), row.value, format_utc(row.event_time_ms)).unwrap();
            }
            EventRef::Incident(row) => {
                let row = &events.incidents[row as usize];
                let time = format_utc(row.event_time_ms);
                write!(
                    told,
                    "{} {} '{}' {} {time}",
                    space(row.space),
                    row.category,
                    row.channel,
                    row.severity.as_str()
                )
                .unwrap();
            }
            EventRef::Perception(row) => {
                let row = &events.perceptions[row as usize];
                let share = row.share.map_or("-".to_owned(), |share| share.to_string());
                let weight = row.weight.map_or("-".to_owned(), |weight| weight.to_string());
                let (wave, period, time) = (&row.wave, &row.period, format_utc(row.event_time_ms));
                write!(told, "{} {wave} {period} {:?} n={} ", space(row.space), row.group, row.n).unwrap();
                write!(told, "unsafe={} share={share} weight={weight} {time}", row.unsafe_count).unwrap();
                if let Some(scale) = &row.scale {
                    write!(told, " [{scale}]").unwrap();
                }
            }
        }
        told.push('\n');
    }
    for reject in &report.rejects {
        writeln!(told, "{} refused: {}", reject.line, reject.reason).unwrap();
    }
    writeln!(told, "missing {}, left out {}", report.missing, report.left_out).unwrap();
    told
}

fn check(text: &str, file: &str, expected: &Expect) {
    expected.assert_eq(&read(text, file));
}

#[test]
fn answers_one_by_one_keep_scale_weight_and_refusals_apart() {
    let mapping = r#"
        event = "perception"
        layout = "long"
        value_is = "answer"
        missing = ["", "NA"]
        columns = { value = "Q4", space = "Area", wave = "Wave", weight = "w", group = { sex = "Sex" } }
        constants = { question = "How safe do you feel here after dark?", period = "night" }
        only_rows = { Mode = ["face"] }
        [answers]
        "Very safe" = "safe"
        "Fairly safe" = "safe"
        "A bit unsafe" = "unsafe"
        "Very unsafe" = "unsafe"
        "Don't know" = "refused"
        [words.group]
        "1" = "m"
        "2" = "f"
    "#;
    let file = "Area,Wave,Sex,Q4,w,Mode\n\
                city,2018,1,Very safe,1.25,face\n\
                city,2018,2,Very unsafe,0.5,face\n\
                city,2018,2,Don't know,1,face\n\
                city,2018,,A bit unsafe,,face\n\
                city,2018,1,NA,1,face\n\
                city,2018,1,Very safe,1,web\n\
                city,2018,3,Very safe,1,face\n\
                city,2018,1,Very saf,1,face\n\
                pity,2018,1,Very safe,1,face\n\
                city,two,1,Very safe,1,face\n";
    check(
        mapping,
        file,
        &expect![[r#"
            2: city 2018 night {"sex": "m"} n=1 unsafe=0 share=- weight=1.25 2018-01-01T00:00:00Z [safe: Fairly safe, Very safe; unsafe: A bit unsafe, Very unsafe]
            3: city 2018 night {"sex": "f"} n=1 unsafe=1 share=- weight=0.5 2018-01-01T00:00:00Z [safe: Fairly safe, Very safe; unsafe: A bit unsafe, Very unsafe]
            4: city 2018 night {"sex": "f"} n=0 unsafe=0 share=- weight=1 2018-01-01T00:00:00Z [safe: Fairly safe, Very safe; unsafe: A bit unsafe, Very unsafe]
            5: city 2018 night {} n=1 unsafe=1 share=- weight=- 2018-01-01T00:00:00Z [safe: Fairly safe, Very safe; unsafe: A bit unsafe, Very unsafe]
            8 refused: group: the word is not in words.group of csv mapping 'm'; it lists 1, 2
            9 refused: the answer is not in answers of csv mapping 'm'; did you mean 'Very safe'?
            10 refused: space 'pity' is not declared; did you mean 'city'?
            11 refused: time is missing, and wave does not begin with a year
            missing 1, left out 1
        "#]],
    );
}

#[test]
fn published_shares_stay_as_published_and_a_missing_n_is_no_people() {
    let mapping = r#"
        event = "perception"
        layout = "long"
        value_is = "safe_percent"
        thousands = ","
        columns = { name = "GROUP", value = "RESULT", n = "N", wave = "YEAR" }
        constants = { question = "Feel safe by yourself - at night", scale = "very safe or safe", period = "night" }
        [names]
        "All" = { space = "city" }
        "Carlton 3053" = { space = "carlton" }
        "Female" = { space = "city", group = { sex = "f" } }
    "#;
    let file = "YEAR,GROUP,N,RESULT\n2020,All,\"1,320\",64.3\n2020,Carlton 3053,139,56.1\n2020,Female,,58\n\
                2017/18,All,,68.08609377647656\n2020,All,9,\n2020,All,9,100.1\n2020,Male,1,1\n2020,All,x,1\n2020,All,-1,50\n";
    check(
        mapping,
        file,
        &expect![[r#"
            2: city 2020 night {} n=1320 unsafe=471.24 share=0.357 weight=- 2020-01-01T00:00:00Z [very safe or safe]
            3: carlton 2020 night {} n=139 unsafe=61.021 share=0.439 weight=- 2020-01-01T00:00:00Z [very safe or safe]
            4: city 2020 night {"sex": "f"} n=0 unsafe=0 share=0.42 weight=- 2020-01-01T00:00:00Z [very safe or safe]
            5: city 2017/18 night {} n=0 unsafe=0 share=0.319139 weight=- 2017-01-01T00:00:00Z [very safe or safe]
            7 refused: value: a share outside 0 to 1, or a percentage outside 0 to 100
            8 refused: the name is not in the name map of csv mapping 'm'
            9 refused: n is not a whole number of 64 bits
            10 refused: n and unsafe count people; expected numbers not below 0
            missing 1, left out 0
        "#]],
    );
}

#[test]
fn wide_waves_are_events_each() {
    let mapping = r#"
        event = "perception"
        layout = "wide"
        value_is = "unsafe_share"
        only = ["2014", "2015"]
        columns = { question = "Question", group = { age = "Age" } }
        constants = { space = "city" }
        [names]
        "2014" = { wave = "2014", period = "night" }
        "2015" = { wave = "2015" }
    "#;
    check(
        mapping,
        "Question,Age,Unit,2013,2014,2015\nSafe?,18-39,share,0.2,0.25,\nSafe?,,share,,2,0.5\n",
        &expect![[r#"
            2: city 2014 night {"age": "18-39"} n=0 unsafe=0 share=0.25 weight=- 2014-01-01T00:00:00Z
            3: city 2015  {} n=0 unsafe=0 share=0.5 weight=- 2015-01-01T00:00:00Z
            3 refused: column '2014': value: a share outside 0 to 1, or a percentage outside 0 to 100
            missing 1, left out 0
        "#]],
    );
}

#[test]
fn incidents_of_a_month_and_searches_by_position() {
    let crime = r#"
        event = "incident"
        layout = "long"
        time = { columns = ["Month"], format = "%Y-%m", zone = "Europe/London", resolution = "month" }
        columns = { space = "LSOA", category = "Type" }
        constants = { channel = "police", severity = "low" }
    "#;
    check(
        crime,
        "Month,LSOA,Type,Person\n2019-07,city,Other theft,Ann\n2019-07,,Drugs,Bob\n2019,city,Drugs,\n",
        &expect![[r#"
            2: city Other theft 'police' low 2019-06-30T23:00:00Z
            3 refused: space is missing; expected space, or lat and lon
            4 refused: time: not an instant; expected RFC 3339 with an offset (2017-03-12T21:00:00+11:00) or epoch milliseconds
            missing 0, left out 0
        "#]],
    );
    let searches = r#"
        event = "observation"
        layout = "long"
        time = { columns = ["Date"], format = "rfc3339" }
        columns = { lat = "Latitude", lon = "Longitude" }
        constants = { metric = "searches", value = "1" }
    "#;
    check(
        searches,
        "Date,Latitude,Longitude,Age\n2019-01-01T02:48:45+00:00,51.5,0.5,18\n2019-01-01T02:48:45+00:00,5,0.5,18\n",
        &expect![[r#"
            2: square 1 2019-01-01T02:48:45Z
            3 refused: no declared space contains the position or is near enough to it
            missing 0, left out 0
        "#]],
    );
    let counted = searches.replace("columns = {", "factor = \"0.5\"\n        columns = { value = \"n\",");
    check(
        &counted,
        "Date,Latitude,Longitude,n\n2019-01-01T02:48:45+00:00,51.5,0.5,3\n2019-01-01T02:48:45+00:00,51.5,0.5,\n",
        &expect![[r#"
            2: square 1.5 2019-01-01T02:48:45Z
            missing 1, left out 0
        "#]],
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    let told = |text: &str| {
        let problems = Mapping::new(&spec(text)).unwrap_err();
        problems.iter().map(|problem| format!("{}: {}\n", problem.key, problem.text)).collect::<String>()
    };
    let found = told(
        r#"event = "perception"
        layout = "long"
        thousands = "12"
        columns = { category = "c", metric = "m" }
        [answers]
        yes = "safe"
        [words.category]
        a = "b""#,
    );
    expect![[r#"
        columns: columns.category: a perception has no category
        columns: metric, quality and seq: a perception has none
        value_is: value_is is missing: what the values are; expected answer, safe_percent, unsafe_percent, safe_share, unsafe_share or unsafe_count
        answers: answers belongs to value_is = "answer"
        constants: nothing says the question of a row; add it to columns, constants or names
        time: time is missing, and so is a wave, whose year would stand for it
        constants: nothing says the space of a row; add it to constants, columns or names, or add lat and lon to columns
        words: words.category: a perception has no category
        thousands: thousands is not one character as in "," or " "
    "#]]
    .assert_eq(&found);
    let found = told(
        "event = \"incident\"\nlayout = \"wide\"\ninterval = \"1h\"\nvalue_is = \"answer\"\nanswers = { a = \"safe\" }",
    );
    expect![[r#"
        time: time is missing
        event: interval, label and factor belong to observations
        layout: the wide layout is for observations that name their space, and for perceptions
        value_is: value_is and thousands belong to perceptions
        constants: nothing says the category of a row; add it to columns, constants or names
        constants: nothing says the space of a row; add it to constants, columns or names, or add lat and lon to columns
    "#]]
    .assert_eq(&found);
}

#[test]
fn observations_by_space_have_no_other_fields_and_may_be_chosen() {
    let told = |text: &str| {
        let time = "time = { columns = [\"t\"], format = \"rfc3339\" }";
        let constants = "constants = { space = \"city\", metric = \"m\" }";
        let problems = Mapping::new(&spec(&format!("{time}\n{constants}\n{text}"))).unwrap_err();
        problems.iter().map(|problem| problem.text.clone()).collect::<Vec<_>>()
    };
    let found = told("layout = \"long\"\ncolumns = { value = \"v\", category = \"c\", group = { sex = \"s\" } }");
    assert_eq!(found, ["columns.category: an observation has no category", "group: an observation has none"]);
    let found = told("layout = \"wide\"\nthousands = \",\"");
    assert_eq!(found, ["value_is, thousands, answers and words belong to other events; say which with event"]);
    let survey = "event = \"perception\"\nvalue_is = \"safe_share\"";
    let found = told(&format!("{survey}\nlayout = \"wide\"\ncolumns = {{ id = \"i\", question = \"q\" }}"));
    assert!(found.iter().any(|text| text.starts_with("columns.id: a row of a wide file")), "{found:?}");
    let long = "x".repeat(WORD_BYTES_MAX);
    let answers = format!("answers = {{ \"{long}\" = \"safe\" }}");
    let found = told(&format!("event = \"perception\"\nlayout = \"long\"\nvalue_is = \"answer\"\n{answers}"));
    assert!(found.iter().any(|text| text.contains("name the scale in constants.scale")), "{found:?}");
    let mapping = r#"
        layout = "wide"
        only_rows = { Kind = ["count"] }
        time = { columns = ["t"], format = "epoch_s" }
        constants = { space = "city", metric = "m" }
    "#;
    let file = "t,Kind,a\n0,count,1\n0,sum,2\n";
    check(
        mapping,
        file,
        &expect![[r#"
            2: city 1 1970-01-01T00:00:00Z
            missing 0, left out 1
        "#]],
    );
}

/// The sections shown in the documentation of `event_spec`, as they stand there.
#[test]
fn the_documented_sections_are_right() {
    #[derive(serde::Deserialize)]
    struct File {
        csv: Vec<MappingSpec>,
    }
    let source = include_str!("../event_spec.rs");
    let shown = source.split("//! ```").nth(1).unwrap().lines().skip(1).map(|line| line.trim_start_matches("//!"));
    let file: File = toml::from_str(&shown.collect::<Vec<_>>().join("\n")).unwrap();
    let names: Vec<_> = file.csv.iter().map(|spec| Mapping::new(spec).unwrap().name().to_owned()).collect();
    assert_eq!(names, ["answers", "published", "crime"]);
}

proptest! {
    #[test]
    fn a_share_and_its_complement_are_one(micros in 0..=100_000_000i64) {
        let value = Decimal::from_micros(micros);
        let of = |kind| unsafe_share(kind, value).unwrap().micros();
        let sum = of(ValueKind::SafePercent) + of(ValueKind::UnsafePercent);
        prop_assert!((sum - 1_000_000).abs() <= 1, "each is rounded by itself");
        prop_assert_eq!(of(ValueKind::UnsafePercent), (micros as f64 / 100.0).round_ties_even() as i64);
    }
}
