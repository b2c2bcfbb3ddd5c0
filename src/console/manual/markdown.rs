//! A page of the manual from its Markdown: HTML in the console's own classes, its headings with
//! anchors, and its words for the search. HTML inside the Markdown comes out as text.

use std::collections::BTreeMap;
use std::fmt;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::web::assets;

/// HTML that was made here, and goes into a page as it is.
#[derive(Debug, Default)]
pub struct Html(String);

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

/// A page as it is shown.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Everything but its title.
    pub html: Html,
    /// What it is divided into; the first is what precedes every heading, with no anchor.
    pub sections: Vec<Section>,
}

/// What follows a heading.
#[derive(Debug, Default)]
pub struct Section {
    /// The heading's anchor.
    pub id: String,
    /// The heading's words.
    pub heading: String,
    /// Whether it divides the page, and not a part of it.
    pub is_main: bool,
    /// Its words.
    pub text: String,
}

/// Renders a page.
pub fn render(text: &str) -> Rendered {
    let mut page = Page { sections: vec![Section::default()], ..Page::default() };
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        page.take(event);
    }
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, page.events.into_iter());
    Rendered { html: Html(html), sections: page.sections }
}

/// Where we are in the page.
#[derive(Debug, Default)]
struct Page<'a> {
    events: Vec<Event<'a>>,
    sections: Vec<Section>,
    anchors: BTreeMap<String, usize>,
    /// The words of the heading we are in.
    heading: Option<String>,
    /// Where the events of the heading or of the head of a table begin.
    mark: usize,
    code: Option<String>,
    codes: usize,
    /// Tables so far.
    tables: usize,
    table: Table,
}

/// The table that we are in.
#[derive(Debug, Default)]
struct Table {
    is_head: bool,
    labels: Vec<String>,
    column: usize,
}

impl<'a> Page<'a> {
    fn take(&mut self, event: Event<'a>) {
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => self.close(tag),
            // Text as it stands, so that nothing but our own elements gets into a page.
            Event::Html(text) | Event::InlineHtml(text) => self.words(&text, Event::Text),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.words(&text, Event::Text),
            },
            Event::Code(text) => self.words(&text, Event::Code),
            Event::SoftBreak | Event::HardBreak => {
                self.note(" ");
                self.events.push(event);
            }
            other => self.events.push(other),
        }
    }

    /// Keeps words in the page and for the search.
    fn words(&mut self, text: &CowStr<'a>, event: impl FnOnce(CowStr<'a>) -> Event<'a>) {
        self.note(text);
        self.events.push(event(text.clone()));
    }

    fn note(&mut self, text: &str) {
        if let Some(heading) = &mut self.heading {
            heading.push_str(text);
            return;
        }
        if self.table.is_head
            && let Some(label) = self.table.labels.last_mut()
        {
            label.push_str(text);
        }
        if let Some(section) = self.sections.last_mut() {
            section.text.push_str(text);
        }
    }

    fn html(&mut self, html: impl Into<CowStr<'a>>) {
        self.events.push(Event::Html(html.into()));
    }

    fn open(&mut self, tag: Tag<'a>) {
        match tag {
            Tag::Heading { .. } => {
                self.heading = Some(String::new());
                self.mark = self.events.len();
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.code = Some(String::new());
            }
            Tag::Link { link_type, dest_url, title, id } => {
                let dest_url = address(&dest_url).into();
                self.events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            Tag::Table(_) => self.table = Table::default(),
            Tag::TableHead => {
                self.table.is_head = true;
                self.mark = self.events.len();
            }
            Tag::TableRow => {
                self.table.column = 0;
                self.html("<tr role=\"row\">");
            }
            Tag::TableCell => self.open_cell(),
            other => self.events.push(Event::Start(other)),
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => self.close_heading(level),
            TagEnd::CodeBlock => self.close_code(),
            TagEnd::Table => self.html("</tbody></table></div>\n"),
            TagEnd::TableHead => self.close_head(),
            TagEnd::TableRow => self.html("</tr>\n"),
            TagEnd::TableCell => self.close_cell(),
            other => {
                if matches!(other, TagEnd::Paragraph | TagEnd::Item) {
                    self.note(" ");
                }
                self.events.push(Event::End(other));
            }
        }
    }

    /// The title is the template's; every other heading begins a section.
    fn close_heading(&mut self, level: HeadingLevel) {
        let heading = self.heading.take().unwrap_or_default();
        let words = self.events.split_off(self.mark);
        if level == HeadingLevel::H1 {
            return;
        }
        let id = self.anchor(&heading);
        let is_main = level == HeadingLevel::H2;
        self.html(format!("<{level} id=\"{id}\">"));
        self.events.extend(words);
        self.html(format!("</{level}>\n"));
        self.sections.push(Section { id, heading, is_main, text: String::new() });
    }

    /// The anchor of a heading, as code hosts make them, so that links work there too.
    fn anchor(&mut self, heading: &str) -> String {
        let id: String = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let before = self.anchors.entry(id.clone()).or_default();
        *before += 1;
        if *before == 1 { id } else { format!("{id}-{}", *before - 1) }
    }

    fn close_code(&mut self) {
        let code = self.code.take().unwrap_or_default();
        self.codes += 1;
        let (number, icons, text) =
            (self.codes, assets::url("icons.svg"), escaped(code.trim_end()));
        if let Some(section) = self.sections.last_mut() {
            section.text.push_str(&code);
        }
        self.html(format!(
            "<div class=\"code\"><pre><code id=\"code-{number}\">{text}</code></pre>\
             <button type=\"button\" class=\"btn small\" data-copy=\"code-{number}\" data-copied=\"Copied\" hidden>\
             <svg class=\"icon\" aria-hidden=\"true\" focusable=\"false\"><use href=\"{icons}#i-copy\"></use></svg>\
             <span data-copy-face>Copy</span><span class=\"sr\"> example {number}</span></button></div>\n"
        ));
    }

    fn open_cell(&mut self) {
        if self.table.is_head {
            self.table.labels.push(String::new());
            self.html("<th role=\"columnheader\" scope=\"col\">");
            return;
        }
        let label = self.table.labels.get(self.table.column).cloned().unwrap_or_default();
        self.html(match (self.table.column, label.as_str()) {
            (0, _) => "<th role=\"rowheader\" scope=\"row\"><div>".to_owned(),
            (_, "") => "<td role=\"cell\"><div>".to_owned(),
            (_, label) => format!("<td role=\"cell\" data-label=\"{}\"><div>", escaped(label)),
        });
    }

    fn close_cell(&mut self) {
        self.note(" ");
        let end = match (self.table.is_head, self.table.column) {
            (true, _) => "</th>",
            (false, 0) => "</div></th>",
            (false, _) => "</div></td>",
        };
        self.html(end);
        self.table.column += 1;
    }

    /// A table without words in its head is shown without a head.
    fn close_head(&mut self) {
        self.table.is_head = false;
        for label in &mut self.table.labels {
            *label = label.trim().to_owned();
        }
        let head = self.events.split_off(self.mark);
        let about = self.sections.last().map_or("", |section| section.heading.as_str());
        let about = if about.is_empty() { "Table".to_owned() } else { escaped(about) };
        // Regions of one page need names of their own.
        self.tables += 1;
        let about = format!("{about}, table {}", self.tables);
        self.html(format!(
            "<div class=\"table-wrap\" role=\"region\" aria-label=\"{about}\" tabindex=\"0\"><table class=\"table cards\" role=\"table\">"
        ));
        if self.table.labels.iter().any(|label| !label.is_empty()) {
            self.html("<thead role=\"rowgroup\"><tr role=\"row\">");
            self.events.extend(head);
            self.html("</tr></thead>");
        }
        self.html("<tbody role=\"rowgroup\">\n");
    }
}

/// Where a link of the Markdown leads inside the product: `people.md#x` is `/docs/people#x`.
fn address(link: &str) -> String {
    let (page, anchor) = link.split_once('#').map_or((link, None), |(page, to)| (page, Some(to)));
    let anchor = anchor.map(|anchor| format!("#{anchor}")).unwrap_or_default();
    match page.strip_suffix(".md") {
        Some("README") => format!("/docs{anchor}"),
        Some(slug) if !slug.contains('/') => format!("/docs/{slug}{anchor}"),
        _ => link.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_html_passes_through() {
        let page = render(
            "# T\n\na <b onclick=x>b</b>\n\n<script>alert(1)</script>\n\n```\n</code><i>\n```\n",
        );
        assert!(
            !page.html.0.contains("<script")
                && !page.html.0.contains("<b ")
                && !page.html.0.contains("<i>")
        );
        assert!(page.html.0.contains("&lt;script&gt;"), "{}", page.html);
    }

    #[test]
    fn headings_have_anchors_and_no_two_the_same() {
        let page = render(
            "# T\n\nbefore\n\n## What it `costs`\n\n### Input\n\n### Input\n\n## `not_found`\n",
        );
        let ids: Vec<_> = page.sections.iter().map(|section| section.id.as_str()).collect();
        assert_eq!(ids, ["", "what-it-costs", "input", "input-1", "not_found"]);
        assert!(page.html.0.contains("<h2 id=\"what-it-costs\">What it <code>costs</code></h2>"));
        assert!(!page.html.0.contains("<h1"), "the title is the template's");
        assert_eq!(page.sections[0].text.trim(), "before");
    }

    #[test]
    fn links_between_pages_lead_to_pages() {
        assert_eq!(address("people.md#x"), "/docs/people#x");
        assert_eq!(address("people.md"), "/docs/people");
        assert_eq!(address("README.md"), "/docs");
        assert_eq!(address("#x"), "#x");
        assert_eq!(address("https://example.com/a.md"), "https://example.com/a.md");
    }

    #[test]
    fn cells_say_their_column_where_it_has_a_name() {
        let page = render("# T\n\n| a | b \"c\" |\n| --- | --- |\n| 1 | 2 `x` |\n");
        assert!(page.html.0.contains(
            "<td role=\"cell\" data-label=\"b &quot;c&quot;\"><div>2 <code>x</code></div></td>"
        ));
        assert!(page.html.0.contains("<th role=\"rowheader\" scope=\"row\"><div>1</div></th>"));
        let bare = render("# T\n\n| | |\n| --- | --- |\n| 1 | 2 |\n");
        assert!(
            !bare.html.0.contains("<thead") && !bare.html.0.contains("data-label"),
            "{}",
            bare.html
        );
    }
}
