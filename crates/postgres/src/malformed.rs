//! What is wrong with bytes of a peer: a frame, which ends a connection, or a body, which is an error like any other.

/// Bytes after which no message can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unframed {
    /// A message of this many bytes, which is not possible.
    #[error("a message cannot have a length of {0} bytes")]
    Length(i32),
    /// A message longer than the bound.
    #[error("a message of {length} bytes is longer than the {max} bytes that are taken")]
    TooLong {
        /// Its length.
        length: usize,
        /// The bound.
        max: usize,
    },
    /// A kind of message that clients do not send.
    #[error("no message begins with byte {0}")]
    Kind(u8),
    /// Not this protocol.
    #[error("protocol {0}.{1} is not spoken here; 3.0 is")]
    Protocol(u16, u16),
}

/// A message whose body is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It ends too early.
    #[error("the message ends before what it announces")]
    Short,
    /// Something is left.
    #[error("the message has bytes after its end")]
    Long,
    /// Its text is none.
    #[error("the message has text that is not UTF-8")]
    NotUtf8,
    /// A letter stands for nothing.
    #[error("the message names neither a statement (S) nor a portal (P)")]
    Target,
}
