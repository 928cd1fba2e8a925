//! Every query of docs/analysis.md gives the answer that stands below it. `UPDATE_EXPECT=1` writes the answers anew.

use super::limits::SqlLimits;
use super::samples::filled;
use std::path::Path;
use vigie_model::doors::QueryFormat;

const QUERY: &str = "```sql\n";
const ANSWER: &str = "\n```\n\n```text\n";
const END: &str = "```\n";

#[tokio::test]
async fn queries_of_the_analysis_page_answer_as_it_says() {
    let filled = filled(SqlLimits::default()).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/analysis.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut parts = page.split(QUERY);
    let mut written = parts.next().unwrap_or_default().to_owned();
    let mut queries = 0;
    for part in parts {
        let (query, rest) = part.split_once(ANSWER).expect("an answer stands below each query");
        let (_, rest) = rest.split_once(END).expect("an answer ends");
        let answer = filled.text(query, QueryFormat::Table).await;
        assert!(answer.starts_with('+'), "{query}\n{answer}");
        written.push_str(&[QUERY, query, ANSWER, &answer, END, rest].concat());
        queries += 1;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        return std::fs::write(&path, written).unwrap();
    }
    assert!(queries >= 10 && written == page, "UPDATE_EXPECT=1 writes the answers anew; Vigie says:\n{written}");
}
