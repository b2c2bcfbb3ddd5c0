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
