//! What every kind of report has to say of itself.

use super::{Kind, Request, make};
use crate::document::{Block, Document};
use crate::facts::Span;
use crate::language::Language;
use crate::page::{manifest_of, page};
use crate::table::Cell;
use crate::wording::Wording;
use jiff::tz::TimeZone;

const DAY_MS: i64 = 86_400_000;

fn made(kind: Kind, language: Language, history: &[(&str, &str)]) -> Document {
    let request = Request {
        kind,
        centre: "testville".to_owned(),
        span: Span { from_ms: 0, to_ms: DAY_MS },
        measures: Vec::new(),
        wording: Wording { language, zone: TimeZone::UTC },
        as_of_ms: DAY_MS,
        made_at_ms: DAY_MS,
        command: format!("vigie report {}", kind.name()),
        vigie: "0".to_owned(),
    };
    let mut answers = |sql: &str| {
        let answer = history.iter().find(|(mark, _)| sql.contains(mark));
        Ok::<_, ()>(answer.map_or("[]", |(_, rows)| rows).as_bytes().to_vec())
    };
    make(&request, &mut answers).unwrap()
}

/// Three robberies, a small count, as the reports ask for them.
const SMALL: [(&str, &str); 3] = [
    ("UNION ALL", r#"[{"name":"incidents","rows":3,"last_ms":1}]"#),
    ("SELECT category, severity, count(*)", r#"[{"category":"robbery","severity":"high","incidents":3}]"#),
    (
        "SELECT space, category,",
        r#"[{"space":"quay","category":"robbery","at_ms":1000},{"space":"quay","category":"robbery","at_ms":2000},
            {"space":"quay","category":"robbery","at_ms":3000}]"#,
    ),
];

#[test]
fn a_report_is_fit_for_publication_or_says_that_it_is_not() {
    for kind in Kind::ALL {
        for (language, mark) in [(Language::English, "not for publication"), (Language::French, "ne pas publier")] {
            let document = made(kind, language, &SMALL);
            let page = page(&document);
            let (head, _) = page.split_once("</header>").unwrap();
            let manifest = manifest_of(&page).unwrap();
            let tells = |hashes: bool| {
                manifest.questions.iter().all(|question| question.answer.is_some() == hashes)
                    && manifest.questions.iter().all(|question| question.rows.is_some() == hashes)
                    && manifest.tables.iter().all(|table| table.rows.is_some() == hashes)
            };
            assert!(!manifest.questions.is_empty() && !manifest.tables.is_empty(), "{kind:?}");
            if kind.is_public() {
                assert!(!head.contains(mark) && tells(false), "{kind:?} {language:?}: {manifest:?}");
            } else {
                assert!(head.contains(mark) && tells(true), "{kind:?} {language:?}: {head}");
            }
        }
    }
}

/// What is hidden on a page whose manifest has hashes is not hidden.
#[test]
fn what_is_not_for_publication_hides_nothing() {
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_public()) {
        let document = made(kind, Language::English, &SMALL);
        let blocks = document.sections.iter().flat_map(|section| &section.blocks);
        let tables = blocks.filter_map(|block| if let Block::Table(table) = block { Some(table) } else { None });
        let robbery: Vec<&Vec<Cell>> =
            tables.flat_map(|table| &table.rows).filter(|row| row[0] == Cell::text("robbery")).collect();
        let [row] = robbery.as_slice() else { panic!("{kind:?}: one row of robberies was expected: {robbery:?}") };
        assert!(row.contains(&Cell::value("3")) && !row.contains(&Cell::Hidden), "{kind:?}: {row:?}");
    }
}
