//! `/oauth/authorize`: shows what a client asks for, takes the person's decision.
//!
//! Looking grants nothing (checklist E12): a request is kept under a random handle, bound to the
//! person and session that see it, and used up by the decision.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::oauth_error::OAuthErrorCode;
use crate::domain::prompt::Prompt;
use crate::domain::scope::ScopeSet;
use crate::error::{Error, Result};
use crate::oauth::consent_page::{Answered, Asking};
use crate::oauth::parameters::Parameters;
use crate::secrets::PlainSecret;
use crate::service::Ctx;
use crate::service::consent::{self, Asked, Decider, Decision, Refused, Request, waiting};
use crate::service::people;
use crate::store::clients::ClientRow;
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::page::{Shell, see_other};
use crate::web::session::{session_id, signed_in_at};
use crate::web::viewer::{Viewer, Visitor};

#[derive(Template)]
#[template(path = "consent_refused.html")]
struct RefusedPage<'a> {
    shell: Shell,
    client: &'a str,
    user_email: &'a str,
    administrators: Vec<(String, String)>,
    location: &'a str,
}

/// `GET /oauth/authorize`, with a client's parameters or, after signing in, `?continue=`.
///
/// # Errors
/// A page for a bad client or redirect URI; everything else goes back to the client.
pub async fn ask(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    visitor: Visitor,
) -> Result<HttpResponse, Failure> {
    let parameters = Parameters::parse(request.query_string().as_bytes());
    let parked = parameters.get("continue").map(PlainSecret::presented);
    let checked =
        waiting::check_for(&ctx, &visitor.actor, parked.as_ref(), asked(&parameters)).await;
    let (wanted, client) = match checked {
        Ok(checked) => checked,
        Err(Refused::SignInFirst { handle }) => {
            return Ok(see_other(&format!("/login?continue={}", handle.expose())));
        }
        Err(Refused::Page(error)) => return Err(error.into()),
        Err(Refused::Redirect { location }) => return Ok(see_other(&location)),
    };
    let is_silent = wanted.prompt == Prompt::Silent;
    let (signed_in, visitor_actor) = (visitor.user.is_some(), visitor.actor.clone());
    let Some((user, decider)) = decider(&request, visitor, &wanted) else {
        if is_silent {
            return back(&ctx, &wanted, OAuthErrorCode::LoginRequired, "nobody is signed in");
        }
        let handle = match parked {
            Some(handle) => handle,
            None => consent::park(&ctx, &visitor_actor, &wanted, &client).await?,
        };
        let again = if signed_in { "&again=1" } else { "" };
        return Ok(see_other(&format!("/login?continue={}{again}", handle.expose())));
    };
    if !user.mcp_enabled {
        if is_silent {
            return Ok(see_other(&consent::denied_location(&ctx, &wanted)?));
        }
        return refused(&ctx, &request, &wanted, &client, &user).await;
    }
    if wanted.prompt.may_be_remembered()
        && let Some(location) = consent::remembered(&ctx, &decider, &wanted, &client).await?
    {
        return Ok(see_other(&location));
    }
    if is_silent {
        return back(&ctx, &wanted, OAuthErrorCode::ConsentRequired, "the person must be asked");
    }
    let handle = consent::present(&ctx, &wanted, &client, user.id, &decider.session).await?;
    let asking = Asking { wanted: &wanted, client: &client, user: &user, handle: &handle };
    Ok(asking.show(&ctx, &request, None).await?)
}

/// The form of the consent page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DecisionForm {
    handle: String,
    decision: String,
    scope: Vec<String>,
}

/// `POST /oauth/authorize`: carries the decision out and sends the browser back. What lacks
/// something is shown again, still undecided; another account starts over with signing in.
///
/// # Errors
/// When the request was decided already, is too old, or was shown to somebody else.
pub async fn decide(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
    form: Form<DecisionForm>,
) -> Result<HttpResponse, Failure> {
    let form = form.0;
    let handle = PlainSecret::presented(form.handle.as_str());
    let decision = match form.decision.as_str() {
        "authorize" => {
            let chosen = ScopeSet::parse_known(&form.scope.join(" "));
            let answered = Answered { chosen: &chosen };
            if !answered.problems().is_empty() {
                let (wanted, client) =
                    consent::shown(&ctx, &handle, viewer.user.id, &viewer.session).await?;
                let asking = Asking {
                    wanted: &wanted,
                    client: &client,
                    user: &viewer.user,
                    handle: &handle,
                };
                return Ok(asking.show(&ctx, &request, Some(answered)).await?);
            }
            Decision::Authorize(chosen)
        }
        "deny" => Decision::Deny,
        "switch" => {
            let (wanted, client) =
                consent::shown(&ctx, &handle, viewer.user.id, &viewer.session).await?;
            let parked = consent::park(&ctx, &viewer.actor, &wanted, &client).await?;
            return Ok(see_other(&format!("/login?continue={}&again=1", parked.expose())));
        }
        _ => return Err(Error::field("decision", "Choose Authorize or Deny.").into()),
    };
    let signed_in_at = signed_in_at(&request).unwrap_or_else(|| ctx.clock.now());
    let Viewer { user, session, actor, .. } = viewer;
    let decider = Decider { actor, user: user.id, session, signed_in_at };
    Ok(see_other(&consent::decide(&ctx, &decider, &handle, decision).await?))
}

/// The person who may decide: signed in, and lately enough for this request.
fn decider(
    request: &HttpRequest,
    visitor: Visitor,
    wanted: &Request,
) -> Option<(UserRow, Decider)> {
    let user = visitor.user?;
    let (session, signed_in_at) = (session_id(request)?, signed_in_at(request)?);
    let is_recent = wanted.signed_in_since.is_none_or(|since| signed_in_at >= since);
    let decider = Decider { actor: visitor.actor, user: user.id, session, signed_in_at };
    is_recent.then_some((user, decider))
}

/// An error that goes straight back to the client.
fn back(
    ctx: &Ctx,
    wanted: &Request,
    code: OAuthErrorCode,
    description: &'static str,
) -> Result<HttpResponse, Failure> {
    Ok(see_other(&consent::error_location(ctx, wanted, code, description)?))
}

fn asked(parameters: &Parameters) -> Asked {
    Asked {
        client_id: parameters.get("client_id"),
        redirect_uri: parameters.get("redirect_uri"),
        response_type: parameters.get("response_type"),
        response_mode: parameters.get("response_mode"),
        scope: parameters.get("scope"),
        state: parameters.get("state"),
        code_challenge: parameters.get("code_challenge"),
        code_challenge_method: parameters.get("code_challenge_method"),
        resource: parameters.all("resource"),
        nonce: parameters.get("nonce"),
        prompt: parameters.get("prompt"),
        max_age: parameters.get("max_age"),
        has_request: parameters.get("request").is_some(),
        has_request_uri: parameters.get("request_uri").is_some(),
        asked_at: None,
        repeated: parameters.repeated(),
    }
}

/// The page for a person who may not connect anything: whom to ask, and the way back.
async fn refused(
    ctx: &Ctx,
    request: &HttpRequest,
    wanted: &Request,
    client: &ClientRow,
    user: &UserRow,
) -> Result<HttpResponse, Failure> {
    let page = RefusedPage {
        shell: Shell::gate(ctx, request),
        client: &client.name,
        user_email: &user.email,
        administrators: people::administrators(ctx).await?,
        location: &consent::denied_location(ctx, wanted)?,
    };
    Ok(crate::web::page::render_with_status(&page, 403)?)
}
