//! `vigie serve`: parse, build, bind, run.

use crate::app::cli::ServeArgs;
use crate::app::commands::running::{StopSignals, block_on, say};
use crate::app::listener::bind;
use crate::app::lock::DataLock;
use crate::app::server::{Server, ServerOptions};
use crate::app::telemetry::{LogFormat, SERVER_FILTER, start_logs};
use crate::config::control::{Prepared, prepare};
use crate::exit::Failure;
use vigie_log::clock::LogClock;

/// Runs the command until it is asked to stop.
///
/// # Errors
/// When the configuration has mistakes, the address or data folder is taken, or a part fails.
pub fn run(args: &ServeArgs, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, SERVER_FILTER);
    let prepared = prepare(&args.config).map_err(Failure::Configuration)?;
    for warning in &prepared.warnings {
        eprintln!("{warning}");
    }
    block_on(serve(prepared))
}

async fn serve(prepared: Prepared) -> Result<(), Failure> {
    let mut signals = StopSignals::listen()?;
    let data = prepared.config.centre.data_dir.clone();
    let lock = DataLock::take(&data, &prepared.config.centre.id)?;
    let listener = bind(prepared.config.http.listen).await?;
    // A long log takes long to judge again, and nothing is lost by giving up meanwhile.
    let start = Server::start(ServerOptions { prepared, data, listener, clock: LogClock::wall() });
    let server = tokio::select! {
        started = start => started?,
        () = signals.received() => {
            eprintln!("stopped before the log was judged again; the next start begins anew");
            return Ok(());
        }
    };
    lock.announce(&server.url)?;
    if let Some(address) = server.postgres {
        say(&format!("Postgres wire: {address}"));
    }
    say(&format!("page and API: {}", server.url));
    let ended = tokio::select! {
        () = signals.received() => Ok(()),
        failure = server.part_ended() => Err(failure),
    };
    eprintln!("stopping: committing what is in memory; Ctrl-C again stops at once");
    ended.and(signals.while_stopping(server.stop()).await)
}
