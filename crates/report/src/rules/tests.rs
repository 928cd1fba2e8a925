//! A whole report from answers written by hand, its figures computed by hand beside them.

use crate::facts::Span;
use crate::language::Language;
use crate::making::{Kind, Request, make};
use crate::page::page;
use crate::plain::plain;
use crate::wording::Wording;
use expect_test::expect;
use jiff::tz::TimeZone;

const DAY_MS: i64 = 86_400_000;

/// Three alerts of one rule and one of another; five thefts at the quay, one of them ten minutes after an alert, and one assault.
fn history(sql: &str) -> Result<Vec<u8>, String> {
    let answers = [
        ("UNION ALL", r#"[{"name":"alerts","rows":4,"last_ms":1}]"#),
        (
            "FROM alerts",
            r#"[{"alert_id":"a","rule":"Crowded","key":"quay","space":"quay","worst":3,"opened_ms":3600000,"ended_ms":4200000},
                {"alert_id":"b","rule":"Crowded","key":"quay","space":"quay","worst":3,"opened_ms":7200000,"ended_ms":7500000},
                {"alert_id":"c","rule":"Crowded","key":"quay","space":"quay","worst":3,"opened_ms":9000000,"ended_ms":null},
                {"alert_id":"d","rule":"Loud","key":"park","space":"park","worst":0,"opened_ms":7260000,"ended_ms":null}]"#,
        ),
        (
            "FROM actions",
            r#"[{"alert_id":"a","disposition":"true"},{"alert_id":"b","disposition":"nuisance"},{"alert_id":"d","disposition":"test"}]"#,
        ),
        (
            "FROM incidents",
            r#"[{"space":"quay","category":"assault","at_ms":50000000},
                {"space":"quay","category":"theft","at_ms":4200000},{"space":"quay","category":"theft","at_ms":60000000},
                {"space":"quay","category":"theft","at_ms":61000000},{"space":"quay","category":"theft","at_ms":62000000},
                {"space":"quay","category":"theft","at_ms":63000000}]"#,
        ),
    ];
    let fits = |mark: &&(&str, &'static str)| sql.contains(&mark.0.replace("FROM ", "FROM (SELECT * FROM "));
    let answer = answers.iter().find(fits).map(|(_, answer)| *answer);
    Ok(answer.ok_or_else(|| format!("no answer to {sql}"))?.as_bytes().to_vec())
}

#[test]
fn rules_in_words() {
    let request = Request {
        kind: Kind::Rules,
        centre: "testville".to_owned(),
        span: Span { from_ms: 0, to_ms: 7 * DAY_MS },
        measures: Vec::new(),
        wording: Wording { language: Language::French, zone: TimeZone::UTC },
        as_of_ms: 7 * DAY_MS,
        made_at_ms: 7 * DAY_MS,
        command: "vigie report rules".to_owned(),
        vigie: "0".to_owned(),
    };
    let text = plain(&page(&make(&request, &mut history).unwrap()));
    let (text, _) = text.split_once("3. ").unwrap();
    expect![[r#"
        Rapport sur les règles · testville · du 1er janvier 1970 à 00:00 au 8 janvier 1970 à 00:00
        Rapport sur les règles
        testville · du 1er janvier 1970 à 00:00 au 8 janvier 1970 à 00:00
        À garder à l’esprit : Pour la salle de supervision. Les effectifs sont montrés tels quels, même petits : ne pas publier.
        Constats
        Alertes ouvertes : 4, par règles : 2. Jugées vraies, fausses ou nuisances par les opérateurs : 2.
        Parmi celles jugées, 50 % étaient vraies (9 à 91 %, intervalle à 95 %).
        Parmi les incidents signalés, 17 % avaient une alerte au même endroit à moins d’un quart d’heure ; par hasard, ce serait 1 %.
        Sommaire
        Quand les règles ont raison
        Ce que les règles voient des signalements
        Comment on a compté
        Sources de ce rapport
        1. Quand les règles ont raison
        Précision : part des vraies parmi les alertes closes comme vraies, fausses ou nuisances, avec l’intervalle de Wilson à 95 %. Les règles dont aucune alerte n’a été jugée ne sont pas tracées.
        Les règles et leurs alertes
        Règle | Alertes | par semaine | Durée médiane | Vraies | Fausses ou nuisances | Non jugées | Fausses ou nuisances par jour (95 %)
        Crowded | 3 | 3,0 | 7 min 30 s | 1 | 1 | 1 | 0,14 (0,00 à 0,79)
        Loud | 1 | 1,0 |  | 0 | 0 | 0 |
        2. Ce que les règles voient des signalements
        À garder à l’esprit : Ce qui est signalé n’est pas tout ce qui arrive ; un incident daté au jour ou au mois près ne peut être rapproché à quelques minutes.
        Incidents signalés avec une alerte d’une règle au même endroit, au plus un quart d’heure avant ou après
        Catégorie | Incidents | Avec alerte (95 %) | Par hasard | Avance médiane
        theft | 5 | 20 % (4 à 62 %) | 1 % | 10 min avant
        assault | 1 | 0 % (0 à 79 %) | 1 % |
        Par hasard : part de la période située à moins d’un quart d’heure d’une alerte, dans les espaces des incidents. Une règle qui alerte sans cesse voit tout par hasard.
    "#]].assert_eq(text);
}
