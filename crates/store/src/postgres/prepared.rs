//! What a connection has kept: prepared statements and portals, by name, within bounds.

use super::formats::Formats;
use super::limits::PostgresLimits;
use super::refusal::Refusal;
use super::rows::OpenRows;
use super::statements::SessionStatement;
use super::values::types::WireType;
use arrow::datatypes::SchemaRef;
use datafusion::scalar::ScalarValue;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes that a column or parameter takes besides its name.
const COLUMN_BYTES: usize = 128;

/// A prepared statement.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) sql: Arc<str>,
    pub(crate) kind: Kind,
}

/// What a statement does.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Nothing.
    Empty,
    /// Something of the session.
    Session(SessionStatement),
    /// It asks history; the guard has let it through, and it will look again.
    Question {
        parameters: Vec<WireType>,
        /// Type ids as clients are told: their own, where they said one.
        parameter_ids: Vec<u32>,
        schema: SchemaRef,
    },
}

/// A statement with its parameters.
pub(crate) struct Portal {
    pub(crate) statement: Arc<Statement>,
    pub(crate) parameters: Vec<ScalarValue>,
    pub(crate) formats: Formats,
    pub(crate) progress: Progress,
}

/// How far a portal is.
pub(crate) enum Progress {
    New,
    /// Some rows are sent, more are to be fetched.
    Open(Box<OpenRows>),
    Done,
}

impl Statement {
    fn bytes(&self) -> usize {
        let columns = match &self.kind {
            Kind::Question { schema, parameters, .. } => {
                let names: usize = schema.fields().iter().map(|field| field.name().len()).sum();
                names + (schema.fields().len() + parameters.len()) * COLUMN_BYTES
            }
            Kind::Empty | Kind::Session(_) => 0,
        };
        self.sql.len() + columns
    }
}

impl Portal {
    fn bytes(&self) -> usize {
        self.parameters.iter().map(ScalarValue::size).sum::<usize>() + COLUMN_BYTES
    }
}

/// Everything a connection has kept.
pub(crate) struct Kept {
    limits: PostgresLimits,
    statements: HashMap<String, Arc<Statement>>,
    portals: HashMap<String, Portal>,
}

impl Kept {
    pub(crate) fn new(limits: PostgresLimits) -> Self {
        Self { limits, statements: HashMap::new(), portals: HashMap::new() }
    }

    /// Keeps a statement; the unnamed one takes the place of the one before.
    ///
    /// # Errors
    /// When the name is taken or there is no room.
    pub(crate) fn keep_statement(&mut self, name: String, statement: Statement) -> Result<(), Refusal> {
        if name.is_empty() {
            self.statements.remove(&name);
        } else if self.statements.contains_key(&name) {
            return Err(Refusal::new("42P05", format!("prepared statement \"{name}\" already exists")));
        }
        self.room(name.len() + statement.bytes(), self.statements.len() < self.limits.statements_max)?;
        self.statements.insert(name, Arc::new(statement));
        Ok(())
    }

    /// Keeps a portal; the unnamed one takes the place of the one before.
    ///
    /// # Errors
    /// When the name is taken or there is no room.
    pub(crate) fn keep_portal(&mut self, name: String, portal: Portal) -> Result<(), Refusal> {
        if name.is_empty() {
            self.portals.remove(&name);
        } else if self.portals.contains_key(&name) {
            return Err(Refusal::new("42P03", format!("portal \"{name}\" already exists")));
        }
        self.room(name.len() + portal.bytes(), self.portals.len() < self.limits.portals_max)?;
        self.portals.insert(name, portal);
        Ok(())
    }

    fn room(&self, more: usize, is_one_left: bool) -> Result<(), Refusal> {
        let statements = self.statements.iter().map(|(name, statement)| name.len() + statement.bytes());
        let portals = self.portals.iter().map(|(name, portal)| name.len() + portal.bytes());
        if !is_one_left || statements.chain(portals).sum::<usize>() + more > self.limits.kept_bytes_max {
            let refusal = Refusal::new("53000", "this connection has kept too many statements, portals or parameters");
            return Err(refusal.hint("close what is not used any more"));
        }
        Ok(())
    }

    /// # Errors
    /// When there is no statement of that name.
    pub(crate) fn statement(&self, name: &str) -> Result<&Arc<Statement>, Refusal> {
        let missing = || Refusal::new("26000", format!("prepared statement \"{name}\" does not exist"));
        self.statements.get(name).ok_or_else(missing)
    }

    /// # Errors
    /// When there is no portal of that name.
    pub(crate) fn portal(&mut self, name: &str) -> Result<&mut Portal, Refusal> {
        let missing = || Refusal::new("34000", format!("portal \"{name}\" does not exist"));
        self.portals.get_mut(name).ok_or_else(missing)
    }

    /// Whether one more portal may have rows to be fetched.
    pub(crate) fn may_open(&self) -> bool {
        let open = self.portals.values().filter(|portal| matches!(portal.progress, Progress::Open(_)));
        open.count() < self.limits.open_portals_max
    }

    pub(crate) fn forget_statement(&mut self, name: &str) {
        self.statements.remove(name);
    }

    pub(crate) fn forget_statements(&mut self) {
        self.statements.clear();
    }

    pub(crate) fn forget_portal(&mut self, name: &str) {
        self.portals.remove(name);
    }

    /// The end of a transaction, also of one that nobody began.
    pub(crate) fn forget_portals(&mut self) {
        self.portals.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sql: &str) -> Statement {
        Statement { sql: sql.into(), kind: Kind::Empty }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let limits = PostgresLimits { statements_max: 3, kept_bytes_max: 1_000, ..PostgresLimits::default() };
        let mut kept = Kept::new(limits);
        for _ in 0..10 {
            kept.keep_statement(String::new(), statement("SELECT 1")).unwrap();
        }
        kept.keep_statement("a".to_owned(), statement("SELECT 1")).unwrap();
        assert_eq!(kept.keep_statement("a".to_owned(), statement("")).unwrap_err().sqlstate, "42P05");
        assert_eq!(kept.keep_statement("b".to_owned(), statement(&"x".repeat(2_000))).unwrap_err().sqlstate, "53000");
        kept.keep_statement("b".to_owned(), statement("")).unwrap();
        assert_eq!(kept.keep_statement("c".to_owned(), statement("")).unwrap_err().sqlstate, "53000");
        kept.forget_statement("a");
        kept.keep_statement("c".to_owned(), statement("")).unwrap();
        assert_eq!(kept.statement("a").unwrap_err().sqlstate, "26000");
        assert_eq!(kept.portal("p").map(|_| ()).unwrap_err().sqlstate, "34000");
    }
}
