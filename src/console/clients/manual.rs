//! Registering a client by hand. Its secret is on the page that answers, once, and nowhere else.

use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::acts::is_of_the_form;
use super::path_of;
use super::query::PATH;
use crate::error::{Error, ErrorCode, Result};
use crate::service::clients::{self, NewManual, Registered, Whom};
use crate::service::forms::Once;
use crate::service::{Ctx, login};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::form::Form;
use crate::web::page::{Shell, render, render_with_status};
use crate::web::viewer::{Admin, ManageClients, Viewer};

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewForm {
    pub(super) name: String,
    pub(super) redirect_uris: String,
    pub(super) auth_method: String,
    pub(super) password: String,
    /// What tells one form from another, of a client that is to be made.
    pub(super) once: Once,
    /// What was seen of a client that is edited.
    pub(super) was: String,
}

/// A client that is edited.
pub(super) struct Edited {
    pub name: String,
    /// Its page.
    pub path: String,
    /// What was seen of it.
    pub was: String,
}

#[derive(Template)]
#[template(path = "client_new.html")]
struct NewPage {
    shell: Shell,
    errors: Vec<Error>,
    /// Those of the password's field.
    password_errors: Vec<Error>,
    form: NewForm,
    /// Random text of this form: one form makes one client.
    once: Once,
    /// Nothing for a client that is to be made.
    edited: Option<Edited>,
    username: String,
}

impl NewPage {
    fn heading(&self) -> String {
        match &self.edited {
            Some(edited) => format!("Edit {}", edited.name),
            None => "Register a client".into(),
        }
    }

    fn action(&self) -> String {
        match &self.edited {
            Some(edited) => format!("{}/edit", edited.path),
            None => format!("{PATH}/new"),
        }
    }

    fn problem(&self, name: &str) -> Option<&str> {
        self.errors
            .iter()
            .find(|error| error.param.as_deref() == Some(name))
            .map(|error| error.message.as_ref())
    }
}

/// `GET /admin/mcp/clients/new`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageClients>,
) -> Result<HttpResponse, Failure> {
    let form = NewForm { auth_method: "client_secret_basic".into(), ..NewForm::default() };
    Ok(page(&ctx, &request, &viewer, form, None, Vec::new())?)
}

/// `POST /admin/mcp/clients/new`.
///
/// # Errors
/// That the database cannot answer; what is wrong with the form shows it again.
pub async fn register(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageClients>,
    form: Form<NewForm>,
) -> Result<HttpResponse, Failure> {
    let form = form.0;
    let wanted = NewManual {
        name: form.name.clone(),
        redirect_uris: form.redirect_uris.clone(),
        auth_method: form.auth_method.clone(),
    };
    // Before the password, whose failures count.
    if let Err(errors) = clients::check(&wanted) {
        return Ok(page(&ctx, &request, &viewer, form, None, errors)?);
    }
    let proof = match login::reconfirm(&ctx, &viewer.actor, &form.password).await {
        Ok(proof) => proof,
        Err(error) if is_of_the_form(error.code) => {
            let error = Error { param: error.param.or(Some("password".into())), ..error };
            return Ok(page(&ctx, &request, &viewer, form, None, vec![error])?);
        }
        Err(error) => return Err(error.into()),
    };
    let name = wanted.name.trim().to_owned();
    match clients::register(&ctx, &viewer.actor, proof, wanted, form.once.clone()).await {
        Ok(registered) => Ok(made(&ctx, &request, &viewer, name, registered)?),
        Err(error) if matches!(error.code, ErrorCode::Conflict | ErrorCode::InvalidRequest) => {
            Ok(page(&ctx, &request, &viewer, form, None, vec![error])?)
        }
        Err(error) => Err(error.into()),
    }
}

/// The form, for a new client or for one that is edited, with what is wrong.
pub(super) fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    form: NewForm,
    edited: Option<Edited>,
    errors: Vec<Error>,
) -> Result<HttpResponse> {
    let status = errors.first().map_or(200, |error| error.code.status());
    let retry_after = errors.iter().find_map(|error| error.retry_after);
    let template = NewPage {
        shell: Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) },
        password_errors: errors
            .iter()
            .filter(|error| error.param.as_deref() == Some("password"))
            .map(|error| Error::field("password", error.message.clone()))
            .collect(),
        errors,
        form,
        once: Once::fresh(),
        edited,
        username: viewer.user.email.clone(),
    };
    let mut response = render_with_status(&template, status)?;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "client_secret.html")]
pub(super) struct SecretPage {
    shell: Shell,
    name: String,
    client_id: String,
    secret: Option<String>,
    /// What was done.
    heading: String,
    /// What about the old secret, if there was one.
    old: Option<&'static str>,
    path: String,
}

fn made(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    name: String,
    registered: Registered,
) -> Result<HttpResponse> {
    let template = SecretPage {
        shell: Shell { path: PATH.to_owned(), ..Shell::new(ctx, request, viewer) },
        heading: format!("{name} is registered"),
        name,
        client_id: registered.client_id,
        secret: registered.secret.map(|secret| secret.expose().to_owned()),
        old: None,
        path: path_of(Whom::Client(registered.id)),
    };
    render(&template)
}

impl SecretPage {
    /// The page after a secret was replaced.
    pub(super) fn replaced(
        shell: Shell,
        name: String,
        client_id: String,
        secret: String,
        old: &'static str,
        path: String,
    ) -> Self {
        let heading = format!("{name} has a new secret");
        Self { shell, name, client_id, secret: Some(secret), heading, old: Some(old), path }
    }
}
