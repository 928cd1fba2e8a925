use super::*;
use crate::identity::Identities;
use vigie_model::batch::{Events, ObservationRow, Origin, Quality, Source};
use vigie_model::decimal::Decimal;
use vigie_model::event::Incident;
use vigie_model::names::NO_NAME;
use vigie_model::severity::Severity;

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
    let (mut dedup, identities, mut verdicts) = (Dedup::new(1, 100), Identities::default(), Vec::new());
    let identified = |index| (identities.of_event(&events, index), 0);
    dedup.judge_all(events.len(), identified, |_, verdict| verdicts.push(verdict));
    verdicts
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

/// Repeats within one piece, across pieces and across partitions get the verdicts they get one by one.
#[test]
fn many_together_are_judged_as_one_by_one() {
    let identity = |n: usize| match n % 7 {
        0 => Identity::None,
        1 => Identity::Sequence { feed: 0, node: n as u32 % 3, seq: n as i64 / 5 },
        _ => Identity::Hash((n as u128 * 31) % 97),
    };
    let events: Vec<_> = (0..1_000).map(|n| (identity(n), (n % 3) as PartitionIx)).collect();
    let mut alone = Dedup::new(3, 20);
    let expected: Vec<_> = events.iter().map(|(identity, partition)| alone.judge(*identity, *partition)).collect();
    for piece in [1, 63, 64, 65, 1_000] {
        let (mut together, mut verdicts) = (Dedup::new(3, 20), Vec::new());
        for piece in events.chunks(piece) {
            together.judge_all(piece.len(), |index| piece[index], |_, verdict| verdicts.push(verdict));
        }
        assert_eq!(verdicts, expected, "in pieces of {piece}");
    }
}

#[test]
fn an_incident_with_another_version_or_status_is_a_revision() {
    let mut dedup = Dedup::new(1, 100);
    let identities = Identities::default();
    let mut judge = |id: Option<&str>, version, status: &str| {
        let row = Incident { id: id.map(str::to_owned), version, status: status.to_owned(), ..incident() };
        dedup.judge(identities.of_incident(&row, Origin::default()), 0)
    };
    assert_eq!(judge(Some("c-1"), 1, "open"), Verdict::New);
    assert_eq!(judge(Some("c-1"), 1, "open"), Verdict::Duplicate);
    assert_eq!(judge(Some("c-1"), 2, "open"), Verdict::Revision);
    assert_eq!(judge(Some("c-1"), 2, "withdrawn"), Verdict::Revision);
    assert_eq!(judge(Some("c-1"), 2, "withdrawn"), Verdict::Duplicate);
    assert_eq!(judge(Some("c-1"), 1, "open"), Verdict::Duplicate, "the first one, sent again late");
    assert_eq!(judge(Some("c-2"), 2, "open"), Verdict::New, "nobody knows of its first version");
    assert_eq!(judge(None, 1, "open"), Verdict::Undeduplicated);
}

fn incident() -> Incident {
    Incident {
        feed: 0,
        id: None,
        space: 0,
        node: NO_NAME,
        sensor: NO_NAME,
        category: "theft".to_owned(),
        severity: Severity::Low,
        channel: String::new(),
        source_reliability: None,
        status: String::new(),
        version: 1,
        text: None,
        event_time_ms: 10,
        reported_time_ms: None,
        sent_time_ms: None,
        log_time_ms: 0,
        flags: 0,
    }
}
