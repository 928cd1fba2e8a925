//! Keeps pages of other sites out: no request forged across sites, no DNS rebinding.
//!
//! On loopback there are no accounts, so a browser on the same machine is all an attacker needs. Three checks stand in
//! the way, none of which a plain client such as curl notices:
//! 1. **Host.** A page can only make its own domain name resolve here, so a request must name an IP address, a name
//!    without a dot (`localhost`, a machine of the local network), `*.localhost`, or a host that the configuration lists.
//! 2. **Origin.** Browsers send it with every state-changing or cross-site request; it must be the host itself.
//! 3. **Content type** (in the command routes): `application/json`, which a form of another site cannot send.

use crate::refusal::Refusal;
use crate::state::ConsoleState;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Lets a request through if its host and origin may be trusted.
///
/// # Errors
/// 403 when they may not.
pub async fn same_site(State(state): State<ConsoleState>, request: Request, next: Next) -> Result<Response, Refusal> {
    check(request.headers(), &state.hosts)?;
    Ok(next.run(request).await)
}

fn check(headers: &HeaderMap, hosts: &[String]) -> Result<(), Refusal> {
    // HTTP/1.0 clients may send no host; browsers always do.
    let host = header_text(headers, &HOST)?;
    if host.is_some_and(|host| !is_trusted(host, hosts)) {
        let refusal = Refusal::new(StatusCode::FORBIDDEN, "this host name is not one of the console's");
        return Err(refusal.hint("use the IP address, or list the name in the configuration"));
    }
    match header_text(headers, &ORIGIN)? {
        None => Ok(()),
        Some(origin)
            if authority(origin).is_some_and(|origin| host.is_some_and(|host| host.eq_ignore_ascii_case(origin))) =>
        {
            Ok(())
        }
        Some(_) => Err(Refusal::new(StatusCode::FORBIDDEN, "a page of another site may not use the console")),
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &axum::http::HeaderName) -> Result<Option<&'a str>, Refusal> {
    let text = |value: &'a axum::http::HeaderValue| {
        value.to_str().map_err(|_| Refusal::bad_request(format!("the header '{name}' is not plain text")))
    };
    headers.get(name).map(text).transpose()
}

/// Whether an attacker's page cannot have this host name (and port) as its own.
fn is_trusted(host: &str, hosts: &[String]) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok());
    }
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    name.parse::<Ipv4Addr>().is_ok()
        || !name.contains('.')
        || name.to_ascii_lowercase().ends_with(".localhost")
        || hosts.iter().any(|listed| listed.eq_ignore_ascii_case(name))
}

/// Host and port of an origin; `None` for `null`.
fn authority(origin: &str) -> Option<&str> {
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn verdict(host: &'static str, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
        headers.extend(origin.map(|origin| (ORIGIN, HeaderValue::from_static(origin))));
        check(&headers, &["vigie.city.example".to_owned()]).is_ok()
    }

    #[test]
    fn addresses_local_names_and_listed_hosts_are_trusted() {
        for host in ["127.0.0.1:8080", "10.1.2.3", "[::1]:8080", "localhost:8080", "demo.localhost", "vigie:80"] {
            assert!(verdict(host, None), "{host}");
        }
        assert!(verdict("vigie.city.example:443", Some("https://vigie.city.example:443")));
        for host in ["evil.example", "127.0.0.1.evil.example:8080", "localhost.evil.example", "[evil.example]"] {
            assert!(!verdict(host, None), "{host}");
        }
    }

    #[test]
    fn only_the_console_itself_may_be_the_origin() {
        assert!(verdict("127.0.0.1:8080", Some("http://127.0.0.1:8080")));
        for origin in ["http://evil.example", "http://127.0.0.1:9999", "http://localhost:8080", "null", "", "file://"] {
            assert!(!verdict("127.0.0.1:8080", Some(origin)), "{origin}");
        }
    }
}
