//! Dashboard → Settings → API keys: a person's own keys of the REST API.

mod form;
mod revoke;
mod rotate;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::clock::Timestamp;
use crate::domain::grant::TokenStatus;
use crate::domain::scope::{ScopeRow, ScopeSet};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::ApiKeyId;
use crate::secrets::PlainSecret;
use crate::service::Ctx;
use crate::service::api_keys as service;
use crate::store::api_keys::KeyRow;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::Viewer;

pub use form::{create, form};
pub use revoke::{confirm_revoke, revoke};
pub use rotate::{ask_rotate, rotate};

/// The page.
pub(super) const PATH: &str = "/dashboard/settings/api-keys";

/// A key as it is shown.
pub(super) struct KeyLine {
    pub id: ApiKeyId,
    pub name: String,
    pub ending: String,
    pub status: TokenStatus,
    /// It works beside the key that replaces it.
    pub is_replaced: bool,
    pub scopes: Vec<&'static ScopeRow>,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
}

impl KeyLine {
    pub fn new(row: KeyRow, now: Timestamp) -> Self {
        Self {
            id: row.id,
            status: row.status(now),
            is_replaced: row.replaced_by.is_some(),
            scopes: ScopeSet::parse_known(&row.scopes).iter().map(|scope| scope.row()).collect(),
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            name: row.name,
            ending: row.ending,
        }
    }

    pub fn is_active(&self) -> bool {
        self.status == TokenStatus::Active
    }

    /// Whether it can be rotated: once.
    fn may_rotate(&self) -> bool {
        self.is_active() && !self.is_replaced
    }
}

#[derive(Template)]
#[template(path = "api_keys.html")]
struct KeysPage {
    shell: Shell,
    now: Timestamp,
    keys: Vec<KeyLine>,
    /// The account's plan, if it gives no API access.
    plan_without: Option<String>,
    examples: Examples,
}

/// Calls to try, filled in with this server's address.
struct Examples {
    usage: String,
    search: String,
    reveal: String,
}

impl Examples {
    /// With a key, or with a place for one.
    fn new(ctx: &Ctx, key: Option<&PlainSecret>) -> Self {
        let (base, key) = (&ctx.config.public_url, key.map_or("pc_key_…", PlainSecret::expose));
        let head = format!("-H 'Authorization: Bearer {key}'");
        let json = "-H 'Content-Type: application/json'";
        Self {
            usage: format!("curl {base}/api/v1/usage \\\n  {head}"),
            search: format!(
                "curl {base}/api/v1/stores/search \\\n  {head} \\\n  {json} \\\n  -d '{{\"filters\": {{\"country\": [\"DE\"]}}, \"limit\": 10}}'"
            ),
            reveal: format!(
                "curl {base}/api/v1/contacts/reveal \\\n  {head} \\\n  {json} \\\n  -H 'Idempotency-Key: my-first-reveal' \\\n  -d '{{\"contact_ids\": [\"ct_…\"]}}'"
            ),
        }
    }
}

/// `GET /dashboard/settings/api-keys`.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let now = ctx.clock.now();
    let keys = service::of_person(&ctx, viewer.user.id).await?;
    let template = KeysPage {
        shell: Shell::of_gate(&ctx, &request, &viewer).await?,
        now,
        keys: keys.into_iter().map(|row| KeyLine::new(row, now)).collect(),
        plan_without: service::plan_without_access(&ctx, viewer.user.account_id).await?,
        examples: Examples::new(&ctx, None),
    };
    Ok(render(&template)?)
}

#[derive(Template)]
#[template(path = "api_key.html")]
struct SecretPage {
    shell: Shell,
    name: String,
    secret: String,
    /// How long the key that it replaces goes on working, hours.
    overlap: Option<i64>,
    examples: Examples,
}

/// The one answer that shows a key.
fn shown_once(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    name: &str,
    secret: &PlainSecret,
    overlap: Option<i64>,
) -> Result<HttpResponse> {
    let template = SecretPage {
        shell: Shell::new(ctx, request, viewer),
        name: name.trim().to_owned(),
        secret: secret.expose().to_owned(),
        overlap,
        examples: Examples::new(ctx, Some(secret)),
    };
    let mut response = render(&template)?;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Gives a form that is shown again the status of what is wrong with it.
fn refused(
    mut response: HttpResponse,
    status: u16,
    retry_after: Option<i64>,
) -> Result<HttpResponse> {
    *response.status_mut() = StatusCode::from_u16(status).map_err(Error::internal)?;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// Whether a refusal is told on the form.
fn is_of_the_form(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InvalidRequest
            | ErrorCode::WrongPassword
            | ErrorCode::RateLimitExceeded
            | ErrorCode::PermissionDenied
            | ErrorCode::Conflict
    )
}

/// Checks the password; what is wrong is the field's, the throttle too.
async fn proof(
    ctx: &Ctx,
    viewer: &Viewer,
    password: &str,
) -> Result<crate::service::login::Reconfirmed> {
    crate::service::login::reconfirm(ctx, &viewer.actor, password)
        .await
        .map_err(|error| Error { param: error.param.or(Some("password".into())), ..error })
}

/// The form did not bring what tells one sending of it from another.
fn incomplete() -> Error {
    Error::new(
        ErrorCode::InvalidRequest,
        "The form did not arrive whole. Check it and send it again.",
    )
}

/// The key a path names. What cannot be an id is a key that is not there.
pub(super) fn key_id(segment: &str) -> Result<ApiKeyId, Error> {
    segment.parse().map_err(|_| Error::not_found("There is no such key."))
}
