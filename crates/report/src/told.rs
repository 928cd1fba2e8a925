//! What a kind of report has to say, before its manifest.

use crate::document::Section;

/// Title, findings and sections.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) title: String,
    pub(crate) findings: Vec<String>,
    pub(crate) sections: Vec<Section>,
}
