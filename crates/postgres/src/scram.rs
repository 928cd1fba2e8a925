//! The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802 and 7677).
//!
//! A sign-in over TLS may be bound to the server's certificate ([`EndPoint`]): the client proves that it knows the password
//! *and* which certificate it saw, so that whoever stands between the two with a certificate of its own cannot relay the proof.
//!
//! Somebody unknown is led through the same steps with a verifier nobody has the password of ([`Unknown`]), so that neither
//! texts nor time tell which names exist. Its salt is the same each time, as a real one's is.
//!
//! ```
//! use vigie_postgres::scram::{Chosen, Exchange};
//! use vigie_postgres::verifier::Verifier;
//! let verifier = Verifier::new("correct horse battery staple").unwrap();
//! let (exchange, challenge) = Exchange::begin(verifier, b"n,,n=,r=abcdefghijklmnop", Chosen::Only).unwrap();
//! assert!(challenge.starts_with(b"r=abcdefghijklmnop"));
//! assert!(exchange.finish(b"c=biws,r=abcdefghijklmnop,p=AAAA").is_err());
//! ```

use super::end_point::{BINDING, EndPoint};
use super::verifier::{KEY_BYTES, Verifier, hmac_sha256, sha256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use std::num::NonZeroU32;

/// The mechanism's name.
pub const MECHANISM: &str = "SCRAM-SHA-256";
/// The name of the mechanism that is bound to TLS.
pub const BOUND_MECHANISM: &str = "SCRAM-SHA-256-PLUS";
/// Bytes of randomness that the server adds to a nonce.
const NONCE_BYTES: usize = 18;
/// Longest nonce of a client; the usual ones have 24 characters.
const CLIENT_NONCE_MAX: usize = 256;

/// Why a sign-in failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    /// The client's message is not one of this exchange; the text says what is wrong with it.
    #[error("malformed SCRAM message: {0}")]
    Malformed(&'static str),
    /// The client could have bound its sign-in and was not told that the server can: its offer was changed on the way.
    #[error("the offer of channel binding did not reach the client; something between it and the server took it out")]
    OfferRemoved,
    /// The client saw another certificate than this server's.
    #[error("channel binding failed: the client sees another certificate; something stands between it and the server")]
    OtherEndPoint,
    /// The proof is not that of the password.
    #[error("the password is wrong")]
    WrongProof,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

/// Verifiers for names that nobody has.
#[derive(Debug)]
pub struct Unknown {
    secret: [u8; KEY_BYTES],
    iterations: NonZeroU32,
}

impl Unknown {
    /// With a new secret; `iterations` should be those of the real verifiers.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(iterations: NonZeroU32) -> Result<Self, ScramError> {
        let mut secret = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut secret).map_err(|_| ScramError::NoRandomness)?;
        Ok(Self { secret, iterations })
    }

    /// The verifier of a name, the same each time. There is no password for it.
    #[must_use]
    pub fn verifier(&self, name: &str) -> Verifier {
        let part = |what: &str| hmac_sha256(&self.secret, format!("{what} {name}").as_bytes());
        let salt = part("salt")[..16].to_vec();
        Verifier { iterations: self.iterations, salt, stored_key: part("stored"), server_key: part("server") }
    }
}

/// Which mechanism a client chose, of which it was offered.
#[derive(Clone, Copy, Debug)]
pub enum Chosen<'a> {
    /// [`MECHANISM`], where there was no other.
    Only,
    /// [`MECHANISM`], where [`BOUND_MECHANISM`] was offered too.
    Unbound,
    /// [`BOUND_MECHANISM`].
    Bound(&'a EndPoint),
}

impl Chosen<'_> {
    /// The header that a first message begins with, as this choice allows it.
    fn header(self, first: &str) -> Result<&'static str, ScramError> {
        let begins = |header: &&'static str| first.starts_with(*header);
        match self {
            Self::Only => ["n,,", "y,,"].into_iter().find(begins),
            Self::Unbound if first.starts_with("y,,") => return Err(ScramError::OfferRemoved),
            Self::Unbound => Some("n,,").filter(begins),
            Self::Bound(_) => Some(BINDING).filter(begins),
        }
        .ok_or(ScramError::Malformed("its header is not that of the mechanism"))
    }
}

/// An exchange whose challenge is out.
pub struct Exchange {
    verifier: Verifier,
    /// The header of the client's first message and what it is bound to, which its last must repeat.
    bound: Vec<u8>,
    client_first: String,
    challenge: String,
    /// Both nonces.
    nonce: String,
}

impl Exchange {
    /// Takes the client's first message and gives the challenge to send. The name in it is ignored, as PostgreSQL does:
    /// the start-up message has it.
    ///
    /// # Errors
    /// When the message is malformed, or not one of the mechanism that was chosen.
    pub fn begin(verifier: Verifier, first: &[u8], chosen: Chosen<'_>) -> Result<(Self, Vec<u8>), ScramError> {
        let mut server_nonce = [0; NONCE_BYTES];
        SystemRandom::new().fill(&mut server_nonce).map_err(|_| ScramError::NoRandomness)?;
        Self::begin_with(verifier, first, chosen, &STANDARD.encode(server_nonce))
    }

    fn begin_with(
        verifier: Verifier,
        first: &[u8],
        chosen: Chosen<'_>,
        server_nonce: &str,
    ) -> Result<(Self, Vec<u8>), ScramError> {
        let first = std::str::from_utf8(first).map_err(|_| ScramError::Malformed("not UTF-8"))?;
        let header = chosen.header(first)?;
        let bare = &first[header.len()..];
        let (name, rest) = bare.split_once(",r=").ok_or(ScramError::Malformed("there is no nonce"))?;
        if !name.starts_with("n=") {
            return Err(ScramError::Malformed("there is no name, or an extension nobody knows"));
        }
        let client_nonce = rest.split(',').next().unwrap_or_default();
        let printable = client_nonce.bytes().all(|byte| byte.is_ascii_graphic());
        if client_nonce.is_empty() || client_nonce.len() > CLIENT_NONCE_MAX || !printable {
            return Err(ScramError::Malformed("the nonce is empty, too long or not printable"));
        }
        let nonce = format!("{client_nonce}{server_nonce}");
        let challenge = format!("r={nonce},s={},i={}", STANDARD.encode(&verifier.salt), verifier.iterations);
        let sent = challenge.clone().into_bytes();
        let mut bound = header.as_bytes().to_vec();
        if let Chosen::Bound(end_point) = chosen {
            bound.extend_from_slice(end_point.as_bytes());
        }
        Ok((Self { verifier, bound, client_first: bare.to_owned(), challenge, nonce }, sent))
    }

    /// Takes the client's last message and gives the server's proof to send.
    ///
    /// # Errors
    /// When the message is malformed, bound to something else, or its proof wrong.
    pub fn finish(self, last: &[u8]) -> Result<Vec<u8>, ScramError> {
        let last = std::str::from_utf8(last).map_err(|_| ScramError::Malformed("not UTF-8"))?;
        let (without_proof, proof) = last.rsplit_once(",p=").ok_or(ScramError::Malformed("there is no proof"))?;
        let mut parts = without_proof.split(',');
        let header = parts.next().and_then(|part| part.strip_prefix("c="));
        if header != Some(STANDARD.encode(&self.bound).as_str()) {
            let is_bound = self.bound.starts_with(BINDING.as_bytes());
            let unlike = ScramError::Malformed("the header is not that of the first message");
            return Err(if is_bound { ScramError::OtherEndPoint } else { unlike });
        }
        if parts.next().and_then(|part| part.strip_prefix("r=")) != Some(self.nonce.as_str()) {
            return Err(ScramError::Malformed("the nonce is not that of the challenge"));
        }
        let proof = STANDARD.decode(proof).ok().and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok());
        let proof = proof.ok_or(ScramError::Malformed("the proof is not 32 bytes in base64"))?;
        let signed = format!("{},{},{without_proof}", self.client_first, self.challenge);
        let signature = hmac_sha256(&self.verifier.stored_key, signed.as_bytes());
        let client_key: [u8; KEY_BYTES] = std::array::from_fn(|index| proof[index] ^ signature[index]);
        if !same(&sha256(&client_key), &self.verifier.stored_key) {
            return Err(ScramError::WrongProof);
        }
        let proof = hmac_sha256(&self.verifier.server_key, signed.as_bytes());
        Ok(format!("v={}", STANDARD.encode(proof)).into_bytes())
    }
}

/// Whether two keys are the same, in a time that does not depend on where they differ.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differ, (one, other)| differ | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pencil() -> Verifier {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        Verifier::derive("pencil", salt, NonZeroU32::new(4_096).unwrap()).unwrap()
    }

    const FIRST: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const LAST: &[u8] =
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    /// RFC 7677, section 3.
    #[test]
    fn the_exchange_of_the_rfc_succeeds() {
        let (exchange, challenge) = Exchange::begin_with(pencil(), FIRST, Chosen::Only, SERVER_NONCE).unwrap();
        let expected = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        assert_eq!(String::from_utf8(challenge).unwrap(), expected);
        let proof = exchange.finish(LAST).unwrap();
        assert_eq!(proof, b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    #[test]
    fn another_password_and_malformed_messages_fail() {
        let salt = pencil().salt;
        let other = Verifier::derive("pencils", salt, NonZeroU32::new(4_096).unwrap()).unwrap();
        let (exchange, _) = Exchange::begin_with(other, FIRST, Chosen::Only, SERVER_NONCE).unwrap();
        assert_eq!(exchange.finish(LAST), Err(ScramError::WrongProof));
        for first in [
            &b""[..],
            b"\xff",
            b"p=tls-unique,,n=,r=x",
            b"n,a=b,n=,r=x",
            b"n,,r=x",
            b"n,,n=,r=",
            b"n,,m=x,n=,r=x",
            b"n,,n=,r=\x01",
        ] {
            assert!(
                matches!(Exchange::begin(pencil(), first, Chosen::Only), Err(ScramError::Malformed(_))),
                "{first:?}"
            );
        }
        let long = format!("n,,n=,r={}", "x".repeat(300));
        assert!(Exchange::begin(pencil(), long.as_bytes(), Chosen::Only).is_err());
        for (from, to) in [("c=biws", "c=eSws"), ("r=rOpr", "r=other"), (",p=", ",q="), ("ndVQ=", "n"), ("dHz", "AAA")]
        {
            let (exchange, _) = Exchange::begin_with(pencil(), FIRST, Chosen::Only, SERVER_NONCE).unwrap();
            let last = String::from_utf8(LAST.to_vec()).unwrap().replace(from, to);
            assert!(exchange.finish(last.as_bytes()).is_err(), "{last}");
        }
    }

    /// The client's last message for a first one, with its proof.
    fn last(exchange: &Exchange, bound: &[u8]) -> Vec<u8> {
        let mut salted = [0; KEY_BYTES];
        let rounds = exchange.verifier.iterations;
        ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, rounds, &exchange.verifier.salt, b"pencil", &mut salted);
        let client_key = hmac_sha256(&salted, b"Client Key");
        let without_proof = format!("c={},r={}", STANDARD.encode(bound), exchange.nonce);
        let signed = format!("{},{},{without_proof}", exchange.client_first, exchange.challenge);
        let signature = hmac_sha256(&sha256(&client_key), signed.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(signature).map(|(one, other)| one ^ other).collect();
        format!("{without_proof},p={}", STANDARD.encode(proof)).into_bytes()
    }

    #[test]
    fn a_bound_exchange_succeeds_with_the_same_certificate_only() {
        let end_point = EndPoint::from_bytes(vec![7; 32]);
        let first = b"p=tls-server-end-point,,n=,r=abcdef";
        for (seen, outcome) in [
            (vec![7; 32], Ok(())),
            (vec![8; 32], Err(ScramError::OtherEndPoint)),
            (vec![], Err(ScramError::OtherEndPoint)),
        ] {
            let (exchange, _) = Exchange::begin(pencil(), first, Chosen::Bound(&end_point)).unwrap();
            let last = last(&exchange, &[BINDING.as_bytes(), &seen].concat());
            assert_eq!(exchange.finish(&last).map(drop), outcome, "{seen:?}");
        }
    }

    /// RFC 5802, section 6: a client that says it could bind must have been told that it can.
    #[test]
    fn an_offer_that_was_taken_out_and_a_header_of_the_other_mechanism_are_refused() {
        let end_point = EndPoint::from_bytes(vec![7; 32]);
        let begun = |first: &[u8], chosen| Exchange::begin(pencil(), first, chosen).err();
        assert_eq!(begun(b"y,,n=,r=abcdef", Chosen::Unbound), Some(ScramError::OfferRemoved));
        assert_eq!(begun(b"n,,n=,r=abcdef", Chosen::Unbound), None);
        assert_eq!(begun(b"y,,n=,r=abcdef", Chosen::Only), None);
        for (first, chosen) in [
            (&b"n,,n=,r=abcdef"[..], Chosen::Bound(&end_point)),
            (b"p=tls-unique,,n=,r=abcdef", Chosen::Bound(&end_point)),
            (b"p=tls-server-end-point,,n=,r=abcdef", Chosen::Unbound),
            (b"p=tls-server-end-point,,n=,r=abcdef", Chosen::Only),
        ] {
            assert!(matches!(begun(first, chosen), Some(ScramError::Malformed(_))), "{first:?} {chosen:?}");
        }
    }

    #[test]
    fn somebody_unknown_has_the_same_salt_each_time_and_another_than_others() {
        let unknown = Unknown::new(NonZeroU32::new(4_096).unwrap()).unwrap();
        assert_eq!(unknown.verifier("eve"), unknown.verifier("eve"));
        assert_ne!(unknown.verifier("eve").salt, unknown.verifier("mallory").salt);
        assert_ne!(Unknown::new(NonZeroU32::MIN).unwrap().verifier("eve").salt, unknown.verifier("eve").salt);
    }

    #[test]
    fn keys_are_compared_whole() {
        assert!(same(b"abcd", b"abcd"));
        assert!(!same(b"abcd", b"abce"));
        assert!(!same(b"abcd", b"abc"));
    }
}
