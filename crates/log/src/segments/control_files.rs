//! Control records as files, named by their content: a record that names one is written only once the file is durable.

use crate::error::LogError;
use crate::segments::codec::{ControlFile, ControlRef, read, semantics, write};
use crate::segments::folder::Folder;
use std::sync::Arc;
use vigie_model::control::{Control, ENGINE_SEMANTICS};

impl Folder {
    /// Makes a control record durable and returns the name of its file.
    pub(crate) fn write_control(&self, control: &Arc<Control>) -> Result<ControlRef, LogError> {
        let (bytes, hash) = encoded(control);
        self.write_whole(&self.path.join(file_name(hash)), 0, &bytes)?;
        Ok(ControlRef { hash: hash.into() })
    }

    /// As [`Self::write_control`]; `None` when there is no room for it, and then nothing is left of it.
    pub(crate) fn write_control_if_room(&self, control: &Arc<Control>) -> Result<Option<ControlRef>, LogError> {
        let (bytes, hash) = encoded(control);
        let is_written = self.write_whole_if_room(&self.path.join(file_name(hash)), &bytes)?;
        Ok(is_written.then(|| ControlRef { hash: hash.into() }))
    }

    /// Reads the control record that a record names.
    pub(crate) fn read_control(&self, named: ControlRef) -> Result<Arc<Control>, LogError> {
        let path = self.path.join(file_name(named.hash.into()));
        let bytes = self.read(&path)?;
        if blake3::hash(&bytes) != blake3::Hash::from(named.hash) {
            return Err(LogError::damaged(&path, "its content is not what its name says"));
        }
        let unreadable = || LogError::damaged(&path, "it cannot be read");
        // First of all: what follows may have another layout.
        let found = semantics(&bytes).ok_or_else(unreadable)?;
        if found != ENGINE_SEMANTICS {
            return Err(LogError::OtherSemantics { folder: self.path.clone(), found, supported: ENGINE_SEMANTICS });
        }
        let file: ControlFile = read(&bytes).ok_or_else(unreadable)?;
        Ok(file.control)
    }
}

fn encoded(control: &Arc<Control>) -> (Vec<u8>, blake3::Hash) {
    let mut bytes = Vec::new();
    write(&ControlFile { semantics: ENGINE_SEMANTICS, control: Arc::clone(control) }, &mut bytes);
    let hash = blake3::hash(&bytes);
    (bytes, hash)
}

fn file_name(hash: blake3::Hash) -> String {
    format!("control-{}.bin", hash.to_hex())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SystemDisk;
    use expect_test::expect;
    use serde::Serialize;
    use std::collections::BTreeMap;
    use std::fs;

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
            fs::write(place.path().join(file_name(hash)), bytes).unwrap();
            folder.read_control(ControlRef { hash: hash.into() })
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
        write(&ControlFile { semantics: ENGINE_SEMANTICS, control: Arc::clone(&control) }, &mut bytes);
        assert_eq!(keep(&bytes).unwrap(), control);
        let cut = keep(&bytes[..bytes.len() - 1]);
        assert!(matches!(cut, Err(LogError::Damaged { .. })), "{cut:?}");
    }
}
