//! The sort on disk equals the stable sort in memory.

use super::*;
use proptest::prelude::*;
use vigie_model::batch::{ObservationRow, Origin, Quality, Source};
use vigie_model::decimal::Decimal;
use vigie_model::event::Incident;
use vigie_model::names::NO_NAME;
use vigie_model::severity::Severity;

fn push(events: &mut Events, event_time_ms: i64, line: u32, is_incident: bool) {
    let origin = Origin { source: Source::File(u128::MAX - 7), line };
    let id = format!("id-{line}");
    if is_incident {
        let incident = Incident {
            feed: 1,
            id: Some(id),
            space: 2,
            node: NO_NAME,
            sensor: NO_NAME,
            category: "theft".into(),
            severity: Severity::High,
            channel: String::new(),
            source_reliability: None,
            status: String::new(),
            version: 1,
            text: None,
            event_time_ms,
            reported_time_ms: Some(5),
            sent_time_ms: None,
            log_time_ms: 0,
            flags: 0,
        };
        events.push_incident(incident, origin);
        return;
    }
    let row = ObservationRow {
        feed: 1,
        space: 2,
        metric: 3,
        sensor: NO_NAME,
        node: 4,
        seq: Some(-1),
        id: Some(&id),
        value: Decimal::from_micros(i64::MIN),
        event_time_ms,
        sent_time_ms: None,
        log_time_ms: 0,
        quality: Quality::Bad,
        flags: 0,
    };
    events.push_observation(row, origin);
}

fn described(events: &Events) -> Vec<String> {
    (0..events.len())
        .map(|index| match events.order[index] {
            vigie_model::batch::EventRef::Observation(row) => {
                format!("{:?} {:?}", events.origin[index], events.observations.row(row as usize))
            }
            vigie_model::batch::EventRef::Incident(row) => {
                format!("{:?} {:?}", events.origin[index], events.incidents[row as usize])
            }
            vigie_model::batch::EventRef::Perception(_) => unreachable!("none was pushed"),
        })
        .collect()
}

fn sorted(times: &[(i64, bool)], rows_max: usize, runs_max: usize) -> Vec<String> {
    let mut sorter = Sorter::new(Limits { rows_max, runs_max, ..Limits::default() });
    for (line, (time, is_incident)) in (1..).zip(times) {
        push(sorter.pending(), *time, line, *is_incident);
        sorter.settle().unwrap();
        assert!(sorter.runs.len() <= runs_max);
    }
    let mut merge = sorter.finish().unwrap();
    let mut events = Events::default();
    while merge.pop_into(&mut events).unwrap() {}
    described(&events)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn sorting_on_disk_equals_a_stable_sort_in_memory(
        times in prop::collection::vec((0i64..6, any::<bool>()), 0..60),
        rows_max in 1usize..20,
        runs_max in 2usize..5,
    ) {
        let mut expected = Events::default();
        let mut in_order: Vec<_> = (1..).zip(&times).collect();
        in_order.sort_by_key(|(_, (time, _))| *time);
        for (line, (time, is_incident)) in in_order {
            push(&mut expected, *time, line, *is_incident);
        }
        prop_assert_eq!(sorted(&times, rows_max, runs_max), described(&expected));
    }
}
