//! Questions about tables that clients are known to ask, and that the catalogs cannot run as they are written.
//!
//! Tables here have no keys, no indexes, no owners and no types of their own, so the answer to most of these is that there are
//! none, under the names of columns that the client expects. They are told by words that nobody else writes together. The
//! statements are those of the JDBC driver of PostgreSQL, through which DBeaver and Metabase ask.

/// A question without rows for an answer: the words that tell it, and the columns of the answer.
struct Empty {
    words: &'static [&'static str],
    columns: &'static [&'static str],
}

const EMPTY: [Empty; 7] = [
    // getPrimaryKeys
    Empty {
        words: &["_pg_expandarray", "pk_name"],
        columns: &["TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME", "KEY_SEQ", "PK_NAME"],
    },
    // getIndexInfo
    Empty {
        words: &["_pg_expandarray", "non_unique"],
        columns: &[
            "TABLE_CAT",
            "TABLE_SCHEM",
            "TABLE_NAME",
            "NON_UNIQUE",
            "INDEX_QUALIFIER",
            "INDEX_NAME",
            "TYPE",
            "ORDINAL_POSITION",
            "COLUMN_NAME",
            "ASC_OR_DESC",
            "CARDINALITY",
            "PAGES",
            "FILTER_CONDITION",
        ],
    },
    // getImportedKeys, getExportedKeys, getCrossReference
    Empty {
        words: &["pktable_cat", "fktable_cat"],
        columns: &[
            "PKTABLE_CAT",
            "PKTABLE_SCHEM",
            "PKTABLE_NAME",
            "PKCOLUMN_NAME",
            "FKTABLE_CAT",
            "FKTABLE_SCHEM",
            "FKTABLE_NAME",
            "FKCOLUMN_NAME",
            "KEY_SEQ",
            "UPDATE_RULE",
            "DELETE_RULE",
            "FK_NAME",
            "PK_NAME",
            "DEFERRABILITY",
        ],
    },
    // getFunctions: those of SQL here are told by `vigie sql --describe`.
    Empty {
        words: &["function_cat", "function_schem"],
        columns: &["FUNCTION_CAT", "FUNCTION_SCHEM", "FUNCTION_NAME", "REMARKS", "FUNCTION_TYPE", "SPECIFIC_NAME"],
    },
    // getProcedures
    Empty {
        words: &["procedure_cat", "procedure_schem"],
        columns: &["PROCEDURE_CAT", "PROCEDURE_SCHEM", "PROCEDURE_NAME", "REMARKS", "PROCEDURE_TYPE", "SPECIFIC_NAME"],
    },
    // getTablePrivileges
    Empty { words: &["relacl", "rolname", "nspname"], columns: &["nspname", "relname", "rolname", "relacl"] },
    // getUDTs
    Empty {
        words: &["type_schem", "class_name", "base_type"],
        columns: &["TYPE_CAT", "TYPE_SCHEM", "TYPE_NAME", "CLASS_NAME", "DATA_TYPE", "REMARKS", "BASE_TYPE"],
    },
];

/// Parts of questions, and what they come to here: nobody has temporary tables, or types of their own.
const PARTS: [(&str, &str); 2] = [
    ("replace((pg_catalog.current_schemas(true))[1], 'pg_temp_', 'pg_toast_temp_')", "'pg_toast_temp_'"),
    ("(SELECT c.relkind = 'c' FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid)", "false"),
];

/// The question as the catalogs can run it; `None` when it is none of those that are known.
pub(crate) fn runnable(sql: &str) -> Option<String> {
    let lower = sql.to_lowercase();
    if !lower.contains("pg_catalog.") {
        return None;
    }
    let asks = |words: &[&str]| words.iter().all(|word| lower.contains(word));
    if asks(&["pg_catalog.pg_settings", "max_index_keys"]) {
        return Some("SELECT '32' AS setting".to_owned());
    }
    if let Some(empty) = EMPTY.iter().find(|empty| asks(empty.words)) {
        let columns: Vec<String> =
            empty.columns.iter().map(|name| format!("CAST(NULL AS VARCHAR) AS \"{name}\"")).collect();
        return Some(format!("SELECT {} WHERE false", columns.join(", ")));
    }
    if let Some(sql) = without_search_path(sql) {
        return Some(sql);
    }
    let rewritten = PARTS.iter().fold(sql.to_owned(), |sql, (part, instead)| sql.replace(part, instead));
    (rewritten != sql).then_some(rewritten)
}

/// A question that looks for types along the search path, which always is the same here. Whoever asks it also tells lists by the
/// function that reads them.
fn without_search_path(sql: &str) -> Option<String> {
    const END: &str = "sp.nspoid = typnamespace";
    let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let begin = sql.to_ascii_lowercase().find("left join (select ns.oid as nspoid")?;
    let end = begin + sql[begin..].find(END)? + END.len();
    let sql = format!("{}{}", &sql[..begin], &sql[end..]).replace("sp.r, ", "");
    Some(sql.replace("typinput='pg_catalog.array_in'::regproc", "typcategory = 'A'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_questions_about_the_catalogs_are_changed() {
        assert_eq!(runnable("SELECT function_cat, function_schem FROM alerts"), None);
        assert_eq!(runnable("SELECT relname FROM pg_catalog.pg_class"), None);
        let keys = "SELECT (information_schema._pg_expandarray(i.indkey)).n, ci.relname AS PK_NAME FROM pg_catalog.pg_class ct";
        assert!(runnable(keys).unwrap().starts_with("SELECT CAST(NULL AS VARCHAR) AS \"TABLE_CAT\""));
        let types = "SELECT 1 FROM pg_catalog.pg_type t WHERE t.typrelid = 0 OR \
                     (SELECT c.relkind = 'c' FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid)";
        assert_eq!(runnable(types).unwrap(), "SELECT 1 FROM pg_catalog.pg_type t WHERE t.typrelid = 0 OR false");
        let path = "SELECT typname FROM pg_catalog.pg_type LEFT   JOIN (select ns.oid as nspoid from pg_namespace as ns) as sp \
                    ON sp.nspoid = typnamespace WHERE typname = $1 ORDER BY sp.r, pg_type.oid DESC LIMIT 1";
        let plain = "SELECT typname FROM pg_catalog.pg_type  WHERE typname = $1 ORDER BY pg_type.oid DESC LIMIT 1";
        assert_eq!(runnable(path).unwrap(), plain);
    }
}
