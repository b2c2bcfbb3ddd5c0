//! As much reading of HTML as the tests need: forms and their hidden fields, and plain text.

/// The hidden fields of the first form that posts to `action`.
pub fn hidden_fields(page: &str, action: &str) -> Vec<(String, String)> {
    let Some(form) = page
        .split("<form ")
        .skip(1)
        .find(|form| form.split('>').next().unwrap().contains(&format!("action=\"{action}\"")))
    else {
        return Vec::new();
    };
    let form = form.split("</form>").next().unwrap();
    form.split("<input ")
        .skip(1)
        .map(|input| input.split('>').next().unwrap())
        .filter(|input| input.contains("type=\"hidden\""))
        .map(|input| (attribute(input, "name"), attribute(input, "value")))
        .collect()
}

/// The values of the ticked or unticked boxes of that name.
pub fn boxes(page: &str, name: &str) -> Vec<(String, bool)> {
    page.split("<input ")
        .skip(1)
        .map(|input| input.split('>').next().unwrap())
        .filter(|input| input.contains("type=\"checkbox\"") && attribute(input, "name") == name)
        .map(|input| (attribute(input, "value"), input.contains(" checked")))
        .collect()
}

/// An attribute of a tag.
fn attribute(tag: &str, name: &str) -> String {
    tag.split(&format!("{name}=\""))
        .nth(1)
        .map(|rest| decode(rest.split('"').next().unwrap()))
        .unwrap_or_default()
}

/// What a reader sees: tags away, entities decoded, blanks collapsed.
pub fn text(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    decode(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn decode(text: &str) -> String {
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

/// The tag that has this id.
fn tag_of<'a>(page: &'a str, id: &str) -> Option<&'a str> {
    let place = page.find(&format!(" id=\"{id}\""))?;
    let start = page[..place].rfind('<')?;
    page[start + 1..].split('>').next()
}

/// Whether focus can go to a tag.
fn takes_focus(tag: &str) -> bool {
    let is_control = ["input", "select", "textarea", "button", "a ", "summary"]
        .iter()
        .any(|name| tag.starts_with(name));
    (is_control && !tag.contains(" hidden") && !tag.contains("type=\"hidden\""))
        || tag.contains("tabindex=\"-1\"")
}

/// What the error summary says: the field each line leads to, and its words. Each must lead to
/// something that takes focus.
pub fn complaints(page: &str) -> Vec<(String, String)> {
    let Some(summary) = page.split("data-error-summary").nth(1) else { return Vec::new() };
    let lines = summary.split("</ul>").next().unwrap().split("<li>").skip(1);
    lines
        .map(|line| {
            let id =
                line.split("href=\"#").nth(1).map_or("", |rest| rest.split('"').next().unwrap());
            if !id.is_empty() {
                let tag = tag_of(page, id).unwrap_or_default();
                assert!(!tag.is_empty(), "nothing has the id {id}");
                assert!(takes_focus(tag), "{id} takes no focus: <{tag}>");
            }
            (id.to_owned(), text(line.split("</li>").next().unwrap()))
        })
        .collect()
}

/// Checks that a form tells all of these fields at once: each in the summary, and beside itself in
/// the same words, tied to it for whoever does not see the page.
#[track_caller]
pub fn assert_complaints(page: &str, fields: &[&str]) {
    let found = complaints(page);
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, fields, "{}", text(page));
    assert!(page.contains("<title>Error: "), "the title says it first");
    for (id, words) in &found {
        let beside = page.split(&format!("id=\"{id}-error\"")).nth(1).unwrap_or_default();
        let beside = beside.split_once('>').map_or("", |(_, rest)| rest);
        assert!(text(beside).starts_with(words.as_str()), "{id}: {words}");
        let tag = tag_of(page, id).unwrap();
        if ["input", "select", "textarea"].iter().any(|name| tag.starts_with(name)) {
            assert_eq!(attribute(tag, "aria-invalid"), "true", "{id}");
            let described = attribute(tag, "aria-describedby");
            let named = format!("{id}-error");
            assert!(described.split(' ').any(|one| one == named), "{id}: {described}");
        }
    }
}
