//! The two pages: the form, and what its changes will do.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::PATH;
use super::form::Posted;
use crate::domain::access::Permission;
use crate::domain::settings::{Change, GROUPS, Group, SETTINGS, Setting, Settings, changes};
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::service::settings::Edit;
use crate::web::flash::Tone;
use crate::web::page::{Shell, keep_for_back, render_with_status};
use crate::web::viewer::Viewer;

#[derive(Template)]
#[template(path = "mcp_settings.html")]
struct SettingsPage {
    shell: Shell,
    errors: Vec<Error>,
    /// Whether the person who looks may change anything.
    may_change: bool,
    /// The settings that the form is filled with, for the comparison when it comes back.
    was: String,
    cards: Vec<Card>,
}

struct Card {
    group: Group,
    fields: Vec<Field>,
}

/// A setting as the form shows it.
struct Field {
    setting: &'static Setting,
    /// What the control holds.
    text: String,
    /// The current value, for those who may only look.
    words: String,
    /// What to read beside a number: seconds (1 hour).
    unit: String,
    /// Whether the current value is another than that of a new server.
    is_changed: bool,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "mcp_settings_confirm.html")]
struct ConfirmPage<'a> {
    shell: Shell,
    errors: Vec<Error>,
    changes: Vec<Change<'a>>,
    /// Whether the password is asked for.
    widens: bool,
    username: String,
    /// What both forms of the page carry.
    fields: Vec<(&'static str, String)>,
}

/// The form, filled with `current` and with what was entered.
pub(super) fn settings_page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    current: &Settings,
    posted: &Posted,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let status = errors.first().map_or(200, |error| error.code.status());
    let field = |setting: &'static Setting| {
        let is_its = |error: &&Error| error.param.as_deref() == Some(setting.name);
        let error = errors.iter().find(is_its).map(|error| error.message.to_string());
        field(setting, current, posted.text(setting.name), error)
    };
    let cards = GROUPS.into_iter().map(|group| {
        let of_group = SETTINGS.iter().filter(|setting| setting.group == group);
        Card { group, fields: of_group.map(field).collect() }
    });
    let template = SettingsPage {
        shell: Shell::new(ctx, request, viewer),
        may_change: viewer.may(Permission::ManageSettings),
        was: was(current)?,
        cards: cards.collect(),
        errors,
    };
    render_with_status(&template, status)
}

fn field(
    setting: &'static Setting,
    current: &Settings,
    entered: Option<&str>,
    error: Option<String>,
) -> Field {
    let unit = setting.unit().map(|unit| {
        let label = unit.label();
        // Beside the number that the field holds: what was entered, if that is one.
        let number = entered.map_or_else(|| setting.stored(current), |text| text.trim().to_owned());
        match number.parse().ok().and_then(|number| unit.longer(number)) {
            Some(longer) => format!("{label} ({longer})"),
            None => label.to_owned(),
        }
    });
    Field {
        setting,
        text: entered.map_or_else(|| setting.typed(current), str::to_owned),
        words: setting.words(current),
        unit: unit.unwrap_or_default(),
        is_changed: setting.stored(current) != setting.stored(&Settings::default()),
        error,
    }
}

/// What will happen, and the password if it needs that.
pub(super) fn confirmation(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    edit: &Edit,
    error: Option<Error>,
) -> Result<HttpResponse> {
    let changes = changes(&edit.was, &edit.becomes);
    let mut fields = vec![("was", was(&edit.was)?)];
    fields.extend(changes.iter().map(|change| (change.setting.name, change.new_value())));
    let status = error.as_ref().map_or(200, |error| error.code.status());
    let template = ConfirmPage {
        shell: Shell::new(ctx, request, viewer),
        errors: error.into_iter().collect(),
        widens: edit.widens(),
        username: viewer.user.email.clone(),
        changes,
        fields,
    };
    let mut response = render_with_status(&template, status)?;
    keep_for_back(&mut response);
    Ok(response)
}

/// What was saved, and from when on it counts.
pub(super) fn told(edit: &Edit) -> String {
    let changes = changes(&edit.was, &edit.becomes);
    let mut told = String::from("Saved.");
    // What takes effect at the same time is said together.
    for together in changes.chunk_by(|one, next| one.setting.when == next.setting.when) {
        let each: Vec<String> = together
            .iter()
            .map(|change| {
                let (old, new) = (change.old_in_words(), change.new_in_words());
                format!("{}: {old} → {new}", change.setting.title)
            })
            .collect();
        let when = together.first().map_or("", |change| change.setting.when);
        told = format!("{told} {}. {when}", each.join("; "));
    }
    told
}

fn was(settings: &Settings) -> Result<String> {
    serde_json::to_string(&settings.to_rows()).map_err(Error::internal)
}
