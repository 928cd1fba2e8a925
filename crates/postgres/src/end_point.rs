//! What a sign-in can be bound to: the server's certificate, as `tls-server-end-point` of RFC 5929 has it.
//!
//! It is a hash of the certificate with the hash function that its own signature uses, or SHA-256 where that is MD5 or SHA-1.
//! Signatures without a hash function of their own (Ed25519, RSA-PSS, whose parameters name one) have none that all clients
//! agree on; then there is nothing to bind to, and sign-ins are not bound.
//!
//! ```
//! use vigie_postgres::end_point::EndPoint;
//! assert_eq!(EndPoint::of_certificate(b"no certificate"), None);
//! ```

use ring::digest::{self, Algorithm, SHA256, SHA384, SHA512};

/// How the first message of a bound sign-in begins.
pub const BINDING: &str = "p=tls-server-end-point,,";

/// A sequence in DER.
const SEQUENCE: u8 = 0x30;
/// The id of something in DER.
const OBJECT_ID: u8 = 0x06;
/// Ids of signature algorithms as DER has them, with their hash functions.
const SIGNATURES: [(&[u8], &Algorithm); 9] = [
    // RSA (PKCS #1, 1.2.840.113549.1.1) with MD5, SHA-1, SHA-256, SHA-384, SHA-512.
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", &SHA384),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", &SHA512),
    // ECDSA (ANSI X9.62, 1.2.840.10045.4) with SHA-1, SHA-256, SHA-384, SHA-512.
    (b"\x2a\x86\x48\xce\x3d\x04\x01", &SHA256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", &SHA256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", &SHA384),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", &SHA512),
];

/// The hash of a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndPoint(Vec<u8>);

impl EndPoint {
    /// Of a certificate in DER; `None` when its signature has no hash function to take.
    #[must_use]
    pub fn of_certificate(der: &[u8]) -> Option<Self> {
        let id = signature_id(der)?;
        let (_, algorithm) = SIGNATURES.into_iter().find(|(known, _)| *known == id)?;
        Some(Self(digest::digest(algorithm, der).as_ref().to_vec()))
    }

    #[cfg(test)]
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The id of the algorithm that a certificate is signed with: the first part of its second part.
fn signature_id(der: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = part(der, SEQUENCE)?;
    let (_, behind) = part(certificate, SEQUENCE)?;
    let (algorithm, _) = part(behind, SEQUENCE)?;
    let (id, _) = part(algorithm, OBJECT_ID)?;
    Some(id)
}

/// What a part of DER holds, and what is behind it.
fn part(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(*short), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(short - 0x80))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length).filter(|_| *first == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate as far as it is looked at.
    fn certificate(id: &[u8]) -> Vec<u8> {
        let wrapped = |kind: u8, inner: &[u8]| [&[kind, u8::try_from(inner.len()).unwrap()], inner].concat();
        let algorithm = wrapped(SEQUENCE, &wrapped(OBJECT_ID, id));
        wrapped(SEQUENCE, &[wrapped(SEQUENCE, b"to be signed"), algorithm, b"\x03\x01\0".to_vec()].concat())
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        for (id, algorithm) in SIGNATURES {
            let der = certificate(id);
            let expected = digest::digest(algorithm, &der);
            assert_eq!(EndPoint::of_certificate(&der).unwrap().as_bytes(), expected.as_ref(), "{id:?}");
        }
        let ed25519 = b"\x2b\x65\x70";
        assert_eq!(EndPoint::of_certificate(&certificate(ed25519)), None);
    }

    #[test]
    fn what_ends_early_has_none() {
        let whole = certificate(SIGNATURES[2].0);
        for end in 0..whole.len() {
            assert_eq!(EndPoint::of_certificate(&whole[..end]), None, "{end} bytes");
        }
        assert_eq!(EndPoint::of_certificate(b"\x30\x84\xff\xff\xff\xff"), None);
        assert_eq!(EndPoint::of_certificate(b"\x30\x80\x30\0"), None);
    }
}
