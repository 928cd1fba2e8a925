//! Writing HTML: every text is escaped by the one function that writes texts.

/// HTML as it grows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Markup {
    html: String,
}

impl Markup {
    /// Opens an element; `attributes` are written as they stand, so they never hold data.
    pub(crate) fn open(&mut self, tag: &str, attributes: &str) {
        self.html.push('<');
        self.html.push_str(tag);
        if !attributes.is_empty() {
            self.html.push(' ');
            self.html.push_str(attributes);
        }
        self.html.push('>');
    }

    /// Closes an element.
    pub(crate) fn close(&mut self, tag: &str) {
        self.html.push_str("</");
        self.html.push_str(tag);
        self.html.push_str(">\n");
    }

    /// A text.
    pub(crate) fn text(&mut self, text: &str) {
        self.html.push_str(&escaped(text));
    }

    /// An element with a text in it.
    pub(crate) fn element(&mut self, tag: &str, attributes: &str, text: &str) {
        self.open(tag, attributes);
        self.text(text);
        self.close(tag);
    }

    /// Markup made elsewhere in this crate.
    pub(crate) fn raw(&mut self, html: &str) {
        self.html.push_str(html);
    }

    /// What has been written.
    pub(crate) fn into_html(self) -> String {
        self.html
    }
}

/// A text as it stands in elements and in double-quoted attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Control characters are not allowed in HTML; what a sender put there is shown as such.
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_leave_their_element() {
        let mut markup = Markup::default();
        markup.element("td", "class=\"n\"", "</td><script>alert('x')</script>&\u{0}");
        let html = markup.into_html();
        assert_eq!(
            html,
            "<td class=\"n\">&lt;/td&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;\u{fffd}</td>\n"
        );
    }
}
