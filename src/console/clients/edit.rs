//! Editing a client that was registered by hand: the form it was registered with, filled.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};

use super::acts::is_of_the_form;
use super::manual::{Edited, NewForm, page};
use super::{path_of, whom};
use crate::error::{Error, ErrorCode, Result};
use crate::service::clients::{self, NewManual, Whom};
use crate::service::{Ctx, login};
use crate::store::clients::{DetailRow, Told};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::see_other;
use crate::web::viewer::{Admin, ManageClients};

/// The client of a path, which must have been registered by hand.
///
/// # Errors
/// `not_found`, `conflict`, or that the database cannot answer.
pub(super) async fn by_hand(ctx: &Ctx, path: &str) -> Result<DetailRow> {
    let Whom::Client(id) = whom(path)? else {
        return Err(Error::not_found("There is no such client."));
    };
    let client = clients::details(ctx, id).await?;
    if clients::is_by_hand(&client) { Ok(client) } else { Err(clients::not_by_hand()) }
}

fn edited(client: &DetailRow, was: String) -> Edited {
    Edited { name: client.name.clone(), path: path_of(Whom::Client(client.id)), was }
}

/// What is seen of a client, as the form carries it: the name and then its redirect URIs, a line
/// each. A name is one line.
fn seen(client: &DetailRow) -> String {
    format!("{}\n{}", client.name, client.redirect_uris)
}

fn told(was: &str) -> Result<Told> {
    // Browsers send line ends of forms as CR LF.
    let was = was.replace("\r\n", "\n");
    let (name, uris) = was.split_once('\n').ok_or_else(|| {
        Error::new(
            ErrorCode::InvalidRequest,
            "The form did not arrive whole. Nothing was changed. Open it again.",
        )
    })?;
    Ok(Told { name: name.to_owned(), redirect_uris: uris.to_owned() })
}

/// `GET /admin/mcp/clients/{client}/edit`.
///
/// # Errors
/// `not_found`; `conflict` for a client that was not registered by hand; or that the database cannot
/// answer.
pub async fn edit_form(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageClients>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let client = by_hand(&ctx, &path).await?;
    let form = NewForm {
        name: client.name.clone(),
        redirect_uris: client.redirect_uris.clone(),
        ..NewForm::default()
    };
    let edited = edited(&client, seen(&client));
    Ok(page(&ctx, &request, &viewer, form, Some(edited), Vec::new())?)
}

/// `POST /admin/mcp/clients/{client}/edit`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; what is wrong with the form, and that somebody
/// else was first, show it again.
pub async fn edit(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageClients>,
    session: Session,
    path: web::Path<String>,
    form: Form<NewForm>,
) -> Result<HttpResponse, Failure> {
    let client = by_hand(&ctx, &path).await?;
    let form = form.0;
    let was = told(&form.was)?;
    let wanted = NewManual {
        name: form.name.clone(),
        redirect_uris: form.redirect_uris.clone(),
        auth_method: client.auth_method.clone(),
    };
    let edited = edited(&client, form.was.clone());
    // Before the password, whose failures count.
    if let Err(errors) = clients::check(&wanted) {
        return Ok(page(&ctx, &request, &viewer, form, Some(edited), errors)?);
    }
    let done = match login::reconfirm(&ctx, &viewer.actor, &form.password).await {
        Ok(proof) => clients::change(&ctx, &viewer.actor, proof, client.id, was, wanted).await,
        Err(error) if is_of_the_form(error.code) => {
            Err(Error { param: error.param.or(Some("password".into())), ..error })
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => {
            let text = format!(
                "Saved {}. It counts from the next approval on; connections stay.",
                form.name.trim()
            );
            flash::put(&session, Tone::Ok, text);
            Ok(see_other(&edited.path))
        }
        Err(error) if is_of_the_form(error.code) || error.code == ErrorCode::Conflict => {
            Ok(page(&ctx, &request, &viewer, form, Some(edited), vec![error])?)
        }
        Err(error) => Err(error.into()),
    }
}
