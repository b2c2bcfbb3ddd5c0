//! The blocks of code in `docs/*.md`.

/// A block of code.
pub struct Block {
    /// File and line, for messages.
    pub at: String,
    /// The page's name.
    pub page: &'static str,
    /// What stands behind the fence: language, then words.
    pub kind: String,
    pub text: String,
}

/// The blocks of all pages.
pub fn all() -> Vec<Block> {
    let mut blocks = Vec::new();
    for page in portcullis::console::manual::PAGES {
        let mut open: Option<Block> = None;
        for (number, line) in page.text.lines().enumerate() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(kind), None) => {
                    let at = format!("docs/{}.md:{}", page.slug, number + 1);
                    let (kind, text) = (kind.trim().to_owned(), String::new());
                    open = Some(Block { at, page: page.slug, kind, text });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "docs/{}.md: a fence is not closed", page.slug);
    }
    blocks
}

impl Block {
    /// The language.
    pub fn language(&self) -> &str {
        self.kind.split(' ').next().unwrap()
    }
}
