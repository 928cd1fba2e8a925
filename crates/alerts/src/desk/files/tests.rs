use super::*;
use crate::desk::samples::desk_command;
use proptest::prelude::*;
use vigie_model::command::DeskDeed;

const SETTINGS: FileSettings = FileSettings { same_space_within_ms: 1_000 };

fn id(text: &str) -> AlertId {
    AlertId::from_text(text)
}

fn ids(texts: &[&str]) -> Vec<AlertId> {
    texts.iter().map(|text| id(text)).collect()
}

fn command(now_ms: i64) -> Command {
    desk_command("Ada", DeskDeed::SoundCheck { heard: true }, now_ms)
}

/// An alert opens in a space; whether that changed a file.
fn open(files: &mut IncidentFiles, alert: &str, space: &str, now_ms: i64) -> bool {
    let (id, space) = (id(alert), Arc::from(space));
    let alert = Grouped { id: &id, rule: "Crowded", space: &space, cause: None, is_exercise: false };
    !files.group(&alert, now_ms.unsigned_abs(), now_ms, &SETTINGS).is_empty()
}

fn told(files: &IncidentFiles) -> Vec<String> {
    let line = |file: &Arc<IncidentFile>| {
        let alerts: Vec<_> = file.alerts.iter().map(AlertId::as_str).collect();
        let closed = file.closed_ms.map(|at_ms| format!(", closed {at_ms}")).unwrap_or_default();
        format!("{}: {}{closed}", file.title, alerts.join(" "))
    };
    files.all().map(line).collect()
}

#[test]
fn the_second_alert_of_a_space_makes_a_file_and_the_next_ones_join_it() {
    let mut files = IncidentFiles::default();
    assert!(!open(&mut files, "a", "square", 0), "one alert is no file");
    assert!(!open(&mut files, "x", "park", 10));
    assert!(open(&mut files, "b", "square", 1_000));
    assert!(open(&mut files, "c", "square", 2_000), "each comes within a second of the one before");
    assert!(!open(&mut files, "d", "square", 3_001), "too late");
    assert!(open(&mut files, "e", "square", 3_002), "and a new file begins with it");
    assert_eq!(told(&files), ["Crowded, square: d e", "Crowded, square: a b c"]);
    assert_eq!(files.of_alert(&id("b")).unwrap().space.as_deref(), Some("square"));
    assert!(files.of_alert(&id("x")).is_none());
}

#[test]
fn what_an_alert_suppresses_goes_to_its_file() {
    let mut files = IncidentFiles::default();
    let space = Arc::from("square");
    let suppressed = |files: &mut IncidentFiles, alert: &str, now_ms| {
        let (id, cause) = (id(alert), id("lost"));
        let cause = Some((&cause, "NodeLost"));
        !files
            .group(
                &Grouped { id: &id, rule: "Crowded", space: &space, cause, is_exercise: false },
                7,
                now_ms,
                &SETTINGS,
            )
            .is_empty()
    };
    assert!(suppressed(&mut files, "a", 0));
    assert!(suppressed(&mut files, "b", 90_000), "whenever that is");
    assert!(!suppressed(&mut files, "b", 90_001), "it is in already");
    assert_eq!(told(&files), ["NodeLost, square: lost a b"]);
    assert_eq!(files.of_alert(&id("a")).unwrap().cause, Some(id("lost")));
}

#[test]
fn exercises_have_files_of_their_own() {
    let mut files = IncidentFiles::default();
    let space = Arc::from("square");
    for (alert, is_exercise) in [("a", false), ("p", true), ("b", false), ("q", true)] {
        let id = id(alert);
        files.group(&Grouped { id: &id, rule: "Crowded", space: &space, cause: None, is_exercise }, 1, 1, &SETTINGS);
    }
    assert_eq!(told(&files), ["Crowded, square: p q", "Crowded, square: a b"]);
}

#[test]
fn a_file_that_made_itself_closes_with_its_last_alert() {
    let mut files = IncidentFiles::default();
    let space = Arc::from("square");
    open(&mut files, "a", "square", 0);
    assert!(!files.alert_closed(&id("a"), &space, 1), "it has no file yet");
    open(&mut files, "b", "square", 2);
    open(&mut files, "c", "square", 3);
    assert!(!files.alert_closed(&id("b"), &space, 4));
    files.alert_reopened(&id("b"));
    assert!(!files.alert_closed(&id("c"), &space, 5));
    assert!(files.alert_closed(&id("b"), &space, 6));
    assert_eq!(told(&files), ["Crowded, square: a b c, closed 6"]);
    assert!(!open(&mut files, "d", "square", 7), "a closed file takes in nothing by itself");
    let newest = Arc::clone(&files.all().next().unwrap().id);
    let change = |files: &mut IncidentFiles, edit| files.change(&command(8), &newest, edit, &[]);
    let by_hand = ids(&["d"]);
    assert_eq!(change(&mut files, FileEdit { add: &by_hand, ..FileEdit::default() }), Outcome::Done);
    assert_eq!(change(&mut files, FileEdit { closed: Some(false), ..FileEdit::default() }), Outcome::Done);
    assert!(open(&mut files, "e", "square", 9), "opened again, it does");
}

#[test]
fn by_hand_an_alert_moves_and_nothing_puts_it_back() {
    let mut files = IncidentFiles::default();
    open(&mut files, "a", "square", 0);
    open(&mut files, "b", "square", 1);
    assert_eq!(files.make(&command(2), &"Fireworks".into(), &ids(&["b", "z", "b"]), &ids(&["z"])), Outcome::Done);
    assert_eq!(told(&files), ["Fireworks: b z", "Crowded, square: a"]);
    assert!(!open(&mut files, "b", "square", 3));
    assert!(!files.alert_closed(&id("b"), &"square".into(), 4), "a file by hand stays until somebody closes it");
    let edit = FileEdit { title: None, add: &[], remove: &ids(&["z", "nowhere"]), closed: Some(true) };
    assert_eq!(files.change(&command(5), "a2", edit, &[]), Outcome::Done);
    assert_eq!(files.change(&command(6), "a2", edit, &[]), Outcome::Unchanged);
    assert_eq!(files.change(&command(6), "nowhere", edit, &[]), Outcome::UnknownId);
    assert_eq!(told(&files), ["Fireworks: b, closed 5", "Crowded, square: a"]);
    assert!(files.of_alert(&id("z")).is_none());
}

#[test]
fn a_full_file_refuses_by_hand_and_begins_another_by_itself() {
    let mut files = IncidentFiles::default();
    let all: Vec<_> = (0..=ALERTS_NAMED_MAX).map(|n| n.to_string()).collect();
    for (n, alert) in all.iter().enumerate() {
        open(&mut files, alert, "square", i64::try_from(n).unwrap());
    }
    assert_eq!(files.all().map(|file| file.alerts.len()).collect::<Vec<_>>(), [ALERTS_NAMED_MAX]);
    assert!(open(&mut files, "next", "square", 600), "with the one that had no room");
    let full = files.all().last().unwrap().id.clone();
    let more = ids(&["more"]);
    let edit = FileEdit { add: &more, ..FileEdit::default() };
    assert_eq!(files.change(&command(700), &full, edit, &[]), Outcome::TooMany);
    let too_many: Vec<_> = (0..=ALERTS_NAMED_MAX).map(|n| id(&format!("n{n}"))).collect();
    assert_eq!(files.make(&command(701), &"All".into(), &too_many, &[]), Outcome::TooMany);
}

#[test]
fn the_file_closed_longest_ago_leaves_a_full_cabinet() {
    let mut files = IncidentFiles::default();
    for n in 0..FILES_MAX {
        files.make(&command(n as i64), &"t".into(), &[id(&n.to_string())], &[]);
    }
    assert_eq!(files.make(&command(9_999), &"t".into(), &[], &[]), Outcome::TooMany, "none is closed");
    open(&mut files, "p", "square", 10_000);
    assert!(!open(&mut files, "q", "square", 10_001), "they stand alone");
    for closing in ["a7", "a3"] {
        let edit = FileEdit { closed: Some(true), ..FileEdit::default() };
        files.change(&command(10_002), closing, edit, &[]);
    }
    assert_eq!(files.make(&command(10_003), &"t".into(), &[], &[]), Outcome::Done);
    assert!(files.get("a7").is_none() && files.of_alert(&id("7")).is_none());
    assert!(files.get("a3").is_some());
}

proptest! {
    /// Whatever comes: an alert is in one file at most, the indices agree with the files, and any cut is the same.
    #[test]
    fn an_alert_is_in_one_file_and_any_cut_is_the_same(
        steps in prop::collection::vec((0_u8..7, 0_u8..12, 0_u8..3, 0_i64..1_500), 0..120),
        cut in 0_usize..120,
    ) {
        let (mut files, mut uncut) = (IncidentFiles::default(), IncidentFiles::default());
        let mut now_ms = 0;
        for (index, (what, alert, space, wait_ms)) in steps.into_iter().enumerate() {
            if index == cut {
                files = serde_json::from_str(&serde_json::to_string(&files).unwrap()).unwrap();
            }
            now_ms += wait_ms;
            let (alert, space): (_, Arc<str>) = (id(&alert.to_string()), space.to_string().into());
            let given = Command { action_id: format!("c{index}").into(), ..command(now_ms) };
            let step = |files: &mut IncidentFiles| {
                let first = files.all().next().map(|file| Arc::clone(&file.id)).unwrap_or_default();
                let one = [alert.clone()];
                let edit = |add, remove, closed| FileEdit { title: None, add, remove, closed };
                match what {
                    0 => drop(files.make(&given, &"t".into(), &one, &[])),
                    1 => drop(files.change(&given, &first, edit(&one, &[], None), &[])),
                    2 => drop(files.change(&given, &first, edit(&[], &one, Some(true)), &[])),
                    3 => drop(files.alert_closed(&alert, &space, now_ms)),
                    _ => {
                        let (rule, is_exercise) = ("r", what == 4);
                        let grouped = Grouped { id: &alert, rule, space: &space, cause: None, is_exercise };
                        files.group(&grouped, index as u64, now_ms, &SETTINGS);
                    }
                }
            };
            step(&mut files);
            step(&mut uncut);
            prop_assert_eq!(&files, &uncut);
            let mut seen = BTreeSet::new();
            for (number, file) in &files.files {
                prop_assert_eq!(files.closed.contains(number), file.closed_ms.is_some());
                prop_assert_eq!(files.by_id.get(&file.id), Some(number));
                for alert in &file.alerts {
                    prop_assert!(seen.insert(alert.clone()));
                    prop_assert_eq!(files.by_alert.get(alert), Some(number));
                }
                prop_assert!(file.unclosed.iter().all(|alert| file.alerts.contains(alert)));
            }
            prop_assert_eq!(seen.len(), files.by_alert.len());
        }
    }
}
