//! Files as one stream: their order, their identity and their mistakes.

use super::*;
use crate::decode::csv::spec::MappingSpec;
use crate::encode::{ArrowWriter, Sent};
use crate::spaces::registry::{Registry, UnknownSpace};
use std::sync::Mutex;
use tempfile::TempDir;
use vigie_log::interner::Interner;
use vigie_model::batch::{Origin, Source};

fn names() -> NameCache {
    let registry = Registry::new("c", Arc::default(), UnknownSpace::Register, 100, 0.0);
    NameCache::new(Arc::new(Interner::new(1000)), Arc::new(registry))
}

fn event(time: i64) -> String {
    format!(r#"{{"space":"a","metric":"m","value":1,"time":{time}}}"#)
}

fn mapping() -> Arc<Mapping> {
    let spec: MappingSpec = toml::from_str(
        r#"
        name = "wide"
        files = ["wide*.csv"]
        layout = "wide"
        names_are = ["space"]
        time = { columns = ["t"], format = "epoch_ms" }
        constants = { metric = "m" }
        names = { x = "x", y = "y" }"#,
    )
    .unwrap();
    Arc::new(Mapping::new(&spec).unwrap())
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        self.arrow(name, text.as_bytes())
    }

    fn arrow(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn open(paths: &[PathBuf], change: impl FnOnce(&mut InputOptions)) -> Result<Inputs, Error> {
    let mut options = InputOptions::new(FeedSpec::named("files"));
    change(&mut options);
    Inputs::open(paths, &[mapping()], names(), options, |_| {})
}

/// Event times and lines, batch by batch.
fn rows(inputs: &mut Inputs) -> Vec<Vec<(i64, u32)>> {
    inputs
        .map(|batch| {
            let batch = batch.unwrap();
            (0..batch.len()).map(|index| (batch.event_time_ms(index), batch.origin[index].line)).collect()
        })
        .collect()
}

#[test]
fn files_are_merged_by_event_time_stably_whatever_fits_in_memory() {
    let folder = Folder::new();
    let paths = [
        folder.file("a.ndjson", &[event(3), event(1), "{".to_owned(), event(2)].join("\n")),
        folder.file("b.json", &format!("[{}, {}]", event(1), event(3))),
        folder.file("wide.csv", "t,x,y\n2,1,1\n0,1,\n"),
    ];
    let expected = vec![(0, 3), (1, 2), (1, 1), (2, 4), (2, 2), (2, 2), (3, 1), (3, 2)];
    for sort_rows_max in [1, 2, 3, 100] {
        let mut inputs = open(&paths, |options| options.sort_rows_max = sort_rows_max).unwrap();
        assert_eq!(rows(&mut inputs).concat(), expected, "{sort_rows_max} rows in memory");
        let counts: Vec<_> = inputs
            .reports()
            .iter()
            .map(|file| (file.report.taken, file.report.rejected, file.report.missing))
            .collect();
        assert_eq!(counts, [(3, 1, 0), (2, 0, 0), (3, 0, 1)]);
        assert_eq!(inputs.reports()[0].report.rejects[0].line, 3);
    }
}

#[test]
fn file_order_is_kept_when_asked_and_batches_have_their_size() {
    let folder = Folder::new();
    let paths = [
        folder.file("a.ndjson", &[event(3), event(1)].join("\n")),
        folder.file("b.ndjson", &event(0)),
        folder.file("c.ndjson", ""),
    ];
    let in_order = |options: &mut InputOptions| {
        options.keep_order = true;
        options.batch_rows = 2;
    };
    assert_eq!(rows(&mut open(&paths, in_order).unwrap()), [vec![(3, 1), (1, 2)], vec![(0, 1)]]);
    assert_eq!(
        rows(&mut open(&paths, |options| options.batch_rows = 2).unwrap()),
        [vec![(0, 1), (1, 2)], vec![(3, 1)]]
    );
}

#[test]
fn files_in_order_are_not_sorted() {
    let folder = Folder::new();
    let paths = [
        folder.file("a.ndjson", &[event(1), event(2), event(2)].join("\n")),
        folder.file("empty.ndjson", "\n"),
        folder.file("b.ndjson", &[event(2), event(5)].join("\n")),
    ];
    let mut inputs = open(&paths, |options| options.batch_rows = 2).unwrap();
    assert!(inputs.is_reading());
    assert_eq!(rows(&mut inputs), [vec![(1, 1), (2, 2)], vec![(2, 3), (2, 1)], vec![(5, 2)]]);
    assert_eq!(inputs.reports().iter().map(|file| file.report.taken).sum::<u64>(), 5);

    let [a, empty, b] = paths;
    for paths in [vec![b, empty, a.clone()], vec![a, folder.file("wide.csv", "t,x\n3,1\n")]] {
        assert!(!open(&paths, |_| {}).unwrap().is_reading(), "{paths:?}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_ends_the_replay() {
    let folder = Folder::new();
    let path = folder.file("a.ndjson", &[event(1), event(2)].join("\n"));
    let mut inputs = open(std::slice::from_ref(&path), |_| {}).unwrap();
    std::fs::write(&path, [event(2), event(1)].join("\n")).unwrap();
    let Some(Err(Error::Changed(changed))) = inputs.next() else { panic!("expected a refusal") };
    assert_eq!(changed, path);
    assert!(inputs.next().is_none());
}

#[test]
fn the_identity_is_that_of_the_content() {
    let folder = Folder::new();
    let (a, same, other) =
        (folder.file("a.ndjson", &event(1)), folder.file("b.ndjson", &event(1)), folder.file("c.ndjson", &event(2)));
    let identity = |paths: &[PathBuf]| open(paths, |_| {}).unwrap().identity();
    assert_eq!(identity(std::slice::from_ref(&a)), identity(&[same]));
    assert_ne!(identity(&[a.clone(), other.clone()]), identity(&[other, a.clone()]));
    let mut inputs = open(&[a], |_| {}).unwrap();
    let hash = inputs.reports()[0].hash;
    assert_eq!(inputs.next().unwrap().unwrap().origin[0].source, Source::File(hash));
}

#[test]
fn progress_ends_at_the_whole() {
    let folder = Folder::new();
    let paths = [folder.file("a.ndjson", &event(1)), folder.file("wide.csv", "t,x\n1,1\n")];
    let seen = Arc::new(Mutex::new(None));
    let last = Arc::clone(&seen);
    let options = InputOptions::new(FeedSpec::named("f"));
    Inputs::open(&paths, &[mapping()], names(), options, move |progress| *last.lock().unwrap() = Some(progress))
        .unwrap();
    let progress = seen.lock().unwrap().take().unwrap();
    assert_eq!(progress.bytes_read, progress.bytes_total);
}

#[test]
fn everything_unusable_is_told_at_once() {
    let folder = Folder::new();
    let paths = [folder.file("x.csv", "a\n1\n"), folder.file("wide.csv", "time,z\n")];
    let Err(Error::Unusable(found)) = open(&paths, |_| {}) else { panic!("expected problems") };
    let told: Vec<_> = found.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    let expected = [
        "nothing says what this file holds",
        "the header has no column 't' for the time",
        "column 'time' is not in the name map of csv mapping 'wide'",
        "column 'z' is not in the name map of csv mapping 'wide'",
    ];
    assert_eq!(told, expected);
    let gone = folder.0.path().join("gone.ndjson");
    assert!(matches!(open(&[gone], |_| {}), Err(Error::Io { .. })));
}

#[test]
fn a_name_the_mapping_does_not_list_ends_the_replay() {
    let spec = r#"{"name":"long","files":["long.csv"],"layout":"long","names_are":["space"],"names":{"One":"one"},
        "time":{"columns":["t"],"format":"epoch_ms"},"columns":{"name":"n","value":"v"},"constants":{"metric":"m"}}"#;
    let mapping = Arc::new(Mapping::new(&serde_json::from_str(spec).unwrap()).unwrap());
    let folder = Folder::new();
    let path = folder.file("long.csv", "n,t,v\nOne,1,1\nOnne,2,1\nTwo,2,1\n");
    let opened = Inputs::open(&[path], &[mapping], names(), InputOptions::new(FeedSpec::named("f")), |_| {});
    let Err(Error::Unusable(found)) = opened else { panic!("expected problems") };
    let told: Vec<_> =
        found.iter().map(|diagnostic| (diagnostic.message.as_str(), diagnostic.hint.as_deref())).collect();
    let expected = [
        ("name 'Onne' is not in the mapping's name map", Some("did you mean 'One'?")),
        ("name 'Two' is not in the mapping's name map", None),
    ];
    assert_eq!(told, expected);
}

fn arrow(times: impl IntoIterator<Item = i64>) -> Vec<u8> {
    let mut writer = ArrowWriter::create(Vec::new()).unwrap();
    for event_time_ms in times {
        let sent = Sent { space: "a", metric: "m", value_micros: 1_000_000, event_time_ms, ..Sent::default() };
        writer.push(&sent).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn arrow_files_in_order_are_read_as_they_stand_and_others_are_sorted() {
    let folder = Folder::new();
    let (in_order, not) = (folder.arrow("a.arrows", &arrow([1, 1, 5])), folder.arrow("b.feather", &arrow([9, 7, 8])));
    let mut read = open(std::slice::from_ref(&in_order), |options| options.batch_rows = 2).unwrap();
    assert!(read.is_reading());
    assert_eq!(rows(&mut read), [vec![(1, 1), (1, 2)], vec![(5, 3)]]);
    let paths = [in_order, not];
    let mut sorted = open(&paths, |_| ()).unwrap();
    assert!(!sorted.is_reading());
    assert_eq!(rows(&mut sorted), [vec![(1, 1), (1, 2), (5, 3), (7, 2), (8, 3), (9, 1)]]);
    assert_eq!(sorted.reports()[1].report.taken, 3);
    let mut as_they_stand = open(&paths, |options| options.keep_order = true).unwrap();
    assert_eq!(rows(&mut as_they_stand), [vec![(1, 1), (1, 2), (5, 3), (9, 1), (7, 2), (8, 3)]]);
    let hash = xxhash_rust::xxh3::xxh3_128(&arrow([9, 7, 8]));
    assert_eq!((sorted.reports()[1].hash, sorted.reports()[1].bytes), (hash, arrow([9, 7, 8]).len() as u64));
}

#[test]
fn arrow_rows_are_the_rows_of_the_lines_they_were() {
    let folder = Folder::new();
    let times: Vec<_> = (0..70_000).map(|row: i64| 1_000_000 + row.wrapping_mul(7919) % 65_521).collect();
    let lines: Vec<_> = times.iter().map(|time| event(*time)).collect();
    let paths = [folder.file("a.ndjson", &lines.join("\n")), folder.arrow("a.arrow", &arrow(times))];
    let read = paths.map(|path| {
        let inputs = open(&[path], |options| options.sort_rows_max = 10_000).unwrap();
        inputs.fold(Events::default(), |mut all, batch| {
            let batch = batch.unwrap();
            all.observations.append(&batch.observations);
            all.origin
                .extend(batch.origin.iter().map(|origin| origin.line).map(|line| Origin { line, ..Origin::default() }));
            all
        })
    });
    assert_eq!(read[0].observations, read[1].observations);
    assert_eq!(read[0].origin, read[1].origin);
    assert_eq!(read[0].observations.len(), 70_000);
}

#[test]
fn arrow_files_that_cannot_be_read_are_named() {
    let folder = Folder::new();
    let whole = arrow([1, 2]);
    let told = |path: PathBuf| open(&[path], |_| ()).unwrap_err().to_string();
    let cut = told(folder.arrow("cut.arrow", &whole[..whole.len() - 30]));
    assert!(cut.contains("cut.arrow") && cut.contains("breaks off in the middle"), "{cut}");
    let other = told(folder.file("lines.arrow", &event(1)));
    assert!(other.contains("something else"), "{other}");
    let unknown = told(folder.file("rows.parquet", "PAR1"));
    assert!(unknown.contains(".arrow"), "{unknown}");
}

#[test]
fn a_batch_in_the_memory_of_another_holds_nothing_of_it() {
    let folder = Folder::new();
    let path = folder.file("a.ndjson", &(1..=50).map(event).collect::<Vec<_>>().join("\n"));
    let open = || open(std::slice::from_ref(&path), |options| options.batch_rows = 7).unwrap();
    let (mut fresh, mut reusing, mut spent) = (open(), open(), Events::default());
    for batch in fresh.by_ref() {
        let (batch, again) = (batch.unwrap(), reusing.next_in(spent).unwrap().unwrap());
        assert_eq!((&batch.observations, &batch.order), (&again.observations, &again.order));
        assert_eq!(batch.origin, again.origin);
        spent = again;
    }
    assert!(reusing.next_in(spent).is_none());
}
