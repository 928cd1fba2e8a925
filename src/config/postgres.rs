//! `[sql.postgres]`: who may ask history over the Postgres wire, and where.

use super::report::Report;
use super::toml_reader::Section;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use vigie_model::doors::AnswerBounds;
use vigie_model::principal::{Purpose, SpaceScope};
use vigie_postgres::verifier::Verifier;

/// The address when the configuration does not say: beside PostgreSQL's own port, which may be taken.
const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5433);
/// Longest name of a user, in bytes, as in PostgreSQL.
const NAME_BYTES_MAX: usize = 63;
/// Most users.
const USERS_MAX: usize = 1_000;
/// How to get a verifier.
const VERIFIER_HINT: &str = "run `vigie sql --make-verifier`, which asks for the password and prints it";

/// The Postgres wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postgres {
    /// Address and port. Outside loopback only with TLS, or when the configuration says `allow_plaintext = true`.
    pub listen: SocketAddr,
    /// Certificate and key; with them, nobody is served without TLS.
    pub tls: Option<Tls>,
    /// Who may sign in; never empty.
    pub users: Vec<User>,
}

/// Files of a certificate, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate and those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name to sign in with.
    pub name: String,
    /// What proves the password.
    pub verifier: Verifier,
    /// Which spaces' rows it sees.
    pub spaces: SpaceScope,
    /// What its queries are for, in the audit trail.
    pub purpose: Purpose,
    /// Most rows and bytes of one of its answers; without, the highest that SQL allows.
    pub bounds: AnswerBounds,
}

/// Reads `[sql.postgres]`.
pub(super) fn read(mut section: Section<'_>, folder: &Path) -> Postgres {
    let report = section.report();
    let listen = section.parsed("listen", |text| {
        text.parse::<SocketAddr>()
            .map_err(|_| "not an address; expected an IP address and a port, as in 127.0.0.1:5433")
    });
    let has_tls = section.has("tls");
    let tls = tls(section.section("tls"), folder).filter(|_| has_tls);
    let allow_plaintext = section.flag("allow_plaintext").unwrap_or(false);
    let is_open = listen.as_ref().filter(|listen| !listen.value.ip().is_loopback() && !has_tls && !allow_plaintext);
    if let Some(listen) = is_open {
        let message = format!("'listen' = \"{}\" would send what is asked and answered in clear", listen.value);
        let hint = "write tls = { certificate = \"...\", key = \"...\" }, or allow_plaintext = true";
        report.add(report.error(listen.at, message).expected("a loopback address, or TLS").hint(hint));
    }
    let users = users(&mut section);
    section.finish();
    Postgres { listen: listen.map_or(LISTEN_DEFAULT, |listen| listen.value), tls, users }
}

fn tls(mut section: Section<'_>, folder: &Path) -> Option<Tls> {
    let file = |section: &mut Section<'_>, key, expected: &str| {
        section.required_text(key, expected)?;
        let path = section.parsed(key, |text| {
            let path = folder.join(text);
            if path.is_file() { Ok(path) } else { Err("no such file; paths are relative to the configuration file") }
        })?;
        Some(path.value)
    };
    let certificate = file(&mut section, "certificate", "a file with the certificate, in PEM");
    let key = file(&mut section, "key", "a file with its private key, in PEM");
    section.finish();
    Some(Tls { certificate: certificate?, key: key? })
}

fn users(section: &mut Section<'_>) -> Vec<User> {
    let report = section.report();
    let sections = section.sections("users");
    if sections.is_empty() || sections.len() > USERS_MAX {
        let message = if sections.is_empty() { "nobody could sign in" } else { "more than 1,000 users" };
        report
            .add(section.error(message).expected("[[sql.postgres.users]] with name and verifier").hint(VERIFIER_HINT));
    }
    let mut names = BTreeSet::new();
    let mut users = Vec::new();
    for mut section in sections {
        let name = section.required_text("name", "the name to sign in with");
        if let Some(name) = &name {
            let reason = match name.value {
                "" => Some("is empty"),
                name if name.len() > NAME_BYTES_MAX => Some("has more than 63 bytes"),
                name if name.chars().any(char::is_control) => Some("has letters that cannot be seen"),
                name if !names.insert(name) => Some("is the name of a user above, too"),
                _ => None,
            };
            if let Some(reason) = reason {
                report.add(report.error(name.at, format!("'name' = \"{}\" {reason}", name.value)));
            }
        }
        let verifier = verifier(&mut section, report);
        let spaces = spaces(&mut section);
        let purposes = [("operations", Purpose::Operations), ("analysis", Purpose::Analysis)];
        let purpose = section.choice("purpose", &purposes).unwrap_or(Purpose::Analysis);
        let mut bound = |key| section.whole(key, 1..=i64::MAX).and_then(|bound| u64::try_from(bound).ok());
        let bounds = AnswerBounds { rows_max: bound("rows_max"), bytes_max: bound("bytes_max") };
        section.finish();
        if let (Some(name), Some(verifier), Some(spaces)) = (name, verifier, spaces) {
            users.push(User { name: name.value.to_owned(), verifier, spaces, purpose, bounds });
        }
    }
    users
}

/// What is wrong is said without the text: it may be a password.
fn verifier(section: &mut Section<'_>, report: &Report) -> Option<Verifier> {
    let text = section.required_text("verifier", "a SCRAM-SHA-256 verifier, never a password")?;
    Verifier::parse(text.value)
        .map_err(|error| {
            report.add(report.error(text.at, format!("'verifier' is {error}")).hint(VERIFIER_HINT));
        })
        .ok()
}

fn spaces(section: &mut Section<'_>) -> Option<SpaceScope> {
    if section.is_list("spaces") {
        let ids = section.texts("spaces").into_iter().map(|space| space.value.into());
        return Some(SpaceScope::Only(ids.collect()));
    }
    section.required_text("spaces", "\"all\", or a list of ids of spaces")?;
    section.choice("spaces", &[("all", ())]).map(|()| SpaceScope::All)
}
