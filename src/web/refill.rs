//! Puts what was typed into the form of a page of ours: just enough reading of HTML for that, which
//! every tag of ours with its quoted attributes is fit for.

use std::borrow::Cow;
use std::collections::HashMap;

/// What a form posts, in order.
pub type Fields = Vec<(String, String)>;

/// What a page showed when it was opened and is shown anew: never put back.
const SHOWN_ANEW: [&str; 7] = ["csrf", "once", "back", "count", "ids", "seen", "people"];
/// What tells that somebody else changed a thing meanwhile: put back, so that it still does.
const WAS: &str = "was";

/// The page with the fields in its form to `action`, and `notice` before the first thing to be seen in
/// it; nothing if it has no such form, or one about something else.
pub fn fill(page: &str, action: &str, fields: &Fields, notice: &str) -> Option<String> {
    let mut before = String::new();
    let mut rest = page;
    loop {
        let (text, tag, after) = next_tag(rest)?;
        before.push_str(text);
        before.push_str(tag.text);
        rest = after;
        if tag.name != "form" || tag.value("action").as_deref() != Some(action) {
            continue;
        }
        let (inside, end) = rest.split_once("</form>")?;
        if let Some(filled) = form(inside, fields, notice) {
            return Some(format!("{before}{filled}</form>{end}"));
        }
    }
}

/// The inside of a form with the fields in it.
fn form(inside: &str, fields: &Fields, notice: &str) -> Option<String> {
    if !is_about_the_same(inside, fields) {
        return None;
    }
    let mut form = Filling { fields, met: HashMap::new(), has_filled: false };
    let mut out = String::new();
    let (mut rest, mut notice) = (inside, Some(notice));
    while let Some((text, tag, after)) = next_tag(rest) {
        out.push_str(text);
        rest = after;
        if !tag.is_hidden()
            && let Some(notice) = notice.take()
        {
            out.push_str(notice);
        }
        match tag.name {
            "input" => form.input(&mut out, tag),
            "textarea" | "select" => {
                let (content, end) = rest.split_once(&format!("</{}>", tag.name))?;
                out.push_str(tag.text);
                match form.next_of(&tag) {
                    Some(value) if tag.name == "select" => options(&mut out, content, value),
                    // Readers of HTML drop a first line break.
                    Some(value) => out.push_str(&format!("\n{}", escape(value))),
                    None => out.push_str(content),
                }
                out.push_str(&format!("</{}>", tag.name));
                rest = end;
            }
            _ => out.push_str(tag.text),
        }
    }
    out.push_str(rest);
    form.has_filled.then_some(out)
}

/// Whether a form speaks of what the fields speak of: what it holds unseen is among them.
fn is_about_the_same(inside: &str, fields: &Fields) -> bool {
    let mut rest = inside;
    while let Some((_, tag, after)) = next_tag(rest) {
        rest = after;
        let Some(name) = tag.value("name").filter(|_| tag.is_hidden()) else { continue };
        let value = tag.value("value").unwrap_or_default();
        let is_there = fields.iter().any(|(known, theirs)| *known == name && *theirs == value);
        if name != WAS && !SHOWN_ANEW.contains(&name.as_ref()) && !is_there {
            return false;
        }
    }
    true
}

struct Filling<'a> {
    fields: &'a Fields,
    /// How many controls of a name were met.
    met: HashMap<String, usize>,
    has_filled: bool,
}

impl<'a> Filling<'a> {
    /// What was typed into a control.
    fn next_of(&mut self, tag: &Tag<'_>) -> Option<&'a str> {
        let name = tag.value("name")?;
        let met = self.met.entry(name.to_string()).or_default();
        let value = self.fields.iter().filter(|(known, _)| *known == name).nth(*met);
        *met += 1;
        self.has_filled |= value.is_some() && !tag.is_hidden();
        value.map(|(_, value)| value.as_str())
    }

    fn input(&mut self, out: &mut String, mut tag: Tag<'_>) {
        let kind = tag.value("type").map_or_else(|| "text".to_owned(), Cow::into_owned);
        match kind.as_str() {
            "password" | "file" | "submit" | "button" => {}
            "hidden" if tag.value("name").as_deref() != Some(WAS) => {}
            "checkbox" | "radio" => self.tick(&mut tag, kind == "radio"),
            _ => {
                if let Some(value) = self.next_of(&tag) {
                    tag.set("value", Some(escape(value)));
                }
            }
        }
        out.push_str(&tag.written());
    }

    /// Boxes that were not ticked are not among the fields; of a group of which one is always
    /// chosen, none is changed if none was.
    fn tick(&mut self, tag: &mut Tag<'_>, is_one_of_some: bool) {
        let (Some(name), value) = (tag.value("name"), tag.value("value")) else { return };
        let value = value.unwrap_or(Cow::Borrowed("on"));
        let mut of_name = self.fields.iter().filter(|(known, _)| *known == name).peekable();
        if is_one_of_some && of_name.peek().is_none() {
            return;
        }
        let is_ticked = of_name.any(|(_, theirs)| *theirs == value);
        self.has_filled |= is_ticked;
        tag.attributes.retain(|(name, _)| *name != "checked");
        if is_ticked {
            tag.set("checked", None);
        }
    }
}

/// The options of a list with another chosen, if that is still among them.
fn options(out: &mut String, content: &str, value: &str) {
    let mut chosen = String::new();
    let (mut rest, mut is_there) = (content, false);
    while let Some((text, mut tag, after)) = next_tag(rest) {
        chosen.push_str(text);
        rest = after;
        if tag.name == "option" {
            tag.attributes.retain(|(name, _)| *name != "selected");
            if tag.value("value").as_deref() == Some(value) {
                tag.set("selected", None);
                is_there = true;
            }
            chosen.push_str(&tag.written());
        } else {
            chosen.push_str(tag.text);
        }
    }
    chosen.push_str(rest);
    out.push_str(if is_there { &chosen } else { content });
}

/// A tag at the begin of an element, or `/name` at its end.
struct Tag<'a> {
    name: &'a str,
    /// As they are written, entities and all.
    attributes: Vec<(&'a str, Option<Cow<'a, str>>)>,
    text: &'a str,
}

impl Tag<'_> {
    fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, value) = self.attributes.iter().find(|(known, _)| *known == name)?;
        Some(value.as_deref().map_or(Cow::Borrowed(""), unescape))
    }

    fn is_hidden(&self) -> bool {
        self.name == "input" && self.value("type").as_deref() == Some("hidden")
    }

    fn set(&mut self, name: &'static str, value: Option<String>) {
        self.attributes.retain(|(known, _)| *known != name);
        self.attributes.push((name, value.map(Cow::Owned)));
    }

    fn written(&self) -> String {
        let mut text = format!("<{}", self.name);
        for (name, value) in &self.attributes {
            text.push(' ');
            text.push_str(name);
            if let Some(value) = value {
                text.push_str(&format!("=\"{value}\""));
            }
        }
        text.push('>');
        text
    }
}

/// The text before the next tag, the tag, and what comes after it.
fn next_tag(html: &str) -> Option<(&str, Tag<'_>, &str)> {
    let is_tag = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let (at, _) = html.match_indices('<').find(|(at, _)| html.get(at + 1..).is_some_and(is_tag))?;
    let (before, rest) = html.split_at_checked(at)?;
    let mut is_quoted = false;
    let end = rest.find(|c: char| {
        is_quoted ^= c == '"';
        c == '>' && !is_quoted
    })?;
    let (text, after) = rest.split_at_checked(end + 1)?;
    let inside = text.strip_prefix('<')?.strip_suffix('>')?;
    let (name, mut rest) =
        inside.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((inside, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        let end = rest.find(|c: char| c == '=' || c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (name, tail) = rest.split_at_checked(end)?;
        if name.is_empty() {
            break;
        }
        match tail.strip_prefix("=\"").and_then(|tail| tail.split_once('"')) {
            Some((value, tail)) => {
                attributes.push((name, Some(Cow::Borrowed(value))));
                rest = tail;
            }
            None => {
                attributes.push((name, None));
                rest = tail.trim_start_matches('=');
            }
        }
    }
    Some((before, Tag { name, attributes, text }, after))
}

/// The entities that our own pages use.
const ENTITIES: [(&str, &str); 5] =
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let plain = ENTITIES.iter();
    Cow::Owned(plain.fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}

fn escape(text: &str) -> String {
    let entities = ENTITIES.iter().rev();
    entities.fold(text.to_owned(), |text, (entity, plain)| text.replace(plain, entity))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn filled(inside: &str, pairs: &[(&str, &str)]) -> Option<String> {
        let page =
            format!("<p>a < b<form method=\"post\" action=\"/x?a&#38;b\">{inside}</form></p>");
        let page = fill(&page, "/x?a&b", &fields(pairs), "!")?;
        let inside = page.strip_prefix("<p>a < b<form method=\"post\" action=\"/x?a&#38;b\">");
        Some(inside.unwrap().strip_suffix("</form></p>").unwrap().replacen('!', "", 1))
    }

    #[test]
    fn every_kind_of_control_gets_what_was_typed() {
        for (form, typed, wanted) in [
            (
                "<input name=\"a\" value=\"old\" required>",
                [("a", "\"<&>'")].as_slice(),
                "<input name=\"a\" required value=\"&#34;&#60;&#38;&#62;&#39;\">",
            ),
            (
                "<textarea name=\"a\">x</textarea>",
                &[("a", "</textarea>")],
                "<textarea name=\"a\">\n&#60;/textarea&#62;</textarea>",
            ),
            (
                "<select name=\"a\"><option value=\"1\" selected>I</option><option value=\"2\">II</option></select>",
                &[("a", "2")],
                "<select name=\"a\"><option value=\"1\">I</option><option value=\"2\" selected>II</option></select>",
            ),
            (
                "<input type=\"checkbox\" name=\"a\" value=\"1\" checked><input type=\"checkbox\" name=\"a\" value=\"2\">",
                &[("a", "2")],
                "<input type=\"checkbox\" name=\"a\" value=\"1\"><input type=\"checkbox\" name=\"a\" value=\"2\" checked>",
            ),
            (
                "<input type=\"radio\" name=\"r\" value=\"1\" checked><input name=\"a\"><input name=\"a\">",
                &[("a", "x"), ("a", "y")],
                "<input type=\"radio\" name=\"r\" value=\"1\" checked><input name=\"a\" value=\"x\"><input name=\"a\" value=\"y\">",
            ),
        ] {
            assert_eq!(filled(form, typed).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn a_list_keeps_its_choice_if_the_other_is_gone() {
        let form = "<select name=\"a\"><option value=\"1\" selected>I</option></select>";
        assert_eq!(filled(form, &[("a", "2")]).as_deref(), Some(form));
    }

    #[test]
    fn passwords_and_what_the_page_shows_anew_stay_as_they_are() {
        let form = "<input type=\"hidden\" name=\"csrf\" value=\"new\"><input type=\"hidden\" name=\"was\" value=\"new\"><input type=\"password\" name=\"password\"><input name=\"a\">";
        let typed = [("csrf", "old"), ("was", "old"), ("password", "p"), ("a", "x")];
        let wanted = "<input type=\"hidden\" name=\"csrf\" value=\"new\"><input type=\"hidden\" name=\"was\" value=\"old\"><input type=\"password\" name=\"password\"><input name=\"a\" value=\"x\">";
        assert_eq!(filled(form, &typed).as_deref(), Some(wanted));
        let page = format!("<form action=\"/x\">{form}</form>");
        let page = fill(&page, "/x", &fields(&typed), "!").unwrap();
        assert!(page.contains("value=\"old\">!<input type=\"password\""), "{page}");
    }

    #[test]
    fn a_form_about_something_else_is_left_alone() {
        let form = "<input type=\"hidden\" name=\"user\" value=\"1\"><input name=\"a\">";
        assert_eq!(filled(form, &[("user", "2"), ("a", "x")]), None);
        assert_eq!(filled("<input name=\"b\">", &[("a", "x")]), None);
        let typed = fields(&[("a", "x")]);
        assert_eq!(fill("<form action=\"/y\"><input name=\"a\"></form>", "/x", &typed, ""), None);
        assert_eq!(fill("<form action=\"/x\"><input name=\"a\"", "/x", &typed, ""), None);
    }
}
