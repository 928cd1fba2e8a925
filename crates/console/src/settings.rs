//! `GET /v1/settings`: what the page needs to know about its centre; and the base map, if there is one.

use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};
use std::io::SeekFrom;
use std::path::Path;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use vigie_alerts::desk::wire::{escalation_json, flood_settings_json};

/// Where the base map is read, when there is one.
pub(crate) const BASEMAP: &str = "/basemap.pmtiles";
/// The largest part of the base map in one answer: tiles have some 100 kB, its directory 16 kB.
const PART_BYTES_MAX: u64 = 8 << 20;

/// Tells the settings.
pub(crate) async fn now(State(state): State<ConsoleState>) -> Json<Value> {
    let (desk, page) = (state.desk.newest(), &state.page);
    let settings = json!({
        "centre": &**state.alerts.centre(),
        "name": &*state.centre_name,
        "time_zone": &*state.time_zone,
        "languages": &page.languages,
        "camera_url": &page.camera_url,
        "radio_url": &page.radio_url,
        "basemap": page.basemap.as_ref().map(|_| BASEMAP),
        "escalation": desk.settings.escalation.as_ref().map(escalation_json),
        "flood": flood_settings_json(&desk),
    });
    let Value::Object(settings) = settings else { return Json(settings) };
    Json(Value::Object(settings.into_iter().filter(|(_, value)| !value.is_null()).collect()))
}

/// Part of the base map: readers of PMTiles ask for the bytes they need.
pub(crate) async fn basemap(State(state): State<ConsoleState>, headers: HeaderMap) -> Result<Response, Refusal> {
    let Some(path) = &state.page.basemap else {
        let refusal = Refusal::new(StatusCode::NOT_FOUND, "no base map is configured");
        return Err(refusal.hint("name a PMTiles file as 'basemap' under [console]"));
    };
    let unreadable = |_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the base map cannot be read");
    let mut file = File::open(path).await.map_err(unreadable)?;
    let length = file.metadata().await.map_err(unreadable)?.len();
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok());
    let Some((first, last)) = range.and_then(|range| part(range, length)) else {
        let refusal = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "a part of the base map has to be asked for");
        return Err(
            refusal.expected(format!("Range: bytes=FIRST-LAST below {length}, of at most {PART_BYTES_MAX} bytes"))
        );
    };
    let mut bytes = vec![0; usize::try_from(last - first + 1).expect("a part has a few MiB")];
    file.seek(SeekFrom::Start(first)).await.map_err(unreadable)?;
    file.read_exact(&mut bytes).await.map_err(unreadable)?;
    let head = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CONTENT_LENGTH, bytes.len().to_string()),
        (CONTENT_RANGE, format!("bytes {first}-{last}/{length}")),
        (ETAG, format!("\"{}-{length}\"", name(path))),
    ];
    Ok((StatusCode::PARTIAL_CONTENT, head, Body::from(bytes)).into_response())
}

/// First and last byte of one range (RFC 9110, section 14), cut to what exists.
fn part(range: &str, length: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) => (first, last.min(length.checked_sub(1)?)),
        (Ok(first), Err(_)) if last.is_empty() => (first, length.checked_sub(1)?),
        (Err(_), Ok(suffix)) if first.is_empty() => (length.saturating_sub(suffix), length.checked_sub(1)?),
        _ => return None,
    };
    (first <= last && last - first < PART_BYTES_MAX).then_some((first, last))
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_to_what_exists() {
        assert_eq!(part("bytes=0-9", 100), Some((0, 9)));
        assert_eq!(part("bytes=90-900", 100), Some((90, 99)));
        assert_eq!(part("bytes=90-", 100), Some((90, 99)));
        assert_eq!(part("bytes=-10", 100), Some((90, 99)));
        for wrong in ["bytes=9-1", "bytes=100-200", "bytes=", "bytes=a-b", "0-9", "bytes=0-1,5-6"] {
            assert_eq!(part(wrong, 100), None, "{wrong}");
        }
        assert_eq!(part("bytes=0-", PART_BYTES_MAX + 1), None, "too much at once");
        assert_eq!(part("bytes=0-0", 0), None);
    }
}
