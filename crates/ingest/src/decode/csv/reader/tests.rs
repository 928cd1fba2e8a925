//! Small pieces of the cities' files, through mappings alone.

use super::*;
use crate::decode::csv::spec::MappingSpec;
use crate::spaces::registry::{Registry, UnknownSpace};
use proptest::prelude::*;
use std::collections::BTreeSet;
use vigie_log::interner::Interner;
use vigie_model::names::NO_NAME;
use vigie_model::space::Space;
use vigie_model::time::format_utc;

struct Door {
    names: NameCache,
    interner: Arc<Interner>,
}

fn door() -> Door {
    let interner = Arc::new(Interner::new(1000));
    let spaces = ["town-hall", "birrarung-marr", "park"].map(Space::registered).to_vec();
    let registry = Registry::new("c", Arc::new(spaces), UnknownSpace::Reject, 0, 0.0);
    Door { names: NameCache::new(Arc::clone(&interner), Arc::new(registry)), interner }
}

fn mapping(text: &str) -> Arc<Mapping> {
    let spec: MappingSpec = toml::from_str(&format!("name = \"m\"\nfiles = [\"*\"]\n{text}")).unwrap();
    Arc::new(Mapping::new(&spec).unwrap())
}

impl Door {
    fn name(&self, kind: NameKind, index: NameIx) -> String {
        if index == NO_NAME { "-".to_owned() } else { self.interner.name(kind, index).unwrap().to_string() }
    }

    /// Rows as `line space sensor metric value event-time`, and the report.
    fn read(&mut self, mapping: Arc<Mapping>, text: &str) -> (Vec<String>, Report) {
        let mut rows = CsvReader::open("f.csv", text.as_bytes(), 1, mapping, &mut self.names).unwrap();
        let (mut events, mut report) = (Events::default(), Report::default());
        while rows.read(events.len() + 1, &mut self.names, &mut events, &mut report).unwrap() {}
        assert_eq!(rows.bytes_read(), text.len() as u64);
        assert_eq!(report.taken, events.len() as u64);
        let identities: BTreeSet<_> = events.origin.iter().map(|origin| format!("{origin:?}")).collect();
        assert_eq!(identities.len(), events.len(), "every row has an identity of its own");
        let described = (0..events.len()).map(|index| {
            let row = events.observations.row(index);
            let (space, sensor) = (self.name(NameKind::Space, row.space), self.name(NameKind::Sensor, row.sensor));
            let (metric, time) = (self.name(NameKind::Metric, row.metric), format_utc(row.event_time_ms));
            format!("{} {space} {sensor} {metric} {} {time}", events.origin[index].line, row.value)
        });
        (described.collect(), report)
    }

    fn header_problems(&mut self, mapping: Arc<Mapping>, text: &str) -> Vec<String> {
        match CsvReader::open("f.csv", text.as_bytes(), 1, mapping, &mut self.names) {
            Err(OpenError::Header(found)) => found.iter().map(ToString::to_string).collect(),
            other => panic!("expected problems, got {other:?}"),
        }
    }
}

const MELBOURNE: &str = r#"
    layout = "wide"
    interval = "1h"
    label = "start"
    missing = ["-1", ""]
    names_are = ["space", "sensor"]
    time = { columns = ["Date", "Hour"], format = "%d/%m/%Y %H", zone = "Australia/Melbourne" }
    constants = { metric = "people_count" }
    names = { "Town Hall (West)" = "town-hall", "Birrarung Marr" = "birrarung-marr" }"#;

#[test]
fn melbourne_wide_labels_start_and_minus_one_is_no_row() {
    let text = "Date,Hour,Town Hall (West),Birrarung Marr\n12/03/2017,20,-1,7665\n13/03/2017,9,0,\n\n";
    let (rows, report) = door().read(mapping(MELBOURNE), text);
    let expected = [
        "2 birrarung-marr birrarung-marr people_count 7665 2017-03-12T10:00:00Z",
        "3 town-hall town-hall people_count 0 2017-03-12T23:00:00Z",
    ];
    assert_eq!(rows, expected);
    assert_eq!((report.missing, report.rejected), (2, 0));
}

#[test]
fn a_bad_cell_or_line_loses_nothing_else() {
    let text = "Date,Hour,Town Hall (West),Birrarung Marr\n12/03/2017,20,x,7\n12/03/2017,21,1\n31/02/2017,0,1,1\n12/03/2017,\"22,1,1\n12/03/2017,23,1,2\n";
    let (rows, report) = door().read(mapping(MELBOURNE), text);
    assert_eq!(rows.len(), 3);
    let told: Vec<_> = report.rejects.iter().map(|reject| (reject.line, reject.reason.as_str())).collect();
    assert_eq!(told[0], (2, "column 'Town Hall (West)': value: not a number"));
    assert_eq!(told[1], (3, "has 3 columns; expected 4, as in the header"));
    assert!(told[2].0 == 4 && told[2].1.starts_with("time: not an instant"), "{told:?}");
    assert_eq!(told[3], (5, "a quoted field does not end on its line"));
}

#[test]
fn the_repeated_hour_is_told_apart_and_the_missing_one_moved() {
    let text = "Date,Hour,Town Hall (West),Birrarung Marr\n02/04/2017,1,1,1\n02/04/2017,2,2,-1\n02/04/2017,2,3,3\n01/10/2017,2,4,-1\n";
    let (rows, report) = door().read(mapping(MELBOURNE), text);
    let town_hall: Vec<_> =
        rows.iter().filter(|row| row.contains("town-hall")).map(|row| &row[row.len() - 20..]).collect();
    assert_eq!(
        town_hall,
        ["2017-04-01T15:00:00Z", "2017-04-01T16:00:00Z", "2017-04-01T17:00:00Z", "2017-09-30T17:00:00Z"]
    );
    assert_eq!((report.times_repeated, report.times_shifted), (1, 1));
}

#[test]
fn tsibble_long_has_instants_and_names() {
    let mapping = mapping(
        r#"
        layout = "long"
        interval = "1h"
        label = "start"
        missing = ["NA"]
        names_are = ["space", "sensor"]
        time = { columns = ["Date_Time"], format = "rfc3339" }
        columns = { name = "Sensor", value = "Count" }
        constants = { metric = "people_count" }
        names = { "Birrarung Marr" = "birrarung-marr" }"#,
    );
    let text = "Sensor,Date_Time,Date,Time,Count\nBirrarung Marr,2014-12-31T13:00:00Z,2015-01-01,0,1630\n\
                Birrarung Marr,2014-12-31T14:00:00Z,2015-01-01,1,NA\nBirarung Mar,2014-12-31T14:00:00Z,2015-01-01,1,5\n";
    let (rows, report) = door().read(mapping, text);
    assert_eq!(rows, ["2 birrarung-marr birrarung-marr people_count 1630 2014-12-31T14:00:00Z"]);
    assert_eq!((report.missing, report.rejected), (1, 1));
    assert_eq!(report.unmatched_names["Birarung Mar"].as_deref(), Some("did you mean 'Birrarung Marr'?"));
}

#[test]
fn dublin_has_tabs_and_columns_without_a_name() {
    let mapping = mapping(
        r#"
        delimiter = "\t"
        layout = "wide"
        ignore = ["Unnamed: 0"]
        time = { columns = ["datetime"], format = "%Y-%m-%d %H:%M:%S", zone = "Europe/Dublin" }
        constants = { space = "park", metric = "noise_dba" }"#,
    );
    let text =
        "\tUnnamed: 0\tdatetime\tlaeq\n22842\t0\t2015-07-01 01:00:00\t52.0\n22843\t1\t2015-07-01 02:00:00\t\n\t\t\t\n";
    let (rows, report) = door().read(mapping, text);
    assert_eq!(rows, ["2 park - noise_dba 52 2015-07-01T00:00:00Z"]);
    assert_eq!((report.missing, report.rejected), (1, 0));
}

#[test]
fn seattle_is_newest_first_with_several_values_a_row() {
    let mapping = mapping(
        r#"
        layout = "wide"
        interval = "1h"
        label = "start"
        names_are = ["sensor"]
        only = ["NB", "SB"]
        time = { columns = ["Date"], format = "%m/%d/%Y %I:%M:%S %p", zone = "America/Los_Angeles" }
        constants = { space = "park", metric = "bikes" }"#,
    );
    let text = "Date,2nd Ave Cycletrack,NB,SB\n12/31/2018 11:00:00 PM,7,3,4\n12/31/2018 10:00:00 PM,,6,\n";
    let (rows, report) = door().read(mapping, text);
    let expected = [
        "2 park NB bikes 3 2019-01-01T08:00:00Z",
        "2 park SB bikes 4 2019-01-01T08:00:00Z",
        "3 park NB bikes 6 2019-01-01T07:00:00Z",
    ];
    assert_eq!(rows, expected);
    assert_eq!(report.missing, 1);
}

#[test]
fn long_columns_say_everything_and_are_checked() {
    let mapping = mapping(
        r#"
        layout = "long"
        time = { columns = ["t"], format = "epoch_s" }
        columns = { value = "v", space = "where", sensor = "s", node = "n", metric = "m", id = "id", seq = "q", quality = "ok" }"#,
    );
    let text = "t,v,where,s,n,m,id,q,ok\n0,1.5,park,s1,n1,m1,i1,7,bad\n0,1,,s1,n1,m1,,,\n0,1,park,,,m1,,x,\n0,1,park,,,m1,,,fine\n0,1,pork,,,m1,,,\n0,1,park,a/b,,m1,,,\n0,2,park,,,m1,,,\n";
    let (rows, report) = door().read(mapping, text);
    assert_eq!(rows, ["2 park s1 m1 1.5 1970-01-01T00:00:00Z", "8 park - m1 2 1970-01-01T00:00:00Z"]);
    let reasons: Vec<_> = report.rejects.iter().map(|reject| reject.reason.as_str()).collect();
    let expected = [
        "space is missing",
        "seq is not a whole number of 64 bits",
        "quality is unknown; expected good, uncertain or bad",
        "space 'pork' is not declared; did you mean 'park'?",
        "sensor contains '/', which separates the parts of a key",
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn a_header_that_does_not_fit_is_told_in_whole() {
    let told = door().header_problems(mapping(MELBOURNE), "Datum,Hour,Town Hall (Wst),Birrarung Marr,Birrarung Marr\n");
    let expected = [
        "f.csv:1: error: the header has no column 'Date' for the time",
        "f.csv:1: error: column 'Datum' is not in the name map of csv mapping 'm'",
        "f.csv:1: error: column 'Town Hall (Wst)' is not in the name map of csv mapping 'm'; did you mean 'Town Hall (West)'?",
        "f.csv:1: error: the header has column 'Birrarung Marr' twice",
    ];
    let told: Vec<_> = told.iter().map(|text| text.split("; did you mean 'Datum'").next().unwrap()).collect();
    assert_eq!(told, expected);
    assert_eq!(door().header_problems(mapping(MELBOURNE), "\n\n"), ["f.csv: error: the file has no header line"]);
}

#[test]
fn columns_that_cannot_be_told_apart_and_unknown_spaces_are_refused() {
    let text = r#"
        layout = "wide"
        time = { columns = ["t"], format = "rfc3339" }
        constants = { metric = "m" }
        names = { a = { space = "park" }, b = { space = "park" }, c = { space = "prak" } }"#;
    let expected = [
        "f.csv:1: error: columns 'a' and 'b' map to the same space, sensor, node and metric; map them to different sensors",
        "f.csv:1: error: column 'c': space 'prak' is not declared; did you mean 'park'?",
    ];
    assert_eq!(door().header_problems(mapping(text), "t,a,b,c\n"), expected);
}

proptest! {
    #[test]
    fn no_file_panics(text in prop::collection::vec(prop_oneof![Just(b','), Just(b'\n'), Just(b'"'), Just(b'1'), Just(b'-'), any::<u8>()], 0..120)) {
        let mut door = door();
        let text = [b"Date,Hour,Town Hall (West)\n".as_slice(), &text].concat();
        let mut rows = CsvReader::open("f.csv", text.as_slice(), 1, mapping(MELBOURNE), &mut door.names).unwrap();
        let (mut events, mut report) = (Events::default(), Report::default());
        while rows.read(usize::MAX, &mut door.names, &mut events, &mut report).unwrap() {}
    }
}
