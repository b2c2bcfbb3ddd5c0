//! Text from anywhere: what is kept of it.

use std::borrow::Cow;

use crate::domain::words::{composed, is_hidden};

/// Brings text to one line of printable characters: runs of white space become one space, control
/// characters go, and so do the invisible ones that reorder text (bidirectional embeddings and
/// isolates), that have no width or that carry hidden text (byte order mark, tag characters, further
/// variation selectors), because people and language models read what is stored here. Those that join
/// letters and choose how a sign looks stay where there are any. What is left is composed, so that
/// one text has one spelling.
///
/// # Errors
/// When it holds a NUL character: that is a broken file, not odd text.
pub fn clean(text: &str) -> Result<String, &'static str> {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => return Err("holds a NUL character"),
            c if c.is_whitespace() => {
                if !cleaned.is_empty() && !cleaned.ends_with(' ') {
                    cleaned.push(' ');
                }
            }
            c if c.is_control() || is_hidden(c) => {}
            c => cleaned.push(c),
        }
    }
    if cleaned.ends_with(' ') {
        cleaned.pop();
    }
    if cleaned.chars().all(|c| c == ' ' || is_joint(c)) {
        cleaned.clear();
    }
    match composed(&cleaned) {
        Cow::Owned(composed) => Ok(composed),
        Cow::Borrowed(_) => Ok(cleaned),
    }
}

/// Invisible, and needed by scripts and emoji: joiners and variation selectors.
fn is_joint(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// Cleaned text of at most `most` characters.
///
/// # Errors
/// When it is longer, or [`clean`] refuses it.
pub fn line(text: &str, most: usize) -> Result<String, Cow<'static, str>> {
    let text = clean(text)?;
    if text.chars().count() > most {
        return Err(format!("is longer than {most} characters").into());
    }
    Ok(text)
}

/// Cleaned text cut off after `most` characters: descriptions are found on pages of any length,
/// and the beginning is what counts.
///
/// # Errors
/// When [`clean`] refuses it.
pub fn prose(text: &str, most: usize) -> Result<String, &'static str> {
    let mut text = clean(text)?;
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.truncate(text.trim_end().len());
    }
    Ok(text)
}

/// The spelling under which categories, platforms, themes, apps and pixels are found: lower case,
/// hyphens for spaces, nothing that cannot be seen.
pub fn slug(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !is_hidden(*c) && !is_joint(*c)).collect();
    composed(&seen).split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// A category in its one spelling: some write `home_garden` for what others call `home-garden`.
pub fn category(text: &str) -> String {
    let spelled = slug(&text.replace('_', " "));
    if spelled.is_empty() { slug(text) } else { spelled }
}
