//! The city of the demo: configuration, spaces, rules and counts of Melbourne in March 2017, carried in the binary.
//!
//! They are written into the data folder before they are used, so that a reader of the demo can open, change and serve
//! them: nothing about the demo is hidden in the program.

use crate::app::commands::demo_posts::Post;
use crate::config::control::Prepared;
use crate::exit::Failure;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_ingest::decode::csv::reader::CsvReader;
use vigie_ingest::decode::names::NameCache;
use vigie_ingest::decode::report::Report;
use vigie_ingest::spaces::registry::Registry;
use vigie_log::interner::{Interner, NAMES_PER_KIND_MAX};
use vigie_model::batch::Events;
use vigie_model::names::{NameIx, NameKind};
use vigie_model::time::format_utc;

/// Files of the demo, by path below its folder.
const FILES: [(&str, &str); 5] = [
    ("vigie.toml", include_str!("../../../configs/melbourne/vigie.toml")),
    ("spaces.geojson", include_str!("../../../configs/melbourne/spaces.geojson")),
    ("rules/pedestrian.yaml", include_str!("../../../configs/melbourne/rules/pedestrian.yaml")),
    ("pedestrian_03_2017.csv", include_str!("../../../configs/melbourne/pedestrian_03_2017.csv")),
    ("ORIGIN.md", include_str!("../../../configs/melbourne/ORIGIN.md")),
];
/// The counts among them.
const COUNTS: &str = "pedestrian_03_2017.csv";
/// When the demo opens: Thursday 9 March 2017, 12:00 in Melbourne, three days before the festival's peak.
pub const OPENS: &str = "2017-03-09T12:00:00+11:00";
/// How long it lasts: two weeks.
pub const LASTS_MS: i64 = 14 * 86_400_000;
/// Rows decoded at once; the month has 32,000.
const ROWS_DECODED: usize = 65_536;

/// An observation as an edge node writes it; the value as the file has it.
#[derive(Serialize)]
struct NativeObservation {
    id: String,
    space: Option<Arc<str>>,
    sensor: Option<Arc<str>>,
    metric: Option<Arc<str>>,
    value: Box<RawValue>,
    time: String,
}

/// Writes the demo's files below `data` and returns the path of its configuration.
///
/// # Errors
/// When they cannot be written.
pub fn write_files(data: &Path) -> Result<PathBuf, Failure> {
    let folder = data.join("demo");
    for (name, text) in FILES {
        let path = folder.join(name);
        let parent = path.parent().expect("every file of the demo is in its folder");
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| Failure::io(format!("cannot write {}", path.display()), error))?;
    }
    Ok(folder.join("vigie.toml"))
}

/// The counts with an event time in `(after_ms, until_ms]`, as the posts of a node that sends each hour at its end.
///
/// # Errors
/// When the demo's own files do not fit together.
pub fn posts(prepared: &Prepared, after_ms: i64, until_ms: i64) -> Result<Vec<Post>, Failure> {
    let config = &prepared.config;
    let mapping = config.csv.first().ok_or_else(|| Failure::Io("the demo's configuration maps no CSV".to_owned()))?;
    let feed = Arc::clone(mapping.feed());
    let registry =
        Registry::new(&config.centre.id, Arc::clone(&prepared.control.spaces), config.spaces.unknown, 0, 0.0);
    let interner = Arc::new(Interner::new(NAMES_PER_KIND_MAX));
    let mut names = NameCache::new(Arc::clone(&interner), Arc::new(registry));
    let text = FILES.iter().find(|(name, _)| *name == COUNTS).map(|(_, text)| *text).unwrap_or_default();
    let cannot = |error: &dyn std::fmt::Display| Failure::io(format!("the demo's {COUNTS}"), error);
    let mut rows =
        CsvReader::open(COUNTS, text.as_bytes(), 0, Arc::clone(mapping), &mut names).map_err(|e| cannot(&e))?;
    let (mut events, mut report) = (Events::default(), Report::default());
    rows.read(ROWS_DECODED, &mut names, &mut events, &mut report).map_err(|error| cannot(&error))?;
    let mut bodies: BTreeMap<i64, String> = BTreeMap::new();
    for index in 0..events.observations.len() {
        let row = events.observations.row(index);
        if row.event_time_ms <= after_ms || row.event_time_ms > until_ms {
            continue;
        }
        let name = |kind, index: NameIx| interner.name(kind, index);
        let (space, sensor) = (name(NameKind::Space, row.space), name(NameKind::Sensor, row.sensor));
        let line = NativeObservation {
            id: format!("{}-{}", sensor.as_deref().unwrap_or_default(), row.event_time_ms / 3_600_000),
            space,
            sensor,
            metric: name(NameKind::Metric, row.metric),
            value: RawValue::from_string(row.value.to_string()).map_err(|error| cannot(&error))?,
            time: format_utc(row.event_time_ms),
        };
        let line = serde_json::to_string(&line).map_err(|error| cannot(&error))?;
        let body = bodies.entry(row.event_time_ms).or_default();
        body.push_str(&line);
        body.push('\n');
    }
    let post = |(event_time_ms, body)| Post { event_time_ms, feed: Arc::clone(&feed), body };
    Ok(bodies.into_iter().map(post).collect())
}
