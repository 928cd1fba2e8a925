//! Tables of an earlier version lack columns that came later: they are still read, and not written.

use super::*;

/// The schema of the table in `commit` without a column.
fn without(commit: &str, column: &str) -> String {
    let line = |line: &str| {
        let mut action: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(schema) = action.pointer_mut("/metaData/schemaString") else { return line.to_owned() };
        let mut fields: serde_json::Value = serde_json::from_str(schema.as_str().unwrap()).unwrap();
        fields["fields"].as_array_mut().unwrap().retain(|field| field["name"] != column);
        *schema = fields.to_string().into();
        action.to_string()
    };
    commit.lines().map(|text| line(text) + "\n").collect()
}

#[tokio::test]
async fn a_table_without_a_column_that_came_later_is_read_and_not_written() {
    let dir = TempDir::new().unwrap();
    drop(open(dir.path(), "log-a").await);
    let created = dir.path().join("actions/_delta_log/00000000000000000000.json");
    let whole = std::fs::read_to_string(&created).unwrap();

    std::fs::write(&created, without(&whole, "target")).unwrap();
    let reader = HistoryReader::open(dir.path()).await.unwrap();
    assert_eq!(ask(Arc::new(reader), "SELECT count(*), count(note) FROM actions").await, "0,0");
    let refused = History::open(HistoryOptions::new(dir.path(), CENTRE, "log-a")).await.err().unwrap();
    assert!(refused.to_string().contains("column target is missing"), "{refused}");

    std::fs::write(&created, without(&whole, "operator")).unwrap();
    let refused = HistoryReader::open(dir.path()).await.err().unwrap();
    assert!(refused.to_string().contains("column operator is missing"), "{refused}");
}
