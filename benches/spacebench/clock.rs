//! Processor time, user and system, of the calling thread.

use std::time::{Duration, Instant};

/// What a piece of work took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// Processor time, summed over threads.
    pub(crate) cpu: Duration,
    /// Time on the wall.
    pub(crate) wall: Duration,
}

/// Begins to run when it is made.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    cpu: Option<Duration>,
    wall: Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { cpu: thread_cpu(), wall: Instant::now() }
    }

    /// What passed since the start; where the system does not tell processor time, that is time on the wall.
    pub(crate) fn stop(&self) -> Spent {
        let wall = self.wall.elapsed();
        let cpu = thread_cpu().zip(self.cpu).map_or(wall, |(now, then)| now.saturating_sub(then));
        Spent { cpu, wall }
    }
}

/// The first number of Linux's `schedstat`: nanoseconds this thread ran, user and system. The kernel books them at its own
/// ticks of some milliseconds, and whenever a thread leaves the processor; so this one leaves it first.
fn thread_cpu() -> Option<Duration> {
    std::thread::sleep(Duration::from_nanos(1));
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
