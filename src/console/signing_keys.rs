//! System → AI Agent Connector → Signing keys: what signs access tokens, and replacing it now.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::clock::Timestamp;
use crate::console::steps::{Change, Confirm, Fields, is_of_the_form};
use crate::domain::access::Permission;
use crate::error::{Error, Result};
use crate::service::keys::{self, Old};
use crate::service::{Ctx, login};
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

/// What `GET /admin/mcp/keys/rotate` is asked with.
#[derive(Debug, Deserialize)]
pub struct RotateQuery {
    /// `yes` if the old key may have been copied.
    leaked: Option<String>,
}

fn old(leaked: Option<&str>) -> Old {
    if leaked == Some("yes") { Old::Forgotten } else { Old::Verify }
}

/// `GET /admin/mcp/keys/rotate`.
///
/// # Errors
/// When the database cannot answer.
pub async fn confirm_rotate(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageSettings>,
    query: web::Query<RotateQuery>,
) -> Result<HttpResponse, Failure> {
    Ok(ask(&ctx, &request, &viewer, old(query.leaked.as_deref()), None).await?)
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
    let old = old(Some(fields.one("leaked")));
    let done = match login::reconfirm(&ctx, &viewer.actor, fields.one("password")).await {
        Ok(proof) => {
            keys::rotate_confirmed(&ctx, &viewer.actor, proof, fields.one("seen"), old).await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(kid) => {
            let then = match old {
                Old::Verify => "Nobody was disconnected.",
                Old::Forgotten => "What other keys have signed is refused.",
            };
            let text =
                format!("New tokens are signed with {kid} from now on, on every server. {then}");
            flash::put(&session, Tone::Ok, text);
            Ok(see_other(PATH))
        }
        Err(error) if is_of_the_form(&error) => {
            Ok(ask(&ctx, &request, &viewer, old, Some(error)).await?)
        }
        Err(error) => Err(error.into()),
    }
}

async fn ask(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    old: Old,
    error: Option<Error>,
) -> Result<HttpResponse> {
    let keys = keys::list(ctx).await?;
    let seen = keys::in_use(&keys).map(|key| key.kid.clone()).unwrap_or_default();
    let page = Confirm {
        heading: match old {
            Old::Verify => "Rotate the signing key?".into(),
            Old::Forgotten => "Replace a signing key that has leaked?".into(),
        },
        crumbs: vec![
            ("AI Agent Connector".into(), String::new()),
            ("Signing keys".into(), PATH.into()),
        ],
        changes: changes(&seen, old),
        action: format!("{PATH}/rotate"),
        fields: match old {
            Old::Verify => vec![("seen", seen)],
            Old::Forgotten => vec![("seen", seen), ("leaked", "yes".into())],
        },
        verb: match old {
            Old::Verify => "Rotate now",
            Old::Forgotten => "Replace it now",
        },
        has_form: false,
        ..Confirm::new(ctx, request, viewer, PATH)
    };
    page.answer(error)
}

/// What it does, in words.
fn changes(seen: &str, old: Old) -> Vec<Change> {
    let signs = Change::note("A new key signs access tokens at once, on every server.");
    match old {
        Old::Verify => vec![
            signs,
            Change::note(format!(
                "What {seen} has signed is accepted until it expires: nobody is disconnected and nobody has to approve anything again."
            )),
            Change::note(
                "It ends no token. If somebody may have got hold of tokens, revoke these instead; of the key itself, choose “A key has leaked”.",
            ),
        ],
        Old::Forgotten => vec![
            signs,
            Change::note(format!(
                "The very next request with anything that {seen} or an older key has signed is refused."
            )),
            Change::note(
                "Clients that are connected get themselves a new access token by their refresh token: nobody has to approve anything again.",
            ),
            Change::note(
                "Whoever copied the key may have copied the database and the secret too. Revoke everything on the overview, and see to the machine.",
            ),
        ],
    }
}
