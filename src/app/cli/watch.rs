//! What a user may type after `vigie watch`.

use clap::Args;
use std::path::PathBuf;
use vigie_model::duration::parse_ms;

/// Help that teaches by example.
pub const WATCH_HELP: &str = "\
Unacknowledged alerts stand first, then the worst, then the newest. A list that may be old says so in its second line: when the
server is not heard, and when it is heard but judges no more (no tick came).

Keys: a acknowledge, s shelve (asks why and for how long), c close (asks for the disposition), up and down or j and k, q.

Examples (beside `vigie demo` or `vigie serve`):
  vigie watch --operator Ada
  vigie watch --url http://127.0.0.1:8080 --plain
  vigie watch --plain | awk -F'\\t' '$2 == \"active\" && $3 == \"critical\"'
Plain lines have seven fields with tabs between them: time, what happened, severity, handling, space, id, summary. LIVE, LOST, DEAD
and GAP are about Vigie itself. NO_COLOR is respected.";

/// Options of `vigie watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// The server, instead of the one that runs on --data.
    #[arg(long, value_name = "URL", value_parser = http_url)]
    pub url: Option<String>,
    /// Data folder whose running server is watched.
    #[arg(long, value_name = "DIR", default_value = "vigie-data")]
    pub data: PathBuf,
    /// Who acts; without it nothing can be done but look.
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// One line for each change instead of a screen; also when standard output is no terminal.
    #[arg(long)]
    pub plain: bool,
    /// How long no tick may come before Vigie counts as not judging.
    #[arg(long = "tick-wait", value_name = "DURATION", default_value = "10s", value_parser = parse_ms)]
    pub tick_wait_ms: i64,
}

fn http_url(text: &str) -> Result<String, &'static str> {
    let is_http = text.starts_with("http://");
    if is_http { Ok(text.to_owned()) } else { Err("expected http://HOST:PORT; there is no TLS yet") }
}
