//! HTTP connections: how many there are, how long each may keep the server waiting, and how they end.
//!
//! The number is bounded ([`CONNECTIONS_MAX`]). At the bound a new connection takes the place of one that waits for its
//! peer, for the rest of a request or for the next one: of the address that has the most of them, the one that has waited
//! longest. So a peer that opens thousands cannot lock out a good one, which asks at once and is served, and a peer whose
//! idle connection was closed opens another. Connections that answer, streams among them, are never closed for others;
//! when all of them do, new ones wait until one ends.
//!
//! A head has to arrive within [`HEADER_WAIT_MAX`], counted from the end of the request before it: hyper counts so, and a
//! connection that is kept alive without use ends then as well. Bodies are bounded where they are read.

mod waiting;

mod guarded;

use crate::app::connections::guarded::{Answered, Heard};
use crate::app::connections::waiting::{Connection, Waiting};
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower_service::Service as _;

/// Connections at one time: the customary limit of open files is 1,024, and the log and history need some.
pub const CONNECTIONS_MAX: usize = 768;
/// How long the head of a request may take to arrive, and a connection may stay without one.
pub const HEADER_WAIT_MAX: Duration = Duration::from_secs(5);
/// Bytes of a request's head, and of what is read or written at a time.
const BUFFER_BYTES_MAX: usize = 64 << 10;
/// After a failure to accept that is not the peer's, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What connections are allowed.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Connections at one time.
    pub connections_max: usize,
    /// For a request's head to arrive.
    pub header_wait: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { connections_max: CONNECTIONS_MAX, header_wait: HEADER_WAIT_MAX }
    }
}

/// Serves until `stopped` says so, or its sender is gone; then lets open requests end and closes idle connections.
/// Dropped, it closes all of them. Requests carry a [`ConnectInfo`] with their peer's address.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    limits: ConnectionLimits,
    mut stopped: watch::Receiver<bool>,
) {
    let (room, waiting) = (Arc::new(Semaphore::new(limits.connections_max)), Arc::new(Waiting::default()));
    let mut connections = JoinSet::new();
    let connect = async || {
        let (stream, peer) = accept(&listener).await;
        (stream, peer, place(&room, &waiting).await)
    };
    loop {
        let (stream, peer, place) = tokio::select! {
            biased;
            () = is_stopped(&mut stopped) => break,
            connected = connect() => connected,
        };
        let (routes, connection, stopped) = (routes.clone(), Connection::new(&waiting, peer.ip()), stopped.clone());
        connections.spawn(async move {
            let open = metrics::gauge!("vigie_http_connections");
            open.increment(1.0);
            serve_connection(stream, peer, routes, limits, connection, stopped).await;
            open.decrement(1.0);
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Waits for the stop; a sender that is gone means the same.
async fn is_stopped(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A connection that broke before it was accepted.
fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// A place for one more connection, taken from one that waits for its peer if there is no other.
async fn place(room: &Arc<Semaphore>, waiting: &Waiting) -> OwnedSemaphorePermit {
    const OPEN: &str = "the semaphore is never closed";
    loop {
        if let Ok(place) = Arc::clone(room).try_acquire_owned() {
            return place;
        }
        let freed = Arc::clone(room).acquire_owned();
        if waiting.close_one() {
            metrics::counter!("vigie_http_connections_displaced_total").increment(1);
            return freed.await.expect(OPEN);
        }
        tokio::select! {
            place = freed => return place.expect(OPEN),
            () = waiting.one_more() => {}
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    routes: Router,
    limits: ConnectionLimits,
    connection: Arc<Connection>,
    mut stopped: watch::Receiver<bool>,
) {
    // Replies are small and written whole. Without it they are slower, not wrong.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, peer, routes.clone(), Arc::clone(&connection)));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_wait)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let mut ending = false;
    loop {
        tokio::select! {
            ended = served.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "a connection broke");
                }
                return;
            }
            () = connection.told_to_close() => return,
            () = is_stopped(&mut stopped), if !ending => {
                ending = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn answer(
    mut request: Request<Incoming>,
    peer: SocketAddr,
    mut routes: Router,
    connection: Arc<Connection>,
) -> Result<Response<Answered>, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    if request.body().is_end_stream() {
        connection.answers();
    } else {
        connection.waits();
    }
    let request = request.map(|body| Body::new(Heard::new(body, Arc::clone(&connection))));
    let response = routes.call(request).await?;
    connection.answers();
    Ok(response.map(|body| Answered::new(body, connection)))
}

#[cfg(test)]
mod tests;
