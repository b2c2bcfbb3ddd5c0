//! `GET /admin/mcp/audit/{entry}`: everything that the log has of one entry.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::Value;

use super::{PATH, told_settings};
use crate::domain::audit::in_words;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::service::Ctx;
use crate::service::records::audit::{self, Entry};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::{Admin, ViewRecords};

#[derive(Template)]
#[template(path = "audit_entry.html")]
struct EntryPage {
    shell: Shell,
    words: String,
    /// The stored fields beside the columns: name and value.
    fields: Vec<(String, String)>,
    /// Whom it is about, besides the one who acted.
    concerned: Option<UserId>,
    entry: Entry,
}

/// `GET /admin/mcp/audit/{entry}`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn details(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewRecords>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = path.parse().map_err(|_| Error::not_found("There is no such entry."))?;
    let entry = audit::entry(&ctx, id).await?;
    let template = EntryPage {
        shell: Shell::new(&ctx, &request, &viewer),
        words: in_words(&entry.row.action, &entry.row.outcome),
        fields: fields(&entry),
        concerned: entry.row.about_user_id.filter(|id| Some(*id) != entry.row.actor_id),
        entry,
    };
    Ok(render(&template)?)
}

fn fields(entry: &Entry) -> Vec<(String, String)> {
    let settings = told_settings(entry);
    let told = fields_of(&entry.row.detail);
    told.into_iter()
        .map(|(name, value)| match name.as_str() {
            "Changes" if !settings.is_empty() => (name, settings.clone()),
            _ => (name, value),
        })
        .collect()
}

fn fields_of(detail: &str) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::from_str(detail) else { return Vec::new() };
    fields.into_iter().map(|(name, value)| (spaced(&name), in_text(&value))).collect()
}

/// What it was and what it is, of a field that was changed.
fn change(value: &Value) -> Option<String> {
    let pair = value.as_object().filter(|pair| pair.len() == 2)?;
    Some(format!("{} → {}", in_text(pair.get("old")?), in_text(pair.get("new")?)))
}

fn spaced(name: &str) -> String {
    let mut text = name.replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn in_text(value: &Value) -> String {
    match value {
        Value::Null => "–".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(in_text).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                format!("{}: {}", spaced(name), change(value).unwrap_or_else(|| in_text(value)))
            })
            .collect::<Vec<_>>()
            .join("; "),
        Value::Number(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_fields_are_told_by_name() {
        let told = fields_of(
            r#"{"already_ended":false,"changes":{"api_access":{"new":false,"old":true},"name":{"old":"A","new":"B"}},"redirect_uris":["a","b"],"granted":null}"#,
        );
        let told: Vec<_> =
            told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            told,
            [
                ("Already ended", "no"),
                ("Changes", "Api access: yes → no; Name: A → B"),
                ("Redirect uris", "a, b"),
                ("Granted", "–"),
            ]
        );
        assert!(fields_of("nonsense").is_empty());
    }
}
