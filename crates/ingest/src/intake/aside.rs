//! Work on large bodies, done where no other request waits behind it.
//!
//! Small bodies are decoded on the async thread they came in on: that takes less than handing them over. A large one
//! would keep everything else on that thread waiting for milliseconds, so the runtime first gives its other tasks to
//! another thread. Only as many large bodies as there are cores are worked on at one time; the others wait, in order, and
//! hold no more than the room that [`crate::intake::body`] counted for them.

use crate::limits::BODY_BYTES_AT_ONCE_MAX;
use std::thread::available_parallelism;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

/// Turns for work on large bodies.
#[derive(Debug)]
pub(super) struct Aside {
    turns: Semaphore,
}

impl Aside {
    /// As many turns as there are cores.
    pub(super) fn new() -> Self {
        Self { turns: Semaphore::new(available_parallelism().map_or(1, usize::from)) }
    }

    /// Does `work` on a body of `bytes` bytes: here and now if it is small, else in its turn.
    pub(super) async fn run<T>(&self, bytes: usize, work: impl FnOnce() -> T) -> T {
        if bytes <= BODY_BYTES_AT_ONCE_MAX {
            return work();
        }
        let _turn = self.turns.acquire().await.expect("turns are given as long as anyone asks");
        // A runtime of one thread has none to give its other tasks to.
        if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread { block_in_place(work) } else { work() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    #[test]
    fn large_work_keeps_nothing_else_waiting() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let aside = Arc::new(Aside::new());
        let (go_on, told) = mpsc::channel();
        let large = {
            let aside = Arc::clone(&aside);
            runtime.spawn(async move { aside.run(BODY_BYTES_AT_ONCE_MAX + 1, move || told.recv().unwrap()).await })
        };
        // On the one thread of this runtime: it runs only if the work above left it free.
        let small = runtime.spawn(async move { aside.run(BODY_BYTES_AT_ONCE_MAX, || go_on.send(7)).await });
        runtime.block_on(small).unwrap().unwrap();
        assert_eq!(runtime.block_on(large).unwrap(), 7);
    }

    #[test]
    fn turns_are_as_many_as_cores() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(8).build().unwrap();
        let aside = Arc::new(Aside { turns: Semaphore::new(2) });
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let works: Vec<_> = (0..32)
            .map(|_| {
                let (aside, now, most) = (Arc::clone(&aside), Arc::clone(&now), Arc::clone(&most));
                runtime.spawn(async move {
                    let work = || {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                    };
                    aside.run(usize::MAX, work).await;
                })
            })
            .collect();
        for work in works {
            runtime.block_on(work).unwrap();
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
    }

    #[tokio::test]
    async fn a_runtime_of_one_thread_works_too() {
        assert_eq!(Aside::new().run(usize::MAX, || 7).await, 7);
    }
}
