//! The Postgres wire of a server: bound before anything else is started, served once history answers.

use crate::config::postgres::Postgres;
use crate::exit::Failure;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use vigie_model::principal::{Principal, Scope};
use vigie_store::postgres::limits::PostgresLimits;
use vigie_store::postgres::server::{PostgresOptions, serve};
use vigie_store::postgres::tls::{Tls, TlsFiles, tls};
use vigie_store::postgres::users::PostgresUser;
use vigie_store::sql::door::SqlDoor;

/// A listener that serves nobody yet.
pub struct PostgresWire {
    /// Where it listens.
    pub address: SocketAddr,
    listener: TcpListener,
    tls: Option<Tls>,
    users: Vec<PostgresUser>,
}

/// What accepts TLS, if the configuration asks for it.
///
/// # Errors
/// When its files hold no certificate and key that belong together.
pub fn tls_of(config: &Postgres) -> Result<Option<Tls>, Failure> {
    let Some(files) = &config.tls else { return Ok(None) };
    let files = TlsFiles { certificate: files.certificate.clone(), key: files.key.clone() };
    let wrong = |error| Failure::io("the certificate of [sql.postgres] cannot be used", error);
    tls(&files).map(Some).map_err(wrong)
}

impl PostgresWire {
    /// Binds the address of the configuration, for a centre.
    ///
    /// # Errors
    /// When the address is taken or may not be bound, or the certificate cannot be used; the text says what to do.
    pub async fn bind(config: &Postgres, centre: &Arc<str>) -> Result<Self, Failure> {
        let tls = tls_of(config)?;
        let listener = TcpListener::bind(config.listen).await.map_err(|error| {
            let hint = "stop the process that has it, or set another [sql.postgres] listen address";
            Failure::Io(format!("cannot listen on {}: {error}; {hint}", config.listen))
        })?;
        let address =
            listener.local_addr().map_err(|error| Failure::io("cannot tell the listener's address", error))?;
        let users = config.users.iter().map(|user| {
            let scope = Scope { centre: Arc::clone(centre), spaces: user.spaces.clone(), purpose: user.purpose };
            PostgresUser {
                verifier: user.verifier.clone(),
                principal: Principal { name: user.name.as_str().into(), scope },
                bounds: user.bounds,
            }
        });
        Ok(Self { address, tls, users: users.collect(), listener })
    }

    /// Serves `door` until `stopped` says so.
    pub fn serve(self, door: Arc<SqlDoor>, stopped: watch::Receiver<bool>) {
        let Self { address, listener, tls, users } = self;
        let options = PostgresOptions { door, users, tls, limits: PostgresLimits::default() };
        tracing::info!(%address, "serving the Postgres wire");
        tokio::spawn(async move {
            if let Err(error) = serve(listener, options, stopped).await {
                tracing::error!(%error, "the Postgres wire is not served");
            }
        });
    }
}
