//! What a `[[csv]]` section may say.

use super::*;
use proptest::prelude::*;

#[derive(serde::Deserialize)]
struct File {
    csv: Vec<MappingSpec>,
}

fn spec(text: &str) -> MappingSpec {
    toml::from_str::<File>(&format!("[[csv]]\nname = \"m\"\nfiles = [\"*.csv\"]\n{text}")).unwrap().csv.remove(0)
}

fn problems(text: &str) -> Vec<String> {
    Mapping::new(&spec(text)).unwrap_err().iter().map(|problem| problem.text.clone()).collect()
}

const TIME: &str = r#"time = { columns = ["t"], format = "rfc3339" }"#;

/// The sections shown in the documentation of `spec`, as they stand there.
#[test]
fn the_documented_sections_are_right() {
    let source = include_str!("../spec.rs");
    let shown: Vec<_> =
        source.split("//! ```").nth(1).unwrap().lines().skip(1).map(|line| line.trim_start_matches("//!")).collect();
    let file: File = toml::from_str(&shown.join("\n")).unwrap();
    let mappings: Vec<_> = file.csv.iter().map(|spec| Mapping::new(spec).unwrap()).collect();
    assert_eq!(mappings.iter().map(Mapping::name).collect::<Vec<_>>(), ["pedestrian", "tsibble"]);
    assert_eq!(mappings[0].to_end_ms, 3_600_000);
    assert!(mappings[0].applies_to(Path::new("data/pedestrian_03_2017.csv")));
    assert!(!mappings[0].applies_to(Path::new("data/tsibble_pedestrian.csv")));
    let ids = |name: &str| mappings[0].ids_of_name(name).map(|ids| ids.map(|id| id.unwrap_or_default().to_string()));
    assert_eq!(ids("Town Hall (West)").unwrap(), ["town-hall", "west", "", "people_count"]);
    assert_eq!(ids("Birrarung Marr").unwrap(), ["birrarung-marr", "birrarung-marr", "", "people_count"]);
    assert_eq!(ids("Elsewhere"), None);
}

#[test]
fn everything_wrong_is_told_at_once() {
    let found = problems(
        r#"
        layout = "wide"
        delimiter = ";;"
        label = "start"
        factor = "two"
        time = { columns = [], format = "%d/%m/%Y" }
        constants = { metric = "a/b", quality = "fine" }
        columns = { value = "v" }
        names = { A = "a" }"#,
    );
    let expected = [
        "time.columns names no column",
        "columns belongs to the long layout; wide files have names and values in their header",
        r#"names_are is missing: what does an id of names stand for, as in names_are = ["space"]?"#,
        "interval is missing: a label at the start needs it to find the end",
        "constants: id 'a/b' contains '/', which separates the parts of a key",
        "nothing says the space of these names: A",
        "nothing says the metric of these names: A",
        "time.zone is missing: the format reads no offset (%z)",
        "factor: not a number",
        r#"delimiter is not one ASCII character as "," or ";" or "\t""#,
        "constants.quality is none of good, uncertain, bad",
    ];
    let (mut found, mut expected) = (found, expected.map(str::to_owned).to_vec());
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn long_files_say_where_everything_is() {
    assert_eq!(
        problems(&format!("layout = \"long\"\n{TIME}\nnames_are = [\"space\"]\nonly = [\"x\"]")),
        [
            "columns.value names no column",
            "nothing says the metric of a row; add it to constants, columns or names_are"
        ]
    );
    assert_eq!(
        problems(&format!(
            "layout = \"long\"\n{TIME}\ncolumns = {{ value = \"v\", metric = \"m\" }}\nnames_are = [\"space\"]"
        )),
        ["columns.name is missing: names and names_are say what its texts stand for"]
    );
}

#[test]
fn factors_are_exact() {
    let mapping = |factor: &str| {
        Mapping::new(&spec(&format!(
            "layout = \"wide\"\n{TIME}\nfactor = \"{factor}\"\nconstants = {{ space = \"s\", metric = \"m\" }}"
        )))
        .unwrap()
    };
    let converted =
        |factor: &str, value: &str| mapping(factor).converted(value.parse().unwrap()).map(|value| value.to_string());
    assert_eq!(converted("0.1", "3").as_deref(), Some("0.3"));
    assert_eq!(converted("0.000001", "0.5").as_deref(), Some("0"));
    assert_eq!(converted("0.000001", "1.5").as_deref(), Some("0.000002"));
    assert_eq!(converted("-0.000001", "2.5").as_deref(), Some("-0.000002"));
    assert_eq!(converted("10", "9223372036854.775807"), None);
}

proptest! {
    #[test]
    fn a_factor_of_one_changes_nothing(micros in any::<i64>()) {
        let one = Mapping::new(&spec(&format!("layout = \"wide\"\n{TIME}\nconstants = {{ space = \"s\", metric = \"m\" }}"))).unwrap();
        let value = Decimal::from_micros(micros);
        prop_assert_eq!(one.converted(value), Some(value));
    }
}
