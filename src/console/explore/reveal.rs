//! Revealing contacts in the browser: the page that names the price, and the spending.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Pays, call, caller, contacts, looker};
use crate::console::mcp_users::parts;
use crate::domain::credit::RevealOutcome;
use crate::domain::tool::Tool;
use crate::error::Error;
use crate::service::Ctx;
use crate::service::calls::Caller;
use crate::service::reveal::{self, Quote};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render_with_status, see_other};
use crate::web::viewer::Viewer;

#[derive(Template)]
#[template(path = "explore_reveal.html")]
struct RevealPage {
    shell: Shell,
    errors: Vec<Error>,
    quote: Option<Quote>,
    /// Makes the same form, sent twice, one reveal.
    key: String,
}

/// `GET /dashboard/contacts/reveal?id=…`: says what it would cost. Nothing is counted.
///
/// # Errors
/// When the role does not include revealing, or the database cannot answer.
pub async fn confirm(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let ids = form_urlencoded::parse(request.query_string().as_bytes());
    let ids = ids.filter(|(name, _)| name == "id").map(|(_, id)| id.into_owned()).collect();
    let caller = looker(&ctx, &request, &viewer, Tool::RevealContacts).await?;
    page(&ctx, &request, &viewer, &caller, ids, Vec::new()).await
}

/// What is posted.
#[derive(Debug, Deserialize)]
pub struct Posted {
    /// The contacts.
    #[serde(default)]
    id: Vec<String>,
    /// The form's own key.
    #[serde(default)]
    key: String,
}

/// The counts of a reveal's answer.
#[derive(Deserialize)]
struct Answer {
    data: Vec<Value>,
    credits_spent: i64,
    credits_remaining: i64,
}

/// `POST /dashboard/contacts/reveal`: spends and leads to what was revealed.
///
/// # Errors
/// When the role does not include revealing, or the database cannot answer.
pub async fn submit(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    session: Session,
    form: Form<Posted>,
) -> Result<HttpResponse, Failure> {
    let Posted { id, key } = form.0;
    let caller = caller(&ctx, &request, &viewer, Tool::RevealContacts).await?;
    let key = (!key.is_empty()).then_some(key);
    let arguments =
        json!({ "contact_ids": id, "confirm_spend_credits": true, "idempotency_key": key });
    let answer: Answer = match call(&ctx, &caller, Tool::RevealContacts, arguments, Pays::Now).await
    {
        Ok(answer) => answer,
        Err(error) => return page(&ctx, &request, &viewer, &caller, id, vec![error]).await,
    };
    let shown = answer.data.iter().filter(|one| !one["contact"].is_null()).count();
    flash::put(
        &session,
        Tone::Ok,
        format!(
            "{shown} {} for {}; {} left this month.",
            if shown == 1 { "contact revealed" } else { "contacts revealed" },
            credits(answer.credits_spent),
            credits(answer.credits_remaining)
        ),
    );
    Ok(see_other("/dashboard/contacts/revealed"))
}

async fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    caller: &Caller,
    ids: Vec<String>,
    mut errors: Vec<Error>,
) -> Result<HttpResponse, Failure> {
    let quote = match reveal::quote(ctx, (&caller.principal).into(), ids).await {
        Ok(quote) => Some(quote),
        Err(error) if error.code.status() == 400 => {
            errors.push(error);
            None
        }
        Err(error) => return Err(error.into()),
    };
    let status = errors.first().map_or(200, |error| error.code.status());
    let template = RevealPage {
        shell: Shell::new(ctx, request, viewer),
        errors: errors.into_iter().map(|error| Error { param: None, ..error }).collect(),
        quote,
        key: uuid::Uuid::new_v4().to_string(),
    };
    Ok(render_with_status(&template, status)?)
}

fn credits(amount: i64) -> String {
    if amount == 1 { "1 credit".into() } else { format!("{} credits", parts::number(&amount)) }
}

/// What becomes of a contact, in words.
fn words(outcome: &RevealOutcome) -> &'static str {
    match outcome {
        RevealOutcome::Revealed => "1 credit",
        RevealOutcome::AlreadyRevealed => "Free: your account has paid for it before",
        RevealOutcome::NoSafeChannel => "Free: nothing of it may be shown",
        RevealOutcome::NotFound => "Free: there is no such contact any more",
        RevealOutcome::InvalidContactId => "Free: this is no contact",
    }
}
