//! A page as plain lines, for golden texts.

/// The texts of a page, one line for each element that stands on its own; style, drawings and manifest left out.
pub(crate) fn plain(page: &str) -> String {
    let mut lines = vec![String::new()];
    let mut rest = page;
    while let Some((before, after)) = rest.split_once('<') {
        lines.last_mut().expect("there is a line").push_str(before.trim_matches('\n'));
        let (tag, after) = after.split_once('>').unwrap_or((after, ""));
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        rest = match name {
            "style" | "svg" | "script" | "pre" if !tag.starts_with('/') => {
                after.split_once(&format!("</{name}>")).map_or("", |(_, after)| after)
            }
            _ => after,
        };
        match name {
            "td" | "th" if tag.starts_with('/') => lines.last_mut().expect("there is a line").push_str(" | "),
            "td" | "th" | "strong" | "a" => {}
            _ => lines.push(String::new()),
        }
    }
    let lines: Vec<&str> =
        lines.iter().map(|line| line.trim().trim_end_matches('|').trim()).filter(|line| !line.is_empty()).collect();
    lines.join("\n") + "\n"
}
