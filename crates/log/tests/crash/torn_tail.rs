//! The end of a log cut at every byte of its last commit, and of its last record: what was acknowledged before is
//! there, of the rest a beginning or nothing, and the log goes on.

use crate::checker::is_same;
use crate::facts::Kind;
use crate::life::{Life, Setup, read, verify};
use crate::rng::Rng;
use crate::seeds;
use crate::sender::Request;
use crate::sim::disk::SimDisk;
use crate::sim::faults::{Call, Op};
use crate::story::Story;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_model::record::Record;

/// At every so many bytes the log is also checked and written on.
const CLOSER_EVERY: usize = 5;

/// How the missing part of a file is missing.
#[derive(Clone, Copy, Debug)]
enum Tear {
    /// The file ends there.
    Short,
    /// Zeros follow, as in space reserved.
    Zeros,
    /// Garbage follows, to the end of the commit.
    Garbage,
}

/// A log whose last commit nobody was answered for, whole on disk.
struct Torn {
    story: Story,
    /// Records before the last commit.
    answered: usize,
    records: Vec<Arc<Record>>,
    /// The segment the last commit is in, and where.
    segment: PathBuf,
    commit: Range<usize>,
    /// The segment as written, whole.
    written: Vec<u8>,
}

/// A log with some answered groups, and the process that wrote them.
fn written(seed: u64, groups: usize) -> (Story, Life) {
    let mut story = Story::new(seed, Setup { segment_bytes: 4096, ..Setup::default() });
    let mut life = story.start().unwrap().unwrap();
    story.send(&mut life, groups).unwrap();
    (story, life)
}

impl Torn {
    /// Writes one more commit, to which there is no answer.
    fn write(mut story: Story, mut life: Life, last: &[Request]) -> Self {
        let answered = read(story.disk.copy(0).mount(), &story.setup).unwrap().0.len();
        let calls = story.disk.calls_count();
        for request in last {
            story.sender.send(request);
            life.take(&story.sender, request).unwrap();
        }
        life.commit().unwrap();
        drop(life);
        let (records, _) = read(story.disk.copy(0).mount(), &story.setup).unwrap();
        let (segment, commit) = last_write(&story.disk, &story.disk.calls()[calls..]);
        let written = content(&story.disk, &segment);
        Self { story, answered, records, segment, commit, written }
    }
}

/// The file and range of the one write of a commit. A file is named by what it holds now: the log may have renamed it.
fn last_write(disk: &SimDisk, calls: &[Call]) -> (PathBuf, Range<usize>) {
    let writes = calls.iter().filter_map(|call| match call.op {
        Op::Write { offset, bytes } => Some((call.file, offset as usize..offset as usize + bytes)),
        _ => None,
    });
    let writes: Vec<_> = writes.collect();
    let (file, range) = writes.last().expect("a commit writes").clone();
    assert_eq!(writes.len(), 1, "one commit is one write: {calls:?}");
    (disk.path_of(file.expect("a write has a file")).expect("the file is still there"), range)
}

impl Torn {
    /// The log as a power loss in the last commit may leave it.
    fn cut(&self, at: usize, tear: Tear) -> Story {
        let story = self.story.copy(at as u64);
        let mut bytes = self.written.clone();
        match tear {
            Tear::Short => bytes.truncate(at),
            Tear::Zeros => bytes[at..].fill(0),
            Tear::Garbage => {
                let mut rng = Rng::new(at as u64);
                bytes[at..self.commit.end].iter_mut().for_each(|byte| *byte = rng.next() as u8);
            }
        }
        story.disk.plant(&self.segment, bytes);
        story
    }

    fn check_every_byte(&self) {
        seeds::each_of(self.commit.clone(), |at| {
            for tear in [Tear::Short, Tear::Zeros, Tear::Garbage] {
                self.check(at, tear);
            }
        });
    }

    fn check(&self, at: usize, tear: Tear) {
        let what = format!("{tear:?} from byte {at} of {:?} in {}", self.commit, self.segment.display());
        let mut story = self.cut(at, tear);
        let before = content(&story.disk, &self.segment);
        if at.is_multiple_of(CLOSER_EVERY) {
            let (report, _) = verify(story.disk.mount()).unwrap();
            assert!(report.findings.is_empty(), "{what}: a torn end is nothing wrong: {report:?}");
        }
        let (found, recovery) = read(story.disk.mount(), &story.setup).unwrap();
        assert!(recovery.holes.is_empty(), "{what}: a torn end is no damage: {recovery:?}");
        let same = found.iter().zip(&self.records).take_while(|(found, written)| is_same(found, written)).count();
        assert_eq!(same, found.len(), "{what}: found what was never written: {:?}", found.get(same));
        assert!(found.len() >= self.answered, "{what}: {} records, {} answered", found.len(), self.answered);
        let is_whole = self.written[at..self.commit.end].iter().all(|byte| *byte == 0);
        assert!(found.len() < self.records.len() || is_whole, "{what}: the last record cannot be whole");
        let is_as_before = || said(&before) == said(&content(&story.disk, &self.segment));
        assert!(recovery.cut.is_some() || is_as_before(), "{what}: cut without a word");
        if !at.is_multiple_of(CLOSER_EVERY) {
            return;
        }
        // It goes on: what was cut can be sent again and is there once.
        let mut life = story.start().unwrap().unwrap();
        story.send_unanswered(&mut life).unwrap();
        story.end(life).unwrap();
        if let Err(broken) = story.check() {
            panic!("{what}: {}", story.tell(&broken));
        }
    }
}

/// What a file says: its bytes without the zeros at its end, which are space kept ready.
fn said(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)].to_vec()
}

fn content(disk: &SimDisk, path: &Path) -> Vec<u8> {
    disk.files().into_iter().find(|(found, _)| found == path).expect("the segment is there").1
}

#[test]
fn a_last_commit_of_one_record_cut_at_every_byte() {
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_known_after_restart()) {
        let (mut story, mut life) = written(1, 2);
        let known = story.sender.new_fact_of(kind);
        story.send_group(&mut life, &[Request::Facts(vec![known])]).unwrap();
        let twin = story.sender.twin_of(known);
        let torn = Torn::write(story, life, &[Request::Facts(vec![twin])]);
        assert_eq!(torn.records.len() - torn.answered, 1, "{kind:?}: names that are known need no record");
        torn.check_every_byte();
    }
}

#[test]
fn a_last_commit_of_many_records_cut_at_every_byte() {
    let (mut story, life) = written(2, 1);
    let last: Vec<_> = (0..2).flat_map(|_| story.sender.group()).collect();
    let torn = Torn::write(story, life, &last);
    assert!(torn.records.len() - torn.answered > 6, "{} - {}", torn.records.len(), torn.answered);
    torn.check_every_byte();
}
