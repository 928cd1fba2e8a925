use super::*;
use crate::book::Book;
use crate::samples::{ACKNOWLEDGE, MOOMBA_MS, close, command, in_shadow, of_rule, placed, record, transition};
use proptest::prelude::*;
use std::collections::BTreeSet;
use vigie_model::command::AlertDeed;
use vigie_model::principal::SpaceScope;
use vigie_model::severity::Severity;

fn local() -> Principal {
    Principal::local("melbourne")
}

/// A feed of at most `rows_max` rows, with rows at the even positions from 0 to `last`.
fn even_feed(rows_max: usize, last: u64) -> AlertFeed {
    let feed = AlertFeed::new("melbourne", 0, rows_max);
    for position in (0..=last).step_by(2) {
        feed.push(&record("x", AlertState::Active, position), &Applied::default(), false);
    }
    feed
}

fn positions(page: &Page) -> Vec<u64> {
    page.rows.iter().map(|row| row.position).collect()
}

#[test]
fn resumes_behind_a_position_whether_or_not_it_is_a_row() {
    let feed = even_feed(10, 8);
    assert_eq!(positions(&feed.page(&local(), None)), [0, 2, 4, 6, 8]);
    assert_eq!(positions(&feed.page(&local(), Some(4))), [6, 8]);
    assert_eq!(positions(&feed.page(&local(), Some(5))), [6, 8]);
    let caught_up = feed.page(&local(), Some(8));
    assert_eq!(caught_up, Page { gap: None, rows: Vec::new(), after: Some(8), is_last: true });
}

#[test]
fn what_the_ring_forgot_is_a_gap_and_reading_goes_on_behind_it() {
    let feed = even_feed(3, 8);
    let page = feed.page(&local(), Some(0));
    assert_eq!(page.gap, Some(Gap { from: 1, to: 2 }));
    assert_eq!(positions(&page), [4, 6, 8]);
    assert_eq!(feed.page(&local(), Some(2)).gap, None, "nothing between 2 and the ring's start was public");
    assert_eq!(feed.page(&local(), None).gap, None, "whoever asks for no position missed nothing");
}

#[test]
fn a_reader_of_an_older_stream_starts_from_the_beginning() {
    let feed = even_feed(10, 4);
    let page = feed.page(&local(), Some(1_000_000));
    assert_eq!((page.gap, positions(&page)), (None, vec![0, 2, 4]));
    assert_eq!(feed.page(&local(), Some(u64::MAX)).after, Some(4));
}

#[test]
fn a_feed_that_starts_late_says_what_lies_before_it() {
    let feed = AlertFeed::new("melbourne", 100, 10);
    assert_eq!(feed.page(&local(), Some(7)), Page { after: Some(7), is_last: true, ..Page::default() });
    feed.push(&record("x", AlertState::Active, 103), &Applied::default(), false);
    assert_eq!(feed.page(&local(), Some(7)).gap, Some(Gap { from: 8, to: 99 }));
}

#[test]
fn pages_are_bounded_and_lead_to_the_end() {
    let feed = even_feed(2 * PAGE_ROWS_MAX, 4 * PAGE_ROWS_MAX as u64 - 2);
    let first = feed.page(&local(), None);
    assert_eq!((first.rows.len(), first.is_last), (PAGE_ROWS_MAX, false));
    let second = feed.page(&local(), first.after);
    assert_eq!((second.rows.len(), second.is_last), (PAGE_ROWS_MAX, true));
    assert_eq!(second.rows[0].position, first.rows[PAGE_ROWS_MAX - 1].position + 2);
}

#[test]
fn only_transitions_of_episodes_are_public() {
    let feed = AlertFeed::new("melbourne", 0, 10);
    feed.push(&record("", AlertState::Pending, 0), &Applied::default(), false);
    feed.push(&record("", AlertState::Inactive, 1), &Applied::default(), false);
    feed.push(&command("x", "Ada", close(), 2), &Applied::default(), false);
    feed.push(
        &AlertRecord { position: 3, log_time_ms: 0, item: AlertItem::Tick { tick_ms: 0 } },
        &Applied::default(),
        false,
    );
    assert_eq!(feed.position(), None);
    feed.push(&record("x", AlertState::Resumed, 4), &Applied::default(), false);
    assert_eq!(feed.position(), Some(4));
}

#[test]
fn rows_of_a_rule_in_shadow_are_not_public() {
    let feed = AlertFeed::new("melbourne", 0, 10);
    let unseen = in_shadow(transition("x", "town-hall", Severity::High, AlertState::Active, 0));
    feed.push(&placed(unseen, 0), &Applied::default(), false);
    assert_eq!(feed.position(), None);
}

#[test]
fn a_row_names_the_alerts_of_its_space_that_it_suppressed_and_few_of_many() {
    let (mut book, feed) = (Book::default(), AlertFeed::new("melbourne", 0, 100));
    let crowded = |alert: u64| {
        let id = format!("crowd-{alert:02}");
        of_rule(transition(&id, "town-hall", Severity::Low, AlertState::Active, alert), "Crowded", &["Blind"])
    };
    let blind = of_rule(transition("blind", "town-hall", Severity::Low, AlertState::Active, 20), "Blind", &[]);
    for record in (0..20).map(|alert| placed(crowded(alert), alert)).chain([placed(blind, 20)]) {
        feed.push(&record, &book.apply(&record), false);
    }
    let page = feed.page(&local(), None);
    let parts = page.rows.iter().flat_map(|row| &row.parts);
    let suppression = |part: &Arc<Part>| match &part.told {
        Told::Suppression(json) => Some(Arc::clone(json)),
        _ => None,
    };
    let told: Vec<_> = parts.filter_map(suppression).collect();
    assert_eq!(told.len(), 1);
    let told: serde_json::Value = serde_json::from_str(&told[0]).unwrap();
    assert_eq!((&told["space"], &told["left_out"]), (&"town-hall".into(), &4.into()));
    assert_eq!(told["alerts"].as_array().unwrap().len(), 16);
    let by = serde_json::json!({"rule": "Blind", "alert_id": "blind"});
    assert_eq!(
        told["alerts"][0],
        serde_json::json!({"alert_id": "crowd-00", "inhibited_by": by, "handling": "suppressed", "offset": 20})
    );
}

#[test]
fn scope_is_honoured_and_hidden_rows_are_passed_over() {
    let feed = AlertFeed::new("melbourne", 0, 10);
    for (position, space) in ["town-hall", "birrarung-marr", "birrarung-marr"].into_iter().enumerate() {
        let transition = transition("x", space, Severity::High, AlertState::Active, position as u64);
        feed.push(&placed(transition, position as u64), &Applied::default(), false);
    }
    let stranger = feed.page(&Principal::local("dublin"), None);
    assert_eq!(stranger, Page { gap: None, rows: Vec::new(), after: Some(2), is_last: true });
    let mut partner = local();
    partner.scope.spaces = SpaceScope::Only(BTreeSet::from(["town-hall".into()]));
    let page = feed.page(&partner, None);
    assert_eq!((positions(&page), page.after), (vec![0], Some(2)));
}

#[test]
fn readers_are_woken_by_rows_and_by_the_end() {
    let feed = AlertFeed::new("melbourne", 0, 10);
    let mut head = feed.follow();
    assert!(!head.has_changed().unwrap());
    feed.push(&record("x", AlertState::Active, 5), &Applied::default(), false);
    assert_eq!(*head.borrow_and_update(), Head { position: Some(5), tick: None, is_closed: false });
    feed.close();
    assert!(head.has_changed().unwrap() && head.borrow_and_update().is_closed);
}

proptest! {
    /// However writing and reading interleave and however small the ring, every row is read exactly once, in order, or
    /// lies inside a gap that was told.
    #[test]
    fn every_row_is_read_once_or_told_as_a_gap(rows_max in 1_usize..6, steps in prop::collection::vec((0_u64..4, 0_u8..3), 1..60)) {
        let feed = AlertFeed::new("melbourne", 0, rows_max);
        let (mut position, mut after, mut written, mut accounted) = (0, None, Vec::new(), Vec::new());
        for (skip, reads) in steps {
            position += skip + 1;
            feed.push(&record("x", AlertState::Active, position), &Applied::default(), false);
            written.push(position);
            if reads == 0 {
                let page = feed.page(&local(), after.or(Some(0)));
                let missed = |&&row: &&u64| page.gap.is_some_and(|gap| (gap.from..=gap.to).contains(&row));
                accounted.extend(written.iter().filter(missed));
                accounted.extend(positions(&page));
                after = page.after;
                prop_assert_eq!(&accounted, &written);
            }
        }
    }
}

/// The names of what a page tells, row by row.
fn told(page: &Page) -> Vec<(u64, Vec<&'static str>)> {
    let name = |part: &Arc<Part>| match &part.told {
        Told::Transition { state, .. } => state.as_str(),
        Told::Suppression(_) => "suppression",
        Told::Handling(_) => "handling",
        Told::TooMany => "too many",
        Told::Desk => "desk",
    };
    page.rows.iter().map(|row| (row.position, row.parts.iter().map(name).collect())).collect()
}

#[test]
fn what_people_and_the_clock_change_is_told_with_its_place() {
    let (mut book, feed) = (Book::default(), AlertFeed::new("melbourne", 0, 10));
    let shelve = AlertDeed::Shelve { until_ms: MOOMBA_MS + 60_000 };
    let tick = |position, tick_ms| AlertRecord { position, log_time_ms: tick_ms, item: AlertItem::Tick { tick_ms } };
    let records = [
        record("x", AlertState::Active, 0),
        command("x", "Ada", ACKNOWLEDGE, 1),
        command("x", "Bea", ACKNOWLEDGE, 2),
        command("x", "Ada", shelve, 3),
        record("x", AlertState::Stale, 4),
        tick(5, MOOMBA_MS + 59_000),
        tick(6, MOOMBA_MS + 60_000),
        record("x", AlertState::Cleared, 70),
    ];
    for record in &records {
        feed.push(record, &book.apply(record), record.position == 6);
    }
    let page = feed.page(&local(), None);
    let expected: [(u64, &[&str]); 6] = [
        (0, &["active", "handling"]),
        (1, &["handling"]),
        (3, &["handling"]),
        (4, &["stale", "handling"]),
        (6, &["handling", "desk"]),
        (70, &["cleared"]),
    ];
    assert_eq!(told(&page), expected.map(|(position, parts)| (position, parts.to_vec())));
    let Told::Handling(json) = &page.rows[4].parts[0].told else { panic!("{page:?}") };
    let alert: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!((&alert["handling"], &alert["offset"]), (&"open".into(), &6.into()));
    assert_eq!(alert["reannounced"]["reason"], "shelf_expired");
    let ticked = feed.follow().borrow().tick;
    assert_eq!(ticked, Some(Ticked { tick_ms: MOOMBA_MS + 60_000, log_time_ms: MOOMBA_MS + 60_000 }));
}

#[test]
fn a_tick_is_noted_and_wakes_nobody() {
    let feed = AlertFeed::new("melbourne", 0, 10);
    let head = feed.follow();
    let tick = AlertRecord { position: 0, log_time_ms: 7, item: AlertItem::Tick { tick_ms: 5 } };
    feed.push(&tick, &Applied::default(), false);
    assert!(!head.has_changed().unwrap());
    assert_eq!(head.borrow().tick, Some(Ticked { tick_ms: 5, log_time_ms: 7 }));
}

#[test]
fn very_many_changes_at_once_are_told_as_such_and_another_centre_hears_nothing() {
    let (mut book, feed) = (Book::default(), AlertFeed::new("melbourne", 0, 1_000));
    let alerts = HANDLING_TOLD_MAX as u64 + 1;
    for alert in 0..alerts {
        let id = format!("alert-{alert}");
        let space = if alert == 0 { "town-hall" } else { "birrarung-marr" };
        book.apply(&placed(transition(&id, space, Severity::High, AlertState::Active, alert), alert));
        let until_ms = MOOMBA_MS + 9_000_000;
        book.apply(&command(&id, "Ada", AlertDeed::Shelve { until_ms }, alerts + alert));
    }
    let tick_ms = MOOMBA_MS + 9_000_000;
    let tick = AlertRecord { position: 500, log_time_ms: tick_ms, item: AlertItem::Tick { tick_ms } };
    feed.push(&tick, &book.apply(&tick), true);
    assert_eq!(told(&feed.page(&local(), None)), [(500, vec!["too many", "desk"])]);
    let mut partner = local();
    partner.scope.spaces = SpaceScope::Only(BTreeSet::from(["town-hall".into()]));
    assert_eq!(told(&feed.page(&partner, None)), [(500, vec!["too many", "desk"])]);
    assert!(feed.page(&Principal::local("dublin"), None).rows.is_empty());
}

#[test]
fn whoever_resumes_may_ask_for_the_rest_of_a_row() {
    let (mut book, feed) = (Book::default(), AlertFeed::new("melbourne", 0, 10));
    let opened = record("x", AlertState::Active, 5);
    feed.push(&opened, &book.apply(&opened), true);
    let names =
        |parts: Vec<Arc<Part>>| told(&Page { rows: vec![Arc::new(FeedRow { position: 5, parts })], ..Page::default() });
    assert_eq!(names(feed.rest_of(&local(), 5)), [(5, vec!["handling", "desk"])]);
    assert!(feed.rest_of(&local(), 4).is_empty() && feed.rest_of(&Principal::local("dublin"), 5).is_empty());
}

#[test]
fn a_ring_goes_on_from_what_was_saved_and_tells_the_gap_below_it() {
    let last = 2 * ROWS_SAVED_MAX as u64 + 8;
    let feed = even_feed(RING_ROWS_MAX, last);
    let bytes = postcard::to_allocvec(&feed.saved()).unwrap();
    let resumed = AlertFeed::new("melbourne", 0, RING_ROWS_MAX);
    resumed.resume(postcard::from_bytes(&bytes).unwrap());
    assert_eq!(resumed.position(), Some(last));
    for after in [last, last - 6, 9, 8] {
        assert_eq!(resumed.page(&local(), Some(after)), feed.page(&local(), Some(after)), "after {after}");
    }
    let page = resumed.page(&local(), Some(2));
    assert_eq!((page.gap, positions(&page)[0]), (Some(Gap { from: 3, to: 8 }), 10));
    assert_eq!(positions(&resumed.page(&local(), None))[0], 10);
    assert_eq!(even_feed(10, 4).saved(), SavedRows { begins_at: 0, ..even_feed(10, 4).saved() }, "all of few rows");
    let empty = AlertFeed::new("melbourne", 0, 10);
    empty.resume(AlertFeed::new("melbourne", 7, 10).saved());
    assert_eq!((empty.position(), empty.page(&local(), None)), (None, Page { is_last: true, ..Page::default() }));
}
