//! The tab API Keys: a person's keys of the REST API, and revoking one. As for tokens, that asks for
//! a confirmation and never for a password: dropping the gate must be quick (contract §9).

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::href;
use super::sessions::Nothing;
use crate::console::api_keys::{KeyLine, key_id};
use crate::console::mcp_users::user_id;
use crate::error::Result;
use crate::service::revoke::Revoked;
use crate::service::{Ctx, api_keys, people};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, render, see_other};
use crate::web::viewer::{Admin, RevokeTokens};

/// The tab.
pub(super) struct KeysTab {
    /// Those that nobody revoked first.
    pub lines: Vec<KeyLine>,
    /// How many there are.
    pub total: i64,
    /// The account's plan, if it gives no API access.
    pub plan_without: Option<String>,
}

impl KeysTab {
    /// Reads it.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn load(ctx: &Ctx, user: &UserRow) -> Result<Self> {
        let now = ctx.clock.now();
        let keys = api_keys::of_person(ctx, user.id).await?;
        Ok(Self {
            total: keys.total,
            lines: keys.rows.into_iter().map(|row| KeyLine::new(row, now)).collect(),
            plan_without: api_keys::plan_without_access(ctx, user.account_id).await?,
        })
    }
}

#[derive(Template)]
#[template(path = "user_key_revoke.html")]
struct RevokePage {
    shell: Shell,
    user: UserRow,
    key: KeyLine,
    /// Where Cancel leads.
    tab: String,
}

/// `GET /admin/users/{user}/keys/{key}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn confirm_revoke(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<RevokeTokens>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path.0)?).await?;
    let row = api_keys::one_of(&ctx, user.id, key_id(&path.1)?).await?;
    let template = RevokePage {
        shell: Shell { path: href(&user, ""), ..Shell::new(&ctx, &request, &viewer) },
        key: KeyLine::new(row, ctx.clock.now()),
        tab: href(&user, "keys"),
        user,
    };
    Ok(render(&template)?)
}

/// `POST /admin/users/{user}/keys/{key}/revoke`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn revoke(
    ctx: web::Data<Ctx>,
    viewer: Admin<RevokeTokens>,
    session: Session,
    path: web::Path<(String, String)>,
    _form: Form<Nothing>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path.0)?).await?;
    let id = key_id(&path.1)?;
    let key = api_keys::one_of(&ctx, user.id, id).await?.name;
    let (tone, text) = match api_keys::revoke(&ctx, &viewer.actor, user.id, id).await? {
        Revoked::Now => (
            Tone::Ok,
            format!(
                "Revoked the key “{key}” of {}. The very next request with it is refused.",
                user.name
            ),
        ),
        Revoked::Already => (
            Tone::Warn,
            format!("The key “{key}” of {} had ended already. Nothing was changed.", user.name),
        ),
    };
    flash::put(&session, tone, text);
    Ok(see_other(&href(&user, "keys")))
}
