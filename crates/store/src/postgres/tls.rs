//! TLS for the wire, by rustls, and what sign-ins over it are bound to.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use vigie_postgres::end_point::EndPoint;

/// Where the server's certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that vouch for it, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// What accepts TLS.
#[derive(Clone)]
pub struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// What sign-ins can be bound to; `None` when the certificate's signature has no hash function to take.
    pub(crate) end_point: Option<EndPoint>,
}

/// What accepts TLS with these files.
///
/// # Errors
/// When a file cannot be read or holds none, or the key is not that of the certificate; the text names the file.
pub fn tls(files: &TlsFiles) -> io::Result<Tls> {
    let wrong = |path: &Path, error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
    };
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&files.certificate, &error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, &error))?;
    let end_point = certificates.first().and_then(|own| EndPoint::of_certificate(own));
    // Which library computes is said here: two are linked, and rustls would not choose.
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(|error| wrong(&files.certificate, &error))?;
    Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), end_point })
}
