//! The rules of control records, read once for all threads that judge by them.
//!
//! A rule set of a city with a million spaces takes seconds to read and hundreds of megabytes; whoever comes to its record first
//! reads it, the others wait for that, and the last one leaves nothing behind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use vigie_model::record::{Payload, Record};
use vigie_rules::load::load;
use vigie_rules::spec::RuleSet;

/// Rules that somebody has not come for yet; at most those of the control records in the log's ring.
#[derive(Debug)]
pub struct LoadedRules {
    takers: usize,
    /// A std mutex: it is held for a look into the map.
    waiting: Mutex<BTreeMap<u64, Waiting>>,
}

/// The rules of one record.
#[derive(Debug)]
struct Waiting {
    rules: Arc<OnceLock<Arc<RuleSet>>>,
    takers_left: usize,
}

impl LoadedRules {
    /// For so many threads, each of which takes every record once.
    #[must_use]
    pub fn new(takers: usize) -> Self {
        Self { takers, waiting: Mutex::default() }
    }

    /// The rules of a record, if it is a control record.
    ///
    /// # Panics
    /// When they do not load: they are checked before they are logged.
    #[must_use]
    pub fn of(&self, record: &Record) -> Option<Arc<RuleSet>> {
        let Payload::Control(control) = &record.payload else { return None };
        let read = || load(control).expect("rules are checked before they are logged").rules;
        Some(Arc::clone(self.place(record.sequence).get_or_init(read)))
    }

    fn place(&self, sequence: u64) -> Arc<OnceLock<Arc<RuleSet>>> {
        let mut waiting = self.waiting.lock().expect("no holder of this lock panics");
        let new = || Waiting { rules: Arc::default(), takers_left: self.takers };
        let here = waiting.entry(sequence).or_insert_with(new);
        here.takers_left -= 1;
        let rules = Arc::clone(&here.rules);
        if here.takers_left == 0 {
            waiting.remove(&sequence);
        }
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_model::control::Control;

    fn control(sequence: u64) -> Record {
        let control = Control { centre: "c".into(), time_zone: "UTC".into(), ..Control::default() };
        Record { sequence, log_time_ms: 0, payload: Payload::Control(Arc::new(control)) }
    }

    #[test]
    fn everybody_gets_the_same_rules_and_nothing_is_left() {
        let (loaded, first, second) = (LoadedRules::new(2), control(0), control(7));
        let (of_first, of_second) = (loaded.of(&first).unwrap(), loaded.of(&second).unwrap());
        assert!(Arc::ptr_eq(&of_first, &loaded.of(&first).unwrap()), "whoever is slower");
        assert!(Arc::ptr_eq(&of_second, &loaded.of(&second).unwrap()) && !Arc::ptr_eq(&of_first, &of_second));
        assert!(loaded.waiting.lock().unwrap().is_empty());
        let tick = Record { sequence: 8, log_time_ms: 0, payload: Payload::Tick { tick_ms: 0 } };
        assert!(loaded.of(&tick).is_none());
    }
}
