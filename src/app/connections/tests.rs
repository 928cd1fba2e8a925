//! Over real sockets: slow, silent and many peers beside good ones, and how it all ends.

use super::*;
use axum::routing::{get, post};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinHandle;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);
/// Within which anything has to happen that a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    /// Sends to whoever reads `/stream`.
    stream: mpsc::UnboundedSender<&'static str>,
    /// Told when a request to `/slow` is there.
    reached: Arc<Notify>,
    /// Lets it be answered.
    release: Arc<Notify>,
}

/// A body that goes on for as long as there is a sender.
struct Stream(mpsc::UnboundedReceiver<&'static str>);

impl HttpBody for Stream {
    type Data = axum::body::Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Infallible>>> {
        self.0.poll_recv(context).map(|text| text.map(|text| Ok(hyper::body::Frame::data(text.into()))))
    }
}

async fn server(connections_max: usize, header_wait: Duration) -> Server {
    let (stream, streamed) = mpsc::unbounded_channel();
    let streamed = Arc::new(Mutex::new(Some(streamed)));
    let (reached, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (at_slow, released) = (Arc::clone(&reached), Arc::clone(&release));
    let routes = Router::new()
        .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
        .route("/", post(|body: String| async move { body }))
        .route("/stream", get(|| async move { Body::new(Stream(streamed.lock().await.take().unwrap())) }))
        .route(
            "/slow",
            get(|| async move {
                at_slow.notify_one();
                released.notified().await;
                "late"
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let limits = ConnectionLimits { connections_max, header_wait };
    let serving = tokio::spawn(serve(listener, routes, limits, stopped));
    Server { address, stop, serving, stream, reached, release }
}

struct Client(TcpStream);

impl Server {
    async fn connect(&self, text: &str) -> Client {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        Client(stream)
    }

    async fn connect_many(&self, count: usize, text: &str) -> Vec<Client> {
        let mut clients = Vec::new();
        for _ in 0..count {
            clients.push(self.connect(text).await);
        }
        clients
    }

    /// A request of a good client, on a connection of its own.
    async fn ask(&self) {
        let mut client = self.connect("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        let own = client.0.local_addr().unwrap();
        let reply = client.rest().await;
        assert!(reply.starts_with("HTTP/1.1 200") && reply.ends_with(&own.to_string()), "{reply}");
    }
}

impl Client {
    /// What comes until the server closes the connection.
    async fn rest(&mut self) -> String {
        let mut text = Vec::new();
        // A connection closed with unread bytes in it may be reset; it is closed all the same.
        let _ = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut text)).await.expect("the connection ends");
        String::from_utf8(text).unwrap()
    }

    /// What comes until it ends with `end`.
    async fn until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(end) {
            let byte = tokio::time::timeout(PATIENCE, self.0.read_u8()).await.expect("more comes");
            text.push(byte.unwrap_or_else(|error| panic!("{error} after {text}")).into());
        }
        text
    }
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_cut_off() {
    let wait = Duration::from_millis(300);
    let server = server(10, wait).await;
    let began = Instant::now();
    let (mut reader, mut writer) = server.connect("GET / HTTP/1.1\r\nX: ").await.0.into_split();
    let dribble = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(wait / 10).await;
        }
    });
    let mut text = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, reader.read_to_end(&mut text)).await.expect("the connection is closed");
    assert!(began.elapsed() >= wait && text.is_empty(), "{:?} {text:?}", began.elapsed());
    drop(reader);
    dribble.await.unwrap();
    server.ask().await;
}

#[tokio::test]
async fn a_connection_without_use_is_closed_before_and_after_a_request() {
    let server = server(10, Duration::from_secs(2)).await;
    assert_eq!(server.connect("").await.rest().await, "");
    let mut client = server.connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let own = client.0.local_addr().unwrap().to_string();
    client.until(&own).await;
    client.0.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi").await.unwrap();
    assert!(client.until("hi").await.starts_with("HTTP/1.1 200"), "it was kept alive");
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn many_silent_peers_do_not_lock_out_a_good_one() {
    const CONNECTIONS_MAX: usize = 8;
    for begun in ["", "GET / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"] {
        let server = server(CONNECTIONS_MAX, LONG).await;
        let mut silent = server.connect_many(5 * CONNECTIONS_MAX, begun).await;
        for _ in 0..3 {
            server.ask().await;
        }
        // All but the newest had to go, the longest wait first.
        for client in &mut silent[..4 * CONNECTIONS_MAX] {
            assert_eq!(client.rest().await, "");
        }
    }
}

#[tokio::test]
async fn a_stream_is_never_closed_for_others_and_idle_connections_are() {
    let server = server(2, LONG).await;
    let mut stream = server.connect("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n").await;
    stream.until("\r\n\r\n").await;
    let _silent = server.connect_many(10, "").await;
    server.ask().await;
    server.stream.send("still here").unwrap();
    assert!(stream.until("still here\r\n").await.ends_with("still here\r\n"));
}

#[tokio::test]
async fn a_stream_outlives_every_wait() {
    let wait = Duration::from_millis(200);
    let server = server(2, wait).await;
    let mut stream = server.connect("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n").await;
    stream.until("\r\n\r\n").await;
    // Two connections in a row that end of themselves: twice the wait has passed.
    for _ in 0..2 {
        assert_eq!(server.connect("").await.rest().await, "");
    }
    server.stream.send("still here").unwrap();
    stream.until("still here\r\n").await;
}

#[tokio::test]
async fn when_every_connection_answers_the_next_waits_for_a_place() {
    let server = server(1, LONG).await;
    let mut slow = server.connect("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.reached.notified().await;
    let mut next = server.connect("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let early = tokio::time::timeout(Duration::from_millis(100), next.0.read_u8()).await;
    assert!(early.is_err(), "there is no place yet");
    server.release.notify_one();
    assert!(slow.until("late").await.starts_with("HTTP/1.1 200"));
    assert!(next.rest().await.starts_with("HTTP/1.1 200"), "the answered connection, kept alive, gave its place");
    assert_eq!(slow.rest().await, "");
}

#[tokio::test]
async fn a_stop_closes_what_is_idle_and_lets_requests_end() {
    let server = server(10, LONG).await;
    let mut idle = server.connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let own = idle.0.local_addr().unwrap().to_string();
    idle.until(&own).await;
    let mut silent = server.connect("").await;
    let mut slow = server.connect("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.reached.notified().await;
    let mut stream = server.connect("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n").await;
    stream.until("\r\n\r\n").await;
    server.ask().await;
    server.stop.send(true).unwrap();
    assert_eq!((idle.rest().await, silent.rest().await), (String::new(), String::new()));
    assert!(!server.serving.is_finished());
    server.release.notify_one();
    assert!(slow.rest().await.ends_with("late"));
    drop(server.stream);
    assert!(stream.rest().await.ends_with("0\r\n\r\n"));
    tokio::time::timeout(PATIENCE, server.serving).await.expect("serving ends").unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}
