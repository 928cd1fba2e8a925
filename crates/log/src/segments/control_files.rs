//! Control records as files, named by their content: a record that names one is written only once the file is durable.

use crate::error::LogError;
use crate::segments::codec::{ControlFile, ControlRef, read, write};
use crate::segments::folder::Folder;
use std::sync::Arc;
use vigie_model::control::{Control, ENGINE_SEMANTICS};

impl Folder {
    /// Makes a control record durable and returns the name of its file.
    pub(crate) fn write_control(&self, control: &Arc<Control>) -> Result<ControlRef, LogError> {
        let mut bytes = Vec::new();
        write(&ControlFile { semantics: ENGINE_SEMANTICS, control: Arc::clone(control) }, &mut bytes);
        let hash = blake3::hash(&bytes);
        self.write_whole(&self.path.join(file_name(hash)), 0, &bytes)?;
        Ok(ControlRef { hash: hash.into() })
    }

    /// Reads the control record that a record names.
    pub(crate) fn read_control(&self, named: ControlRef) -> Result<Arc<Control>, LogError> {
        let path = self.path.join(file_name(named.hash.into()));
        let bytes = self.read(&path)?;
        if blake3::hash(&bytes) != blake3::Hash::from(named.hash) {
            return Err(LogError::damaged(&path, "its content is not what its name says"));
        }
        let file: ControlFile = read(&bytes).ok_or_else(|| LogError::damaged(&path, "it cannot be read"))?;
        if file.semantics != ENGINE_SEMANTICS {
            let folder = self.path.clone();
            return Err(LogError::OtherSemantics { folder, found: file.semantics, supported: ENGINE_SEMANTICS });
        }
        Ok(file.control)
    }
}

fn file_name(hash: blake3::Hash) -> String {
    format!("control-{}.bin", hash.to_hex())
}
