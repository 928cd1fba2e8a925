use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use vigie_model::batch::{Origin, Quality};
use vigie_model::decimal::Decimal;

fn observation(id: Option<&str>, seq: Option<i64>, node: NameIx, event_time_ms: i64) -> ObservationRow<'_> {
    ObservationRow {
        feed: 0,
        space: 0,
        metric: 0,
        sensor: NO_NAME,
        node,
        seq,
        id,
        value: Decimal::from_micros(1),
        event_time_ms,
        sent_time_ms: None,
        log_time_ms: 0,
        quality: Quality::Good,
        flags: 0,
    }
}

fn judge_all(rows: &[(ObservationRow<'_>, Origin)]) -> Vec<Verdict> {
    let mut events = Events::default();
    for (row, origin) in rows {
        events.push_observation(*row, *origin);
    }
    let mut dedup = Dedup::new(1, 100);
    (0..events.len()).map(|index| dedup.judge(&events, index, 0)).collect()
}

#[test]
fn an_id_counts_before_all_else() {
    let peer = Origin::default();
    let rows = [
        (observation(Some("a"), Some(1), 0, 10), peer),
        (observation(Some("a"), Some(2), 0, 20), peer),
        (observation(Some("a"), None, 1, 20), peer),
    ];
    assert_eq!(judge_all(&rows), [Verdict::New, Verdict::Duplicate, Verdict::New]);
}

#[test]
fn without_an_id_seq_then_line_then_content() {
    let peer = Origin::default();
    let line = |line| Origin { source: Source::File(9), line };
    let rows = [
        (observation(None, Some(1), 0, 10), peer),
        (observation(None, Some(1), 0, 99), peer),
        (observation(None, None, NO_NAME, 10), line(1)),
        (observation(None, None, NO_NAME, 10), line(2)),
        (observation(None, None, NO_NAME, 99), line(2)),
        (observation(None, None, NO_NAME, 10), peer),
        (observation(None, None, NO_NAME, 10), peer),
        (observation(None, None, NO_NAME, 11), peer),
    ];
    use Verdict::{Duplicate, New};
    assert_eq!(judge_all(&rows), [New, Duplicate, New, New, Duplicate, New, Duplicate, New]);
}

#[test]
fn a_rebooted_node_loses_nothing() {
    let mut window = SeqWindow::default();
    assert_eq!(window.judge(5000), Verdict::New);
    assert_eq!(window.judge(3976), Verdict::Undeduplicated);
    assert_eq!(window.judge(0), Verdict::Undeduplicated);
    assert_eq!(window.judge(3977), Verdict::New);
    assert_eq!(window.judge(3977), Verdict::Duplicate);
    assert_eq!(window.judge(i64::MAX), Verdict::New);
    assert_eq!(window.judge(i64::MIN), Verdict::Undeduplicated);
}

proptest! {
    /// Against a plain set: inside the window the verdicts are exact.
    #[test]
    fn seq_windows_are_exact(seqs in prop::collection::vec(-2000i64..2000, 1..400)) {
        let mut window = SeqWindow::default();
        let mut seen = BTreeSet::new();
        let mut highest = i64::MIN;
        for seq in seqs {
            let expected = if highest != i64::MIN && seq <= highest - SEQ_WINDOW {
                Verdict::Undeduplicated
            } else if seen.insert(seq) {
                Verdict::New
            } else {
                Verdict::Duplicate
            };
            highest = highest.max(seq);
            seen.retain(|seen_seq| *seen_seq > highest - SEQ_WINDOW);
            prop_assert_eq!(window.judge(seq), expected);
        }
    }

    /// An id repeated within the last N is always found; a new id is never dropped.
    #[test]
    fn id_windows_keep_their_promise(ids in prop::collection::vec(0u128..60, 1..300)) {
        let remembered = 16;
        let mut window = IdWindow::new(remembered);
        let mut accepted: Vec<u128> = Vec::new();
        for id in ids {
            match window.judge(id) {
                Verdict::New => {
                    let recent = &accepted[accepted.len().saturating_sub(remembered)..];
                    prop_assert!(!recent.contains(&id));
                    accepted.push(id);
                }
                verdict => {
                    prop_assert_eq!(verdict, Verdict::Duplicate);
                    prop_assert!(accepted.contains(&id));
                }
            }
        }
    }
}

#[test]
fn a_hash_in_one_piece_is_the_hash_of_the_pieces() {
    let bytes: Vec<u8> = (0..=200).collect();
    for length in 0..bytes.len() {
        let mut hasher = Xxh3::new();
        [7u32, 8, 9].iter().for_each(|word| hasher.update(&word.to_le_bytes()));
        hasher.update(&bytes[..length]);
        assert_eq!(hash_of(&[7, 8, 9], &bytes[..length]), hasher.digest128(), "{length} bytes");
    }
}
