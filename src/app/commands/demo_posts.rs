//! The demo's edge node: posts the counts of each hour over HTTP when the demo's clock reaches the end of that hour.
//!
//! It is a client like any other: its rows pass the same intake, and when that is busy it tries again. The demo's clock
//! does not pass an hour whose counts are not in the log yet, so the alerts are the same at any speed.

use crate::exit::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use vigie_log::clock::{Anchor, Limit};

/// The longest sleep between two looks at whether to stop.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Attempts per post before the demo gives up: 10 s of a busy intake.
const ATTEMPTS_MAX: u32 = 100;
/// Pause before a post is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// One hour's counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The end of the hour.
    pub event_time_ms: i64,
    /// The feed to name.
    pub feed: Arc<str>,
    /// NDJSON.
    pub body: String,
}

/// The instant the clock may not pass before the first post is taken.
#[must_use]
pub fn first_limit_ms(posts: &[Post], end_ms: i64) -> i64 {
    posts.first().map_or(end_ms, |post| post.event_time_ms)
}

/// Posts everything in time and moves the clock's `limit` on, finally to `end_ms`; returns once all is posted or `stop`
/// is set.
///
/// # Errors
/// When the server refuses a post or does not answer.
pub fn run(
    posts: &[Post],
    url: &str,
    clock: &Anchor,
    limit: &Limit,
    end_ms: i64,
    stop: &AtomicBool,
) -> Result<(), Failure> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    for (index, post) in posts.iter().enumerate() {
        loop {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let wait = clock.until(post.event_time_ms, Instant::now());
            if wait.is_zero() {
                break;
            }
            thread::sleep(wait.min(LOOK_INTERVAL));
        }
        send(&agent, url, post, stop)?;
        limit.move_to(first_limit_ms(&posts[index + 1..], end_ms));
    }
    Ok(())
}

fn send(agent: &ureq::Agent, url: &str, post: &Post, stop: &AtomicBool) -> Result<(), Failure> {
    let target = format!("{url}/v1/events?feed={}", post.feed);
    for _ in 0..ATTEMPTS_MAX {
        let sent = agent.post(&target).header("content-type", "application/x-ndjson").send(&post.body);
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(_) if stop.load(Ordering::Relaxed) => return Ok(()),
            Err(error) => return Err(Failure::io("the demo cannot post to its own server", error)),
        };
        match answer.status().as_u16() {
            200 => return Ok(()),
            429 | 503 => thread::sleep(RETRY_PAUSE),
            status => {
                let text = answer.body_mut().read_to_string().unwrap_or_default();
                return Err(Failure::Io(format!("the demo's post was refused with {status}: {text}")));
            }
        }
    }
    Err(Failure::Io(format!("the demo's server stayed busy for {ATTEMPTS_MAX} attempts")))
}
