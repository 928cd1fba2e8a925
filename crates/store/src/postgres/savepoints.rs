//! Savepoints of a transaction, which only say where one that failed may go on: nothing is written that could be undone.

use super::refusal::Refusal;
use vigie_postgres::outgoing::Transaction;

/// Most savepoints of a transaction.
const SAVEPOINTS_MAX: usize = 64;
/// Longest name of one, in bytes, as in PostgreSQL.
const NAME_BYTES_MAX: usize = 63;

/// A statement about a savepoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Savepoint {
    Set(String),
    Release(String),
    RollbackTo(String),
}

/// The savepoints of a transaction, the newest last.
#[derive(Debug, Default)]
pub(crate) struct Savepoints(Vec<String>);

impl Savepoint {
    const fn words(&self) -> &'static str {
        match self {
            Self::Set(_) => "SAVEPOINT",
            Self::Release(_) => "RELEASE SAVEPOINT",
            Self::RollbackTo(_) => "ROLLBACK TO SAVEPOINT",
        }
    }
}

impl Savepoints {
    /// Carries out a statement in a transaction; the words to answer with.
    ///
    /// # Errors
    /// When there is no transaction, no such savepoint, or no room.
    pub(crate) fn carry_out(
        &mut self,
        statement: &Savepoint,
        transaction: &mut Transaction,
    ) -> Result<&'static str, Refusal> {
        if *transaction == Transaction::Idle {
            let said = format!("{} can only be used in transaction blocks", statement.words());
            return Err(Refusal::new("25P01", said));
        }
        Ok(match statement {
            Savepoint::Set(name) => {
                if name.len() > NAME_BYTES_MAX {
                    return Err(Refusal::new("42622", format!("names have at most {NAME_BYTES_MAX} bytes")));
                }
                if self.0.len() == SAVEPOINTS_MAX {
                    return Err(Refusal::new(
                        "54000",
                        format!("a transaction has at most {SAVEPOINTS_MAX} savepoints"),
                    ));
                }
                self.0.push(name.clone());
                "SAVEPOINT"
            }
            Savepoint::Release(name) => {
                self.0.truncate(self.place(name)?);
                "RELEASE"
            }
            Savepoint::RollbackTo(name) => {
                self.0.truncate(self.place(name)? + 1);
                *transaction = Transaction::Open;
                "ROLLBACK"
            }
        })
    }

    /// The transaction has ended.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Where the newest of that name is.
    fn place(&self, name: &str) -> Result<usize, Refusal> {
        let missing = || Refusal::new("3B001", format!("savepoint \"{name}\" does not exist"));
        self.0.iter().rposition(|known| known == name).ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str) -> Savepoint {
        Savepoint::Set(name.to_owned())
    }

    #[test]
    fn savepoints_are_a_stack_within_bounds() {
        let (mut savepoints, mut transaction) = (Savepoints::default(), Transaction::Idle);
        let mut ask = |statement: &Savepoint, transaction: &mut Transaction| {
            savepoints.carry_out(statement, transaction).map_err(|refusal| refusal.sqlstate)
        };
        assert_eq!(ask(&set("a"), &mut transaction), Err("25P01"));
        transaction = Transaction::Open;
        for name in ["a", "b", "a", "c"] {
            assert_eq!(ask(&set(name), &mut transaction), Ok("SAVEPOINT"));
        }
        transaction = Transaction::Failed;
        assert_eq!(ask(&Savepoint::RollbackTo("nosuch".to_owned()), &mut transaction), Err("3B001"));
        assert_eq!(transaction, Transaction::Failed);
        // The newer of two.
        assert_eq!(ask(&Savepoint::RollbackTo("a".to_owned()), &mut transaction), Ok("ROLLBACK"));
        assert_eq!(transaction, Transaction::Open);
        assert_eq!(ask(&Savepoint::Release("c".to_owned()), &mut transaction), Err("3B001"));
        assert_eq!(ask(&Savepoint::Release("b".to_owned()), &mut transaction), Ok("RELEASE"));
        for number in 1..SAVEPOINTS_MAX {
            assert_eq!(ask(&set(&number.to_string()), &mut transaction), Ok("SAVEPOINT"));
        }
        assert_eq!(ask(&set("more"), &mut transaction), Err("54000"));
        assert_eq!(ask(&Savepoint::Release("a".to_owned()), &mut transaction), Ok("RELEASE"));
        assert_eq!(ask(&set(&"x".repeat(NAME_BYTES_MAX + 1)), &mut transaction), Err("42622"));
    }
}
