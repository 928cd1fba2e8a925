//! Batches of events: what intake hands to the sequencer.
//!
//! Observations are columns ([`crate::observations`]); [`Events`] adds the few incidents and perceptions of the same request
//! and the order in which all of them came.

use crate::event::{Incident, Perception};
pub use crate::observations::{NewRows, ObservationRow, Observations, PickedRow};
pub use crate::quality::{Quality, flags};

/// Where an event of a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventRef {
    /// Row of [`Events::observations`].
    Observation(u32),
    /// Row of [`Events::incidents`].
    Incident(u32),
    /// Row of [`Events::perceptions`].
    Perception(u32),
}

/// What makes a row without id and sequence number the same row when it is sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Sent by a peer: an observation is identified by its content; others are kept undeduplicated.
    #[default]
    Peer,
    /// Read from a file with this content hash: a row is identified by its line.
    File(u128),
}

/// Events of one request or one piece of a file, in the order they came.
#[derive(Clone, Debug, Default)]
pub struct Events {
    /// Observations.
    pub observations: Observations,
    /// Incidents.
    pub incidents: Vec<Incident>,
    /// Perceptions.
    pub perceptions: Vec<Perception>,
    /// Order of arrival over the three.
    pub order: Vec<EventRef>,
    /// For each entry of `order`, where it came from.
    pub origin: Vec<Origin>,
}

/// Where an event came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Peer or file.
    pub source: Source,
    /// Line in the request or file, from 1.
    pub line: u32,
}

impl Events {
    /// No events, and room for `rows` observations.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            observations: Observations::with_capacity(rows),
            order: Vec::with_capacity(rows),
            origin: Vec::with_capacity(rows),
            ..Self::default()
        }
    }

    /// Forgets all events, and keeps the memory for others.
    pub fn clear(&mut self) {
        self.observations.clear();
        self.incidents.clear();
        self.perceptions.clear();
        self.order.clear();
        self.origin.clear();
    }

    /// Number of events of all types.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Appends an observation.
    pub fn push_observation(&mut self, row: ObservationRow<'_>, origin: Origin) {
        self.order.push(EventRef::Observation(index_u32(self.observations.len())));
        self.origin.push(origin);
        self.observations.push(row);
    }

    /// Makes room for observations that are to come, so that columns need not grow.
    pub fn reserve_observations(&mut self, rows: usize) {
        self.order.reserve(rows);
        self.origin.reserve(rows);
        self.observations.reserve(rows);
    }

    /// Appends observations given as columns, with the line of each.
    ///
    /// # Panics
    /// When there are not as many lines as rows, and as [`Observations::extend`].
    pub fn extend_observations(&mut self, rows: &NewRows<'_>, source: Source, lines: &[u32]) {
        assert_eq!(lines.len(), rows.space.len(), "every row has a line");
        let (first, total) = (index_u32(self.observations.len()), index_u32(self.observations.len() + lines.len()));
        self.order.extend((first..total).map(EventRef::Observation));
        self.origin.extend(lines.iter().map(|line| Origin { source, line: *line }));
        self.observations.extend(rows);
    }

    /// Appends an incident.
    pub fn push_incident(&mut self, incident: Incident, origin: Origin) {
        self.order.push(EventRef::Incident(index_u32(self.incidents.len())));
        self.origin.push(origin);
        self.incidents.push(incident);
    }

    /// Appends a perception.
    pub fn push_perception(&mut self, perception: Perception, origin: Origin) {
        self.order.push(EventRef::Perception(index_u32(self.perceptions.len())));
        self.origin.push(origin);
        self.perceptions.push(perception);
    }

    /// The event time of entry `index` of `order`.
    #[must_use]
    #[inline]
    pub fn event_time_ms(&self, index: usize) -> i64 {
        match self.order[index] {
            EventRef::Observation(row) => self.observations.event_time_ms[row as usize],
            EventRef::Incident(row) => self.incidents[row as usize].event_time_ms,
            EventRef::Perception(row) => self.perceptions[row as usize].event_time_ms,
        }
    }
}

fn index_u32(index: usize) -> u32 {
    u32::try_from(index).expect("one batch holds fewer than 2^32 rows")
}
