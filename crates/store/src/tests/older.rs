//! Tables of an earlier version lack columns that came later: they are read as if those were null, and get them when
//! somebody writes.

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
async fn a_table_without_a_column_that_came_later_is_read_and_gets_it_when_written() {
    let dir = TempDir::new().unwrap();
    drop(open(dir.path(), "log-a").await);
    let created = dir.path().join("incidents/_delta_log/00000000000000000000.json");
    let whole = std::fs::read_to_string(&created).unwrap();

    std::fs::write(&created, without(&whole, "flags")).unwrap();
    let read = async || HistoryReader::open(dir.path()).await.unwrap();
    assert_eq!(ask(Arc::new(read().await), "SELECT count(*), count(flags) FROM incidents").await, "0,0");
    assert!(std::fs::read_to_string(&created).unwrap() == without(&whole, "flags"), "reading changes nothing");

    let history = open(dir.path(), "log-a").await;
    history.take_record(&fixture::incident_version(0, "c-1", 1, "open", 0)).unwrap();
    history.flush().await.unwrap();
    history.take_record(&fixture::incident_version(1, "c-1", 2, "open", 0)).unwrap();
    let versions = "SELECT version, flags, date, category FROM incidents ORDER BY version";
    let expected = "1,,2017-03-12,theft 2,revision,2017-03-12,theft";
    assert_eq!(ask(history.clone(), versions).await, expected, "committed and hot");
    history.flush().await.unwrap();
    drop(history);
    assert_eq!(ask(Arc::new(read().await), versions).await, expected);
    drop(open(dir.path(), "log-a").await);
    let commits = std::fs::read_dir(created.parent().unwrap()).unwrap().count();
    assert_eq!(commits, 4, "created, widened once, two flushes");
}

#[tokio::test]
async fn a_table_without_a_column_that_is_never_null_is_foreign() {
    let dir = TempDir::new().unwrap();
    drop(open(dir.path(), "log-a").await);
    let created = dir.path().join("actions/_delta_log/00000000000000000000.json");
    let whole = std::fs::read_to_string(&created).unwrap();
    std::fs::write(&created, without(&whole, "operator")).unwrap();
    let refused = HistoryReader::open(dir.path()).await.err().unwrap();
    assert!(refused.to_string().contains("column operator is missing"), "{refused}");
}
