//! The manual as this server shows it: made once, when the server starts.

use super::markdown::{self, Html, Section};
use super::pages::{PAGES, PARTS, Part, Source};
use crate::config::Config;
use crate::secrets::sha256_base64url;

/// The address that stands in the files for this server's.
const EXAMPLE: &str = "https://gate.example.com";
/// The most results of a search.
pub const MOST_FOUND: usize = 20;
/// The longest search, characters.
const LONGEST_SEARCH: usize = 100;
/// How much of a section a result shows, characters.
const GLIMPSE: usize = 160;

/// All pages.
#[derive(Debug)]
pub struct Manual {
    /// In their order.
    pub pages: Vec<Page>,
    /// The index for programs.
    pub for_programs: Text,
}

/// A text and the tag of its content.
#[derive(Debug)]
pub struct Text {
    /// The text.
    pub body: String,
    /// Changes with it.
    pub tag: String,
}

impl Text {
    fn new(body: String) -> Self {
        let tag = sha256_base64url(body.as_bytes()).chars().take(16).collect();
        Self { body, tag }
    }
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// Its name in addresses.
    pub slug: &'static str,
    /// Where it belongs.
    pub part: Part,
    /// Its title.
    pub title: String,
    /// What is on it, in a line.
    pub summary: &'static str,
    /// As a page.
    pub html: Html,
    /// As Markdown.
    pub markdown: Text,
    /// What it is divided into.
    pub sections: Vec<Section>,
    /// The words of the sections, for the search, in small letters.
    folded: Vec<String>,
}

/// A section that a search found.
#[derive(Debug)]
pub struct Found<'a> {
    /// Its page.
    pub page: &'a Page,
    /// Its heading, or nothing before the first one.
    pub heading: &'a str,
    /// Its address.
    pub href: String,
    /// How it begins, or where the first word stands.
    pub glimpse: String,
}

impl Page {
    fn new(source: &Source, config: &Config) -> Self {
        let text = match source.part.is_about_this_server() {
            true => source
                .text
                .replace(&format!("{EXAMPLE}/mcp"), &config.mcp_url)
                .replace(EXAMPLE, &config.public_url),
            false => source.text.to_owned(),
        };
        let first = text.lines().next().unwrap_or_default();
        let title = first.strip_prefix("# ").unwrap_or(source.slug).to_owned();
        let rendered = markdown::render(&text);
        let fold = |section: &Section| {
            format!("{title} {} {}", section.heading, section.text).to_lowercase()
        };
        Self {
            slug: source.slug,
            part: source.part,
            summary: source.summary,
            folded: rendered.sections.iter().map(fold).collect(),
            title,
            html: rendered.html,
            markdown: Text::new(text),
            sections: rendered.sections,
        }
    }

    /// Its address.
    pub fn href(&self) -> String {
        format!("/docs/{}", self.slug)
    }

    /// The address of a section.
    fn place(&self, section: &Section) -> String {
        match section.id.as_str() {
            "" => self.href(),
            id => format!("{}#{id}", self.href()),
        }
    }

    /// The headings that divide it.
    pub fn contents(&self) -> Vec<&Section> {
        self.sections.iter().filter(|section| section.is_main).collect()
    }
}

impl Manual {
    /// The manual of the server with this configuration.
    pub fn new(config: &Config) -> Self {
        let pages: Vec<_> = PAGES.iter().map(|source| Page::new(source, config)).collect();
        let for_programs = Text::new(for_programs(&pages, config));
        Self { pages, for_programs }
    }

    /// The pages of each part.
    pub fn parts(&self) -> Vec<(Part, Vec<&Page>)> {
        let pages = |part| self.pages.iter().filter(|page| page.part == part).collect();
        PARTS.into_iter().map(|part| (part, pages(part))).collect()
    }

    /// The page of that name with its place.
    pub fn find(&self, slug: &str) -> Option<(usize, &Page)> {
        self.pages.iter().enumerate().find(|(_, page)| page.slug == slug)
    }

    /// The page before that place, and the one after it.
    pub fn around(&self, place: usize) -> (Option<&Page>, Option<&Page>) {
        let before = place.checked_sub(1).and_then(|place| self.pages.get(place));
        (before, self.pages.get(place + 1))
    }

    /// The sections that hold every word, those with the words in their heading first.
    pub fn search(&self, text: &str) -> Vec<Found<'_>> {
        let text: String = text.chars().take(LONGEST_SEARCH).collect::<String>().to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for page in &self.pages {
            for (section, folded) in page.sections.iter().zip(&page.folded) {
                if words.iter().all(|word| folded.contains(word)) {
                    let heading = format!("{} {}", page.title, section.heading).to_lowercase();
                    let in_heading = words.iter().filter(|word| heading.contains(*word)).count();
                    found.push((in_heading, page, section));
                }
            }
        }
        // Stable: within the same rank, the order of the manual.
        found.sort_by_key(|(in_heading, _, _)| std::cmp::Reverse(*in_heading));
        found.truncate(MOST_FOUND);
        let first = words.first().copied().unwrap_or_default();
        found
            .into_iter()
            .map(|(_, page, section)| Found {
                page,
                heading: &section.heading,
                href: page.place(section),
                glimpse: glimpse(&section.text, first),
            })
            .collect()
    }
}

/// A piece of a text with the word in it.
fn glimpse(text: &str, word: &str) -> String {
    let pieces: Vec<&str> = text.split_whitespace().collect();
    let at = pieces.iter().position(|piece| piece.to_lowercase().contains(word)).unwrap_or(0);
    let from = at.saturating_sub(8);
    let mut shown = String::from(if from > 0 { "…" } else { "" });
    for piece in pieces.iter().skip(from) {
        if shown.chars().count() + piece.chars().count() > GLIMPSE {
            shown.push('…');
            return shown;
        }
        shown.push_str(piece);
        shown.push(' ');
    }
    shown.trim_end().to_owned()
}

/// `llms.txt`: what there is to read, for programs that read.
fn for_programs(pages: &[Page], config: &Config) -> String {
    let mut text = format!(
        "# Portcullis\n\n\
         > A self-hosted gate between AI agents and a store index: people connect their AI clients with their own sign-in, \
         administrators see and stop every connection, and the very next request is refused.\n\n\
         MCP endpoint of this server: {}. Every page below is Markdown; without `.md` it is HTML.\n",
        config.mcp_url
    );
    for part in PARTS {
        text.push_str(&format!("\n## {}\n\n", part.label()));
        for page in pages.iter().filter(|page| page.part == part) {
            let address = config.url(&format!("{}.md", page.href()));
            text.push_str(&format!("- [{}]({address}): {}\n", page.title, page.summary));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glimpse_has_the_word_in_it_and_is_short() {
        let text = "one two three four five six seven eight nine ten eleven needle ".repeat(20);
        let shown = glimpse(&text, "needle");
        assert!(shown.contains("needle") && shown.starts_with('…') && shown.ends_with('…'));
        assert!(shown.chars().count() <= GLIMPSE + 2, "{shown}");
        assert_eq!(glimpse("short", "nothing"), "short");
    }
}
