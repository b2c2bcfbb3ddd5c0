//! Rotating a key: asks how long the old one goes on working, and shows the new one once.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{KeyLine, incomplete, is_of_the_form, key_id, proof, refused, shown_once};
use crate::console::problems::{Password, Problems, for_the_form};
use crate::console::steps::status;
use crate::error::{Error, Result};
use crate::ids::ApiKeyId;
use crate::secrets::{PlainSecret, random_text};
use crate::service::Ctx;
use crate::service::api_keys;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::form::Form;
use crate::web::page::{Shell, render};
use crate::web::viewer::Viewer;

/// How long the old key may go on working: hours, and in words.
const OVERLAPS: [(i64, &str); 5] = [
    (0, "not at all: it ends now"),
    (1, "for 1 hour"),
    (24, "for 24 hours"),
    (72, "for 3 days"),
    (api_keys::MOST_OVERLAP_HOURS, "for 7 days"),
];

/// The form as it was filled.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RotateForm {
    hours: String,
    password: String,
    once: String,
}

#[derive(Template)]
#[template(path = "api_key_rotate.html")]
struct RotatePage {
    shell: Shell,
    errors: Vec<Error>,
    key: KeyLine,
    hours: String,
    once: String,
    username: String,
}

/// `GET /dashboard/settings/api-keys/{key}/rotate`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn ask_rotate(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let form = RotateForm { hours: "24".into(), ..RotateForm::default() };
    Ok(ask(&ctx, &request, &viewer, key_id(&path)?, form, Vec::new()).await?)
}

/// `POST /dashboard/settings/api-keys/{key}/rotate`: answers with the new key, this once.
///
/// # Errors
/// `not_found`, or that the database cannot answer; what is wrong with the form shows it again.
pub async fn rotate(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    path: web::Path<String>,
    form: Form<RotateForm>,
) -> Result<HttpResponse, Failure> {
    let id = key_id(&path)?;
    let name = api_keys::one_of(&ctx, viewer.user.id, id).await?.name;
    match replace(&ctx, &viewer, id, &form.0).await {
        Ok((secret, hours)) => {
            Ok(shown_once(&ctx, &request, &viewer, &name, &secret, Some(hours))?)
        }
        Err(errors) => {
            let errors = for_the_form(errors, |error| is_of_the_form(error.code))?;
            let retry_after = errors.iter().find_map(|error| error.retry_after);
            let status = status(&errors);
            let page = ask(&ctx, &request, &viewer, id, form.0, errors).await?;
            Ok(refused(page, status, retry_after)?)
        }
    }
}

async fn replace(
    ctx: &Ctx,
    viewer: &Viewer,
    id: ApiKeyId,
    form: &RotateForm,
) -> Result<(PlainSecret, i64), Vec<Error>> {
    let mut problems = Problems::default();
    let hours = form
        .hours
        .parse()
        .ok()
        .filter(|hours| OVERLAPS.iter().any(|(offered, _)| offered == hours));
    let hours = problems.keep(
        hours.ok_or_else(|| Error::field("hours", "Old key: choose how long it goes on working.")),
    );
    let whole = problems.keep(match (32..=64).contains(&form.once.len()) {
        true => Ok(()),
        false => Err(incomplete()),
    });
    let (hours, ()) = problems.unless(hours.zip(whole), Password::Asked(&form.password))?;
    let proof = proof(ctx, viewer, &form.password).await.map_err(|error| vec![error])?;
    let secret = api_keys::rotate(ctx, &viewer.actor, proof, id, hours, form.once.clone())
        .await
        .map_err(|error| vec![error])?;
    Ok((secret, hours))
}

async fn ask(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    id: ApiKeyId,
    form: RotateForm,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let row = api_keys::one_of(ctx, viewer.user.id, id).await?;
    let template = RotatePage {
        shell: Shell::new(ctx, request, viewer),
        errors,
        key: KeyLine::new(row, ctx.clock.now()),
        hours: form.hours,
        once: random_text(),
        username: viewer.user.email.clone(),
    };
    render(&template)
}
