use super::table::{CENTRE, DATE, OFFSET, PARTITION, Table};

#[test]
fn every_table_has_the_common_columns_last_and_comments_everywhere() {
    for table in Table::ALL {
        let columns = table.columns();
        let names: Vec<_> = columns.iter().map(|column| column.name).collect();
        assert_eq!(names[names.len() - 6..], [CENTRE, "feed", "log_time", PARTITION, OFFSET, DATE], "{table}");
        assert!(columns.iter().all(|column| !column.comment.is_empty()), "{table}");
        assert!(names.contains(&table.space_column()) && names.contains(&table.time_column()), "{table}");
        assert_eq!(Table::from_name(table.name()), Some(table));
    }
}

#[test]
fn names_of_columns_are_unique() {
    for table in Table::ALL {
        let mut names: Vec<_> = table.columns().iter().map(|column| column.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), table.columns().len(), "{table}");
    }
}
