//! What the reader of the spaces file says about good and bad files.

use super::*;
use proptest::prelude::*;

fn told(text: &str) -> Vec<String> {
    read_spaces("spaces.geojson", text).1.iter().map(ToString::to_string).collect()
}

#[test]
fn everything_declared_is_kept() {
    let text = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","geometry":null,"properties":{"id":"b"}},
        {"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":
         {"id":"a","name":"A \"square\"","kind":"square","district":"d","capacity":70,"params":{"R":{"max":0.1}},"adjacent":["b"],
          "valid_from":"2017-01-01T00:00:00Z","valid_to":"2018-01-01T00:00:00Z","sensors":[{"id":"s","metric":"m"}]}}]}"#;
    let (spaces, diagnostics) = read_spaces("spaces.geojson", text);
    assert_eq!(diagnostics, []);
    assert_eq!(spaces.iter().map(|space| space.id.as_ref()).collect::<Vec<_>>(), ["a", "b"]);
    let a = &spaces[0];
    assert_eq!((a.name.as_ref(), a.capacity), (r#"A "square""#, Some(70)));
    assert_eq!(a.params["R"]["max"].micros(), 100_000);
    assert_eq!(a.geometry.as_ref(), r#"{"type":"Point","coordinates":[1,2]}"#);
    assert!(!a.sensors[0].expected);
    assert_eq!(a.adjacent.iter().map(AsRef::as_ref).collect::<Vec<_>>(), ["b"]);
    assert_eq!(spaces[1].name.as_ref(), "b");
}

#[test]
fn every_mistake_is_told_at_once_with_its_line() {
    let text = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","geometry":{"type":"Point","coordinates":[-37.8,144.9]},"properties":{"id":"a","distrikt":"x"}},
{"type":"Feature","geometry":null,"properties":{"id":"a/b","capacity":-1}},
{"type":"Feature","geometry":null,"properties":{"name":"nameless"}},
{"type":"Feature","geometry":null,"properties":{"id":"a","params":{"R":{"max":"4"}},
 "sensors":[{"id":"s","metric":"m"},{"id":"s","metric":"m"},{"id":"t","expected":1}]}},
7]}"#;
    let expected = [
        "spaces.geojson:2:30: error: latitude 144.9 is beyond 90 degrees; a GeoJSON position is [longitude, latitude]: are the two swapped?",
        "spaces.geojson:2:109: warning: unknown property 'distrikt' is ignored; did you mean 'district'?",
        "spaces.geojson:3:54: error: id contains '/', which separates the parts of a key",
        "spaces.geojson:3:71: error: capacity is not a whole number above 0",
        "spaces.geojson:4:48: error: the feature has no id; add a property 'id'",
        "spaces.geojson:5:1: error: space 'a' is declared twice, first in line 2; give each space its own id",
        "spaces.geojson:5:79: error: params.R.max: not a number",
        "spaces.geojson:6:37: error: sensor 's' is declared twice",
        "spaces.geojson:6:61: error: the sensor has no metric",
        "spaces.geojson:6:82: error: expected is neither true nor false",
        "spaces.geojson:7:1: error: feature 5 is not an object",
    ];
    assert_eq!(told(text), expected);
}

#[test]
fn neighbours_are_other_spaces_and_known() {
    let text = |own: &str| {
        format!(
            r#"{{"type":"FeatureCollection","features":[
{{"type":"Feature","geometry":null,"properties":{{"adjacent":{own},"id":"harbour"}}}},
{{"type":"Feature","geometry":null,"properties":{{"id":"market","adjacent":["harbor","harbour"]}}}}]}}"#
        )
    };
    let unknown = "spaces.geojson:3:75: warning: adjacent space 'harbor' is not declared; did you mean 'harbour'?";
    assert_eq!(told(&text(r#"["market"]"#)), [unknown]);
    assert_eq!(
        told(&text(r#"["market", "harbour", 7, "market", "a/b"]"#)),
        [
            "spaces.geojson:2:71: error: space 'harbour' names itself as adjacent",
            "spaces.geojson:2:82: error: adjacent is not a text; expected 1 to 128 bytes of text",
            "spaces.geojson:2:85: error: adjacent space 'market' is named twice",
            "spaces.geojson:2:95: error: adjacent contains '/', which separates the parts of a key",
        ]
    );
    assert_eq!(
        told(&text(r#""market""#))[0],
        r#"spaces.geojson:2:60: error: adjacent is not an array; expected ids of spaces: ["a", "b"]"#
    );
}

#[test]
fn what_is_no_collection_says_what_was_expected() {
    assert_eq!(
        told("{\n]"),
        ["spaces.geojson:2:1: error: not a JSON object: key must be a string; expected a GeoJSON FeatureCollection"]
    );
    assert_eq!(
        told(r#"{"type":"Feature"}"#),
        [r#"spaces.geojson:1:1: error: not a GeoJSON FeatureCollection; expected "type": "FeatureCollection""#]
    );
    assert_eq!(
        told(r#"{"type":"FeatureCollection","features":3}"#),
        ["spaces.geojson:1:1: error: the collection has no array 'features'"]
    );
}

proptest! {
    #[test]
    fn nothing_panics(text in r#"[ -~\n"]{0,80}"#, cut in 0usize..400) {
        let _ = read_spaces("x", &text);
        let whole = r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":
            [[[0,0],[1,0],[1,1],[0,0]]]},"properties":{"id":"a","sensors":[{"id":"s","metric":"m"}],"params":{"R":{"m":1}}}}]}"#;
        let _ = read_spaces("x", &whole[..cut.min(whole.len())]);
    }
}
