//! A document as one HTML file: no script, nothing fetched, ready to print on A4.

use crate::document::{Block, Document, Figure, Section};
use crate::language::phrases;
use crate::manifest::Manifest;
use crate::markup::{Markup, escaped};
use crate::table::{Cell, Table};
use crate::wording::Wording;

const STYLE: &str = include_str!("page.css");

phrases! {
    INTERNAL: "For the control room. Counts are shown as they are, small ones too: not for publication.", "Pour la salle de supervision. Les effectifs sont montrés tels quels, même petits : ne pas publier.";
    FINDINGS: "Findings", "Constats";
    CONTENTS: "Contents", "Sommaire";
    CAVEAT: "Bear in mind:", "À garder à l’esprit :";
    MISSING: "Missing:", "Manque :";
    HIDDEN: "hidden", "masqué";
    HIDDEN_WHY: "too few to be shown without risk to persons", "effectif trop faible pour être montré sans risque pour les personnes";
    NOT_MEASURED: "not measured", "non mesuré";
    NOTHING: "No rows.", "Aucune ligne.";
    SOURCES: "Sources of this report", "Sources de ce rapport";
    REPRODUCE: "This report was made on {0} by Vigie {1} from what the log of {2} had taken up to {3}. The command below makes it again from the same data; whether they are still the same, its manifest tells: for every question the hash of the answer stands there.", "Ce rapport a été établi le {0} par Vigie {1}, à partir de ce que le journal de {2} avait enregistré jusqu’au {3}. La commande ci-dessous le reproduit à partir des mêmes données ; le manifeste permet de vérifier qu’elles n’ont pas changé : il contient, pour chaque question, l’empreinte de la réponse.";
    PUBLIC: "This report was made on {0} by Vigie {1} from what the log of {2} had taken up to {3}. The command below makes it again from the same data; `vigie report perception --check FILE` does so and compares. Numbers of rows and hashes of answers are left out here, as hidden counts could be found from them.", "Ce rapport a été établi le {0} par Vigie {1}, à partir de ce que le journal de {2} avait enregistré jusqu’au {3}. La commande ci-dessous le reproduit à partir des mêmes données ; `vigie report perception --check FICHIER` le fait et compare. Nombres de lignes et empreintes des réponses sont omis ici, car on pourrait en déduire des effectifs masqués.";
    TABLES: "The tables as they were", "État des tables";
    TABLE: "Table", "Table";
    ROWS: "Rows", "Lignes";
    NEWEST: "Newest row taken (UTC)", "Dernière ligne enregistrée (UTC)";
    QUESTIONS: "The questions asked", "Questions posées";
    QUESTION: "Question", "Question";
    HASH: "Hash of the answer", "Empreinte de la réponse";
    STATEMENTS: "Statements and manifest", "Requêtes et manifeste";
}

/// The whole page.
#[must_use]
pub fn page(document: &Document) -> String {
    let wording = &document.wording;
    let mut out = Markup::default();
    out.raw("<!DOCTYPE html>\n");
    out.open("html", &format!("lang=\"{}\"", wording.language.tag()));
    out.raw("\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n");
    out.raw(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    out.element("title", "", &format!("{} · {}", document.title, document.subtitle));
    out.open("style", "");
    out.raw(STYLE);
    out.close("style");
    out.raw("</head>\n<body>\n<header>\n");
    out.element("h1", "", &document.title);
    out.element("p", "class=\"subtitle\"", &document.subtitle);
    if !document.is_public {
        aside(&mut out, "caveat", CAVEAT.text(wording.language), INTERNAL.text(wording.language));
    }
    out.raw("</header>\n<main>\n");
    findings(&mut out, document);
    contents(&mut out, document);
    let mut figures = 0;
    for (number, section) in document.sections.iter().enumerate() {
        write_section(&mut out, wording, section, number + 1, &mut figures);
    }
    sources(&mut out, wording, &document.manifest, document.sections.len() + 1);
    out.raw("</main>\n</body>\n</html>\n");
    out.into_html()
}

fn findings(out: &mut Markup, document: &Document) {
    if document.findings.is_empty() {
        return;
    }
    out.open("section", "class=\"findings\"");
    out.element("h2", "", FINDINGS.text(document.wording.language));
    out.open("ul", "");
    for finding in &document.findings {
        out.element("li", "", finding);
    }
    out.close("ul");
    out.close("section");
}

fn contents(out: &mut Markup, document: &Document) {
    out.open("nav", "");
    out.element("h2", "", CONTENTS.text(document.wording.language));
    out.open("ol", "");
    let titles = document.sections.iter().map(|section| section.title.as_str());
    for (number, title) in titles.chain([SOURCES.text(document.wording.language)]).enumerate() {
        out.open("li", "");
        out.element("a", &format!("href=\"#s{}\"", number + 1), title);
        out.close("li");
    }
    out.close("ol");
    out.close("nav");
}

fn write_section(out: &mut Markup, wording: &Wording, section: &Section, number: usize, figures: &mut usize) {
    out.open("section", &format!("id=\"s{number}\""));
    out.element("h2", "", &format!("{number}. {}", section.title));
    for block in &section.blocks {
        match block {
            Block::Text(text) => out.element("p", "", text),
            Block::Caveat(text) => aside(out, "caveat", CAVEAT.text(wording.language), text),
            Block::Missing(text) => aside(out, "missing", MISSING.text(wording.language), text),
            Block::Terms(terms) => write_terms(out, terms),
            Block::Table(table) => write_table(out, wording, table),
            Block::Figure(figure) => {
                *figures += 1;
                write_figure(out, figure, *figures);
            }
        }
    }
    out.close("section");
}

fn aside(out: &mut Markup, class: &str, label: &str, text: &str) {
    out.open("p", &format!("class=\"{class}\""));
    out.element("strong", "", label);
    out.text(&format!(" {text}"));
    out.close("p");
}

fn write_terms(out: &mut Markup, terms: &[(String, String)]) {
    out.open("dl", "");
    for (term, meaning) in terms {
        out.element("dt", "", term);
        out.element("dd", "", meaning);
    }
    out.close("dl");
}

fn write_table(out: &mut Markup, wording: &Wording, table: &Table) {
    out.open("table", "");
    out.element("caption", "", &table.caption);
    out.open("thead", "");
    out.open("tr", "");
    for (column, heading) in table.headings.iter().enumerate() {
        let numeric = table.rows.iter().any(|row| !matches!(row[column], Cell::Text(_) | Cell::Empty));
        out.element("th", if numeric { "scope=\"col\" class=\"n\"" } else { "scope=\"col\"" }, heading);
    }
    out.close("tr");
    out.close("thead");
    out.open("tbody", "");
    for row in &table.rows {
        out.open("tr", "");
        for cell in row {
            write_cell(out, wording, cell);
        }
        out.close("tr");
    }
    if table.rows.is_empty() {
        out.open("tr", "");
        let across = format!("colspan=\"{}\" class=\"none\"", table.headings.len());
        out.element("td", &across, NOTHING.text(wording.language));
        out.close("tr");
    }
    out.close("tbody");
    out.close("table");
    for note in &table.notes {
        out.element("p", "class=\"note\"", note);
    }
}

fn write_cell(out: &mut Markup, wording: &Wording, cell: &Cell) {
    let language = wording.language;
    match cell {
        Cell::Text(text) => out.element("td", "", text),
        Cell::Value(value) => out.element("td", "class=\"n\"", value),
        Cell::Hidden => {
            let title = format!("class=\"n none\" title=\"{}\"", escaped(HIDDEN_WHY.text(language)));
            out.element("td", &title, HIDDEN.text(language));
        }
        Cell::NotMeasured => out.element("td", "class=\"n none\"", NOT_MEASURED.text(language)),
        Cell::Empty => out.element("td", "", ""),
    }
}

/// Names inside a drawing are told apart from those of the other drawings of the page.
fn write_figure(out: &mut Markup, figure: &Figure, number: usize) {
    out.open("figure", &format!("role=\"img\" aria-label=\"{}\"", escaped(&figure.description)));
    let own = figure.svg.replace(" id=\"", &format!(" id=\"f{number}-"));
    out.raw(&own.replace("url(#", &format!("url(#f{number}-")));
    out.element("figcaption", "", &figure.caption);
    out.close("figure");
}

fn sources(out: &mut Markup, wording: &Wording, manifest: &Manifest, number: usize) {
    let language = wording.language;
    out.open("section", &format!("id=\"s{number}\" class=\"sources\""));
    out.element("h2", "", &format!("{number}. {}", SOURCES.text(language)));
    let made = [&manifest.made_at, &manifest.vigie, &manifest.centre, &manifest.as_of].map(String::as_str);
    let phrase = if manifest.has_hashes() { REPRODUCE } else { PUBLIC };
    out.element("p", "", &phrase.with(language, &made));
    out.element("pre", "", &manifest.command);
    if manifest.has_hashes() {
        write_versions(out, wording, manifest);
    }
    out.open("details", "");
    out.element("summary", "", STATEMENTS.text(language));
    for question in &manifest.questions {
        out.element("h3", "", &question.name);
        out.element("pre", "", &question.sql);
    }
    out.close("details");
    write_manifest(out, manifest);
    out.close("section");
}

/// How far tables had grown, and what was answered.
fn write_versions(out: &mut Markup, wording: &Wording, manifest: &Manifest) {
    let language = wording.language;
    let rows = |rows: Option<u64>| rows.map_or(Cell::Empty, |rows| Cell::value(wording.count(rows)));
    let headings = [TABLE, ROWS, NEWEST].map(|phrase| phrase.text(language));
    let mut tables = Table::new(TABLES.text(language), headings);
    for table in &manifest.tables {
        let newest = table.last_log_time.clone().map_or(Cell::Empty, Cell::Value);
        tables.row([Cell::text(&table.table), rows(table.rows), newest]);
    }
    write_table(out, wording, &tables);
    let headings = [QUESTION, ROWS, HASH].map(|phrase| phrase.text(language));
    let mut questions = Table::new(QUESTIONS.text(language), headings);
    for question in &manifest.questions {
        let short: String = question.answer.iter().flat_map(|answer| answer.chars()).take(16).collect();
        questions.row([Cell::text(&question.name), rows(question.rows.map(|rows| rows as u64)), Cell::text(short)]);
    }
    write_table(out, wording, &questions);
}

/// The manifest for programs: JSON in which nothing can end the element it stands in.
fn write_manifest(out: &mut Markup, manifest: &Manifest) {
    let json = serde_json::to_string(manifest).expect("a manifest is texts and numbers");
    out.open("script", "type=\"application/json\" id=\"manifest\"");
    out.raw(&json.replace('<', "\\u003c"));
    out.close("script");
}

/// The manifest of a page that [`page`] made.
#[must_use]
pub fn manifest_of(page: &str) -> Option<Manifest> {
    let (_, rest) = page.rsplit_once("<script type=\"application/json\" id=\"manifest\">")?;
    serde_json::from_str(rest.split_once("</script>")?.0).ok()
}
