//! Control records as files, named by their content: a record that names one is written only once the file is durable.
//!
//! Spaces stand in a file of their own, which many control records share: a city's outlines have megabytes, and its rules
//! change far more often than they do.

use crate::error::LogError;
use crate::segments::codec::{ControlFile, ControlRef, read, semantics, write};
use crate::segments::folder::Folder;
use blake3::Hash;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_model::control::{Control, ENGINE_SEMANTICS};
use vigie_model::space::Space;

/// Writes control files.
#[derive(Debug, Default)]
pub(crate) struct ControlWriter {
    /// The newest spaces written, and the file they stand in.
    spaces: Option<(Arc<Vec<Space>>, Hash)>,
    /// The newest control record written.
    control: Option<(Arc<Control>, ControlRef)>,
}

/// Reads control files.
#[derive(Debug, Default)]
pub(crate) struct ControlReader {
    /// The newest spaces read, and the file they stand in.
    spaces: Option<(Arc<Vec<Space>>, Hash)>,
    /// The newest control record read.
    newest: Option<(Arc<Control>, ControlRef)>,
}

impl ControlWriter {
    /// Knows a control record that is in its file already.
    pub(crate) fn know(&mut self, control: Arc<Control>, named: ControlRef) {
        self.control = Some((control, named));
    }

    /// Makes a control record durable and returns the name of its file; `None` when the disk has no room for it. What
    /// this value has written before is not written again.
    pub(crate) fn write(&mut self, folder: &Folder, control: &Arc<Control>) -> Result<Option<ControlRef>, LogError> {
        if let Some((_, named)) = self.control.as_ref().filter(|(written, _)| Arc::ptr_eq(written, control)) {
            return Ok(Some(*named));
        }
        let spaces = if control.spaces.is_empty() {
            None
        } else {
            let Some(hash) = self.write_spaces(folder, &control.spaces)? else { return Ok(None) };
            Some(hash.into())
        };
        let without_spaces = Arc::new(Control { spaces: Arc::default(), ..Control::clone(control) });
        let mut bytes = Vec::new();
        write(&ControlFile { semantics: ENGINE_SEMANTICS, spaces, control: without_spaces }, &mut bytes);
        let hash = blake3::hash(&bytes);
        let named = ControlRef { hash: hash.into() };
        let is_written = folder.write_whole_if_room(&control_file(folder, hash), &bytes)?;
        self.control = is_written.then(|| (Arc::clone(control), named));
        Ok(is_written.then_some(named))
    }

    fn write_spaces(&mut self, folder: &Folder, spaces: &Arc<Vec<Space>>) -> Result<Option<Hash>, LogError> {
        if let Some((_, hash)) = self.spaces.as_ref().filter(|(written, _)| written == spaces) {
            return Ok(Some(*hash));
        }
        let mut bytes = Vec::new();
        write(spaces, &mut bytes);
        let hash = blake3::hash(&bytes);
        let is_written = folder.write_whole_if_room(&spaces_file(folder, hash), &bytes)?;
        self.spaces = is_written.then(|| (Arc::clone(spaces), hash));
        Ok(is_written.then_some(hash))
    }
}

impl ControlReader {
    /// Reads the control record that a record names. Spaces that are those of the one read before are shared with it.
    pub(crate) fn read(&mut self, folder: &Folder, named: ControlRef) -> Result<Arc<Control>, LogError> {
        let control = self.read_file(folder, named)?;
        self.newest = Some((Arc::clone(&control), named));
        Ok(control)
    }

    /// Takes the newest control record that was read, with the name of its file.
    pub(crate) fn take_newest(&mut self) -> Option<(Arc<Control>, ControlRef)> {
        self.newest.take()
    }

    fn read_file(&mut self, folder: &Folder, named: ControlRef) -> Result<Arc<Control>, LogError> {
        let hash = Hash::from(named.hash);
        let path = control_file(folder, hash);
        let bytes = content(folder, &path, hash)?;
        let unreadable = || LogError::damaged(&path, "it cannot be read");
        // First of all: what follows may have another layout.
        let found = semantics(&bytes).ok_or_else(unreadable)?;
        if found != ENGINE_SEMANTICS {
            return Err(LogError::OtherSemantics { folder: folder.path.clone(), found, supported: ENGINE_SEMANTICS });
        }
        let ControlFile { spaces, control, .. } = read(&bytes).ok_or_else(unreadable)?;
        let Some(spaces) = spaces else { return Ok(control) };
        let spaces = self.read_spaces(folder, spaces.into())?;
        Ok(Arc::new(Control { spaces, ..Arc::unwrap_or_clone(control) }))
    }

    fn read_spaces(&mut self, folder: &Folder, hash: Hash) -> Result<Arc<Vec<Space>>, LogError> {
        if let Some((spaces, _)) = self.spaces.as_ref().filter(|(_, known)| *known == hash) {
            return Ok(Arc::clone(spaces));
        }
        let path = spaces_file(folder, hash);
        let spaces: Vec<Space> =
            read(&content(folder, &path, hash)?).ok_or_else(|| LogError::damaged(&path, "it cannot be read"))?;
        let spaces = Arc::new(spaces);
        self.spaces = Some((Arc::clone(&spaces), hash));
        Ok(spaces)
    }
}

/// The bytes of a file that is named by them.
fn content(folder: &Folder, path: &Path, hash: Hash) -> Result<Vec<u8>, LogError> {
    let bytes = folder.read(path)?;
    if blake3::hash(&bytes) == hash {
        return Ok(bytes);
    }
    Err(LogError::damaged(path, "its content is not what its name says"))
}

fn control_file(folder: &Folder, hash: Hash) -> PathBuf {
    folder.path.join(format!("control-{}.bin", hash.to_hex()))
}

fn spaces_file(folder: &Folder, hash: Hash) -> PathBuf {
    folder.path.join(format!("spaces-{}.bin", hash.to_hex()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SystemDisk;
    use expect_test::expect;
    use serde::Serialize;
    use std::collections::BTreeMap;
    use std::fs;
    use vigie_model::calendar::{Calendar, CityEvent};
    use vigie_model::control::{AlertSettings, DeskEscalation, SourceFile};
    use vigie_model::metric::MetricSpec;
    use vigie_model::severity::Severity;

    /// What a control file held under engine semantics 1: no calendars, events and creations.
    #[derive(Serialize)]
    struct ControlFile1 {
        semantics: u32,
        centre: &'static str,
        time_zone: &'static str,
        tick_ms: i64,
        rules: Vec<(&'static str, &'static str)>,
        spaces: Vec<Space1>,
        metrics: BTreeMap<&'static str, ()>,
    }

    /// A space without neighbours.
    #[derive(Default, Serialize)]
    struct Space1 {
        id: &'static str,
        name: &'static str,
        kind: &'static str,
        district: &'static str,
        capacity: Option<i64>,
        geometry: &'static str,
        params: BTreeMap<&'static str, ()>,
        sensors: Vec<()>,
        valid_from_ms: Option<i64>,
        valid_to_ms: Option<i64>,
    }

    #[test]
    fn a_file_of_other_semantics_is_told_apart_from_a_damaged_one() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder { disk: Arc::new(SystemDisk), path: place.path().to_owned() };
        let keep = |bytes: &[u8]| {
            let hash = blake3::hash(bytes);
            fs::write(control_file(&folder, hash), bytes).unwrap();
            ControlReader::default().read(&folder, ControlRef { hash: hash.into() })
        };
        let old = ControlFile1 {
            semantics: 1,
            centre: "c",
            time_zone: "UTC",
            tick_ms: 1000,
            rules: vec![("r.yaml", "groups: []")],
            spaces: vec![Space1 { id: "a", name: "A", capacity: Some(5), ..Space1::default() }],
            metrics: BTreeMap::new(),
        };
        let mut bytes = Vec::new();
        write(&old, &mut bytes);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        expect!["01016303555443d00f0106722e79616d6c0a67726f7570733a205b5d01016101410000010a000000000000"]
            .assert_eq(&hex);
        let refused = keep(&bytes);
        let other = matches!(refused, Err(LogError::OtherSemantics { found: 1, supported: ENGINE_SEMANTICS, .. }));
        assert!(other, "{refused:?}");

        let control = Arc::new(Control::default());
        let mut bytes = Vec::new();
        write(&ControlFile { semantics: ENGINE_SEMANTICS, spaces: None, control: Arc::clone(&control) }, &mut bytes);
        assert_eq!(keep(&bytes).unwrap(), control);
        let cut = keep(&bytes[..bytes.len() - 1]);
        assert!(matches!(cut, Err(LogError::Damaged { .. })), "{cut:?}");
    }

    #[test]
    fn control_records_share_the_file_of_their_spaces() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder { disk: Arc::new(SystemDisk), path: place.path().to_owned() };
        let control = |tick_ms, spaces: &[&str]| {
            let spaces = Arc::new(spaces.iter().map(|id| Space::registered(id)).collect());
            Arc::new(Control { tick_ms, spaces, ..Control::default() })
        };
        let all =
            [control(1, &["a"]), control(2, &["a"]), control(2, &["a", "b"]), control(2, &[]), control(1, &["a"])];
        let mut files = ControlWriter::default();
        let named: Vec<_> = all.iter().map(|control| files.write(&folder, control).unwrap().unwrap()).collect();
        assert_eq!((named[0], named[4]), (named[4], named[0]), "the same content has the same name");
        let names: Vec<_> = fs::read_dir(place.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        let count = |start: &str| names.iter().filter(|name| name.to_str().unwrap().starts_with(start)).count();
        assert_eq!((count("control-"), count("spaces-"), names.len()), (4, 2, 6));

        let mut files = ControlReader::default();
        let back: Vec<_> = named.iter().map(|named| files.read(&folder, *named).unwrap()).collect();
        assert_eq!(back, all);
        assert!(Arc::ptr_eq(&back[0].spaces, &back[1].spaces), "equal spaces are in memory once");
        for name in names.iter().filter(|name| name.to_str().unwrap().starts_with("spaces-")) {
            let path = place.path().join(name);
            let mut bytes = fs::read(&path).unwrap();
            bytes[1] ^= 1;
            fs::write(&path, bytes).unwrap();
        }
        let damaged = ControlReader::default().read(&folder, named[0]);
        assert!(matches!(damaged, Err(LogError::Damaged { .. })), "{damaged:?}");
    }

    /// When one of these changes, control files on disk cannot be read any more: raise the engine's semantics.
    #[test]
    fn control_files_never_change() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder { disk: Arc::new(SystemDisk), path: place.path().to_owned() };
        let file = SourceFile { path: "r".into(), text: "t".into() };
        let escalation = DeskEscalation { severity: Severity::High, after_ms: 6, to: "d".into() };
        let control = Control {
            centre: "c".into(),
            time_zone: "z".into(),
            tick_ms: 1,
            rules: vec![file],
            spaces: Arc::new(vec![Space { adjacent: vec!["b".into()], ..Space::registered("a") }]),
            metrics: Arc::new([("m".into(), MetricSpec::default())].into()),
            calendars: Arc::new(vec![Calendar { name: "k".into(), except: vec![2], ..Calendar::default() }]),
            events: Arc::new(vec![CityEvent { name: "e".into(), from_ms: 3, until_ms: 4, ..CityEvent::default() }]),
            creations: [("A".into(), 5)].into(),
            alerts: Arc::new(AlertSettings { escalation: Some(escalation), ..AlertSettings::default() }),
        };
        ControlWriter::default().write(&folder, &Arc::new(control)).unwrap().unwrap();
        let files = fs::read_dir(place.path()).unwrap().map(|file| file.unwrap().path());
        let hex = |path| fs::read(path).unwrap().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (mut spaces, mut control) = (String::new(), String::new());
        for path in files {
            let is_spaces = path.file_name().unwrap().to_str().unwrap().starts_with("spaces-");
            *(if is_spaces { &mut spaces } else { &mut control }) = hex(path);
        }
        expect!["01016101610000000000010162000000"].assert_eq(&spaces);
        expect!["050195dcf809964c8202aef276f46ecb83b5469c5addef9c8f1cd19d60808f29fc670163017a0201017201740001016d00000001016b00010400010165060800000101410501030c016400809f490a050380bab703060380dddb019601ac020a320532c0cf24"].assert_eq(&control);
    }
}
