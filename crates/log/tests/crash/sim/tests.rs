//! The simulated disk itself: it does all the harm it should and no more.

use crate::rng::Rng;
use crate::seeds;
use crate::sim::disk::SimDisk;
use crate::sim::faults::{Fault, Lies, Op, Outcome};
use crate::sim::file::SECTOR_BYTES;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use vigie_log::disk::{Disk, DiskFile};

const FILE: &str = "/a";

/// A file that holds `bytes`, all of it durable.
fn durable_file(disk: &dyn Disk, bytes: &[u8]) -> Box<dyn DiskFile> {
    let file = disk.create(Path::new(FILE)).unwrap();
    file.write_at(0, bytes).unwrap();
    file.sync_data().unwrap();
    disk.sync_folder(Path::new("/")).unwrap();
    file
}

fn read(disk: &dyn Disk, path: &str) -> Option<Vec<u8>> {
    let file = disk.open(Path::new(path)).ok()?;
    let mut bytes = vec![0; file.length().unwrap() as usize];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    Some(bytes)
}

/// What 500 seeds make of one history.
fn outcomes<T: Ord>(history: impl Fn(&SimDisk) -> T) -> BTreeSet<T> {
    (0..500).map(|seed| history(&SimDisk::new(seed))).collect()
}

/// Names and bytes of the files after a loss of power, read through a new mount.
fn after_power_loss(disk: &SimDisk) -> BTreeMap<String, Vec<u8>> {
    disk.lose_power();
    let mount = disk.mount();
    let names = mount.list(Path::new("/")).unwrap();
    names.into_iter().map(|name| (name.clone(), read(&*mount, &format!("/{name}")).unwrap())).collect()
}

#[test]
fn a_power_loss_keeps_drops_or_tears_each_unsynced_sector() {
    let (old, new) = (vec![1; 4 * SECTOR_BYTES], vec![2; 2 * SECTOR_BYTES]);
    let outcomes = outcomes(|disk| {
        durable_file(&*disk.mount(), &old).write_at(SECTOR_BYTES as u64, &new).unwrap();
        after_power_loss(disk).remove("a").unwrap()
    });
    let sector = |bytes: &[u8], at: usize| bytes[at * SECTOR_BYTES..(at + 1) * SECTOR_BYTES].to_vec();
    for bytes in &outcomes {
        assert_eq!(bytes.len(), old.len());
        assert_eq!((sector(bytes, 0), sector(bytes, 3)), (sector(&old, 0), sector(&old, 3)));
    }
    let all_of = |byte: u8| vec![byte; SECTOR_BYTES];
    for (first, second) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let is_there = |bytes: &Vec<u8>| sector(bytes, 1) == all_of(first) && sector(bytes, 2) == all_of(second);
        assert!(outcomes.iter().any(is_there), "never {first}, {second}");
    }
    let torn = outcomes.iter().map(|bytes| sector(bytes, 1)).filter(|s| *s != all_of(1) && *s != all_of(2));
    let torn: Vec<_> = torn.collect();
    assert!(torn.iter().any(|sector| sector.starts_with(&[2]) && sector.ends_with(&[1])), "no first part");
    assert!(torn.iter().any(|sector| sector.starts_with(&[1]) && sector.ends_with(&[2])), "no last part");
    assert!(torn.iter().any(|sector| sector.iter().any(|byte| *byte > 2)), "no garbage");
}

#[test]
fn a_tear_leaves_what_was_synced_in_the_same_sector() {
    let outcomes = outcomes(|disk| {
        let mount = disk.mount();
        durable_file(&*mount, &[1; 100]).write_at(100, &[2; 100]).unwrap();
        after_power_loss(disk).remove("a").unwrap()
    });
    assert!(outcomes.iter().all(|bytes| bytes[..100] == [1; 100]));
    assert!(outcomes.len() > 10);
}

#[test]
fn lengths_and_bytes_survive_apart() {
    let outcomes = outcomes(|disk| {
        durable_file(&*disk.mount(), &[1; 8]).write_at(8, &[2; 8]).unwrap();
        after_power_loss(disk).remove("a").unwrap()
    });
    let with = |rest: &[u8]| [&[1; 8], rest].concat();
    assert!(outcomes.contains(&with(&[])) && outcomes.contains(&with(&[0; 8])) && outcomes.contains(&with(&[2; 8])));
}

#[test]
fn a_cut_may_come_back_until_it_is_synced() {
    let cut = |disk: &SimDisk| {
        let mount = disk.mount();
        let file = durable_file(&*mount, &[1; 2 * SECTOR_BYTES]);
        file.truncate(SECTOR_BYTES as u64).unwrap();
        file
    };
    let lengths = outcomes(|disk| {
        cut(disk);
        after_power_loss(disk)["a"].len()
    });
    assert_eq!(lengths, BTreeSet::from([SECTOR_BYTES, 2 * SECTOR_BYTES]));
    let reserved = outcomes(|disk| {
        cut(disk).reserve(2 * SECTOR_BYTES as u64).unwrap();
        assert_eq!(read(&*disk.mount(), FILE).unwrap()[SECTOR_BYTES..], [0; SECTOR_BYTES]);
        after_power_loss(disk)["a"][SECTOR_BYTES..].to_vec()
    });
    assert!(reserved.contains(&vec![1; SECTOR_BYTES]) && reserved.contains(&vec![0; SECTOR_BYTES]));
    let synced = outcomes(|disk| {
        let file = cut(disk);
        file.sync_data().unwrap();
        file.reserve(2 * SECTOR_BYTES as u64).unwrap();
        after_power_loss(disk)["a"].contains(&1) && disk.is_clean()
    });
    assert_eq!(synced, BTreeSet::from([true]));
}

#[test]
fn names_are_as_before_or_after_until_the_folder_is_synced() {
    let history = |disk: &SimDisk, sync: bool| {
        let mount = disk.mount();
        durable_file(&*mount, &[1]);
        mount.create(Path::new("/b")).unwrap();
        mount.rename(Path::new("/b"), Path::new("/c")).unwrap();
        mount.remove(Path::new(FILE)).unwrap();
        if sync {
            mount.sync_folder(Path::new("/")).unwrap();
        }
        after_power_loss(disk).into_keys().collect::<String>()
    };
    let unsynced = outcomes(|disk| history(disk, false));
    assert_eq!(unsynced, ["", "a", "ab", "ac", "b", "c"].map(str::to_owned).into());
    assert_eq!(outcomes(|disk| history(disk, true)), ["c".to_owned()].into());
}

#[test]
fn a_folder_needs_its_parent_synced() {
    let history = |disk: &SimDisk, sync: bool| {
        let (mount, folder) = (disk.mount(), Path::new("/log"));
        mount.create_folder(folder).unwrap();
        mount.create_folder(folder).unwrap();
        mount.create(Path::new("/log/a")).unwrap();
        mount.sync_folder(folder).unwrap();
        if sync {
            mount.sync_folder(Path::new("/")).unwrap();
        }
        disk.lose_power();
        disk.mount().list(folder).ok()
    };
    let there = Some(vec!["a".to_owned()]);
    assert_eq!(outcomes(|disk| history(disk, false)), [None, there.clone()].into());
    assert_eq!(outcomes(|disk| history(disk, true)), [there].into());
}

#[test]
fn after_a_failed_sync_no_later_sync_decides() {
    let history = |disk: &SimDisk, again: bool| {
        let mount = disk.mount();
        let file = durable_file(&*mount, &[1; 64]);
        file.write_at(0, &[2; 64]).unwrap();
        disk.fault_after(0, Fault::Error);
        assert_eq!(file.sync_data().unwrap_err().raw_os_error(), Some(5));
        if again {
            file.write_at(32, &[3; 32]).unwrap();
        }
        file.sync_data().unwrap();
        let bytes = after_power_loss(disk).remove("a").unwrap();
        (bytes[..32].to_vec(), bytes[32..].to_vec())
    };
    let once = outcomes(|disk| history(disk, false));
    assert!(once.contains(&(vec![1; 32], vec![1; 32])) && once.contains(&(vec![2; 32], vec![2; 32])));
    let again = outcomes(|disk| history(disk, true));
    assert!(again.iter().all(|(_, rewritten)| *rewritten == [3; 32]), "what was written again is decided");
    assert!(again.iter().any(|(first, _)| *first == [1; 32]) && again.iter().any(|(first, _)| *first == [2; 32]));
}

#[test]
fn after_a_failed_sync_a_new_process_may_read_either() {
    let outcomes = outcomes(|disk| {
        let file = durable_file(&*disk.mount(), &[1; 64]);
        file.write_at(0, &[2; 64]).unwrap();
        disk.fault_after(0, Fault::Error);
        file.sync_data().unwrap_err();
        disk.restart();
        let (seen, kept) = (read(&*disk.mount(), FILE).unwrap()[0], after_power_loss(disk)["a"][0]);
        (seen, kept)
    });
    assert_eq!(outcomes, [(1, 1), (2, 1), (2, 2)].into_iter().chain(torn(&outcomes)).collect());
}

/// The outcomes whose first byte is garbage.
fn torn(outcomes: &BTreeSet<(u8, u8)>) -> Vec<(u8, u8)> {
    outcomes.iter().copied().filter(|(_, kept)| *kept > 2 || *kept == 0).collect()
}

#[test]
fn a_failed_folder_sync_leaves_names_undecided() {
    let names = outcomes(|disk| {
        let mount = disk.mount();
        mount.create(Path::new(FILE)).unwrap();
        disk.fault_after(0, Fault::Error);
        mount.sync_folder(Path::new("/")).unwrap_err();
        mount.sync_folder(Path::new("/")).unwrap();
        after_power_loss(disk).into_keys().collect::<String>()
    });
    assert_eq!(names, ["", "a"].map(str::to_owned).into());
}

#[test]
fn a_kill_keeps_completed_calls_and_a_first_part_of_the_write_in_flight() {
    let outcomes = outcomes(|disk| {
        let file = durable_file(&*disk.mount(), &[1; 8]);
        file.write_at(0, &[2; 8]).unwrap();
        disk.fault_after(0, Fault::Kill);
        file.write_at(4, &[3; 8]).unwrap_err();
        assert!(disk.is_down());
        assert!(disk.mount().open(Path::new(FILE)).is_err(), "nothing answers before the restart");
        disk.restart();
        assert!(file.length().is_err(), "an open file of a dead process stays dead");
        read(&*disk.mount(), FILE).unwrap()
    });
    let expected = (0..=8).map(|part| {
        let mut bytes = vec![2; 8.max(4 + part)];
        bytes[4..4 + part].fill(3);
        bytes
    });
    assert_eq!(outcomes, expected.collect());
}

#[test]
fn a_failing_write_leaves_any_part() {
    let outcomes = outcomes(|disk| {
        let file = durable_file(&*disk.mount(), &[1; 4]);
        disk.fault_after(0, Fault::Error);
        assert_eq!(file.write_at(0, &[2; 4]).unwrap_err().raw_os_error(), Some(5));
        assert!(!disk.is_down());
        read(&*disk.mount(), FILE).unwrap()
    });
    assert!(outcomes.contains(&vec![1; 4]) && outcomes.contains(&vec![2; 4]));
    assert!(outcomes.contains(&vec![2, 2, 1, 1]) && outcomes.contains(&vec![1, 2, 2, 1]));
}

#[test]
fn a_full_disk_refuses_what_is_not_reserved_until_space_returns() {
    let disk = SimDisk::new(1);
    let mount = disk.mount();
    disk.set_budget(Some(1000));
    let file = mount.create(Path::new(FILE)).unwrap();
    file.reserve(600).unwrap();
    assert_eq!(file.reserve(1001).unwrap_err().kind(), io::ErrorKind::StorageFull);
    let used = disk.used();
    assert!(used == 600 || used == 1000);
    disk.set_budget(Some(used));
    file.write_at(0, &vec![1; used]).unwrap();
    assert_eq!(file.write_at(used as u64 - 10, &[2; 20]).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(file.length().unwrap(), used as u64, "the part that fits is written");
    let full = mount.create(Path::new("/b")).map(drop);
    assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);
    mount.remove(Path::new(FILE)).unwrap();
    mount.create(Path::new("/b")).unwrap().reserve(used as u64).unwrap();
    disk.set_budget(None);
    mount.create(Path::new("/c")).unwrap().reserve(5000).unwrap();
}

#[test]
fn lies_keep_nothing() {
    let outcomes = outcomes(|disk| {
        disk.set_lies(Lies { sync_data: true, sync_folder: true });
        durable_file(&*disk.mount(), &[1]);
        after_power_loss(disk)
    });
    assert!(outcomes.contains(&BTreeMap::new()) && outcomes.contains(&BTreeMap::from([("a".to_owned(), vec![])])));
}

#[test]
fn calls_are_counted_and_told() {
    let disk = SimDisk::new(1);
    let mount = disk.mount();
    let file = mount.create(Path::new(FILE)).unwrap();
    disk.fault_after(1, Fault::Error);
    file.write_at(0, &[1; 3]).unwrap();
    file.sync_data().unwrap_err();
    assert!(mount.open(Path::new("/b")).is_err());
    assert_eq!(disk.calls_count(), 4);
    let calls = disk.calls();
    assert_eq!((calls[1].op, calls[1].outcome), (Op::Write { offset: 0, bytes: 3 }, Outcome::Done));
    assert_eq!((calls[2].file, calls[2].outcome), (calls[0].file, Outcome::Fault(Fault::Error)));
    assert_eq!(disk.trace(2), "    2 SyncData /a -> Fault(Error)\n    3 Open /b -> Refused\n");
}

/// Whatever is done to a few files: bytes synced and not written again, and names synced and not changed again, survive
/// every loss of power; and with everything synced nothing changes at all.
#[test]
fn what_was_synced_survives_every_seed() {
    seeds::each(seeds::count(seeds::SEEDS, seeds::SEEDS_LONG), |seed| {
        let mut rng = Rng::new(seed);
        let disk = SimDisk::new(rng.next());
        let mut promised: BTreeMap<String, Vec<Option<u8>>> = BTreeMap::new();
        for _ in 0..3 {
            promised = check_one_life(&disk, &mut rng, promised);
        }
    });
}

/// One life of random calls up to a loss of power; returns what is promised by then, byte by byte.
fn check_one_life(
    disk: &SimDisk,
    rng: &mut Rng,
    mut promised: BTreeMap<String, Vec<Option<u8>>>,
) -> BTreeMap<String, Vec<Option<u8>>> {
    let mount = disk.mount();
    let mut names_promised: BTreeSet<String> = promised.keys().cloned().collect();
    for _ in 0..rng.below(30) {
        let name = ["a", "b"][rng.below(2)].to_owned();
        let path = format!("/{name}");
        let Ok(file) = mount.open(Path::new(&path)) else {
            mount.create(Path::new(&path)).unwrap();
            promised.insert(name, Vec::new());
            continue;
        };
        let bytes = promised.get_mut(&name).unwrap();
        let length = file.length().unwrap() as usize;
        match rng.below(6) {
            0 | 1 => {
                let (at, count) = (rng.below(length + 1), rng.below(1200));
                file.write_at(at as u64, &vec![rng.next() as u8; count]).unwrap();
                bytes.iter_mut().skip(at).take(count).for_each(|byte| *byte = None);
            }
            2 => {
                let to = rng.below(length + 1);
                file.truncate(to as u64).unwrap();
                bytes.truncate(to);
            }
            3 => file.reserve((length + rng.below(600)) as u64).unwrap(),
            4 => {
                file.sync_data().unwrap();
                *bytes = read(&*mount, &path).unwrap().into_iter().map(Some).collect();
            }
            _ => {
                mount.sync_folder(Path::new("/")).unwrap();
                names_promised = promised.keys().cloned().collect();
            }
        }
    }
    let everything_synced = rng.chance(1, 3);
    if everything_synced {
        for name in promised.keys() {
            mount.open(Path::new(&format!("/{name}"))).unwrap().sync_data().unwrap();
        }
        mount.sync_folder(Path::new("/")).unwrap();
    }
    let before = disk.files();
    disk.lose_power();
    assert!(!everything_synced || before == disk.files(), "synced, and yet changed");
    let mount = disk.mount();
    promised.retain(|name, bytes| {
        let found = read(&*mount, &format!("/{name}"));
        assert!(found.is_some() || !names_promised.contains(name), "{name} is gone\n{}", disk.trace(40));
        let Some(found) = found else { return false };
        let is_kept = |(found, promised): (&u8, &Option<u8>)| promised.is_none_or(|promised| promised == *found);
        assert!(found.len() >= bytes.len(), "{name} is too short\n{}", disk.trace(40));
        assert!(found.iter().zip(bytes.iter()).all(is_kept), "{name} lost synced bytes\n{}", disk.trace(40));
        *bytes = found.into_iter().map(Some).collect();
        true
    });
    promised
}
