//! Whole reports from answers written by hand: one city where both sides were measured, and one where they were not.

use crate::facts::Span;
use crate::language::Language;
use crate::making::{Kind, Request, make};
use crate::page::page;
use crate::plain::plain;
use crate::wording::Wording;
use expect_test::expect;
use jiff::tz::TimeZone;

const DAY_MS: i64 = 86_400_000;
const SPACES: &str = r#"[{"id":"a","name":"Abbey","geometry":""},{"id":"b","name":"Bridge","geometry":""},
    {"id":"c","name":"Court","geometry":""},{"id":"d","name":"Dock","geometry":""},{"id":"e","name":"","geometry":""}]"#;

fn asked(space: &str, n: u32, felt_unsafe: u32, group: (&str, &str)) -> String {
    format!(
        r#"{{"space":"{space}","wave":"2019","question":"Safe alone after dark?","scale":"yes, no","period":"night",
        "group_keys":"{}","group_words":"{}","n":{n},"felt_unsafe":{felt_unsafe}.0,"published":null,"weights":null,
        "weighted_unsafe":null,"squares":null,"asked_ms":86400000}}"#,
        group.0, group.1
    )
}

fn history<'a>(answers: &'a [(&'a str, String)]) -> impl FnMut(&str) -> Result<Vec<u8>, String> + 'a {
    |sql: &str| {
        let fits = |mark: &&(&str, String)| sql.contains(&mark.0.replace("FROM ", "FROM (SELECT * FROM "));
        let answer = answers.iter().find(fits).map(|(_, answer)| answer);
        Ok(answer.ok_or_else(|| format!("no answer to {sql}"))?.as_bytes().to_vec())
    }
}

fn request(measures: &[&str]) -> Request {
    Request {
        kind: Kind::Perception,
        centre: "testville".to_owned(),
        span: Span { from_ms: 0, to_ms: 100 * DAY_MS },
        measures: measures.iter().map(|measure| measure.parse().unwrap()).collect(),
        wording: Wording { language: Language::English, zone: TimeZone::UTC },
        as_of_ms: 100 * DAY_MS,
        made_at_ms: 100 * DAY_MS,
        command: "vigie report perception".to_owned(),
        vigie: "0".to_owned(),
    }
}

fn told(answers: &[(&str, String)]) -> String {
    let text = plain(&page(&make(&request(&[]), &mut history(answers)).unwrap()));
    let (_, text) = text.split_once("Sources of this report").unwrap();
    text.split_once("How it was computed").unwrap().0.to_owned()
}

#[test]
fn where_both_were_measured_the_gap_is_told() {
    let everybody = ("", "");
    let answers = [
        asked("a", 200, 140, everybody),
        asked("b", 200, 40, everybody),
        asked("c", 200, 42, everybody),
        asked("d", 200, 38, everybody),
        asked("a", 9, 8, ("sex", "f")),
    ];
    let incidents = ["a", "b", "c", "d"].map(|space| {
        format!(r#"{{"space":"{space}","light":"night","incidents":40,"first_ms":0,"last_ms":8000000000}}"#)
    });
    let visitors = ["a", "b", "c", "d"]
        .map(|space| format!(r#"{{"space":"{space}","light":"night","visitors":40000.0,"hours":2000}}"#));
    let text = told(&[
        ("UNION ALL", "[]".to_owned()),
        ("FROM perceptions", format!("[{}]", answers.join(","))),
        ("FROM incidents", format!("[{}]", incidents.join(","))),
        ("FROM observations", format!("[{}]", visitors.join(","))),
        ("FROM spaces", SPACES.to_owned()),
    ]);
    expect![[r#"

        1. How safe people feel
        “Safe alone after dark?”, after dark, 2019: share that felt unsafe, with the 95% interval. Only where the number of people asked is known and at least 10.
        “Safe alone after dark?”, after dark; scale: yes, no. Share that felt unsafe (95% interval; people asked)
        Space | 2019
        Abbey | 70.0% (63.3 to 75.9%; 200)
        Bridge | 20.0% (15.0 to 26.1%; 200)
        Court | 21.0% (15.9 to 27.2%; 200)
        Dock | 19.0% (14.2 to 25.0%; 200)
        Abbey: sex f | hidden
        2. What was reported, and what was measured
        Incidents by space and light
        Space | By day | By night | All | For 1,000 visitors (95%)
        Abbey | 0 | 40 | 40 | 0.83 (0.60 to 1.13)
        Bridge | 0 | 40 | 40 | 0.83 (0.60 to 1.13)
        Court | 0 | 40 | 40 | 0.83 (0.60 to 1.13)
        Dock | 0 | 40 | 40 | 0.83 (0.60 to 1.13)
        All spaces | 0 | 160 | 160 |
        0 is a number of incidents: none was reported. A rate is “not measured” where no counter covered half of the hours (people_count).
        Counters of people by space: people counted, and share of the hours of the span with a count
        Space | People counted | Hours with a count
        Abbey | 40,000 | 83%
        Bridge | 40,000 | 83%
        Court | 40,000 | 83%
        Dock | 40,000 | 83%
        3. Where the two part
        “Safe alone after dark?”, after dark, 2019: gap index with its 95% interval, 4 spaces. Right of 0: people feel less safe than what is reported suggests.
        Gap index by space
        Space | Index (95%) | Says
        Abbey | 1.73 (0.30 to 3.09) | felt worse than reported
        Court | −0.53 (−2.00 to 0.84) | chance may have made it
        Bridge | −0.58 (−2.02 to 0.78) | chance may have made it
        Dock | −0.62 (−2.01 to 0.72) | chance may have made it
        4. "#]].assert_eq(&text);
}

#[test]
fn what_was_not_measured_together_is_not_compared() {
    let everybody = ("", "");
    let answers = [
        asked("a", 200, 140, everybody),
        asked("b", 0, 0, everybody).replace(r#""published":null"#, r#""published":0.31"#),
    ];
    let text = told(&[
        ("UNION ALL", "[]".to_owned()),
        ("FROM perceptions", format!("[{}]", answers.join(","))),
        ("FROM incidents", r#"[{"space":"e","light":"","incidents":3,"first_ms":0,"last_ms":0}]"#.to_owned()),
        ("FROM observations", r#"[{"space":"d","light":"day","visitors":500.0,"hours":24}]"#.to_owned()),
        ("FROM spaces", SPACES.to_owned()),
    ]);
    expect![[r#"

        1. How safe people feel
        “Safe alone after dark?”, after dark, 2019: share that felt unsafe, with the 95% interval. Only where the number of people asked is known and at least 10.
        “Safe alone after dark?”, after dark; scale: yes, no. Share that felt unsafe (95% interval; people asked)
        Space | 2019
        Abbey | 70.0% (63.3 to 75.9%; 200)
        Bridge | 31.0% (number asked not published)
        2. What was reported, and what was measured
        Bear in mind: Of some incidents it is not known whether it was day or night: they are dated by the month only, or nothing tells where their space lies. They are counted apart.
        Incidents by space and light
        Space | Light not known | All | For 1,000 visitors (95%)
        e | hidden | hidden | hidden
        All spaces | hidden | hidden |
        0 is a number of incidents: none was reported. A rate is “not measured” where no counter covered half of the hours (people_count).
        Missing: Spaces with a counter: 1, none of them with a reported incident. Counters say nothing about the places with incidents.
        Counters of people by space: people counted, and share of the hours of the span with a count
        Space | People counted | Hours with a count
        Dock | not measured | 1%
        3. Where the two part
        No question could be held against incidents; the reasons follow.
        Missing: “Safe alone after dark?”, after dark, 2019: spaces with answers that may be shown: 1; of them with incidents or counters: 0, and 0 more whose number of incidents is hidden. A comparison needs at least three: bring in incidents by the spaces that the survey uses, or a survey by these spaces.
        4. "#]].assert_eq(&text);
}

#[test]
fn an_empty_history_says_what_is_missing() {
    let nothing = || "[]".to_owned();
    let text = told(&[
        ("UNION ALL", nothing()),
        ("FROM perceptions", nothing()),
        ("FROM incidents", nothing()),
        ("FROM observations", nothing()),
        ("FROM spaces", nothing()),
    ]);
    expect![[r#"

        1. How safe people feel
        Missing: History has no answers of the span: nothing can be said of how safe people felt. Surveys come in by a [[csv]] mapping, see docs/surveys.md.
        2. What was reported, and what was measured
        Missing: History has no incidents of the span: what people feel cannot be held against anything here.
        Missing: No counter of people (people_count) sent anything in the span: incidents cannot be related to the people who were there, and their number is no risk.
        3. Where the two part
        No question could be held against incidents; the reasons follow.
        4. "#]].assert_eq(&text);
}

/// Two squares 111 m apart and one a kilometre away, two years of them, and lamps in the first from 1 January 1971 on, which halve its
/// nights; a quarter of what ends there happens next door.
fn lamps() -> Vec<(&'static str, String)> {
    let square = |west: f64| {
        let east = west + 0.001;
        format!(
            r#"{{\"type\":\"Polygon\",\"coordinates\":[[[{west},0],[{east},0],[{east},0.001],[{west},0.001],[{west},0]]]}}"#
        )
    };
    let space =
        |id: &str, name: &str, west: f64| format!(r#"{{"id":"{id}","name":"{name}","geometry":"{}"}}"#, square(west));
    let spaces = [space("a", "Abbey", 0.0), space("b", "Bridge", 0.002), space("c", "Court", 0.01)].join(",");
    let mut days = Vec::new();
    let mut totals = std::collections::BTreeMap::<(&str, &str), u64>::new();
    for day in 0..730_u64 {
        let held = day >= 365;
        // Counts that wander by one from day to day, the same in every run.
        let wander = |of: u64| (day * of / 7) % 3;
        let counts = [
            ("a", "area", "day", 3 + wander(5)),
            ("a", "area", "night", if held { 3 } else { 7 } + wander(3)),
            ("b", "near", "night", if held { 5 } else { 4 } + wander(4)),
            ("c", "elsewhere", "night", 9 + wander(2)),
        ];
        for (space, part, light, incidents) in counts {
            *totals.entry((space, light)).or_default() += incidents;
            days.push(format!(
                r#"{{"feed":"police","part":"{part}","light":"{light}","by_month":false,"day":{day},"incidents":{incidents}}}"#
            ));
        }
    }
    let totals: Vec<String> = (totals.into_iter())
        .map(|((space, light), incidents)| {
            format!(r#"{{"space":"{space}","light":"{light}","incidents":{incidents},"first_ms":0,"last_ms":0}}"#)
        })
        .collect();
    vec![
        ("UNION ALL", "[]".to_owned()),
        ("AS part", format!("[{}]", days.join(","))),
        ("FROM perceptions", "[]".to_owned()),
        ("FROM incidents", format!("[{}]", totals.join(","))),
        ("FROM observations", "[]".to_owned()),
        ("FROM spaces", format!("[{spaces}]")),
    ]
}

fn section(page: &str, title: &str) -> String {
    let text = plain(page);
    let (_, rest) = text.rsplit_once(&format!(". {title}")).unwrap();
    rest.split_once("\n5. ").unwrap().0.to_owned()
}

#[test]
fn what_changed_with_a_measure_is_told_with_its_interval() {
    let mut request = request(&["Lamps=a@1971-01-01"]);
    let answers = lamps();
    let english = page(&make(&request, &mut history(&answers)).unwrap());
    expect![[r#"
        Lamps, from 1 January 1971
        Taken in: Abbey. Next door (at most 150 m away): Bridge.
        Lamps, from 1 January 1971: 34% fewer incidents than the time before suggests, trend and season apart (95% interval: 33% to 35% fewer).
        From the measure on about 2,860 incidents were reported. Had things gone on as before, about 4,320 would have been expected (4,262 to 4,379).
        Lamps, from 1 January 1971: incidents per week. Dots: reported, rounded to 5. Blue: what the model expects. Dashed, with its 95% interval: what it would have expected without the measure. The upright line is the day of the measure.
        What changed, and where
        Where | Before | From the measure on | Change of level (95%) | Against all other spaces (95%)
        Spaces of the measure | 4,315 | 2,860 | −34% (−35 to −33%) | −34% (−38 to −29%)
        the same, by day | 1,455 | 1,455 | 0% (−4 to 3%) | too few
        the same, by night | 2,860 | 1,405 | −51% (−51 to −51%) | −51% (−55 to −47%)
        Next door | 1,820 | 2,185 | +20% (17 to 23%) | +20% (11 to 30%)
        All other spaces | 3,640 | 3,640 | 0% (−2 to 3%) |
        Counts are rounded to 5, so that nothing small can be recomputed. A change is given from 20 incidents on either side.
        Nights by their own days, over whole years on either side: 0.49 times as before (0.45 to 0.54). What lighting changes shows at night, all else by day too.
        Some incidents moved next door: about 25% of those that ended (quotient −0.25 (−0.39 to −0.13)).
        The series has 52 full weeks before the measure and 52 from it on, 2 January 1970 to 30 December 1971: the time in which all of these feeds reported: police. Weeks without any report in the whole centre: 0. Weeks at an end are left out as long as the rest of the span would tell of a few incidents.
        Bear in mind: Whatever else happened at the time of the measure is in its effect; hold it against “All other spaces”. Sensors or officers that came with the measure find more, and hide a fall. The row to go by is the one named before looking.
        Bear in mind: The series is shorter than three years: a step, a trend and a season look much alike in it, which makes the interval of the level wide. The ratio against all other spaces takes season and trend from those, as far as they move alike.
        Bear in mind: Neighbouring weeks or months go together more than chance has it (autocorrelation −0.49): the true interval is wider than the one shown."#]].assert_eq(&section(&english, "Before and after: "));
    assert!(english.contains(">1971-01</text>"), "months stand on the axis");
    request.wording.language = Language::French;
    let french = page(&make(&request, &mut history(&answers)).unwrap());
    expect![[r#"
        Lamps, à partir du 1er janvier 1971
        Lieux : Abbey. À côté (à 150 m au plus) : Bridge.
        Lamps, à partir du 1er janvier 1971 : 34 % de faits en moins que ne le laissait attendre la période précédente, tendance et saison mises à part (intervalle à 95 % : de 33 % à 35 % en moins).
        Depuis la mesure, environ 2 860 faits ont été signalés. Si rien n’avait changé, on en aurait attendu environ 4 320 (4 262 à 4 379).
        Lamps, à partir du 1er janvier 1971 : faits par semaine. Points : signalés, arrondis à 5. En bleu : ce qu’attend le modèle. En tirets, avec l’intervalle à 95 % : ce qu’il aurait attendu sans la mesure. Le trait vertical marque le jour de la mesure.
        Ce qui a changé, et où
        Où | Avant | Depuis la mesure | Changement de niveau (95 %) | Par rapport aux autres espaces (95 %)
        Espaces de la mesure | 4 315 | 2 860 | −34 % (−35 à −33 %) | −34 % (−38 à −29 %)
        les mêmes, de jour | 1 455 | 1 455 | 0 % (−4 à 3 %) | trop peu
        les mêmes, de nuit | 2 860 | 1 405 | −51 % (−51 à −51 %) | −51 % (−55 à −47 %)
        À côté | 1 820 | 2 185 | +20 % (17 à 23 %) | +20 % (11 à 30 %)
        Tous les autres espaces | 3 640 | 3 640 | 0 % (−2 à 3 %) |
        Les effectifs sont arrondis à 5, pour que rien de petit ne puisse être recalculé. Un changement est donné à partir de 20 faits de part et d’autre.
        Nuits rapportées aux jours, sur des années entières de part et d’autre : 0,49 fois le niveau d’avant (0,45 à 0,54). L’éclairage agit la nuit, le reste aussi le jour.
        Des faits se sont déplacés à côté : environ 25 % de ceux qui ont cessé (quotient −0,25 (−0,39 à −0,13)).
        La série compte 52 semaines entières avant la mesure et 52 depuis, du 2 janvier 1970 au 30 décembre 1971 : la période où tous ces flux ont signalé des faits : police. Semaines sans aucun signalement dans tout le centre : 0. Des semaines au bord sont écartées tant que le reste de la période révélerait quelques faits.
        À garder à l’esprit : Tout ce qui s’est passé au même moment est compris dans l’effet ; comparez avec « Tous les autres espaces ». Des capteurs ou agents arrivés avec la mesure trouvent davantage et cachent une baisse. La ligne qui compte est celle choisie avant de regarder.
        À garder à l’esprit : La série dure moins de trois ans : palier, tendance et saison s’y ressemblent, ce qui élargit l’intervalle du niveau. Le rapport aux autres espaces leur emprunte saison et tendance, dans la mesure où ils évoluent de même.
        À garder à l’esprit : Semaines ou mois voisins se ressemblent plus que par hasard (autocorrélation −0,49) : le véritable intervalle est plus large."#]].assert_eq(&section(&french, "Avant et après : "));
}

#[test]
fn a_measure_without_enough_data_says_what_is_missing() {
    let said = |measure: &str, answers: &[(&'static str, String)]| {
        let page = page(&make(&request(&[measure]), &mut history(answers)).unwrap());
        section(&page, "Before and after: ").lines().find(|line| line.starts_with("Missing")).unwrap().to_owned()
    };
    let answers = lamps();
    expect!["Missing: No space has the id x. Ids are those of the spaces file, as in `vigie sql &quot;SELECT id, name FROM spaces&quot;`."].assert_eq(&said("a,x@1971-01-01", &answers));
    expect!["Missing: Full weeks in which the incidents’ feeds reported: 95 before the measure, 8 from it on. At least 12 are needed on either side: ask again later, or import earlier incidents."].assert_eq(&said("a@1971-11-01", &answers));
    let mut none = answers.clone();
    none[1].1 = "[]".to_owned();
    expect!["Missing: Nothing was reported in these spaces in the span."].assert_eq(&said("a@1971-01-01", &none));
    let mut few = answers.clone();
    few[1].1 = few[1].1.replace(r#""part":"area","light":"day""#, r#""part":"elsewhere","light":"day""#);
    few[1].1 =
        few[1].1.replace(r#""part":"area""#, r#""part":"near""#).replacen(r#""part":"near""#, r#""part":"area""#, 1);
    expect![
        "Missing: Fewer than 20 incidents were reported before the measure or from it on: too few for a statement."
    ]
    .assert_eq(&said("a@1971-01-01", &few));
}

/// Numbers planted so that each would be unmistakable: none of them may stand anywhere in the file, nor what tells them.
#[test]
fn no_hidden_number_is_anywhere_in_the_file() {
    let everybody = ("", "");
    let answers = [
        asked("a", 211, 140, everybody),
        asked("b", 223, 40, everybody),
        asked("c", 227, 42, everybody),
        asked("d", 229, 38, everybody),
        asked("e", 233, 41, everybody),
        asked("a", 9, 8, ("sex", "x")),
        asked("a", 73, 60, ("sex", "f")),
        asked("a", 129, 72, ("sex", "m")),
    ];
    let counts = [("a", 104_729), ("b", 103_001), ("c", 102_001), ("d", 3), ("e", 100_003)];
    let incidents = counts.map(|(space, incidents)| {
        format!(r#"{{"space":"{space}","light":"night","incidents":{incidents},"first_ms":0,"last_ms":8000000000}}"#)
    });
    let visitors =
        counts.map(|(space, _)| format!(r#"{{"space":"{space}","light":"night","visitors":40000.0,"hours":2000}}"#));
    let outline = |west: usize| format!(r#"{{\"type\":\"Point\",\"coordinates\":[{west},50]}}"#);
    let spaces: Vec<String> = (counts.iter().enumerate())
        .map(|(west, (id, _))| format!(r#"{{"id":"{id}","name":"Place {id}","geometry":"{}"}}"#, outline(west)))
        .collect();
    let same = |page: &str, other: &str| {
        let differs = page.lines().zip(other.lines()).find(|(line, other)| line != other);
        assert_eq!(differs, None);
    };
    let made = |changes: &[(&str, &str)]| {
        let changed = |text: String| changes.iter().fold(text, |text, (from, to)| text.replace(from, to));
        let answers = [
            ("UNION ALL", r#"[{"name":"incidents","rows":555557,"last_ms":null}]"#.to_owned()),
            ("FROM perceptions", changed(format!("[{}]", answers.join(",")))),
            ("FROM incidents", changed(format!("[{}]", incidents.join(",")))),
            ("FROM observations", format!("[{}]", visitors.join(","))),
            ("FROM spaces", format!("[{}]", spaces.join(","))),
        ];
        page(&make(&request(&[]), &mut history(&answers)).unwrap())
    };
    let page = made(&[]);
    // The number of d is hidden; that of the next smallest, e, with it, as the total would tell the one from the other.
    let digits: String = page.chars().filter(|sign| !matches!(sign, ',' | '\u{202f}')).collect();
    assert!(digits.contains("104729") && digits.contains("409737") && !digits.contains("100003"), "e is hidden with d");
    assert!(!digits.contains("555557"), "numbers of rows would tell totals that are hidden");
    // Whatever the hidden numbers are, the file is the same: nothing in it was made of them.
    let d_for_e = [(r#""incidents":3,"#, r#""incidents":4,"#), (r#""incidents":100003,"#, r#""incidents":100002,"#)];
    same(&page, &made(&d_for_e));
    same(&page, &made(&[(r#""felt_unsafe":8.0"#, r#""felt_unsafe":2.0"#)]));
    // And of what is shown it is made.
    assert_ne!(page, made(&[(r#""incidents":104729,"#, r#""incidents":104730,"#)]));
}
