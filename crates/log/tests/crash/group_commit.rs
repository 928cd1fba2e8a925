//! Many senders at once through the intake's thread, with a crash at a random call: whoever was answered is in the log,
//! once. How requests meet in a commit is up to the machine's threads, so a seed repeats the crash but not every step.

use crate::life::Setup;
use crate::seeds;
use crate::sender::Request;
use crate::sim::faults::{Fault, Op};
use crate::story::Story;
use std::sync::Mutex;
use vigie_log::intake::{Intake, IntakeError};
use vigie_model::batch::Events;

const SEEDS: u64 = 200;
const SENDERS: usize = 6;
const REQUESTS_PER_SENDER: usize = 4;

/// Sends requests one after the other and returns those that were answered.
fn send(intake: &Intake, story: &Story, requests: &[Request]) -> Vec<Request> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let is_answered = |request: &&Request| loop {
        let answer = match request {
            Request::Facts(marks) => {
                let mut events = Events::default();
                marks.iter().for_each(|mark| story.sender.fact(*mark).push_to(&mut events, intake.interner()));
                runtime.block_on(intake.submit(events)).map(drop)
            }
            Request::Command(mark) => runtime.block_on(intake.command(story.sender.command(*mark))),
        };
        match answer {
            Ok(()) => return true,
            Err(IntakeError::Busy) => std::thread::yield_now(),
            Err(IntakeError::Full | IntakeError::Closed) => return false,
        }
    };
    requests.iter().filter(is_answered).cloned().collect()
}

/// Lives of one seed; syncs and answers are counted.
fn live(seed: u64, counts: &Mutex<[usize; 2]>) {
    let mut story = Story::new(seed, Setup { segment_bytes: 16_384, ..Setup::default() });
    for _ in 0..3 {
        let fault = [Fault::PowerLoss, Fault::Kill, Fault::Error][story.rng.below(3)];
        story.disk.fault_after(story.rng.below(70), fault);
        let requests: Vec<Vec<_>> = (0..SENDERS)
            .map(|_| (0..REQUESTS_PER_SENDER).flat_map(|_| story.sender.group().into_iter().take(1)).collect())
            .collect();
        let Some(life) = story.start().unwrap() else {
            story.disk.restart();
            continue;
        };
        requests.iter().flatten().for_each(|request| story.sender.send(request));
        let (intake, served) = life.serve();
        let answered: Vec<_> = std::thread::scope(|scope| {
            let senders = requests.iter().map(|requests| scope.spawn(|| send(&intake, &story, requests)));
            let senders: Vec<_> = senders.collect();
            senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
        });
        intake.stop();
        story.end_served(served).unwrap_or_else(|broken| panic!("{}", story.tell(&broken)));
        answered.iter().for_each(|request| story.sender.acknowledge(request));
        let syncs = story.disk.calls().iter().filter(|call| call.op == Op::SyncData).count();
        let mut counts = counts.lock().unwrap();
        *counts = [counts[0] + answered.len(), counts[1] + syncs];
        story.disk.restart();
    }
    if let Err(broken) = story.check() {
        panic!("{}", story.tell(&broken));
    }
}

#[test]
fn whoever_is_answered_by_the_thread_is_in_the_log_once() {
    let counts = Mutex::default();
    seeds::each(seeds::count(SEEDS, 10 * SEEDS), |seed| live(seed, &counts));
    let [answered, syncs] = counts.into_inner().unwrap();
    println!("{answered} requests answered, {syncs} syncs");
    assert!(answered > 1000 || seeds::only().is_some(), "{answered} answered");
}
