//! `[sql]`: how history is asked.

use super::postgres::{self, Postgres};
use super::toml_reader::Section;
use std::path::Path;

/// How history is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sql {
    /// Whether the audit trail keeps the text of statements, which may hold what was looked for; their hash it always keeps.
    pub audit_text: bool,
    /// `[sql.postgres]`; without it, nothing is served over the Postgres wire.
    pub postgres: Option<Postgres>,
}

/// Reads `[sql]`.
pub(super) fn read(mut section: Section<'_>, folder: &Path) -> Sql {
    let audit_text = section.flag("audit_text").unwrap_or(false);
    let has_postgres = section.has("postgres");
    let postgres = has_postgres.then(|| postgres::read(section.section("postgres"), folder));
    section.finish();
    Sql { audit_text, postgres }
}
