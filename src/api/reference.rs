//! The reference of the REST API, for people: read from the document that `/openapi.json` is, so that
//! it cannot say anything else. `docs/rest-reference.md` is this page.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::openapi::document;
use crate::service::calls::fields::{self, Field};

const SERVER: &str = "https://gate.example.com";

const OPENING: &str = "\
# REST reference

Every request of the REST API: what it takes, what comes back, and how it can fail. [The REST API](rest.md) says how to get a key, what a
call costs and what errors look like. This page is made from the document at `/openapi.json`.

| request | for |
| --- | --- |
";

/// The whole page, in Markdown.
pub fn page() -> String {
    let told = document(SERVER);
    let mut page = OPENING.to_owned();
    let operations: Vec<_> = operations(&told).collect();
    for (method, path, operation) in &operations {
        let title = text(operation, "/summary");
        line(&mut page, &format!("| [`{method} {path}`](#{}) | {title} |", anchor(title)));
    }
    page.push('\n');
    for (method, path, operation) in &operations {
        section(&mut page, &told, method, path, operation);
    }
    page
}

/// Every operation with method and path, in the order of the document.
fn operations(told: &Value) -> impl Iterator<Item = (String, &String, &Value)> {
    let paths = told.get("paths").and_then(Value::as_object).into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        operations.map(move |(method, operation)| (method.to_uppercase(), path, operation))
    })
}

fn section(page: &mut String, told: &Value, method: &str, path: &str, operation: &Value) {
    line(page, &format!("## {}\n\n`{method} {path}`\n", text(operation, "/summary")));
    line(page, &format!("{}\n", text(operation, "/description")));
    parameters(page, operation);
    let body = operation.pointer("/requestBody/content/application~1json");
    if let Some(body) = body {
        line(page, "### Body\n");
        taken(page, &fields_of(told, body));
    }
    line(page, "### Request\n");
    line(page, &format!("```sh\n{}\n```\n", curl(method, path, operation, body)));
    line(page, "### Answer\n");
    let done = operation.pointer("/responses/200/content/application~1json");
    if let Some(done) = done {
        returned(page, &fields_of(told, done));
        line(page, &format!("```json\n{}\n```\n", pretty(done.get("example"))));
    }
    line(page, "### Errors\n");
    failures(page, operation);
}

fn parameters(page: &mut String, operation: &Value) {
    let all = operation.get("parameters").and_then(Value::as_array);
    let Some(all) = all.filter(|all| !all.is_empty()) else { return };
    line(
        page,
        "### Parameters\n\n| name | where | needed | what it is |\n| --- | --- | --- | --- |",
    );
    for parameter in all {
        let needed =
            if parameter.get("required") == Some(&Value::Bool(true)) { "yes" } else { "no" };
        let (name, place) = (text(parameter, "/name"), text(parameter, "/in"));
        let words = text(parameter, "/description");
        line(page, &format!("| `{name}` | {place} | {needed} | {words} |"));
    }
    page.push('\n');
}

fn taken(page: &mut String, fields: &[Field]) {
    line(page, "| field | what it is | needed | what it does |\n| --- | --- | --- | --- |");
    for field in fields {
        let needed = field.needed();
        line(page, &format!("| `{}` | {} | {needed} | {} |", field.path, field.kind, field.words));
    }
    page.push('\n');
}

fn returned(page: &mut String, fields: &[Field]) {
    line(page, "| field | what it is | what it says |\n| --- | --- | --- |");
    for field in fields {
        let may_lack = if field.is_required { "" } else { "; may be left out" };
        line(page, &format!("| `{}` | {}{may_lack} | {} |", field.path, field.kind, field.words));
    }
    page.push('\n');
}

fn failures(page: &mut String, operation: &Value) {
    line(page, "| status | codes |\n| --- | --- |");
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    for (status, response) in responses.filter(|(status, _)| *status != "200") {
        let examples = response.pointer("/content/application~1json/examples");
        let codes = examples.and_then(Value::as_object).into_iter().flatten();
        let codes: Vec<_> =
            codes.map(|(code, _)| format!("[`{code}`](troubleshooting.md#{code})")).collect();
        line(page, &format!("| {status} | {} |", codes.join(", ")));
    }
    page.push('\n');
}

/// The fields of a body, whose schema is one of the components.
fn fields_of(told: &Value, media: &Value) -> Vec<Field> {
    let place = text(media, "/schema/$ref").trim_start_matches('#');
    let schema = told.pointer(place).and_then(Value::as_object);
    fields::of(schema.unwrap_or(&Map::new()))
}

/// The request as a command.
fn curl(method: &str, path: &str, operation: &Value, body: Option<&Value>) -> String {
    let example = operation.pointer("/parameters/0/example").and_then(Value::as_str);
    let is_in_path = text(operation, "/parameters/0/in") == "path";
    let path = match example.filter(|_| is_in_path) {
        Some(value) => {
            path.replace(&format!("{{{}}}", text(operation, "/parameters/0/name")), value)
        }
        None => path.to_owned(),
    };
    let mut command = format!("curl {SERVER}{path} \\\n  -H 'Authorization: Bearer pc_key_…'");
    if let Some(example) = example.filter(|_| !is_in_path) {
        let name = text(operation, "/parameters/0/name");
        command.push_str(&format!(" \\\n  -H '{name}: {example}'"));
    }
    if let Some(body) = body {
        let sent = body.get("example").map(Value::to_string).unwrap_or_default();
        command.push_str(&format!(" \\\n  -H 'Content-Type: application/json' \\\n  -d '{sent}'"));
    } else if method != "GET" {
        command.push_str(&format!(" \\\n  -X {method}"));
    }
    command
}

/// A text of the document; none is nothing.
fn text<'a>(value: &'a Value, place: &str) -> &'a str {
    value.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

fn pretty(value: Option<&Value>) -> String {
    serde_json::to_string_pretty(value.unwrap_or(&Value::Null)).unwrap_or_default()
}

/// Where a heading is on the page.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}

fn line(page: &mut String, text: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(page, "{text}");
}
