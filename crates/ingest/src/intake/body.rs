//! Reading a body within its bounds: bytes, time, and the room all bodies share.
//!
//! Room is taken as bytes arrive, not when a request begins, so that a peer that sends slowly, or not at all, takes no
//! room from the others.

use crate::intake::answer::{QUEUE_RETRY_S, Refused};
use crate::limits::{BODY_BYTES_HEARD_OUT_MAX, BODY_BYTES_MAX, BODY_WAIT_S_MAX};
use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A body in memory, and its share of the room for all.
#[derive(Debug)]
pub(super) struct Held<'a> {
    pub(super) bytes: Vec<u8>,
    pub(super) room: SemaphorePermit<'a>,
}

/// Why there is no body.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is larger than [`BODY_BYTES_MAX`].
    TooLarge {
        /// Its length, or how much of it was heard.
        bytes: usize,
        /// Its hash, when it was heard to its end.
        hash: Option<blake3::Hash>,
    },
    /// There is no room for it now.
    NoRoom,
    /// It did not arrive in time.
    TooSlow,
    /// The connection broke.
    BrokenOff,
}

impl From<Unread> for Refused {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLarge { .. } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body is larger than {BODY_BYTES_MAX} bytes; nothing was taken, send it in pieces"),
            ),
            Unread::NoRoom => no_room(),
            Unread::TooSlow => Self::new(
                StatusCode::REQUEST_TIMEOUT,
                format!("the body did not arrive within {BODY_WAIT_S_MAX} seconds; nothing was taken"),
            ),
            Unread::BrokenOff => Self::new(StatusCode::BAD_REQUEST, "the body broke off; nothing was taken"),
        }
    }
}

/// The refusal of a body for which there is no room at the moment.
pub(super) fn no_room() -> Refused {
    let why = "too many requests at once; nothing was taken, send the same request again";
    Refused::for_now(StatusCode::SERVICE_UNAVAILABLE, QUEUE_RETRY_S, why)
}

/// Reads a body of at most [`BODY_BYTES_MAX`] into a share of `room`, which counts bytes.
pub(super) async fn read(body: Body, room: &Semaphore) -> Result<Held<'_>, Unread> {
    let nothing = room.try_acquire_many(0).expect("the semaphore is never closed");
    within_time(hear_out(body, Hearing::Keeping(Held { bytes: Vec::new(), room: nothing }, room))).await?
}

/// Throws a body away as it comes, so that a peer that sends before it listens still hears why it was refused.
pub(super) async fn discard(body: Body) {
    // However it ends, the peer is told of an earlier refusal.
    let _ = within_time(hear_out(body, Hearing::NoRoom)).await;
}

async fn within_time<T>(heard: impl Future<Output = T>) -> Result<T, Unread> {
    tokio::time::timeout(Duration::from_secs(BODY_WAIT_S_MAX), heard).await.map_err(|_| Unread::TooSlow)
}

/// What becomes of the bytes of a body.
enum Hearing<'a> {
    Keeping(Held<'a>, &'a Semaphore),
    NoRoom,
    TooLarge(Box<blake3::Hasher>),
}

/// Reads a body to its end; see [`BODY_BYTES_HEARD_OUT_MAX`].
async fn hear_out<'a>(mut body: Body, mut hearing: Hearing<'a>) -> Result<Held<'a>, Unread> {
    let mut bytes = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| Unread::BrokenOff)?.into_data() else { continue };
        bytes += data.len();
        if bytes > BODY_BYTES_HEARD_OUT_MAX {
            return Err(Unread::TooLarge { bytes, hash: None });
        }
        hearing = hearing.take(bytes, &data);
    }
    match hearing {
        Hearing::Keeping(held, _) => Ok(held),
        Hearing::NoRoom if bytes <= BODY_BYTES_MAX => Err(Unread::NoRoom),
        Hearing::NoRoom => Err(Unread::TooLarge { bytes, hash: None }),
        Hearing::TooLarge(hasher) => Err(Unread::TooLarge { bytes, hash: Some(hasher.finalize()) }),
    }
}

impl Hearing<'_> {
    /// Takes in `data`, with which the body has `bytes` bytes.
    fn take(self, bytes: usize, data: &Bytes) -> Self {
        match self {
            Self::Keeping(mut held, room) if bytes <= BODY_BYTES_MAX => {
                let length = u32::try_from(data.len()).expect("a piece of a body is smaller than a body may be");
                let Ok(more) = room.try_acquire_many(length) else { return Self::NoRoom };
                held.room.merge(more);
                held.bytes.extend_from_slice(data);
                Self::Keeping(held, room)
            }
            Self::Keeping(held, _) => {
                let mut hasher = Box::new(blake3::Hasher::new());
                hasher.update(&held.bytes).update(data);
                Self::TooLarge(hasher)
            }
            Self::TooLarge(mut hasher) => {
                hasher.update(data);
                Self::TooLarge(hasher)
            }
            Self::NoRoom => Self::NoRoom,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn room_is_shared_by_all_bodies_and_given_back() {
        let room = Semaphore::new(10);
        let first = read(Body::from("123456"), &room).await.unwrap();
        assert!(matches!(read(Body::from("123456"), &room).await, Err(Unread::NoRoom)));
        let second = read(Body::from("1234"), &room).await.unwrap();
        assert_eq!((first.bytes.as_slice(), second.bytes.as_slice()), (b"123456".as_slice(), b"1234".as_slice()));
        assert_eq!(room.available_permits(), 0);
        drop(first);
        assert_eq!(read(Body::from("123456"), &room).await.unwrap().bytes, b"123456");
        drop(second);
        assert_eq!(room.available_permits(), 10);
    }

    #[tokio::test]
    async fn a_body_too_large_is_hashed_while_it_is_thrown_away_and_holds_no_room() {
        let room = Semaphore::new(2 * BODY_BYTES_MAX);
        let large = vec![7; BODY_BYTES_MAX + 1];
        let hash = blake3::hash(&large);
        let unread = read(Body::from(large), &room).await.unwrap_err();
        assert!(
            matches!(unread, Unread::TooLarge { bytes, hash: Some(h) } if bytes == BODY_BYTES_MAX + 1 && h == hash)
        );
        let endless = vec![7; BODY_BYTES_HEARD_OUT_MAX + 1];
        assert!(matches!(read(Body::from(endless), &room).await, Err(Unread::TooLarge { hash: None, .. })));
        assert_eq!(room.available_permits(), 2 * BODY_BYTES_MAX);
    }
}
