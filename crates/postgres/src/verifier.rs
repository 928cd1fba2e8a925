//! What a server keeps of a password: enough to check it, too little to sign in with.
//!
//! The text form is the one PostgreSQL keeps in `pg_authid`, `SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY` with
//! base64 parts, so that a verifier may also be copied from there. RFC 5802 says how the keys are derived and RFC 7677 with
//! which hash.
//!
//! ```
//! use vigie_postgres::verifier::Verifier;
//! let verifier = Verifier::new("correct horse battery staple").unwrap();
//! assert_eq!(Verifier::parse(&verifier.to_string()).unwrap(), verifier);
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};
use std::fmt;
use std::num::NonZeroU32;

/// Bytes of a key.
pub const KEY_BYTES: usize = digest::SHA256_OUTPUT_LEN;
/// Bytes of salt in a new verifier.
const SALT_BYTES: usize = 16;
/// Rounds of hashing in a new verifier, against guessing by who stole the file: 25 times PostgreSQL's. The client pays for
/// them at each sign-in, a tenth of a second, and a driver in pure Python half a second; the server does not.
pub const ITERATIONS_DEFAULT: NonZeroU32 = NonZeroU32::new(100_000).expect("not zero");
/// Most rounds of a verifier: a client must be able to do them before its sign-in is given up.
const ITERATIONS_MAX: u32 = 10_000_000;
/// Fewest rounds: what PostgreSQL does, and what RFC 7677 asks for.
const ITERATIONS_MIN: u32 = 4_096;
/// Longest salt in bytes.
const SALT_BYTES_MAX: usize = 64;
/// Shortest password of a new verifier, in characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Longest password of a new verifier, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Proof material of one password. It prints as its text form; `Debug` shows nothing secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    pub(crate) iterations: NonZeroU32,
    pub(crate) salt: Vec<u8>,
    pub(crate) stored_key: [u8; KEY_BYTES],
    pub(crate) server_key: [u8; KEY_BYTES],
}

/// Why there is no verifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifierError {
    /// The text is none.
    #[error("not a verifier: {0}")]
    Malformed(&'static str),
    /// The password cannot be used; the text says why.
    #[error("{0}")]
    Password(String),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

impl Verifier {
    /// Of a new password, with a new salt. Takes a tenth of a second, on purpose.
    ///
    /// # Errors
    /// When the password is shorter than [`PASSWORD_CHARS_MIN`], longer than [`PASSWORD_BYTES_MAX`] or has characters that
    /// no client may send.
    pub fn new(password: &str) -> Result<Self, VerifierError> {
        if password.chars().count() < PASSWORD_CHARS_MIN {
            return Err(VerifierError::Password(format!(
                "the password has fewer than {PASSWORD_CHARS_MIN} characters"
            )));
        }
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(VerifierError::Password(format!("the password is longer than {PASSWORD_BYTES_MAX} bytes")));
        }
        let mut salt = vec![0; SALT_BYTES];
        SystemRandom::new().fill(&mut salt).map_err(|_| VerifierError::NoRandomness)?;
        Self::derive(password, salt, ITERATIONS_DEFAULT)
    }

    /// The keys of a password, salt and number of rounds.
    pub(crate) fn derive(password: &str, salt: Vec<u8>, iterations: NonZeroU32) -> Result<Self, VerifierError> {
        let prepared = stringprep::saslprep(password)
            .map_err(|_| VerifierError::Password("the password has characters that SASLprep forbids".to_owned()))?;
        let mut salted = [0; KEY_BYTES];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, prepared.as_bytes(), &mut salted);
        let stored_key = sha256(&hmac_sha256(&salted, b"Client Key"));
        let server_key = hmac_sha256(&salted, b"Server Key");
        Ok(Self { iterations, salt, stored_key, server_key })
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// When it is none, or has fewer rounds than RFC 7677 asks for.
    pub fn parse(text: &str) -> Result<Self, VerifierError> {
        let malformed = VerifierError::Malformed;
        let rest = text.strip_prefix("SCRAM-SHA-256$").ok_or(malformed("it does not begin with SCRAM-SHA-256$"))?;
        let (salted, keys) = rest.split_once('$').ok_or(malformed("a second $ is missing"))?;
        let (iterations, salt) = salted.split_once(':').ok_or(malformed("there is no salt"))?;
        let (stored, server) = keys.split_once(':').ok_or(malformed("there is no server key"))?;
        let iterations = iterations.parse().map_err(|_| malformed("the number of rounds is no number"))?;
        if !(ITERATIONS_MIN..=ITERATIONS_MAX).contains(&iterations) {
            return Err(malformed("the number of rounds is not in 4,096 to 10,000,000"));
        }
        let iterations = NonZeroU32::new(iterations).ok_or(malformed("no rounds"))?;
        let salt = STANDARD.decode(salt).map_err(|_| malformed("the salt is not base64"))?;
        if salt.is_empty() || salt.len() > SALT_BYTES_MAX {
            return Err(malformed("the salt is empty or longer than 64 bytes"));
        }
        let key = |text: &str| {
            let bytes = STANDARD.decode(text).ok()?;
            <[u8; KEY_BYTES]>::try_from(bytes).ok()
        };
        let stored_key = key(stored).ok_or(malformed("the stored key is not 32 bytes in base64"))?;
        let server_key = key(server).ok_or(malformed("the server key is not 32 bytes in base64"))?;
        Ok(Self { iterations, salt, stored_key, server_key })
    }

    /// Rounds of hashing that a client has to do.
    #[must_use]
    pub fn iterations(&self) -> NonZeroU32 {
        self.iterations
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (salt, stored) = (STANDARD.encode(&self.salt), STANDARD.encode(self.stored_key));
        write!(out, "SCRAM-SHA-256${}:{salt}${stored}:{}", self.iterations, STANDARD.encode(self.server_key))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Verifier").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

pub(crate) fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; KEY_BYTES] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
    tag.as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes")
}

pub(crate) fn sha256(data: &[u8]) -> [u8; KEY_BYTES] {
    digest::digest(&digest::SHA256, data).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_survives_its_text_and_hides_in_debug() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = Verifier::derive("pencil", salt, NonZeroU32::new(4_096).unwrap()).unwrap();
        let text = verifier.to_string();
        // The keys that RFC 7677's example exchange implies.
        assert_eq!(
            text,
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
        assert_eq!(Verifier::parse(&text).unwrap(), verifier);
        assert_eq!(format!("{verifier:?}"), "Verifier { iterations: 4096, .. }");
    }

    #[test]
    fn what_is_no_verifier_is_refused_with_a_reason() {
        let key = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=";
        for text in [
            String::new(),
            "hunter2hunter2".to_owned(),
            "SCRAM-SHA-256$4096:c2FsdA==".to_owned(),
            format!("SCRAM-SHA-256$4096$c2FsdA==:{key}:{key}"),
            format!("SCRAM-SHA-256$1:c2FsdA==${key}:{key}"),
            format!("SCRAM-SHA-256$99999999999:c2FsdA==${key}:{key}"),
            format!("SCRAM-SHA-256$4096:not base64${key}:{key}"),
            format!("SCRAM-SHA-256$4096:${key}:{key}"),
            format!("SCRAM-SHA-256$4096:c2FsdA==${key}:c2FsdA=="),
            format!("SCRAM-SHA-256$4096:c2FsdA==${key}"),
        ] {
            assert!(matches!(Verifier::parse(&text), Err(VerifierError::Malformed(_))), "{text}");
        }
        assert!(matches!(Verifier::new("short"), Err(VerifierError::Password(_))));
        assert!(matches!(Verifier::new(&"x".repeat(2_000)), Err(VerifierError::Password(_))));
        assert!(matches!(Verifier::new("a bell \u{7} in a password"), Err(VerifierError::Password(_))));
    }
}
