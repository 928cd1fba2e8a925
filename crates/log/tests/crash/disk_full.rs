//! A disk that runs full, at every step of its size: nothing refused is in the log, nothing acknowledged is lost, and
//! the log goes on when space returns. The same for the log's own cap.

use crate::checker::{Broken, Promise};
use crate::life::{Life, Setup};
use crate::seeds;
use crate::sender::Request;
use crate::story::Story;
use std::sync::Mutex;
use tokio::runtime::Runtime;
use vigie_log::error::LogError;
use vigie_log::intake::{Intake, IntakeError};
use vigie_model::batch::Events;

/// Sizes of the disk differ by this, which has no common factor with sectors, frames or segments.
const STEP_BYTES: usize = 113;
/// Far more than one request, as always: a request is taken only while a whole segment is kept ready.
const SEGMENT_BYTES: u64 = 8192;
/// Groups offered while the disk has its small size, and after it has grown.
const GROUPS: usize = 14;

/// What became of the requests on a small disk.
#[derive(Debug, Default)]
struct Counts {
    answered: usize,
    refused: usize,
    commands_after_refusal: usize,
    unopened: usize,
    changes_refused: usize,
    /// Starts on a disk that was full already, and those that failed.
    restarts: usize,
    failed_restarts: usize,
}

/// Offers a group one by one, as intake does: asks for room before each request, and refuses what has none.
fn offer(story: &mut Story, life: &mut Life, group: &[Request], counts: &mut Counts) -> Result<(), LogError> {
    for request in group {
        let room = life.room();
        let is_command = matches!(request, Request::Command(_));
        if !(if is_command { room.ticks } else { room.events }) {
            counts.refused += 1;
            continue;
        }
        story.send_group(life, std::slice::from_ref(request))?;
        counts.answered += 1;
        counts.commands_after_refusal += usize::from(is_command && !room.events);
    }
    Ok(())
}

/// A history on a disk of a size, which grows in the end.
fn live_on(story: &mut Story, budget: usize, counts: &mut Counts) -> Result<(), Broken> {
    story.disk.set_budget(Some(budget));
    match story.try_start() {
        Ok(mut life) => {
            for _ in 0..GROUPS {
                let group = story.sender.group();
                let offered = offer(story, &mut life, &group, counts);
                offered.map_err(|error| Broken::new(Promise::PoisonedByFailure, format!("fails on {error}")))?;
            }
            story.disk.set_budget(None);
            for _ in 0..GROUPS {
                let group = story.sender.group();
                let refused = counts.refused;
                let offered = offer(story, &mut life, &group, counts);
                offered.map_err(|error| Broken::new(Promise::PoisonedByFailure, format!("fails on {error}")))?;
                if counts.refused > refused {
                    return Err(Broken::new(Promise::OpensAfterACrash, "space returned, and yet a request is refused"));
                }
            }
            story.end(life)?;
        }
        Err(_) => counts.unopened += 1,
    }
    if story.rng.chance(1, 2) {
        // Started again while it is full, by whoever hopes that it helps.
        story.disk.set_budget(Some(budget.max(story.disk.used())));
        story.disk.restart();
        counts.restarts += 1;
        match story.try_start() {
            Ok(life) => story.end(life)?,
            Err(_) => counts.failed_restarts += 1,
        }
    }
    story.disk.set_budget(None);
    story.disk.restart();
    let Some(mut life) = story.start()? else { unreachable!("no fault is left") };
    let sent = story.send_unanswered(&mut life);
    sent.map_err(|error| Broken::new(Promise::OpensAfterACrash, error.to_string()))?;
    story.end(life)?;
    story.check()
}

fn setup() -> Setup {
    Setup { segment_bytes: SEGMENT_BYTES, change_one_in: 3, ..Setup::default() }
}

#[test]
fn a_disk_of_any_size_refuses_what_does_not_fit_and_keeps_the_rest() {
    let whole = {
        let mut story = Story::new(5, setup());
        live_on(&mut story, usize::MAX, &mut Counts::default()).unwrap();
        story.disk.used()
    };
    let total = Mutex::new(Counts::default());
    seeds::each_of(0..whole / STEP_BYTES + 2, |step| {
        let mut story = Story::new(5, setup());
        let mut counts = Counts::default();
        if let Err(broken) = live_on(&mut story, step * STEP_BYTES, &mut counts) {
            panic!("a disk of {} bytes: {}", step * STEP_BYTES, story.tell(&broken));
        }
        let mut total = total.lock().unwrap();
        total.answered += counts.answered;
        total.refused += counts.refused;
        total.changes_refused += story.changes_refused;
        total.commands_after_refusal += counts.commands_after_refusal;
        total.unopened += counts.unopened;
        total.restarts += counts.restarts;
        total.failed_restarts += counts.failed_restarts;
    });
    let total = total.into_inner().unwrap();
    println!("{total:?}");
    assert!(
        total.answered > 1000 && total.refused > 100 && total.unopened > 2 && total.changes_refused > 2,
        "{total:?}"
    );
}

#[test]
fn the_cap_refuses_events_first_and_commands_last() {
    for segments in 3..12 {
        // Control records stand outside the segments, and outside the cap.
        let setup = Setup { bytes_max: segments * SEGMENT_BYTES, change_one_in: 0, ..setup() };
        let mut story = Story::new(segments, setup);
        let mut counts = Counts::default();
        let mut life = story.start().unwrap().unwrap();
        for _ in 0..200 {
            let group = story.sender.group();
            offer(&mut story, &mut life, &group, &mut counts).unwrap();
        }
        story.end(life).unwrap();
        assert!(counts.refused > 20, "{segments} segments: {counts:?}");
        let used = story.disk.used() as u64;
        assert!(used <= (segments + 1) * SEGMENT_BYTES, "{segments} segments: {used} bytes");
        assert!(counts.commands_after_refusal > 0, "{segments} segments keep no room for commands: {counts:?}");
        story.disk.restart();
        if let Err(broken) = story.check() {
            panic!("{segments} segments: {}", story.tell(&broken));
        }
    }
}

/// What the intake's thread answers to one request, whose facts are new.
fn submit(story: &mut Story, intake: &Intake, runtime: &Runtime) -> Result<Request, IntakeError> {
    let request = Request::Facts(vec![story.sender.new_fact(), story.sender.new_fact()]);
    let mut events = Events::default();
    let Request::Facts(marks) = &request else { unreachable!("made above") };
    marks.iter().for_each(|mark| story.sender.fact(*mark).push_to(&mut events, intake.interner()));
    runtime.block_on(intake.submit(events)).map(|_| request)
}

#[test]
fn the_thread_answers_full_takes_commands_and_goes_on_when_space_returns() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut story = Story::new(7, setup());
    let (intake, served) = story.start().unwrap().unwrap().serve();
    story.disk.set_budget(Some(story.disk.used()));
    for round in 0..3 {
        let mut answered = 0;
        while let Ok(request) = submit(&mut story, &intake, &runtime) {
            story.sender.send(&request);
            story.sender.acknowledge(&request);
            answered += 1;
            assert!(answered < 1000, "the disk is full");
        }
        let refused = submit(&mut story, &intake, &runtime);
        assert_eq!(refused.err(), Some(IntakeError::Full), "nothing was taken, and the thread lives");
        let command = story.sender.new_command();
        let Request::Command(mark) = command else { unreachable!("made above") };
        runtime.block_on(intake.command(story.sender.command(mark))).unwrap();
        story.sender.send(&command);
        story.sender.acknowledge(&command);
        story.disk.set_budget(None);
        // The first refusal after space returned makes room.
        let mut tries = (0..3).map(|_| submit(&mut story, &intake, &runtime));
        let request = tries.find_map(Result::ok).unwrap_or_else(|| panic!("round {round}: still refused"));
        story.sender.send(&request);
        story.sender.acknowledge(&request);
        story.disk.set_budget(Some(story.disk.used()));
    }
    intake.stop();
    story.end_served(served).unwrap();
    story.disk.restart();
    if let Err(broken) = story.check() {
        panic!("{}", story.tell(&broken));
    }
}
