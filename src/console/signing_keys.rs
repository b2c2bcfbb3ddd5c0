//! System → AI Agent Connector → Signing keys: what signs access tokens, and replacing it now.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::clock::Timestamp;
use crate::console::steps::{Change, Confirm, Fields, is_of_the_form};
use crate::domain::access::Permission;
use crate::error::{Error, Result};
use crate::service::{Ctx, keys, login};
use crate::store::keys::SigningKeyRow;
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render, see_other};
use crate::web::viewer::{Admin, ManageSettings, ViewSettings, Viewer};

/// Where the screen is.
const PATH: &str = "/admin/mcp/keys";

#[derive(Template)]
#[template(path = "signing_keys.html")]
struct KeysPage {
    shell: Shell,
    now: Timestamp,
    keys: Vec<SigningKeyRow>,
}

/// `GET /admin/mcp/keys`.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewSettings>,
) -> Result<HttpResponse, Failure> {
    let template = KeysPage {
        shell: Shell::new(&ctx, &request, &viewer),
        now: ctx.clock.now(),
        keys: keys::list(&ctx).await?,
    };
    Ok(render(&template)?)
}

/// `GET /admin/mcp/keys/rotate`.
///
/// # Errors
/// When the database cannot answer.
pub async fn confirm_rotate(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageSettings>,
) -> Result<HttpResponse, Failure> {
    Ok(ask(&ctx, &request, &viewer, None).await?)
}

/// `POST /admin/mcp/keys/rotate`.
///
/// # Errors
/// That the database cannot answer; a wrong password, and that somebody else was first, show the
/// page again.
pub async fn rotate(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageSettings>,
    session: Session,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let fields = Fields(form.0);
    let done = match login::reconfirm(&ctx, &viewer.actor, fields.one("password")).await {
        Ok(proof) => keys::rotate_confirmed(&ctx, &viewer.actor, proof, fields.one("seen")).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(kid) => {
            let text = format!(
                "New tokens are signed with {kid} from now on, on every server. Nobody was disconnected."
            );
            flash::put(&session, Tone::Ok, text);
            Ok(see_other(PATH))
        }
        Err(error) if is_of_the_form(&error) => {
            Ok(ask(&ctx, &request, &viewer, Some(error)).await?)
        }
        Err(error) => Err(error.into()),
    }
}

async fn ask(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    error: Option<Error>,
) -> Result<HttpResponse> {
    let keys = keys::list(ctx).await?;
    let seen = keys::in_use(&keys).map(|key| key.kid.clone()).unwrap_or_default();
    let page = Confirm {
        heading: "Rotate the signing key?".into(),
        crumbs: vec![
            ("AI Agent Connector".into(), String::new()),
            ("Signing keys".into(), PATH.into()),
        ],
        changes: vec![
            Change::note("A new key signs access tokens at once, on every server."),
            Change::note(format!(
                "What {seen} has signed is accepted until it expires: nobody is disconnected and nobody has to approve anything again."
            )),
            Change::note(
                "It ends no token. If somebody may have got hold of tokens, revoke these instead.",
            ),
        ],
        action: format!("{PATH}/rotate"),
        fields: vec![("seen", seen)],
        verb: "Rotate now",
        has_form: false,
        ..Confirm::new(ctx, request, viewer, PATH)
    };
    page.answer(error)
}
