//! `[http]`: where the one HTTP listener binds.

use super::toml_reader::Section;
use std::net::{Ipv4Addr, SocketAddr};

/// The address when the configuration does not say.
const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// The HTTP listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Address and port. Outside loopback only when the configuration says `allow_insecure = true`: there is neither
    /// TLS nor sign-in yet, so whoever reaches the port may read and command.
    pub listen: SocketAddr,
    /// Host names under which the listener is reached, besides addresses and names without a dot: what a browser may
    /// name without being taken for a page of another site.
    pub hosts: Vec<String>,
}

/// Reads `[http]`.
pub(super) fn read(mut section: Section<'_>) -> Http {
    let report = section.report();
    let listen = section.parsed("listen", |text| {
        text.parse::<SocketAddr>()
            .map_err(|_| "not an address; expected an IP address and a port, as in 127.0.0.1:8080")
    });
    let allow_insecure = section.flag("allow_insecure").unwrap_or(false);
    if let Some(listen) = listen.as_ref().filter(|listen| !listen.value.ip().is_loopback() && !allow_insecure) {
        let message = format!("'listen' = \"{}\" would be open to others without TLS or accounts", listen.value);
        let hint = "put a proxy with TLS in front, or write allow_insecure = true";
        report.add(report.error(listen.at, message).expected("a loopback address, as in 127.0.0.1:8080").hint(hint));
    }
    let hosts = section.texts("hosts").into_iter().map(|host| host.value.to_owned()).collect();
    section.finish();
    Http { hosts, listen: listen.map_or(LISTEN_DEFAULT, |listen| listen.value) }
}
