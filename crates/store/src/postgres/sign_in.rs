//! From the first byte of a connection to somebody signed in.
//!
//! Names that nobody has and wrong passwords get the same answer after the same time. One try for each connection.

use super::limits::{FAILED_SIGN_IN_WAIT, SIGN_IN_MESSAGE_BYTES_MAX};
use super::link::Link;
use super::refusal::Refusal;
use super::settings::Settings;
use super::tls::Tls;
use super::users::{PostgresUser, Users};
use bytes::{Buf, Bytes};
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use vigie_postgres::end_point::EndPoint;
use vigie_postgres::hello::{Hello, take_hello};
use vigie_postgres::incoming::{Incoming, take_message};
use vigie_postgres::outgoing::Level;
use vigie_postgres::scram::{BOUND_MECHANISM, Chosen, Exchange, MECHANISM, ScramError};

/// The one database.
pub(crate) const DATABASE: &str = "vigie";

/// What a connection wants.
pub(crate) enum Wanted {
    /// To stop another connection's query.
    Cancel { process: i32, secret: i32 },
    /// To ask.
    SignIn(Link, Start),
}

/// What a client says of itself.
pub(crate) struct Start {
    minor: u16,
    parameters: Vec<(String, String)>,
    is_encrypted: bool,
}

/// Why a connection ends before anybody is signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    /// The client is gone, or cannot be reached.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It was told why.
    #[error("{0}")]
    Refused(String),
}

/// Speaks TLS if asked to, and waits for the start.
pub(crate) async fn greet(stream: TcpStream, tls: Option<&Tls>, write_max: Duration) -> Result<Wanted, Ended> {
    let mut link = Link::new(Box::new(stream), write_max);
    let (mut is_encrypted, mut asked) = (false, 0);
    loop {
        let hello = loop {
            match take_hello(&mut link.inbox) {
                Ok(Some(Ok(hello))) => break hello,
                Ok(Some(Err(error))) => return Err(refuse(&mut link, Refusal::from(error)).await),
                Err(error) => return Err(refuse(&mut link, Refusal::protocol(error.to_string())).await),
                Ok(None) if link.more().await? => {}
                Ok(None) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            }
        };
        match hello {
            Hello::Cancel { process, secret } => return Ok(Wanted::Cancel { process, secret }),
            Hello::Start { minor, parameters } => {
                return Ok(Wanted::SignIn(link, Start { minor, parameters, is_encrypted }));
            }
            Hello::Tls | Hello::Gss if asked >= 2 => {
                return Err(refuse(&mut link, Refusal::protocol("asked for encryption too often")).await);
            }
            Hello::Tls if !is_encrypted && let Some(tls) = tls => {
                link.out.letter(b'S');
                link.flush().await?;
                // Bytes that came in clear must not be taken for encrypted ones.
                let Some(stream) = link.into_stream() else {
                    return Err(Ended::Refused("bytes in clear came behind the request for TLS".to_owned()));
                };
                link = Link::new(Box::new(tls.acceptor.accept(stream).await?), write_max);
                is_encrypted = true;
            }
            Hello::Tls | Hello::Gss => {
                link.out.letter(b'N');
                link.flush().await?;
            }
        }
        asked += 1;
    }
}

/// Signs somebody in, with the settings of the start.
pub(crate) async fn sign_in(
    link: &mut Link,
    start: Start,
    users: &Users,
    tls: Option<&Tls>,
) -> Result<(PostgresUser, Settings), Ended> {
    let value = |wanted: &str| {
        let mut found = start.parameters.iter().filter(|(name, _)| name == wanted);
        found.next().map(|(_, value)| value.as_str())
    };
    let unknown: Vec<&str> =
        start.parameters.iter().map(|(name, _)| name.as_str()).filter(|name| name.starts_with("_pq_.")).collect();
    if start.minor > 0 || !unknown.is_empty() {
        link.out.older_protocol(&unknown);
    }
    if tls.is_some() && !start.is_encrypted {
        let refusal = Refusal::new("28000", "connections without TLS are not taken");
        return Err(refuse(link, refusal.hint("set sslmode=verify-full and sslrootcert")).await);
    }
    let Some(user) = value("user").filter(|user| !user.is_empty()).map(str::to_owned) else {
        return Err(refuse(link, Refusal::new("28000", "there is no user name")).await);
    };
    let database = value("database").unwrap_or(DATABASE);
    if database != DATABASE {
        let refusal = Refusal::new("3D000", format!("database \"{database}\" does not exist"));
        return Err(refuse(link, refusal.hint("the only one is vigie")).await);
    }
    if !matches!(value("replication"), None | Some("false" | "off" | "no" | "0")) {
        return Err(refuse(link, Refusal::new("0A000", "there is no replication")).await);
    }
    let mut settings = Settings::new(&user);
    let set = start.parameters.iter().try_for_each(|(name, value)| start_with(&mut settings, name, value));
    if let Err(refusal) = set {
        return Err(refuse(link, refusal).await);
    }
    let proven = prove(link, users, &user, tls.and_then(|tls| tls.end_point.as_ref())).await?;
    match users.user(&user).filter(|_| proven) {
        Some(user) => Ok((user.clone(), settings)),
        None => {
            tokio::time::sleep(FAILED_SIGN_IN_WAIT).await;
            let refusal = Refusal::new("28P01", format!("password authentication failed for user \"{user}\""));
            Err(refuse(link, refusal).await)
        }
    }
}

/// A setting of the start; those that drivers copy from the machine they run on mean nothing here.
fn start_with(settings: &mut Settings, name: &str, value: &str) -> Result<(), Refusal> {
    match name.to_lowercase().as_str() {
        "application_name" | "fallback_application_name" if value.len() > 64 || value.contains(char::is_control) => {
            settings.set("application_name", Some("?"))
        }
        "fallback_application_name" => settings.set("application_name", Some(value)),
        name @ ("application_name" | "client_encoding" | "statement_timeout" | "vigie.reason") => {
            settings.set(name, Some(value))
        }
        "options" => options(settings, value),
        _ => Ok(()),
    }
}

/// Settings as `options` has them: `-c name=value`.
fn options(settings: &mut Settings, value: &str) -> Result<(), Refusal> {
    let mut words = value.split_ascii_whitespace();
    while let Some(word) = words.next() {
        let setting = match word {
            "-c" => words.next(),
            _ => word.strip_prefix("--").or_else(|| word.strip_prefix("-c")),
        };
        let (name, value) = setting
            .and_then(|setting| setting.split_once('='))
            .ok_or_else(|| Refusal::new("22023", "'options' can hold settings, as in -c statement_timeout=5s"))?;
        settings.set(name, Some(value))?;
    }
    Ok(())
}

/// Leads a client through SCRAM; whether it has proven that it knows the password. With an end point of TLS, it may bind the
/// proof to that.
async fn prove(link: &mut Link, users: &Users, user: &str, end_point: Option<&EndPoint>) -> Result<bool, Ended> {
    match end_point {
        Some(_) => link.out.offer_sasl(&[BOUND_MECHANISM, MECHANISM]),
        None => link.out.offer_sasl(&[MECHANISM]),
    }
    link.flush().await?;
    let first = secret(link).await?;
    let Some((chosen, message)) = sasl_first(first, end_point) else {
        return Err(refuse(link, Refusal::protocol("no message of a mechanism that was offered came")).await);
    };
    let (exchange, challenge) = match Exchange::begin(users.verifier(user), &message, chosen) {
        Ok(begun) => begun,
        Err(error) => return Err(refuse(link, unproven(&error)).await),
    };
    link.out.sasl_continue(&challenge);
    link.flush().await?;
    let last = secret(link).await?;
    match exchange.finish(&last) {
        Ok(proof) => {
            link.out.sasl_final(&proof);
            Ok(true)
        }
        Err(ScramError::WrongProof) => Ok(false),
        Err(error) => Err(refuse(link, unproven(&error)).await),
    }
}

/// Somebody between client and server is not a mistake of the client.
fn unproven(error: &ScramError) -> Refusal {
    match error {
        ScramError::OfferRemoved | ScramError::OtherEndPoint => Refusal::new("28000", error.to_string()),
        _ => Refusal::protocol(error.to_string()),
    }
}

/// The mechanism that a client chose, of those offered, and the data of its first message.
fn sasl_first(mut bytes: Bytes, end_point: Option<&EndPoint>) -> Option<(Chosen<'_>, Bytes)> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let name = bytes.split_to(end);
    bytes.advance(1);
    let length = usize::try_from(bytes.try_get_i32().ok()?).ok()?;
    let chosen = match (&name[..], end_point) {
        (name, Some(end_point)) if name == BOUND_MECHANISM.as_bytes() => Chosen::Bound(end_point),
        (name, Some(_)) if name == MECHANISM.as_bytes() => Chosen::Unbound,
        (name, None) if name == MECHANISM.as_bytes() => Chosen::Only,
        _ => return None,
    };
    (length == bytes.len()).then_some((chosen, bytes))
}

async fn secret(link: &mut Link) -> Result<Bytes, Ended> {
    loop {
        match take_message(&mut link.inbox, SIGN_IN_MESSAGE_BYTES_MAX) {
            Ok(Some(Ok(Incoming::Secret(bytes)))) => return Ok(bytes),
            Ok(Some(Ok(Incoming::Terminate))) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(Some(_)) => return Err(refuse(link, Refusal::protocol("expected a message of SASL")).await),
            Err(error) => return Err(refuse(link, Refusal::protocol(error.to_string())).await),
            Ok(None) if link.more().await? => {}
            Ok(None) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        }
    }
}

/// Tells the client why its connection ends.
pub(crate) async fn refuse(link: &mut Link, refusal: Refusal) -> Ended {
    link.out.error(Level::Fatal, refusal.sqlstate, &refusal.said, refusal.hint);
    link.close().await;
    Ended::Refused(refusal.said)
}
