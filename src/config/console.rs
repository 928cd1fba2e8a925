//! `[console]`: what the operator's page shows besides alerts. Nothing here decides what becomes of a record.

use super::toml_reader::Section;
use std::path::{Path, PathBuf};

/// Languages of the page.
const LANGUAGES: [&str; 2] = ["en", "fr"];
/// What a link from the page may lead to: pages, telephones and pictures, never a script.
const SCHEMES: [&str; 7] = ["http:", "https:", "tel:", "sip:", "sips:", "rtsp:", "rtsps:"];
/// What a link may name.
const PLACES: [&str; 2] = ["{space}", "{key}"];

/// The operator's page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Console {
    /// Languages offered, the preferred one first; all when the configuration names none.
    pub languages: Vec<String>,
    /// Link to the camera of a space, with `{space}` or `{key}` where they belong.
    pub camera_url: Option<String>,
    /// Link to the radio channel of a space, likewise.
    pub radio_url: Option<String>,
    /// A base map, as one file of tiles (PMTiles).
    pub basemap: Option<PathBuf>,
}

/// Reads `[console]`.
pub(super) fn read(mut section: Section<'_>, folder: &Path) -> Console {
    let languages = section.each_parsed("languages", |text| match LANGUAGES.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(format!("not a language of the page; expected {}", LANGUAGES.join(" or "))),
    });
    let camera_url = section.parsed("camera_url", link).map(|link| link.value);
    let radio_url = section.parsed("radio_url", link).map(|link| link.value);
    let basemap = section.parsed("basemap", |text| {
        let path = folder.join(text);
        if path.is_file() { Ok(path) } else { Err("no such file; paths are relative to the configuration file") }
    });
    section.finish();
    let languages = if languages.is_empty() { LANGUAGES.map(str::to_owned).into() } else { languages };
    Console { languages, camera_url, radio_url, basemap: basemap.map(|path| path.value) }
}

fn link(text: &str) -> Result<String, String> {
    if !SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
        return Err(format!("not a link; expected one that begins with {}", SCHEMES.join(", ")));
    }
    let rest = PLACES.iter().fold(text.to_owned(), |rest, place| rest.replace(place, ""));
    if rest.contains(['{', '}']) {
        return Err(format!("names something unknown in braces; expected {}", PLACES.join(" or ")));
    }
    if rest.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return Err("a link has no blanks".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_page_a_telephone_or_a_picture() {
        for good in ["https://cameras.example/{space}?key={key}", "tel:+61312345678", "rtsp://10.0.0.1/{space}"] {
            assert_eq!(link(good).as_deref(), Ok(good));
        }
        for bad in
            ["javascript:alert(1)", "//cameras.example/{space}", "https://x/{sensor}", "https://x/{", "https://x/ y"]
        {
            assert!(link(bad).is_err(), "{bad}");
        }
    }
}
