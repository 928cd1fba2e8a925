//! The listener of the Postgres wire.
//!
//! A connection is a task on the caller's runtime; its queries run on the SQL door's own. At the bound of connections a new
//! one is told so and closed: dashboards try again, and nobody waits without knowing why.

use super::cancels::Cancels;
use super::connection::Connection;
use super::limits::PostgresLimits;
use super::link::Link;
use super::refusal::Refusal;
use super::settings::Settings;
use super::sign_in::{Ended, Wanted, greet, refuse, sign_in};
use super::tls::Tls;
use super::users::{PostgresUser, Users};
use crate::sql::door::SqlDoor;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// After a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What to serve, and to whom.
pub struct PostgresOptions {
    /// The door to history.
    pub door: Arc<SqlDoor>,
    /// Who may sign in.
    pub users: Vec<PostgresUser>,
    /// With it, nobody is served without TLS.
    pub tls: Option<Tls>,
    /// Bounds.
    pub limits: PostgresLimits,
}

/// What connections share.
struct Shared {
    door: Arc<SqlDoor>,
    users: Users,
    tls: Option<Tls>,
    limits: PostgresLimits,
    cancels: Arc<Cancels>,
}

/// Serves until `stopped` says so, or its sender is gone; then every connection ends at once: nothing is lost by asking again.
///
/// # Errors
/// When the system gives no random bytes.
pub async fn serve(
    listener: TcpListener,
    options: PostgresOptions,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let PostgresOptions { door, users, tls, limits } = options;
    let users = Users::new(users).map_err(io::Error::other)?;
    let shared = Arc::new(Shared { door, users, tls, limits, cancels: Arc::default() });
    let room = Arc::new(Semaphore::new(limits.connections_max));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Err(error) => {
                tracing::error!(%error, "cannot accept a Postgres connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            Ok((stream, peer)) => match Arc::clone(&room).try_acquire_owned() {
                Err(_) => turn_away(&stream, limits.connections_max),
                Ok(place) => {
                    let shared = Arc::clone(&shared);
                    connections.spawn(async move {
                        let open = metrics::gauge!("vigie_postgres_connections");
                        open.increment(1.0);
                        if let Err(error) = serve_connection(&shared, stream, peer).await {
                            tracing::debug!(%peer, %error, "a Postgres connection ended");
                        }
                        open.decrement(1.0);
                        drop(place);
                    });
                }
            },
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Tells a client that there is no room, if it takes that at once.
fn turn_away(stream: &TcpStream, connections_max: usize) {
    metrics::counter!("vigie_postgres_turned_away_total").increment(1);
    let mut out = vigie_postgres::outgoing::Outgoing::default();
    let said = format!("there are {connections_max} connections already; try again later");
    out.error(vigie_postgres::outgoing::Level::Fatal, "53300", &said, None);
    // A few bytes fit into the empty buffer of a new connection; nobody is waited for.
    let _ = stream.try_write(&out.take());
}

async fn serve_connection(shared: &Shared, stream: TcpStream, peer: SocketAddr) -> Result<(), Ended> {
    let limits = shared.limits;
    // Answers are small and waited for.
    stream.set_nodelay(true)?;
    let signed_in = timeout(limits.sign_in_max, begin(shared, stream, peer)).await;
    let too_slow = || Ended::Refused("the sign-in took too long".to_owned());
    let Some((mut link, somebody)) = signed_in.map_err(|_| too_slow())?? else { return Ok(()) };
    let Some(key) = shared.cancels.enter() else {
        return Err(refuse(&mut link, Refusal::new("58000", "the system gives no random bytes")).await);
    };
    let connection = Connection::new(link, Arc::clone(&shared.door), limits, key, somebody);
    Ok(connection.serve().await?)
}

type Somebody = (PostgresUser, Settings);

/// Leads a client up to somebody signed in; `None` for one that only wanted to stop a query.
async fn begin(shared: &Shared, stream: TcpStream, peer: SocketAddr) -> Result<Option<(Link, Somebody)>, Ended> {
    match greet(stream, shared.tls.as_ref(), shared.limits.write_max).await? {
        Wanted::Cancel { process, secret } => {
            shared.cancels.cancel(process, secret);
            Ok(None)
        }
        Wanted::SignIn(mut link, start) => {
            let signed_in = sign_in(&mut link, start, &shared.users, shared.tls.as_ref()).await;
            let outcome = if signed_in.is_ok() { "signed_in" } else { "refused" };
            metrics::counter!("vigie_postgres_sign_ins_total", "outcome" => outcome).increment(1);
            match &signed_in {
                Ok((user, _)) => {
                    tracing::info!(target: "vigie::audit", %peer, who = user.principal.name.as_ref(), "signed in");
                }
                Err(error) => tracing::warn!(target: "vigie::audit", %peer, %error, "sign-in refused"),
            }
            signed_in.map(|somebody| Some((link, somebody)))
        }
    }
}
