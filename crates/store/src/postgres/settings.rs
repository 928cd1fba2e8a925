//! What a session has set: told back to whoever asks, and without power over what a query may do.

use super::refusal::Refusal;
use std::time::Duration;

/// Longest value of a setting, in bytes.
const VALUE_BYTES_MAX: usize = 256;
/// The version of PostgreSQL whose protocol and catalogs are spoken; drivers decide by it what to ask.
pub(crate) const SERVER_VERSION: &str = "16.6 (Vigie)";

/// Settings that are the same for everybody: their names as told at the start, and values.
const FIXED: [(&str, &str); 18] = [
    ("server_version", SERVER_VERSION),
    ("server_version_num", "160006"),
    ("server_encoding", "UTF8"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("integer_datetimes", "on"),
    ("standard_conforming_strings", "on"),
    ("default_transaction_read_only", "on"),
    ("transaction_read_only", "on"),
    ("in_hot_standby", "off"),
    ("is_superuser", "off"),
    ("bytea_output", "hex"),
    ("transaction_isolation", "repeatable read"),
    ("default_transaction_isolation", "repeatable read"),
    ("max_identifier_length", "63"),
    ("lc_collate", "C"),
];
/// Those of [`FIXED`] that are told at the start, which drivers wait for.
const TOLD: [&str; 11] = [
    "server_version",
    "server_encoding",
    "client_encoding",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "integer_datetimes",
    "standard_conforming_strings",
    "default_transaction_read_only",
    "in_hot_standby",
    "is_superuser",
];
/// Settings that mean nothing here, and that drivers set all the same.
const IGNORED: [&str; 10] = [
    "extra_float_digits",
    "client_min_messages",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "search_path",
    "row_security",
    "jit",
    "default_transaction_deferrable",
    "transaction_deferrable",
];

/// The settings of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    user: String,
    /// How the client's program calls itself.
    pub(crate) application_name: String,
    /// What its queries are asked for, kept in the audit trail: `SET vigie.reason = '...'`.
    pub(crate) reason: Option<String>,
    /// A shorter time for each statement than the door's; `None` leaves it at that.
    pub(crate) statement_timeout: Option<Duration>,
}

impl Settings {
    pub(crate) fn new(user: &str) -> Self {
        Self { user: user.to_owned(), application_name: String::new(), reason: None, statement_timeout: None }
    }

    /// What is told at the start.
    pub(crate) fn told(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fixed = FIXED.into_iter().filter(|(name, _)| TOLD.contains(name));
        let own = [("application_name", self.application_name.as_str()), ("session_authorization", &self.user)];
        fixed.chain(own)
    }

    /// Sets a setting, or with `None` its default.
    ///
    /// # Errors
    /// When it is none that may be set, or not to this value.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), Refusal> {
        let name = name.to_lowercase();
        let too_long = value.is_some_and(|value| value.len() > VALUE_BYTES_MAX || value.contains(char::is_control));
        if too_long {
            return Err(wrong(&name, "one line of at most 256 bytes"));
        }
        match name.as_str() {
            "application_name" => value.unwrap_or_default().clone_into(&mut self.application_name),
            "vigie.reason" => self.reason = value.map(str::to_owned),
            "statement_timeout" => self.statement_timeout = value.map_or(Ok(None), timeout)?,
            "timezone" => only(&name, value, &["utc", "etc/utc", "gmt", "z", "0", "local"])?,
            "client_encoding" => only(&name, value, &["utf8", "utf-8", "unicode"])?,
            "datestyle" => only(&name, value, &["iso", "iso, mdy", "iso, dmy", "iso, ymd"])?,
            "intervalstyle" => only(&name, value, &["postgres"])?,
            "bytea_output" => only(&name, value, &["hex"])?,
            "standard_conforming_strings" | "default_transaction_read_only" | "transaction_read_only" => {
                only(&name, value, &["on", "true", "1", "yes"])?;
            }
            "default_transaction_isolation" | "transaction_isolation" => {
                let levels = ["serializable", "repeatable read", "read committed", "read uncommitted"];
                only(&name, value, &levels)?;
            }
            _ if IGNORED.contains(&name.as_str()) => {}
            _ => {
                let hint = "docs/postgres.md lists what can be set; limits of queries cannot";
                return Err(Refusal::new("42704", format!("there is no setting '{name}' here")).hint(hint));
            }
        }
        Ok(())
    }

    /// All settings as they were at the start, except the program's name.
    pub(crate) fn reset(&mut self) {
        *self = Self { application_name: std::mem::take(&mut self.application_name), ..Self::new(&self.user) };
    }

    /// A setting's value.
    ///
    /// # Errors
    /// When there is none of that name.
    pub(crate) fn show(&self, name: &str) -> Result<String, Refusal> {
        let fixed = FIXED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        Ok(match name.to_lowercase().as_str() {
            "application_name" => self.application_name.clone(),
            "session_authorization" => self.user.clone(),
            "vigie.reason" => self.reason.clone().unwrap_or_default(),
            "statement_timeout" => {
                self.statement_timeout.map_or_else(|| "0".to_owned(), |time| format!("{}ms", time.as_millis()))
            }
            "search_path" => "public".to_owned(),
            "extra_float_digits" => "1".to_owned(),
            _ => match fixed {
                Some((_, value)) => (*value).to_owned(),
                None => return Err(Refusal::new("42704", format!("there is no setting '{name}' here"))),
            },
        })
    }
}

fn only(name: &str, value: Option<&str>, allowed: &[&str]) -> Result<(), Refusal> {
    match value {
        // Some drivers quote what they send at the start.
        Some(value) if !allowed.contains(&value.trim().trim_matches('\'').to_lowercase().as_str()) => {
            Err(wrong(name, &format!("only {} here", allowed[0])))
        }
        _ => Ok(()),
    }
}

/// A time as `SET statement_timeout` writes it: `5000`, `'5s'`, `'1min'`; 0 for the door's.
fn timeout(text: &str) -> Result<Option<Duration>, Refusal> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let factor = match text[digits..].trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    let number =
        text[..digits].parse::<u64>().ok().filter(|_| factor > 0).and_then(|number| number.checked_mul(factor));
    match number {
        Some(0) => Ok(None),
        Some(milliseconds) => Ok(Some(Duration::from_millis(milliseconds))),
        None => Err(wrong("statement_timeout", "a time, as in 5000 or '5s'")),
    }
}

fn wrong(name: &str, expected: &str) -> Refusal {
    Refusal::new("22023", format!("'{name}' can be {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_settings_are_kept_and_others_refused() {
        let mut settings = Settings::new("grafana");
        let mut set = |name: &str, value: &str| settings.set(name, Some(value)).map_err(|refusal| refusal.sqlstate);
        assert_eq!(set("application_name", "Grafana"), Ok(()));
        assert_eq!(set("statement_timeout", "5s"), Ok(()));
        assert_eq!(set("TimeZone", "Etc/UTC"), Ok(()));
        assert_eq!(set("vigie.reason", "board 7"), Ok(()));
        assert_eq!(set("client_encoding", "'utf-8'"), Ok(()));
        assert_eq!(set("search_path", "public"), Ok(()));
        assert_eq!(set("timezone", "Europe/Paris"), Err("22023"));
        assert_eq!(set("transaction_read_only", "off"), Err("22023"));
        assert_eq!(set("statement_timeout", "forever"), Err("22023"));
        assert_eq!(set("statement_timeout", "99999999999999999999h"), Err("22023"));
        assert_eq!(set("datafusion.execution.batch_size", "1"), Err("42704"));
        assert_eq!(set("role", "postgres"), Err("42704"));
        assert_eq!(set("application_name", "a\nb"), Err("22023"));
        assert_eq!(set("application_name", &"x".repeat(300)), Err("22023"));
        assert_eq!(settings.show("STATEMENT_TIMEOUT").unwrap(), "5000ms");
        assert_eq!(settings.show("timezone").unwrap(), "UTC");
        assert_eq!(settings.show("data_directory").unwrap_err().sqlstate, "42704");
        settings.reset();
        assert_eq!((settings.statement_timeout, settings.application_name.as_str()), (None, "Grafana"));
        assert!(settings.told().any(|told| told == ("session_authorization", "grafana")));
    }
}
