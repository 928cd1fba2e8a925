//! Spaces, configuration and rules of a simulated city, as files.

use super::place::{neighbours, ring};
use super::stream::{DISTURBANCE, VISITORS};
use super::truth::Truth;
use std::fmt::Write;

/// Spaces of one district.
const DISTRICT_SPACES: usize = 25;
/// What a space is crowded from, in visitors an hour, as a multiple of those usual at noon.
const CROWDED: f64 = 1.6;

/// The configuration.
pub const CONFIG: &str = r#"# A made-up city, written by `vigie simulate city`; what is planted in it stands in truth.json.
#   vigie replay --config THIS --input events.ndjson --data DIR

[centre]
id = "simulated"
name = "Simulated city"
time_zone = "UTC"
data_dir = "vigie-data"

[spaces]
file = "spaces.geojson"
unknown = "reject"

[feeds.events]
purpose = "trying out analysis and rules on made-up events"
legal_basis = "no personal data: everything is made up"
regime = "none"
retention = "30y"

[rules]
files = ["rules.yaml"]
require_guidance = true

[http]
listen = "127.0.0.1:8080"

[metrics.people_count]
label = "people"
unit = "1"
period = "1h"

[metrics.disturbance]
label = "disturbance seen by a camera"
unit = "1"
"#;

/// The rules.
pub const RULES: &str = r"# Rules whose worth is known: see docs/simulate.md.
groups:
- name: simulated
  rules:

  # A camera tells of seven in ten assaults, and now and then of none: precision and recall stand in truth.json.
  - alert: Disturbance
    kind: threshold
    metric: disturbance
    per: space
    raise: 'value >= 1'
    clear: 'value < 1'
    stale_after: 1h
    severity: high
    guidance:
      cause: an assault, or a camera that saw one where none was
      consequence: injuries
      action: look at the camera; send the nearest patrol
      respond_within: 5m

  # A busy hour: good weather on a Saturday. The limit of each space stands in spaces.geojson.
  - alert: Crowded
    kind: threshold
    metric: people_count
    per: space
    raise: 'value > params.max'
    stale_after: 3h
    severity: low
    params: {max: 1000}
    guidance:
      cause: good weather, an event
      consequence: narrow places fill up
      action: look at the camera
      respond_within: 1h

  # Counters are out for six hours at least: zero is not the same as not measured.
  - alert: CounterSilent
    kind: absence
    metric: people_count
    per: space
    for: 4h
    severity: low
    guidance:
      cause: an outage of the counter
      consequence: nobody is counted, and rates per visitor have no denominator
      action: have the counter looked after
      respond_within: 1d
";

/// The spaces as GeoJSON, each with its sensors.
#[must_use]
pub fn spaces(truth: &Truth) -> String {
    let count = truth.spaces.len();
    let mut text = String::from("{\"type\":\"FeatureCollection\",\"features\":[");
    for (space, planted) in truth.spaces.iter().enumerate() {
        let around = neighbours(space, count);
        let adjacent: Vec<String> = around.iter().map(|other| format!("\"{}\"", truth.spaces[*other].id)).collect();
        let (id, number, adjacent) = (&planted.id, space + 1, adjacent.join(","));
        let (district, max) = (space / DISTRICT_SPACES + 1, (planted.visitors * CROWDED) as u64);
        let separator = if space == 0 { "\n" } else { ",\n" };
        write!(
            text,
            "{separator}{{\"type\":\"Feature\",\"properties\":{{\"id\":\"{id}\",\"name\":\"Space {number}\",\"kind\":\"square\",\
             \"district\":\"district-{district}\",\"adjacent\":[{adjacent}],\"params\":{{\"Crowded\":{{\"max\":{max}}}}},\
             \"sensors\":[{{\"id\":\"counter-{number:04}\",\"metric\":\"{VISITORS}\",\"expected\":true}},\
             {{\"id\":\"camera-{number:04}\",\"metric\":\"{DISTURBANCE}\",\"expected\":false}}]}},\
             \"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[{}]}}}}",
            ring(space, count)
        )
        .expect("a text can always grow");
    }
    text.push_str("\n]}\n");
    text
}
