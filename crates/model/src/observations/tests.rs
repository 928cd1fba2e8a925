use super::*;
use crate::names::NO_NAME;

fn row(id: Option<&str>) -> ObservationRow<'_> {
    ObservationRow {
        feed: 0,
        space: 1,
        metric: 2,
        sensor: NO_NAME,
        node: NO_NAME,
        seq: Some(7),
        id,
        value: Decimal::from_micros(1),
        event_time_ms: 5,
        sent_time_ms: None,
        log_time_ms: 6,
        quality: Quality::Good,
        flags: 0,
    }
}

#[test]
fn rows_come_back_as_they_were_pushed() {
    let mut batch = Observations::default();
    for id in [Some("a"), None, Some("bc")] {
        batch.push(row(id));
    }
    assert_eq!(batch.row(0), row(Some("a")));
    assert_eq!(batch.row(1), row(None));
    let mut copy = Observations::default();
    copy.push_from(&batch, 2);
    assert_eq!(copy.row(0), row(Some("bc")));
    copy.append(&batch);
    let ids: Vec<_> = (0..copy.len()).map(|index| copy.id(index)).collect();
    assert_eq!(ids, [Some("bc"), Some("a"), None, Some("bc")]);
    assert_eq!(copy.row(1), row(Some("a")));
}

#[test]
fn picked_rows_are_appended_with_their_changes() {
    let (mut batch, mut out) = (Observations::default(), Observations::default());
    for (id, event_time_ms) in [(Some("a"), 1), (None, 2), (Some("bc"), 3)] {
        batch.push(ObservationRow { event_time_ms, ..row(id) });
    }
    out.push(row(Some("d")));
    let picked = |row, is_moved| PickedRow { row, flags: 4, is_moved, log_time_ms: 9 };
    out.append_picked(&batch, &[picked(2, false), picked(1, false), picked(0, true)]);
    let expected = |id, event_time_ms, sent_time_ms| ObservationRow {
        flags: 4,
        log_time_ms: 9,
        event_time_ms,
        sent_time_ms,
        ..row(id)
    };
    assert_eq!(out.row(1), expected(Some("bc"), 3, None));
    assert_eq!(out.row(2), expected(None, 2, None));
    assert_eq!(out.row(3), expected(Some("a"), 9, Some(1)));
    assert!(out.is_consistent() && out.len() == 4);
}

#[test]
fn rows_given_as_columns_are_the_rows_pushed_one_by_one() {
    let rows = NewRows {
        feed: 0,
        space: &[1, 1],
        metric: &[2, 2],
        sensor: &[NO_NAME; 2],
        node: &[NO_NAME; 2],
        seq: &[Some(7); 2],
        value_micros: &[1, 1],
        event_time_ms: &[5, 5],
        quality: &[Quality::Good; 2],
        id_bytes: "é",
        id_ends: &[2, 2],
    };
    let (mut pushed, mut extended) = (Observations::default(), Observations::default());
    for batch in [&mut pushed, &mut extended] {
        batch.push(ObservationRow { log_time_ms: 0, ..row(Some("a")) });
    }
    extended.extend(&rows);
    pushed.push(ObservationRow { log_time_ms: 0, ..row(Some("é")) });
    pushed.push(ObservationRow { log_time_ms: 0, ..row(None) });
    assert_eq!(extended, pushed);
    assert!(extended.is_consistent());
}

#[test]
#[should_panic(expected = "one length")]
fn columns_of_several_lengths_are_no_rows() {
    let rows = NewRows {
        feed: 0,
        space: &[1],
        metric: &[2],
        sensor: &[],
        node: &[3],
        seq: &[None],
        value_micros: &[1],
        event_time_ms: &[5],
        quality: &[Quality::Good],
        id_bytes: "",
        id_ends: &[0],
    };
    Observations::default().extend(&rows);
}

#[test]
fn columns_that_do_not_fit_together_are_noticed() {
    let mut batch = Observations::default();
    assert!(batch.is_consistent());
    batch.push(row(Some("é")));
    assert!(batch.is_consistent());
    let break_one: [fn(&mut Observations); 4] =
        [|b| b.flags.clear(), |b| b.id_ends[0] = 1, |b| b.id_ends[0] = 9, |b| b.id_bytes.push('x')];
    for break_it in break_one {
        let mut broken = batch.clone();
        break_it(&mut broken);
        assert!(!broken.is_consistent());
    }
}

#[test]
fn quality_words_are_closed() {
    assert_eq!(Quality::from_word("uncertain"), Some(Quality::Uncertain));
    assert_eq!(Quality::from_word("Good"), None);
}
