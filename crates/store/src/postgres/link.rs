//! The bytes of one connection: what came and is not read yet, what is to be sent.
//!
//! Both sides are bounded. Reading stops while as much waits as one message may have; writing gives up when the client does
//! not take anything for a while.

use bytes::BytesMut;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use vigie_postgres::outgoing::Outgoing;

/// A stream of bytes in both directions: TCP, or TLS over it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// One end of a connection.
pub(crate) struct Link {
    stream: Box<dyn Stream>,
    /// What came and is not read yet.
    pub(crate) inbox: BytesMut,
    /// What is to be sent.
    pub(crate) out: Outgoing,
    /// What is being sent.
    sending: BytesMut,
    write_max: Duration,
}

impl Link {
    pub(crate) fn new(stream: Box<dyn Stream>, write_max: Duration) -> Self {
        Self { stream, inbox: BytesMut::new(), out: Outgoing::default(), sending: BytesMut::new(), write_max }
    }

    /// The stream, to speak another protocol over it; `None` when bytes wait that were meant for this one.
    pub(crate) fn into_stream(self) -> Option<Box<dyn Stream>> {
        self.inbox.is_empty().then_some(self.stream)
    }

    /// Waits for more bytes; `false` when there will be none. Dropping it loses nothing.
    pub(crate) async fn more(&mut self) -> io::Result<bool> {
        self.stream.read_buf(&mut self.inbox).await.map(|read| read > 0)
    }

    /// Waits until the client is gone, keeping what it sends up to `bytes_max`. Dropping it loses nothing.
    pub(crate) async fn gone(&mut self, bytes_max: usize) {
        while self.inbox.len() < bytes_max {
            if !self.more().await.unwrap_or(false) {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Sends everything. Dropping it keeps the rest to be sent.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        loop {
            if self.sending.is_empty() {
                self.sending = self.out.take();
                if self.sending.is_empty() {
                    return self.stream.flush().await;
                }
            }
            let written = timeout(self.write_max, self.stream.write_buf(&mut self.sending)).await;
            let unread = || io::Error::new(io::ErrorKind::TimedOut, "the client does not take what it is sent");
            if written.map_err(|_| unread())?? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
    }

    /// Sends the rest and says goodbye.
    pub(crate) async fn close(&mut self) {
        // The client may be gone already, and nothing depends on it.
        if self.flush().await.is_ok() {
            let _ = timeout(self.write_max, self.stream.shutdown()).await;
        }
    }
}
