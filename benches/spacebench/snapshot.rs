//! How long it takes to keep the state of a million spaces in a snapshot, and to go on from it, beside a plain file of the
//! same bytes.
//!
//! In each round, one after the other: the bytes are written into one file and synced; a snapshot is taken, partition by partition,
//! while a thread writes and syncs what comes; the plain file is read into memory that is not there yet; the snapshot is read and
//! the engines go on from it, on all cores, as their owners would. All files are in the system's cache when they are read, which is
//! the harder comparison. The engines that went on count what those before them counted, and their snapshot is as long.
//!
//! Processor time stands beside time on the wall: on a machine that does other work too, threads that hand things to each other
//! wait for their turn again and again, and the plain file does not.

use crate::clock::{Spent, Stopwatch};
use crate::memory::City;
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use vigie::spacebench::names::dictionary;
use vigie_log::disk::SystemDisk;
use vigie_log::snapshots::sets::Snapshots;
use vigie_log::snapshots::stamp::Stamp;
use vigie_log::snapshots::writer::SetWriter;
use vigie_model::control::ENGINE_SEMANTICS;
use vigie_model::names::Names;
use vigie_model::position::PARTITIONS_DEFAULT;
use vigie_rules::core::RuleCore;
use vigie_rules::engine::Engine;
use vigie_rules::merger::Merger;

/// What one round took, all threads together.
struct Round {
    raw_write: Spent,
    snapshot: Spent,
    longest_pause: Spent,
    raw_read: Spent,
    restore: Spent,
}

/// Processor time of the whole process so far, all threads together, to a hundredth of a second; none where the system does not
/// tell it as Linux does.
fn process_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = text.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let hundredths = behind_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(10 * hundredths.sum::<u64>())
}

/// What a piece of work of several threads takes.
fn spent<T>(work: impl FnOnce() -> T) -> (Spent, T) {
    let (cpu, wall) = (process_cpu(), Instant::now());
    let done = work();
    (Spent { cpu: process_cpu().saturating_sub(cpu), wall: wall.elapsed() }, done)
}

/// Prints the medians of some rounds, as Markdown; files stand in a folder that is removed.
pub(crate) fn print(spaces: u32, rounds: usize, folder: &Path) {
    let city = City::filled(spaces, || ());
    let mut names = Names::default();
    names.learn(&dictionary(spaces, 1));
    let names = Arc::new(names);
    let pieces = pieces(&city.core);
    let bytes: usize = pieces.iter().map(Vec::len).sum();
    let folder = tempfile::tempdir_in(folder).expect("the folder of the bench can be written");
    let mut all: Vec<Round> = Vec::new();
    for number in 0..rounds {
        all.push(round(number as u64, &city, &names, &pieces, folder.path()));
    }
    let median = |of: &dyn Fn(&Round) -> f64| {
        let mut found: Vec<f64> = all.iter().map(of).collect();
        found.sort_by(f64::total_cmp);
        found[found.len() / 2]
    };
    let ms = |of: &dyn Fn(&Round) -> Duration| median(&|round| of(round).as_secs_f64() * 1_000.0);
    println!("{spaces} spaces, R2, {PARTITIONS_DEFAULT} partitions, {bytes} bytes, medians of {rounds} rounds\n");
    println!("| what | ms | MB/s | times the plain file | ms of processor time | times the plain file |");
    println!("|---|---|---|---|---|---|");
    let line = |what: &str, of: fn(&Round) -> Spent, plain: fn(&Round) -> Spent| {
        let (wall, cpu) = (ms(&|round| of(round).wall), ms(&|round| of(round).cpu));
        let ratio = |time: fn(Spent) -> Duration| {
            median(&|round| time(of(round)).as_secs_f64() / time(plain(round)).as_secs_f64().max(0.01))
        };
        let (slower, busier) = (ratio(|spent| spent.wall), ratio(|spent| spent.cpu));
        let rate = bytes as f64 / wall / 1_000.0;
        println!("| {what} | {wall:.0} | {rate:.0} | {slower:.2} | {cpu:.0} | {busier:.2} |");
    };
    line("plain file, written and synced", |round| round.raw_write, |round| round.raw_write);
    line("snapshot, written and synced", |round| round.snapshot, |round| round.raw_write);
    line("plain file, read", |round| round.raw_read, |round| round.raw_read);
    line("snapshot, read and gone on from", |round| round.restore, |round| round.raw_read);
    let longest = all.iter().map(|round| round.longest_pause.wall).max().unwrap_or_default();
    let (cpu, wall) = (ms(&|round| round.longest_pause.cpu), ms(&|round| round.longest_pause.wall));
    println!(
        "\nlongest pause of a round: median {wall:.1} ms, {cpu:.1} ms of processor time; of all rounds {longest:.1?}"
    );
}

fn round(number: u64, city: &City, names: &Arc<Names>, pieces: &[Vec<u8>], folder: &Path) -> Round {
    let plain = folder.join("plain");
    let (raw_write, ()) = spent(|| {
        let mut file = File::create(&plain).expect("a file can be created");
        pieces.iter().for_each(|piece| file.write_all(piece).expect("there is room"));
        file.sync_data().expect("the disk keeps it");
    });

    let snapshots = Snapshots::open(Arc::new(SystemDisk), &folder.join("snapshots")).expect("a folder can be made");
    let log_id = "spacebench".into();
    let stamp = Stamp {
        log_id,
        semantics: ENGINE_SEMANTICS,
        control: [0; 32],
        partitions: PARTITIONS_DEFAULT,
        next_sequence: number,
    };
    let (snapshot, longest_pause) = spent(|| write(&city.core, &snapshots, &stamp));

    let (raw_read, read) = spent(|| std::fs::read(&plain).expect("the file is there"));
    drop(read);

    let (restore, core) = spent(|| restore(&city.core, &snapshots, &stamp, names));
    assert_eq!(core.counters(), city.core.counters());
    if number == 0 {
        let length = |pieces: Vec<Vec<u8>>| pieces.iter().map(Vec::len).sum::<usize>();
        assert_eq!(length(self::pieces(&core)), length(pieces.to_vec()));
    }
    std::fs::remove_file(plain).expect("the file is there");
    Round { raw_write, snapshot, longest_pause, raw_read, restore }
}

/// All pieces of a snapshot.
fn pieces(core: &RuleCore) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut keep = |piece| {
        pieces.push(piece);
        Vec::new()
    };
    (0..PARTITIONS_DEFAULT).for_each(|partition| engine(core, partition).snapshot(&mut keep));
    core.merger().snapshot(&mut keep);
    pieces
}

fn engine(core: &RuleCore, partition: u16) -> &Engine {
    core.engine(partition).expect("the rules have begun")
}

/// Takes a snapshot: for how long a partition stood still at the most, on the wall and in processor time.
fn write(core: &RuleCore, snapshots: &Snapshots, stamp: &Stamp) -> Spent {
    let mut writer = SetWriter::start(snapshots.clone(), stamp.clone()).expect("there is a thread to be had");
    let mut longest = Spent::default();
    for partition in 0..PARTITIONS_DEFAULT {
        writer.wait();
        let pause = Stopwatch::start();
        writer.part(&format!("partition-{partition}"), |hand_over| engine(core, partition).snapshot(hand_over));
        let pause = pause.stop();
        longest = Spent { cpu: longest.cpu.max(pause.cpu), wall: longest.wall.max(pause.wall) };
    }
    writer.wait();
    writer.part("city", |hand_over| core.merger().snapshot(hand_over));
    writer.commit(None).expect("the disk keeps it");
    longest
}

/// Goes on from the newest snapshot.
fn restore(known: &RuleCore, snapshots: &Snapshots, stamp: &Stamp, names: &Arc<Names>) -> RuleCore {
    let rules = known.rules().expect("the rules have begun");
    let (mut sets, refused) = snapshots.sets(stamp).expect("the folder can be read");
    assert!(refused.is_empty(), "{refused:?}");
    let set = sets.pop().expect("there is a snapshot");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let read = |partition: u16, room: &mut Vec<u8>| {
        let body = snapshots.read(&set, &format!("partition-{partition}"), room).expect("it is whole");
        Engine::restore(rules, names, body).expect("it fits")
    };
    let mut lanes: Vec<VecDeque<Engine>> = thread::scope(|scope| {
        let lane = |first: usize| {
            let mut room = Vec::new();
            (first as u16..PARTITIONS_DEFAULT).step_by(cores).map(|partition| read(partition, &mut room)).collect()
        };
        let lanes: Vec<_> = (0..cores).map(|first| scope.spawn(move || lane(first))).collect();
        lanes.into_iter().map(|lane| lane.join().expect("every partition can be read")).collect()
    });
    let engines = (0..usize::from(PARTITIONS_DEFAULT)).map(|partition| lanes[partition % cores].pop_front());
    let engines = engines.collect::<Option<_>>().expect("every partition was read");
    let mut room = Vec::new();
    let city = snapshots.read(&set, "city", &mut room).expect("it is whole");
    let merger = Merger::restore(rules, PARTITIONS_DEFAULT, city).expect("it fits");
    RuleCore::restore(engines, merger).expect("it fits")
}
