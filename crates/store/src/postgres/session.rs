//! What a session remembers: settings, whether a transaction is open, what is prepared; and its statements about itself.

use super::limits::PostgresLimits;
use super::prepared::Kept;
use super::refusal::Refusal;
use super::savepoints::{Savepoint, Savepoints};
use super::settings::Settings;
use super::statements::SessionStatement;
use super::values::types::WireType;
use vigie_model::doors::{AnswerBounds, QueryFormat, Question};
use vigie_postgres::outgoing::{Column, Outgoing, Transaction};

/// How the audit trail calls this door.
const DOOR: &str = "postgres";

/// A session of somebody signed in.
pub(crate) struct Session {
    pub(crate) settings: Settings,
    pub(crate) transaction: Transaction,
    pub(crate) kept: Kept,
    savepoints: Savepoints,
    /// How large an answer may become.
    bounds: AnswerBounds,
}

impl Session {
    pub(crate) fn new(settings: Settings, bounds: AnswerBounds, limits: PostgresLimits) -> Self {
        let savepoints = Savepoints::default();
        Self { settings, transaction: Transaction::Idle, kept: Kept::new(limits), savepoints, bounds }
    }

    /// A question to the door, with what it is asked for.
    pub(crate) fn question(&self, sql: &str) -> Question {
        let Settings { application_name, reason, .. } = &self.settings;
        let named = Some(application_name).filter(|name| !name.is_empty());
        let reason = reason.as_ref().or(named).map(|reason| reason.as_str().into());
        Question { reason, bounds: self.bounds, ..Question::new(sql, QueryFormat::Arrow, DOOR) }
    }

    /// # Errors
    /// When something failed in this transaction, which therefore has to end first.
    pub(crate) fn check_transaction(&self) -> Result<(), Refusal> {
        if self.transaction == Transaction::Failed {
            let said = "current transaction is aborted, commands ignored until end of transaction block";
            return Err(Refusal::new("25P02", said));
        }
        Ok(())
    }

    /// Carries out a statement about the session; `tells_columns` in the simple protocol.
    pub(crate) fn carry_out(
        &mut self,
        statement: &SessionStatement,
        out: &mut Outgoing,
        tells_columns: bool,
    ) -> Result<(), Refusal> {
        let goes_back = matches!(
            statement,
            SessionStatement::Commit
                | SessionStatement::Rollback
                | SessionStatement::Savepoint(Savepoint::RollbackTo(_))
        );
        if !goes_back {
            self.check_transaction()?;
        }
        let mut row = None;
        let tag = match statement {
            SessionStatement::Begin => {
                self.transaction = Transaction::Open;
                "BEGIN"
            }
            SessionStatement::Commit | SessionStatement::Rollback => {
                self.savepoints.clear();
                let failed = std::mem::take(&mut self.transaction) == Transaction::Failed;
                if *statement == SessionStatement::Commit && !failed { "COMMIT" } else { "ROLLBACK" }
            }
            SessionStatement::Savepoint(savepoint) => self.savepoints.carry_out(savepoint, &mut self.transaction)?,
            SessionStatement::Set(name, value) => {
                self.settings.set(name, value.as_deref())?;
                if name.eq_ignore_ascii_case("application_name") {
                    out.setting("application_name", &self.settings.application_name);
                }
                if value.is_some() { "SET" } else { "RESET" }
            }
            SessionStatement::Show(name) => {
                row = Some(self.settings.show(name)?);
                "SHOW"
            }
            SessionStatement::UnlockAll => {
                row = Some(String::new());
                "SELECT 1"
            }
            SessionStatement::ResetAll => {
                self.settings.reset();
                "RESET"
            }
            SessionStatement::DiscardAll => {
                self.settings.reset();
                self.kept.forget_statements();
                "DISCARD ALL"
            }
            SessionStatement::Deallocate(None) => {
                self.kept.forget_statements();
                "DEALLOCATE ALL"
            }
            SessionStatement::Deallocate(Some(name)) => {
                self.kept.statement(name)?;
                self.kept.forget_statement(name);
                "DEALLOCATE"
            }
            SessionStatement::Nothing(tag) => tag,
        };
        if let Some(text) = row {
            if tells_columns {
                out.columns(session_column(statement).as_slice());
            }
            let sent: Result<(), std::convert::Infallible> = out.row(1, |_, out| {
                out.extend_from_slice(text.as_bytes());
                Ok(true)
            });
            let Ok(()) = sent;
        }
        out.done(tag);
        Ok(())
    }
}

/// The one column of a statement about the session that has one.
pub(crate) fn session_column(statement: &SessionStatement) -> Option<Column> {
    let name = match statement {
        SessionStatement::Show(name) => name.as_str(),
        SessionStatement::UnlockAll => "pg_advisory_unlock_all",
        _ => return None,
    };
    Some(Column { name: name.to_owned(), type_id: WireType::Text.id(), size: -1, format: 0 })
}
