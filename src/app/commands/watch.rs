//! `vigie watch`: the alerts that need somebody, in a terminal or as one line for each change.
//!
//! The list is a fold (`board`) over what a thread hears (`follower`); what is drawn (`render`, `paint`) and what keys
//! mean (`dialogue`) are functions of it. Here they meet the clock, the terminal and the network.

mod sse;

mod item;

mod paint;

mod keys;

mod dialogue;

mod board;

mod plain;

mod render;

mod server;

mod follower;

mod terminal;

use self::board::{Alarm, Board, Change};
use self::dialogue::{Dialogue, Intent};
use self::follower::{Follower, News};
use self::item::Item;
use self::plain::{alert_line, own_line};
use self::render::{View, screen, words};
use self::server::{Outcome, Server, Whereabouts};
use self::terminal::{Terminal, tell_keys};
use crate::app::cli::watch::WatchArgs;
use crate::app::commands::running::{StopSignals, block_on};
use crate::app::telemetry::{LogFormat, QUIET_FILTER, start_logs};
use crate::exit::Failure;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{MissedTickBehavior, interval};

/// News that may wait for the list; a faster server waits.
const NEWS_MAX: usize = 1_024;
/// How often ages and alarms are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long the first list may take before the connection counts as lost.
const FIRST_LIST_MS_MAX: i64 = 2_000;

/// Runs the command.
///
/// # Errors
/// When there is no server to ask, or the terminal cannot be used.
pub fn run(args: &WatchArgs, log_format: LogFormat) -> Result<(), Failure> {
    start_logs(log_format, QUIET_FILTER);
    let whereabouts = args.url.clone().map_or_else(|| Whereabouts::Data(args.data.clone()), Whereabouts::Url);
    let server = Server::new(whereabouts);
    if let Err(why) = server.url() {
        return Err(Failure::Io(format!("{why}; start `vigie serve`, or name a server with --url")));
    }
    let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
    block_on(async {
        let mut watch = Watch::start(server, args.tick_wait_ms);
        let stop = StopSignals::listen()?;
        let watched = if args.plain || !is_terminal {
            watch.print(stop).await
        } else {
            watch.show(stop, Dialogue::new(args.operator.clone())).await
        };
        match watched {
            // A reader that had enough, as in `vigie watch | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            watched => watched.map_err(|error| Failure::io("cannot write to the terminal", error)),
        }
    })
}

/// A list, and where its news come from.
struct Watch {
    server: Server,
    board: Board,
    began: Instant,
    follower: Follower,
    news: Receiver<News>,
    /// Id of the newest event taken in, from which a new follower goes on.
    last_id: Option<String>,
}

impl Watch {
    fn start(server: Server, tick_wait_ms: i64) -> Self {
        let (tell, news) = channel(NEWS_MAX);
        let follower = Follower::start(server.clone(), None, tell);
        Self { server, board: Board::new(0, tick_wait_ms), began: Instant::now(), follower, news, last_id: None }
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// One line for each change, until the end is wished for.
    async fn print(&mut self, mut stop: StopSignals) -> io::Result<()> {
        let mut looks = looks();
        // Nothing is told before the first list, unless that takes long.
        let (mut told, mut is_first) = (None, true);
        loop {
            let mut lines = Vec::new();
            tokio::select! {
                () = stop.received() => return Ok(()),
                _ = looks.tick() => self.give_up_if_silent(),
                Some(news) = self.news.recv() => {
                    let is_read = matches!(news, News::Read(_));
                    lines.extend(self.take(news).iter().map(line));
                    if is_read && std::mem::take(&mut is_first) {
                        lines.extend(self.board.listed().iter().map(|item| alert_line(item.log_ms, "listed", item)));
                    }
                }
            }
            let alarm = self.board.alarm(self.now_ms());
            let what = match &alarm {
                Some(Alarm::NoConnection { for_ms, .. }) if is_first && *for_ms < FIRST_LIST_MS_MAX => None,
                Some(Alarm::NoConnection { .. }) => Some("LOST"),
                Some(Alarm::NoTick { .. }) => Some("DEAD"),
                None => Some("LIVE"),
            };
            if what != told {
                let said = alarm.as_ref().map_or_else(|| "connected, and Vigie judges".to_owned(), words);
                lines.extend(what.map(|what| own_line(wall_ms(), what, &said)));
                told = what;
            }
            if !lines.is_empty() {
                writeln!(io::stdout().lock(), "{}", lines.join("\n"))?;
            }
        }
    }

    /// The list on a screen, until the end is wished for.
    async fn show(&mut self, mut stop: StopSignals, mut dialogue: Dialogue) -> io::Result<()> {
        let terminal = Terminal::take()?;
        let colour = std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
        let (tell_key, mut pressed) = channel(NEWS_MAX);
        tell_keys(tell_key);
        let (tell_outcome, mut outcomes) = channel(NEWS_MAX);
        let (mut looks, mut selected_id) = (looks(), None::<String>);
        loop {
            let listed = self.board.listed();
            // The selection stays with its alert while others come and go; when it goes, with the place.
            let place = selected_id.as_ref().and_then(|id| listed.iter().position(|item| item.alert_id == *id));
            let place = place.unwrap_or_default();
            let (width, height) = terminal.size();
            let view = View { now_ms: self.now_ms(), height, selected: place, footer: &dialogue.footer() };
            let lines: Vec<_> = screen(&self.board, view).iter().map(|line| line.drawn(width, colour)).collect();
            terminal.draw(&lines)?;
            tokio::select! {
                () = stop.received() => return Ok(()),
                _ = looks.tick() => self.give_up_if_silent(),
                Some(news) = self.news.recv() => {
                    self.take(news);
                    while let Ok(news) = self.news.try_recv() {
                        self.take(news);
                    }
                }
                Some(Outcome { words, item }) = outcomes.recv() => {
                    dialogue.say(words);
                    item.into_iter().for_each(|item: Item| self.board.replace(item));
                }
                Some(key) = pressed.recv() => {
                    let listed = self.board.listed();
                    match dialogue.key(key, listed.get(place).copied(), self.board.status().log_time_ms) {
                        Intent::Nothing => {}
                        Intent::Quit => return Ok(()),
                        Intent::Move(lines) => {
                            let place = place.saturating_add_signed(lines).min(listed.len().saturating_sub(1));
                            selected_id = listed.get(place).map(|item| item.alert_id.clone());
                        }
                        Intent::Send(request) => {
                            // The next alert is selected, as this one will move or go.
                            selected_id = listed.get(place + 1).or(listed.get(place)).map(|item| item.alert_id.clone());
                            dialogue.say(format!("{}: sent", request.verb));
                            send(self.server.clone(), request, tell_outcome.clone());
                        }
                    }
                }
            }
        }
    }

    /// Takes news in; what changed.
    fn take(&mut self, news: News) -> Vec<Change> {
        let now_ms = self.now_ms();
        match news {
            News::Read(server::Snapshot { status, items, left_out }) => {
                self.board.read(status, items, left_out, now_ms);
                Vec::new()
            }
            News::Sign => {
                self.board.heard(now_ms);
                Vec::new()
            }
            News::Lost(why) => {
                self.board.lost(why, now_ms);
                Vec::new()
            }
            News::Event(event) => {
                let changes = self.board.take(&event, now_ms);
                self.last_id = event.id.or_else(|| self.last_id.take());
                match changes {
                    Ok(changes) if !changes.iter().any(|change| matches!(change, Change::Gap | Change::Unnamed)) => {
                        changes
                    }
                    // The list is not what the server has any more; a new follower reads it anew.
                    Ok(changes) => {
                        self.follow_anew();
                        changes
                    }
                    Err(error) => {
                        self.board.lost(format!("an event is not understood: {error}"), now_ms);
                        self.follow_anew();
                        Vec::new()
                    }
                }
            }
        }
    }

    fn give_up_if_silent(&mut self) {
        let now_ms = self.now_ms();
        if self.board.is_silent(now_ms) {
            self.board.lost("the server is silent".to_owned(), now_ms);
            self.follow_anew();
        }
    }

    fn follow_anew(&mut self) {
        let (tell, news) = channel(NEWS_MAX);
        self.news = news;
        self.follower = Follower::start(self.server.clone(), self.last_id.clone(), tell);
    }
}

/// Sends a command from a thread of its own: an answer may take its time.
fn send(server: Server, request: dialogue::Request, tell: Sender<Outcome>) {
    std::thread::spawn(move || {
        // Nobody listens any more once the watch has ended.
        let _ = tell.blocking_send(server.command(&request));
    });
}

fn line(change: &Change) -> String {
    match change {
        Change::Alert { what, log_ms, item } => alert_line(*log_ms, what, item),
        Change::Gap => {
            own_line(wall_ms(), "GAP", "rows left the stream's memory before they were read; history has them")
        }
        Change::Unnamed => own_line(wall_ms(), "REREAD", "more alerts changed than were named"),
    }
}

fn looks() -> tokio::time::Interval {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

/// Our own clock, for lines about ourselves.
fn wall_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or_default()
}
