//! Making a key.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{incomplete, is_of_the_form, proof, refused, shown_once};
use crate::console::problems::{Password, Problems};
use crate::domain::scope::{SCOPES, ScopeRow, ScopeSet};
use crate::error::{Error, Result};
use crate::secrets::{PlainSecret, random_text};
use crate::service::Ctx;
use crate::service::api_keys::{self, LONGEST_NAME, Life, MOST_DAYS, Wanted};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::form::Form;
use crate::web::page::{Shell, render};
use crate::web::viewer::Viewer;

/// Days that are offered.
const OFFERED_DAYS: [i64; 4] = [30, 90, 180, 365];
/// The choice that means the number beside it.
const CUSTOM: &str = "custom";
/// The choice that means no end.
const NEVER: &str = "never";

/// The form as it was filled.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct KeyForm {
    name: String,
    scope: Vec<String>,
    expiry: String,
    days: String,
    password: String,
    once: String,
}

impl KeyForm {
    /// As it is at first: nothing ticked that spends anything.
    fn fresh() -> Self {
        let reads = SCOPES.iter().filter(|row| row.of_resource && row.spends.is_none());
        Self {
            scope: reads.map(|row| row.name.to_owned()).collect(),
            expiry: "90".into(),
            ..Self::default()
        }
    }

    fn wanted(&self) -> Wanted {
        let days = if self.expiry == CUSTOM { &self.days } else { &self.expiry };
        let life = match days.trim().parse() {
            _ if self.expiry == NEVER => Life::Endless,
            Ok(days) => Life::Days(days),
            Err(_) => Life::Unreadable,
        };
        Wanted {
            name: self.name.clone(),
            scopes: ScopeSet::parse_known(&self.scope.join(" ")),
            life,
            form: self.once.clone(),
        }
    }
}

/// A permission with its box.
struct Choice {
    row: &'static ScopeRow,
    is_ticked: bool,
}

#[derive(Template)]
#[template(path = "api_key_new.html")]
struct FormPage {
    shell: Shell,
    errors: Vec<Error>,
    name: String,
    choices: Vec<Choice>,
    expiry: String,
    days: String,
    /// Random text of this form: one form makes one key.
    once: String,
    username: String,
}

impl FormPage {
    /// What is wrong with a field.
    fn of(&self, field: &str) -> Vec<&Error> {
        self.errors.iter().filter(|error| error.param.as_deref() == Some(field)).collect()
    }
}

/// `GET /dashboard/settings/api-keys/new`.
///
/// # Errors
/// When the page cannot be made.
pub async fn form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    Ok(ask(&ctx, &request, &viewer, KeyForm::fresh(), Vec::new()).await?)
}

/// `POST /dashboard/settings/api-keys/new`: answers with the key, this once.
///
/// # Errors
/// When the database cannot answer; what is wrong with the form shows it again.
pub async fn create(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    form: Form<KeyForm>,
) -> Result<HttpResponse, Failure> {
    let wanted = form.0.wanted();
    match make(&ctx, &viewer, &form.0, wanted.clone()).await {
        Ok(secret) => Ok(shown_once(&ctx, &request, &viewer, &wanted.name, &secret, None)?),
        Err(errors) => match errors.iter().position(|error| !is_of_the_form(error.code)) {
            Some(place) => Err(errors.into_iter().nth(place).unwrap_or_else(incomplete).into()),
            None => {
                let status = errors.first().map_or(400, |error| error.code.status());
                let retry_after = errors.iter().find_map(|error| error.retry_after);
                let page = ask(&ctx, &request, &viewer, form.0, errors).await?;
                Ok(refused(page, status, retry_after)?)
            }
        },
    }
}

/// Everything that can be seen to be wrong is told at once, before the password counts.
async fn make(
    ctx: &Ctx,
    viewer: &Viewer,
    form: &KeyForm,
    wanted: Wanted,
) -> Result<PlainSecret, Vec<Error>> {
    let mut problems = wanted.problems();
    if !(32..=64).contains(&wanted.form.len()) {
        problems.push(incomplete());
    }
    Problems::from(problems).unless(Some(()), Password::Asked(&form.password))?;
    let proof = proof(ctx, viewer, &form.password).await.map_err(|error| vec![error])?;
    api_keys::create(ctx, &viewer.actor, proof, wanted).await.map_err(|error| vec![error])
}

async fn ask(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    form: KeyForm,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let is_ticked = |row: &ScopeRow| form.scope.iter().any(|name| name == row.name);
    let template = FormPage {
        shell: Shell::of_gate(ctx, request, viewer).await?,
        errors,
        choices: SCOPES
            .iter()
            .filter(|row| row.of_resource)
            .map(|row| Choice { row, is_ticked: is_ticked(row) })
            .collect(),
        once: random_text(),
        username: viewer.user.email.clone(),
        name: form.name,
        expiry: form.expiry,
        days: form.days,
    };
    render(&template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_spends_is_ticked_at_first() {
        let form = KeyForm::fresh();
        assert_eq!(form.scope, ["usage:read"]);
        assert_eq!(form.wanted().life, Life::Days(90));
    }

    #[test]
    fn the_end_is_chosen_or_entered() {
        let life = |expiry: &str, days: &str| {
            let form = KeyForm { expiry: expiry.into(), days: days.into(), ..KeyForm::default() };
            form.wanted().life
        };
        assert_eq!(life("never", "5"), Life::Endless);
        assert_eq!(life("30", "5"), Life::Days(30));
        assert_eq!(life("custom", " 5 "), Life::Days(5));
        assert_eq!(life("custom", "many"), Life::Unreadable);
    }
}
