//! Golden tests: every fixture in `tests/fixtures/config` against the complete text of its messages.

use super::control::prepare;
use super::file::read;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use vigie_ingest::decode::feed::FeedSpec;
use vigie_ingest::spaces::registry::UnknownSpace;
use vigie_model::calendar::{DaySpan, WeeklySpan};
use vigie_model::desk_settings::{ChatterSettings, DeskSettings, FloodSettings};
use vigie_model::severity::Severity;

/// Set to rewrite the expected texts, to be read before they are committed.
const UPDATE: &str = "UPDATE_EXPECT";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Prepares every fixture, as `vigie check` does.
#[test]
fn fixtures_are_answered_with_every_mistake_of_all_files() {
    let mut fixtures: Vec<_> =
        fs::read_dir(root().join("tests/fixtures/config")).unwrap().map(|e| e.unwrap().path()).collect();
    fixtures.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    fixtures.sort();
    assert!(fixtures.len() >= 6, "the fixtures are where the test looks");
    for fixture in fixtures {
        let (verdict, messages) = match prepare(&fixture) {
            Ok(prepared) => ("usable", prepared.warnings),
            Err(messages) => ("refused", messages),
        };
        let mut found = String::new();
        for message in &messages {
            writeln!(found, "{message}").unwrap();
        }
        let errors = messages.iter().filter(|message| message.is_error()).count();
        writeln!(found, "{verdict}: {errors} errors, {} warnings", messages.len() - errors).unwrap();
        let found = found.replace(&format!("{}/", root().display()), "");
        let expected = fixture.with_extension("expected");
        if std::env::var_os(UPDATE).is_some() {
            fs::write(&expected, &found).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(found, expected, "{}; run with {UPDATE}=1 and read the difference", fixture.display());
    }
}

#[test]
fn a_good_file_means_what_it_says() {
    let (config, warnings) = read(&root().join("tests/fixtures/config/good.toml")).unwrap();
    assert!(warnings.is_empty());
    assert_eq!((config.centre.id.as_str(), config.centre.zone.iana_name()), ("melbourne", Some("Australia/Melbourne")));
    assert_eq!(config.centre.data_dir, root().join("tests/fixtures/config/vigie-data"));
    assert_eq!((config.spaces.unknown, config.spaces.nearest_m), (UnknownSpace::Register, Some(50.0)));
    assert_eq!((config.time.tick_ms, config.time.max_skew_ms), (500, 0));
    let upkeep = config.history.upkeep();
    assert_eq!((upkeep.removed_kept.as_secs(), upkeep.memory_bytes), (2 * 86_400, 64 << 20));
    assert_eq!((config.log.partitions, config.http.listen.to_string().as_str()), (4, "[::1]:8080"));
    assert_eq!(
        [4, 2].map(|partitions| config.rules.threads(partitions)),
        [3, 2],
        "a thread without a partition is none"
    );
    assert_eq!(config.metrics["people_count"].period_ms, Some(3_600_000));
    assert_eq!(config.feeds[0].retention_days, Some(3 * 365));
    assert_eq!(config.rules.files, [root().join("tests/fixtures/config/rules/empty.yaml")]);
    assert_eq!(config.calendars[0].also.len(), 2);
    let feeds = config.feed_specs();
    assert_eq!(feeds.find(Some("pedestrian")), Some(&FeedSpec { name: Arc::from("pedestrian"), text_allowed: true }));
    assert_eq!(feeds.find(None), Some(&FeedSpec::named("events")));
}

#[test]
fn what_the_desk_goes_by_stands_in_the_control_record() {
    let prepared = prepare(&root().join("tests/fixtures/config/good.toml")).unwrap();
    let alerts = &prepared.control.alerts;
    let escalation = alerts.escalation.as_ref().unwrap();
    assert_eq!((escalation.severity, escalation.after_ms, &*escalation.to), (Severity::High, 180_000, "supervisor"));
    let DeskSettings { operators, flood, chatter, files, targets } = alerts.desk;
    assert_eq!(operators, Some(2));
    let bypass = Severity::Critical;
    assert_eq!(flood, FloodSettings { within_ms: 600_000, enter: 12, leave: 6, bypass });
    assert_eq!(chatter, ChatterSettings { within_ms: 1_800_000, begin_above: 5, end_below: 2 });
    assert_eq!(files.same_space_within_ms, 900_000);
    assert_eq!((targets.alerts_per_day, targets.alerts_per_day_max, targets.acknowledge_ms), (100, 300, 120_000));
    let console = prepared.config.console;
    assert_eq!(console.languages, ["fr", "en"]);
    assert_eq!((console.camera_url.as_deref(), console.basemap), (Some("https://cameras.example/{space}"), None));
}

#[test]
fn calendars_and_events_stand_in_the_control_record() {
    let control = prepare(&root().join("tests/fixtures/config/good.toml")).unwrap().control;
    let calendar = &control.calendars[0];
    let school_day = WeeklySpan { days: 0b001_1111, from_minute: 480, until_minute: 960 };
    assert_eq!(
        (&*calendar.name, &calendar.weekly[..], &calendar.except[..]),
        ("school-hours", &[school_day][..], &[17_238][..])
    );
    let part = DaySpan { day: 17_236, from_minute: 600, until_minute: 1380 };
    assert_eq!(calendar.also, [part, DaySpan { day: 17_237, from_minute: 0, until_minute: 1440 }]);
    let moomba = &control.events[0];
    assert_eq!((&*moomba.name, moomba.from_ms, moomba.until_ms), ("moomba", 1_489_125_600_000, 1_489_410_000_000));
    assert_eq!((&moomba.spaces[..], &moomba.districts[..]), (&["birrarung-marr".into()][..], &[][..]));
}

#[test]
fn a_file_that_is_no_text_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("latin1.toml");
    fs::write(&file, b"[centre]\nname = \"Malm\xf6\"\n").unwrap();
    let messages = read(&file).unwrap_err();
    let expected = format!("{}:2:13: error: is not text in UTF-8; save the file as UTF-8", file.display());
    assert_eq!(messages.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    let missing = read(&folder.path().join("none.toml")).unwrap_err();
    assert!(missing[0].to_string().contains("none.toml: error: cannot be read:"), "{}", missing[0]);
}
