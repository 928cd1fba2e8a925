//! The full operator's page: files that the build script built from `web/`, embedded in the binary.
//!
//! Names under `assets/` carry a hash of their content, so browsers keep them for good; `index.html` is asked for anew each
//! time and answered with 304 while its ETag holds. The content security header lets the browser run files of this server only.
//! Without the built page (see `build.rs`) none of this is compiled, and `GET /` is the [simple page](crate::page).

use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::LazyLock;

include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// Scripts, styles and workers are files of this server; images are also what the map draws by itself.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                   img-src 'self' data: blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; \
                   form-action 'none'; frame-ancestors 'none'";
const INDEX: &str = "index.html";

/// One file of the page.
struct File {
    path: &'static str,
    media_type: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
}

/// The files by their paths, each with its ETag.
static BY_PATH: LazyLock<BTreeMap<&'static str, (&'static File, HeaderValue)>> = LazyLock::new(|| {
    let entry = |file: &'static File| {
        let digest: String = Sha256::digest(file.plain).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let tag = HeaderValue::from_str(&format!("\"{digest}\"")).expect("hex digits are plain text");
        (file.path, (file, tag))
    };
    FILES.iter().map(entry).collect()
});

/// The page itself.
pub(crate) async fn index(headers: HeaderMap) -> Response {
    answer(INDEX, &headers)
}

/// A file that the page asks for.
pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    answer(&format!("assets/{name}"), &headers)
}

fn answer(path: &str, asked: &HeaderMap) -> Response {
    let Some((file, tag)) = BY_PATH.get(path) else { return StatusCode::NOT_FOUND.into_response() };
    let keep = if path == INDEX { "no-cache" } else { "public, max-age=31536000, immutable" };
    let mut response = if asked.get(IF_NONE_MATCH) == Some(tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match file.gzip.filter(|_| takes_gzip(asked)) {
            Some(packed) => ([(CONTENT_ENCODING, "gzip")], packed).into_response(),
            None => file.plain.into_response(),
        }
    };
    let headers = [
        (CONTENT_TYPE, file.media_type),
        (CACHE_CONTROL, keep),
        (VARY, "accept-encoding"),
        (CONTENT_SECURITY_POLICY, CSP),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert(ETAG, tag.clone());
    response
}

/// Whether the client unpacks gzip; `gzip;q=0` says that it does not.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let accepted = asked.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim() == "gzip" && !matches!(weight.trim(), "q=0" | "q=0.0")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser loads at most, map included.
    const PACKED_BYTES_MAX: usize = 600 * 1000;

    #[test]
    fn the_whole_page_is_small() {
        let packed: usize = FILES.iter().map(|file| file.gzip.map_or(file.plain.len(), <[u8]>::len)).sum();
        assert!(packed <= PACKED_BYTES_MAX, "{packed} bytes");
    }

    #[test]
    fn the_page_names_no_other_server_and_holds_no_code_of_its_own() {
        let page = BY_PATH[INDEX].0.plain;
        let page = str::from_utf8(page).unwrap();
        assert!(!page.contains("http") && !page.contains("<style") && !page.contains(" style="), "{page}");
        assert!(page.matches("<script").count() == page.matches("<script type=\"module\" crossorigin src=").count());
    }

    #[test]
    fn gzip_is_sent_to_whoever_takes_it() {
        let asks = |value: &'static str| {
            takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
        };
        assert!(asks("gzip, deflate, br") && asks("br;q=1, gzip;q=0.5") && asks("gzip"));
        assert!(!asks("br") && !asks("gzip;q=0") && !takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_known_page_is_not_sent_again() {
        let first = answer(INDEX, &HeaderMap::new());
        assert_eq!((first.status(), &first.headers()[CACHE_CONTROL]), (StatusCode::OK, &"no-cache".parse().unwrap()));
        let known = HeaderMap::from_iter([(IF_NONE_MATCH, first.headers()[ETAG].clone())]);
        assert_eq!(answer(INDEX, &known).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(answer("assets/../index.html", &known).status(), StatusCode::NOT_FOUND);
    }
}
