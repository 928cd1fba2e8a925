use super::*;
use proptest::prelude::*;

const SETTINGS: FloodSettings = FloodSettings { within_ms: 600_000, enter: 10, leave: 5, bypass: Severity::High };

fn tell(flood: &mut Flood, n: u64, space: &str, severity: Severity, now_ms: i64) -> Telling {
    let id = AlertId::from_text(&n.to_string());
    flood.tell(&NewAlert { id: &id, space, severity }, now_ms, 1, &SETTINGS)
}

fn flooded(count: u64) -> Flood {
    let mut flood = Flood::default();
    for n in 0..count {
        tell(&mut flood, n, "old-town", Severity::Low, 0);
    }
    flood
}

#[test]
fn ten_are_no_flood_and_eleven_are_one() {
    assert_eq!(flooded(10).now(), None);
    let flood = flooded(11);
    let running = flood.now().unwrap();
    assert_eq!((running.since_ms, running.first_up.as_str(), running.told, running.digested()), (0, "0", 0, 1));
    assert_eq!(flood.counted(), 11);
}

#[test]
fn two_operators_bear_twice_as_many() {
    let mut flood = Flood::default();
    let id = AlertId::from_text("x");
    for _ in 0..20 {
        flood.tell(&NewAlert { id: &id, space: "a", severity: Severity::Low }, 0, 2, &SETTINGS);
    }
    assert_eq!(flood.settle(1, 2, &SETTINGS), None);
    assert_eq!(flood.settle(2, 1, &SETTINGS), Some(FloodChange::Began), "one of them has left");
    assert_eq!(flood.settle(3, 2, &SETTINGS), None, "and comes back: twenty are not below ten");
}

#[test]
fn an_alert_counts_for_exactly_the_time_counted() {
    let mut flood = Flood::default();
    tell(&mut flood, 0, "a", Severity::Low, 1_999);
    assert_eq!((flood.settle(600_999, 1, &SETTINGS), flood.counted()), (None, 1));
    assert_eq!((flood.settle(601_000, 1, &SETTINGS), flood.counted()), (None, 0));
}

#[test]
fn a_flood_ends_below_five_and_not_at_five() {
    let mut flood = flooded(11);
    for n in 11..16 {
        tell(&mut flood, n, "harbour", Severity::Medium, 1_000);
    }
    assert_eq!((flood.settle(600_000, 1, &SETTINGS), flood.counted()), (None, 5));
    assert!(flood.now().is_some());
    assert_eq!((flood.settle(601_000, 1, &SETTINGS), flood.counted()), (Some(FloodChange::Ended), 0));
    let over: Vec<_> = flood.over().iter().collect();
    assert_eq!((over[0].since_ms, over[0].until_ms, over[0].told, over[0].digested), (0, 601_000, 0, 6));
    assert_eq!(in_flood_ms(flood.over(), flood.now(), -1_000, 1_000_000), 601_000);
    assert_eq!(in_flood_ms(flood.over(), flood.now(), 1_000, 2_000), 1_000, "only what lies between counts");
    assert_eq!(in_flood_ms(flood.over(), flood.now(), 700_000, 800_000), 0);
}

#[test]
fn the_severe_are_told_one_by_one_and_the_rest_by_space() {
    let mut flood = flooded(11);
    assert_eq!(tell(&mut flood, 11, "harbour", Severity::High, 1), Telling::OneByOne);
    assert_eq!(tell(&mut flood, 12, "harbour", Severity::Critical, 1), Telling::OneByOne);
    assert_eq!(tell(&mut flood, 13, "harbour", Severity::Informational, 1), Telling::Digested);
    assert_eq!(tell(&mut flood, 14, "harbour", Severity::Medium, 1), Telling::Digested);
    let running = flood.now().unwrap();
    assert_eq!(running.told, 2);
    assert_eq!(running.digest["harbour"], Digested { count: 2, worst: Severity::Medium });
    assert_eq!(running.digest["old-town"], Digested { count: 1, worst: Severity::Low });
}

#[test]
fn a_digest_of_very_many_spaces_still_counts_all() {
    let mut flood = flooded(11);
    for n in 0..DIGEST_SPACES_MAX as u64 + 10 {
        tell(&mut flood, n, &format!("space {n}"), Severity::Low, 1);
    }
    let running = flood.now().unwrap();
    assert_eq!(running.digest.size(), DIGEST_SPACES_MAX + 1, "and one for all others");
    assert_eq!(running.digested(), DIGEST_SPACES_MAX as u64 + 11);
}

#[test]
fn the_figures_may_change_while_a_flood_goes_on() {
    let mut flood = flooded(11);
    let generous = FloodSettings { enter: 50, leave: 20, ..SETTINGS };
    assert_eq!(flood.settle(1, 1, &generous), Some(FloodChange::Ended));
    assert_eq!(flood.settle(1, 1, &SETTINGS), Some(FloodChange::Began));
}

proptest! {
    /// Nothing is dropped: whatever comes, of every flood told and digested add up to what came while it lasted, and the
    /// count is that of a naive list. Cutting the run anywhere and going on from what was stored changes nothing.
    #[test]
    fn nothing_is_dropped_and_any_cut_is_the_same(
        steps in prop::collection::vec((0_i64..90_000, 0_u8..4, 0_usize..5, any::<bool>()), 0..300),
        cut in 0_usize..300,
    ) {
        let mut flood = Flood::default();
        let mut told_at = Vec::new();
        let (mut now_ms, mut one_by_one, mut digested, mut before) = (0, 0, 0, 0);
        for (index, (wait_ms, space, severity, is_new)) in steps.into_iter().enumerate() {
            if index == cut {
                let stored = serde_json::to_string(&flood).unwrap();
                flood = serde_json::from_str(&stored).unwrap();
            }
            now_ms += wait_ms;
            if !is_new {
                flood.settle(now_ms, 1, &SETTINGS);
            } else {
                told_at.push(now_ms);
                match tell(&mut flood, index as u64, &format!("s{space}"), Severity::ALL[severity], now_ms) {
                    Telling::Digested => digested += 1,
                    Telling::OneByOne if flood.now().is_some() => one_by_one += 1,
                    Telling::OneByOne => before += 1,
                }
            }
            let naive = told_at.iter().filter(|told| *told / 1000 > now_ms / 1000 - 600).count() as u64;
            prop_assert_eq!(flood.counted(), naive);
            prop_assert_eq!(flood.now().is_some() && naive < 5, false);
            prop_assert_eq!(flood.now().is_none() && naive > 10, false);
        }
        let all = flood.over().iter().map(|over| (over.told, over.digested));
        let all: Vec<_> = all.chain(flood.now().map(|now| (now.told, now.digested()))).collect();
        prop_assert_eq!(all.iter().map(|(told, _)| told).sum::<u64>(), one_by_one);
        prop_assert_eq!(all.iter().map(|(_, digested)| digested).sum::<u64>(), digested);
        prop_assert_eq!(one_by_one + digested + before, told_at.len() as u64);
    }
}
