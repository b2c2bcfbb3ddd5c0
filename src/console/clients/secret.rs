//! Replacing the secret of a confidential client; the new one is on the page that answers, once.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::acts::is_of_the_form;
use super::manual::SecretPage;
use super::query::PATH;
use super::{path_of, whom};
use crate::clock::Timestamp;
use crate::console::problems::{Password, Problems, of_the_password};
use crate::console::users::form_with;
use crate::error::{Error, ErrorCode, Result};
use crate::ids::ClientRowId;
use crate::service::clients::{self, Overlap, Whom};
use crate::service::forms::Once;
use crate::service::{Ctx, login};
use crate::store::clients::DetailRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::form::Form;
use crate::web::page::{Shell, render};
use crate::web::viewer::{Admin, ManageClients, Viewer};

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RotateForm {
    overlap: String,
    password: String,
    /// What was seen of the present secret.
    was: String,
    once: Once,
}

#[derive(Template)]
#[template(path = "client_rotate.html")]
struct RotatePage {
    shell: Shell,
    errors: Vec<Error>,
    client: DetailRow,
    path: String,
    overlap: String,
    /// Until when the secret before the present one works, if it still does.
    old_until: Option<Timestamp>,
    /// What is seen of the present secret.
    seen: String,
    /// Random text of this form: one form makes one secret.
    once: Once,
    username: String,
}

fn client_id(segment: &str) -> Result<ClientRowId> {
    match whom(segment)? {
        Whom::Client(id) => Ok(id),
        Whom::Group(_) => Err(Error::not_found("There is no such client.")),
    }
}

/// `GET /admin/mcp/clients/{client}/secret`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn confirm_rotate(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageClients>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let client = clients::details(&ctx, client_id(&path)?).await?;
    Ok(ask(&ctx, &request, &viewer, client, "hour".into(), Vec::new())?)
}

/// `POST /admin/mcp/clients/{client}/secret`.
///
/// # Errors
/// `not_found`, `conflict`, or that the database cannot answer; what is wrong with the form shows
/// it again.
pub async fn rotate(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageClients>,
    path: web::Path<String>,
    form: Form<RotateForm>,
) -> Result<HttpResponse, Failure> {
    let client = clients::details(&ctx, client_id(&path)?).await?;
    if client.auth_method == "none" {
        return Err(clients::no_secret().into());
    }
    let RotateForm { overlap: typed, password, was, once } = form.0;
    let mut problems = Problems::default();
    let overlap =
        problems.keep(Overlap::parse(&typed).ok_or_else(|| {
            Error::field("overlap", "Present secret: choose when it stops working.")
        }));
    let overlap = match problems.unless(overlap, Password::Asked(&password)) {
        Ok(overlap) => overlap,
        Err(errors) => return Ok(ask(&ctx, &request, &viewer, client, typed, errors)?),
    };
    let proof = match login::reconfirm(&ctx, &viewer.actor, &password).await {
        Ok(proof) => proof,
        Err(error) if is_of_the_form(error.code) => {
            let errors = vec![of_the_password(error)];
            return Ok(ask(&ctx, &request, &viewer, client, typed, errors)?);
        }
        Err(error) => return Err(error.into()),
    };
    let done = clients::rotate(&ctx, &viewer.actor, proof, client.id, overlap, was, once).await;
    let secret = match done {
        Ok(secret) => secret,
        Err(error) if matches!(error.code, ErrorCode::Conflict | ErrorCode::InvalidRequest) => {
            let client = clients::details(&ctx, client.id).await?;
            return Ok(ask(&ctx, &request, &viewer, client, typed, vec![error])?);
        }
        Err(error) => return Err(error.into()),
    };
    let old = match overlap {
        Overlap::None => "The old secret has stopped working.",
        Overlap::Hour => "The old secret works for another hour.",
        Overlap::Day => "The old secret works for another 24 hours.",
    };
    let shell = Shell { path: PATH.to_owned(), ..Shell::new(&ctx, &request, &viewer) };
    let (path, secret) = (path_of(Whom::Client(client.id)), secret.expose().to_owned());
    let page = SecretPage::replaced(shell, client.name, client.client_id, secret, old, path);
    Ok(render(&page)?)
}

fn ask(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    client: DetailRow,
    overlap: String,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let template = RotatePage {
        shell: Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) },
        errors,
        path: path_of(Whom::Client(client.id)),
        old_until: client.old_secret_until(ctx.clock.now()),
        seen: clients::seen_secret(&client),
        once: Once::fresh(),
        client,
        overlap,
        username: viewer.user.email.clone(),
    };
    form_with(&template, &template.errors)
}
