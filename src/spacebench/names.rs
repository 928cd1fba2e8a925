//! Names of what the city has: short, and sensors' local to their space, as in practice.

use vigie_model::names::{NameEntry, NameIx, NameKind};

/// The metrics, in the order of their indices.
pub const METRICS: [&str; 4] = ["noise", "crowd", "vibration", "dust"];
/// The feed all events come by.
pub const FEED: &str = "spacebench";

/// The name of a space.
#[must_use]
pub fn space(space: NameIx) -> String {
    format!("sp-{space:06}")
}

/// The space of a name made by [`space`].
#[must_use]
pub fn space_of(name: &str) -> Option<NameIx> {
    name.strip_prefix("sp-")?.parse().ok()
}

/// The name of a sensor.
#[must_use]
pub fn sensor(sensor: NameIx) -> String {
    format!("s{}", sensor + 1)
}

/// The dictionary of a city with so many spaces, and so many sensors for each metric of a space.
#[must_use]
pub fn dictionary(spaces: u32, sensors: u32) -> Vec<NameEntry> {
    let entry = |kind, index, name: String| NameEntry { kind, index, name: name.into() };
    let mut entries = vec![entry(NameKind::Feed, 0, FEED.to_owned())];
    entries.extend((0..).zip(METRICS).map(|(index, name)| entry(NameKind::Metric, index, name.to_owned())));
    let sensors = sensors * METRICS.len() as NameIx;
    entries.extend((0..sensors).map(|index| entry(NameKind::Sensor, index, sensor(index))));
    entries.extend((0..spaces).map(|index| entry(NameKind::Space, index, space(index))));
    entries
}
