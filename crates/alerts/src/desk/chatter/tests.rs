use super::*;
use proptest::prelude::*;

const MINUTE_MS: i64 = 60_000;

fn key(key: &str) -> RuleKey {
    RuleKey { rule: "Crowded".into(), key: key.into() }
}

/// Opens at `minute` and clears a minute later.
fn episode(chatter: &mut Chatter, at: &RuleKey, minute: i64) -> Vec<ChatterChange> {
    let now_ms = minute * MINUTE_MS;
    let changes = chatter.opened(at, &AlertId::default(), now_ms, now_ms, &ChatterSettings::default());
    chatter.cleared(at, now_ms + MINUTE_MS);
    changes
}

#[test]
fn six_an_hour_are_borne_and_seven_are_chatter() {
    let (mut chatter, at) = (Chatter::default(), key("a"));
    for minute in 0..6 {
        assert_eq!(episode(&mut chatter, &at, minute * 9), []);
    }
    let flapping = Flapping { since_ms: 54 * MINUTE_MS, count: 7 };
    assert_eq!(
        episode(&mut chatter, &at, 54),
        [ChatterChange { at: at.clone(), alert: AlertId::default(), flapping, ended: false }]
    );
    assert_eq!(episode(&mut chatter, &at, 55), [], "it is told once");
    assert_eq!(chatter.flapping(&at), Some(Flapping { count: 8, ..flapping }));
    assert_eq!(chatter.flapping(&key("b")), None);
}

#[test]
fn an_opening_an_hour_ago_counts_no_more() {
    let (mut chatter, at) = (Chatter::default(), key("a"));
    for minute in 0..6 {
        episode(&mut chatter, &at, minute);
    }
    assert_eq!(episode(&mut chatter, &at, 60), [], "the first of the seven is an hour old");
    assert_eq!(episode(&mut chatter, &at, 60).len(), 1);
}

#[test]
fn it_ends_below_three_and_not_at_three() {
    let (mut chatter, at) = (Chatter::default(), key("a"));
    for minute in [0, 1, 2, 3, 10, 20, 30] {
        episode(&mut chatter, &at, minute);
    }
    let settle = |chatter: &mut Chatter, minute: i64| chatter.settle(minute * MINUTE_MS, &ChatterSettings::default());
    assert_eq!(settle(&mut chatter, 69), []);
    let ended = settle(&mut chatter, 70);
    assert_eq!((ended.len(), ended[0].ended, ended[0].flapping.count), (1, true, 7));
    assert_eq!(settle(&mut chatter, 71), [], "it is told once");
    assert_eq!(chatter.all().count(), 0);
    settle(&mut chatter, 200);
    assert_eq!(chatter, Chatter::default(), "nothing stays of what is long over");
}

#[test]
fn the_delay_joins_nine_of_ten_episodes() {
    let (mut chatter, at) = (Chatter::default(), key("a"));
    // Clear for 1, 2, ..., 10 minutes before it opens again.
    let mut minute = 0;
    for clear in 1..=10 {
        episode(&mut chatter, &at, minute);
        minute += 1 + clear;
    }
    episode(&mut chatter, &at, minute);
    let (_, _, proposed_ms) = chatter.all().next().unwrap();
    assert_eq!(proposed_ms, Some(9 * MINUTE_MS));
}

#[test]
fn delays_are_whole_seconds_and_then_whole_minutes() {
    let proposed = |ms: &[i64]| proposed_ms(&ms.iter().copied().collect());
    assert_eq!(proposed(&[1, 1]), None, "too few to tell");
    assert_eq!(proposed(&[0, 0, 0]), Some(1_000));
    assert_eq!(proposed(&[1_001, 1_001, 1_001]), Some(2_000));
    assert_eq!(proposed(&[120_000; 3]), Some(120_000));
    assert_eq!(proposed(&[120_001; 3]), Some(180_000));
}

#[test]
fn the_key_that_opened_longest_ago_leaves_a_full_table() {
    let mut chatter = Chatter::default();
    let settings = ChatterSettings::default();
    for n in 0..=KEYS_MAX as i64 {
        chatter.opened(&key(&n.to_string()), &AlertId::default(), n, n, &settings);
    }
    assert_eq!(chatter.keys.len(), KEYS_MAX);
    assert!(!chatter.keys.contains_key(&key("0")) && chatter.keys.contains_key(&key("1")));
    assert_eq!(chatter.oldest.len(), KEYS_MAX);
}

proptest! {
    /// The indices agree with the keys, each key begins and ends in turn, and any cut is the same.
    #[test]
    fn beginnings_and_ends_alternate_and_any_cut_is_the_same(
        steps in prop::collection::vec((0_i64..20, 0_u8..3, 0_u8..3), 0..300),
        cut in 0_usize..300,
    ) {
        let settings = ChatterSettings::default();
        let mut chatter = Chatter::default();
        let mut uncut = Chatter::default();
        let mut began = BTreeSet::new();
        let mut now_ms = 0;
        for (index, (wait, of, what)) in steps.into_iter().enumerate() {
            if index == cut {
                chatter = serde_json::from_str(&serde_json::to_string(&chatter).unwrap()).unwrap();
            }
            now_ms += wait * MINUTE_MS;
            let at = key(&of.to_string());
            let step = |chatter: &mut Chatter| match what {
                0 => chatter.settle(now_ms, &settings),
                1 => { chatter.cleared(&at, now_ms); Vec::new() }
                _ => chatter.opened(&at, &AlertId::default(), now_ms, now_ms, &settings),
            };
            let changes = step(&mut chatter);
            prop_assert_eq!(&changes, &step(&mut uncut));
            for change in changes {
                let is_new = if change.ended { began.remove(&change.at) } else { began.insert(change.at) };
                prop_assert!(is_new);
            }
            prop_assert_eq!(&chatter, &uncut);
            prop_assert_eq!(&began, &chatter.chattering);
            prop_assert_eq!(chatter.oldest.len(), chatter.keys.len());
            prop_assert!(chatter.keys.values().all(|key| !key.openings.is_empty()));
        }
    }
}
