//! Acts on a person, each asked for first on a page that says what happens: suspending, letting in
//! again, deleting, taking an invitation back, a link to set a new password.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::href;
use crate::console::mcp_users::tokens::{Live, clients_in_words, lines};
use crate::console::mcp_users::user_id;
use crate::console::problems::of_the_password;
use crate::console::users::{form_with, is_of_the_form, shown_once};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::UserId;
use crate::service::forms::Once;
use crate::service::people::standing::Ended;
use crate::service::people::{self, Link, invite, reset as resets, standing};
use crate::service::{Ctx, access, api_keys, connections, login, sessions, two_factor};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::{Shell, exact, see_other};
use crate::web::viewer::{Admin, ManageUsers, Viewer};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Suspend,
    Reactivate,
    Delete,
    Cancel,
    Reset,
    TwoFactor,
}

impl Act {
    fn verb(self) -> &'static str {
        match self {
            Self::Suspend => "Suspend",
            Self::Reactivate => "Reactivate",
            Self::Delete => "Delete",
            Self::Cancel => "Cancel the invitation of",
            Self::Reset => "Send a password reset to",
            Self::TwoFactor => "Reset two-factor sign-in of",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::Suspend => "Suspend",
            Self::Reactivate => "Reactivate",
            Self::Delete => "Delete user",
            Self::Cancel => "Cancel invitation",
            Self::Reset => "Send password reset",
            Self::TwoFactor => "Reset two-factor",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Reactivate => "reactivate",
            Self::Delete => "delete",
            Self::Cancel => "invitation/cancel",
            Self::Reset => "password-reset",
            Self::TwoFactor => "two-factor",
        }
    }

    /// Whether it takes something away.
    fn is_dangerous(self) -> bool {
        matches!(self, Self::Suspend | Self::Delete | Self::Cancel | Self::TwoFactor)
    }

    /// Whether a reason may be given for it.
    fn takes_reason(self) -> bool {
        matches!(self, Self::Suspend | Self::Delete)
    }

    /// Whether it needs the password of who does it.
    fn needs_password(self) -> bool {
        matches!(self, Self::Delete | Self::TwoFactor | Self::Reset)
    }
}

#[derive(Template)]
#[template(path = "user_act.html")]
struct ActPage {
    shell: Shell,
    errors: Vec<Error>,
    act: Act,
    user: UserRow,
    /// Tokens that work.
    live: Live,
    /// The clients that have them.
    clients: String,
    /// Keys of the REST API that work.
    keys: i64,
    /// Browser sessions.
    sessions: usize,
    /// Whose password is asked for.
    username: String,
    /// Random text of this form: one form makes one link.
    once: Once,
    has_mail: bool,
    /// The reason as typed.
    reason: String,
}

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ActForm {
    password: String,
    reason: String,
    once: Once,
}

macro_rules! ask {
    ($($(#[$doc:meta])* $name:ident($act:expr))+) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// `not_found`; `permission_denied` for somebody who may do more; or that the database cannot
        /// answer.
        pub async fn $name(
            ctx: web::Data<Ctx>,
            request: HttpRequest,
            viewer: Admin<ManageUsers>,
            path: web::Path<String>,
        ) -> Result<HttpResponse, Failure> {
            let user = people::by_id(&ctx, user_id(&path)?).await?;
            people::stand_over(&ctx, &viewer.actor, &user).await?;
            Ok(page(&ctx, &request, &viewer, $act, user, String::new(), None).await?)
        }
    )+};
}
ask! {
    /// `GET /admin/users/{user}/suspend`.
    ask_suspend(Act::Suspend)
    /// `GET /admin/users/{user}/reactivate`.
    ask_reactivate(Act::Reactivate)
    /// `GET /admin/users/{user}/delete`.
    ask_delete(Act::Delete)
    /// `GET /admin/users/{user}/invitation/cancel`.
    ask_cancel(Act::Cancel)
    /// `GET /admin/users/{user}/password-reset`.
    ask_reset(Act::Reset)
    /// `GET /admin/users/{user}/two-factor`.
    ask_two_factor(Act::TwoFactor)
}

async fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    act: Act,
    user: UserRow,
    reason: String,
    error: Option<Error>,
) -> Result<HttpResponse> {
    let tokens = lines(connections::tokens_of(ctx, user.id).await?, ctx.clock.now());
    let template = ActPage {
        shell: Shell { path: href(&user, ""), ..Shell::new(ctx, request, viewer) },
        errors: error.into_iter().collect(),
        act,
        live: Live::of(&tokens),
        clients: clients_in_words(&tokens),
        keys: api_keys::count_active(ctx, user.id).await?,
        sessions: sessions::of(ctx, user.id).await?.len(),
        user,
        username: viewer.user.email.clone(),
        once: Once::fresh(),
        has_mail: ctx.config.smtp.is_some(),
        reason,
    };
    form_with(&template, &template.errors)
}

/// Shows the page again if that is where a refusal is put right or explained.
async fn refused(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    act: Act,
    (user, reason): (UserRow, String),
    error: Error,
) -> Result<HttpResponse, Failure> {
    if is_of_the_form(&error) || error.code == ErrorCode::Conflict {
        return Ok(page(ctx, request, viewer, act, user, reason, Some(error)).await?);
    }
    Err(error.into())
}

/// What ended, in words.
fn ended_in_words(ended: Ended) -> String {
    let count = |count: usize, one: &str, many: &str| {
        format!("{count} {}", if count == 1 { one } else { many })
    };
    format!(
        "{}, {} and {} ended at once.",
        count(ended.tokens, "token", "tokens"),
        count(ended.keys, "API key", "API keys"),
        count(ended.sessions, "session", "sessions")
    )
}

/// `POST /admin/users/{user}/suspend`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; a refusal shows the page again.
pub async fn suspend(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageUsers>,
    session: Session,
    path: web::Path<String>,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let done = match access::because(&viewer.actor, &form.0.reason) {
        Ok(actor) => standing::suspend(&ctx, &actor, user.id).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(Some(ended)) => {
            let text = format!("Suspended {}. {}", user.name, ended_in_words(ended));
            flash::put(&session, Tone::Ok, text);
        }
        Ok(None) => {
            flash::put(&session, Tone::Warn, format!("{} was suspended already.", user.name));
        }
        Err(error) => {
            let typed = (user, form.0.reason);
            return refused(&ctx, &request, &viewer, Act::Suspend, typed, error).await;
        }
    }
    Ok(see_other(&href(&user, "")))
}

/// `POST /admin/users/{user}/reactivate`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn reactivate(
    ctx: web::Data<Ctx>,
    viewer: Admin<ManageUsers>,
    session: Session,
    path: web::Path<String>,
    _form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let (tone, text) = match standing::reactivate(&ctx, &viewer.actor, user.id).await? {
        true if user.invited_at.is_some() => (
            Tone::Ok,
            format!(
                "{} is no longer suspended, but has no password yet, and the invitation that was sent does not work any more: press Invite again to send a new one.",
                user.name
            ),
        ),
        true => (
            Tone::Ok,
            format!(
                "{} may sign in again. Tokens that ended stay ended: AI clients connect anew.",
                user.name
            ),
        ),
        false => (Tone::Warn, format!("{} was not suspended. Nothing was changed.", user.name)),
    };
    flash::put(&session, tone, text);
    Ok(see_other(&href(&user, "")))
}

/// `POST /admin/users/{user}/delete`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; a refusal shows the page again.
pub async fn delete(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageUsers>,
    session: Session,
    path: web::Path<String>,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    match remove(&ctx, &viewer, user.id, &form.0).await {
        Ok(ended) => {
            let text = format!("Deleted {}. {}", user.name, ended_in_words(ended));
            flash::put(&session, Tone::Ok, text);
            Ok(see_other("/admin/users"))
        }
        Err(error) => {
            refused(&ctx, &request, &viewer, Act::Delete, (user, form.0.reason), error).await
        }
    }
}

async fn remove(ctx: &Ctx, viewer: &Viewer, user: UserId, form: &ActForm) -> Result<Ended> {
    let actor = access::because(&viewer.actor, &form.reason)?;
    let proof = login::reconfirm(ctx, &actor, &form.password).await.map_err(of_the_password)?;
    standing::delete(ctx, &actor, proof, user).await
}

/// `POST /admin/users/{user}/invitation/cancel`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; a refusal shows the page again.
pub async fn cancel(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageUsers>,
    session: Session,
    path: web::Path<String>,
    _form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    match invite::cancel(&ctx, &viewer.actor, user.id).await {
        Ok(row) => {
            let text =
                format!("Cancelled the invitation of {}. Its link no longer works.", row.email);
            flash::put(&session, Tone::Ok, text);
            Ok(see_other("/admin/users"))
        }
        Err(error) => {
            refused(&ctx, &request, &viewer, Act::Cancel, (user, String::new()), error).await
        }
    }
}

/// `POST /admin/users/{user}/invitation`: sends it again.
///
/// # Errors
/// `not_found`, `conflict`, or that the database cannot answer.
pub async fn invite_again(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageUsers>,
    session: Session,
    path: web::Path<String>,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let link = invite::again(&ctx, &viewer.actor, user.id, form.0.once).await?;
    let heading = format!("{} is invited again", user.email);
    Ok(handed_over(&ctx, &request, &viewer, &session, &user, (heading, "invitation"), &link)?)
}

/// `POST /admin/users/{user}/password-reset`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; a refusal shows the page again.
pub async fn reset(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageUsers>,
    session: Session,
    path: web::Path<String>,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    match send_reset(&ctx, &viewer, &user, &form.0).await {
        Ok(link) => {
            let about = (format!("{} can set a new password", user.name), "link");
            Ok(handed_over(&ctx, &request, &viewer, &session, &user, about, &link)?)
        }
        Err(error) => {
            refused(&ctx, &request, &viewer, Act::Reset, (user, String::new()), error).await
        }
    }
}

async fn send_reset(ctx: &Ctx, viewer: &Viewer, user: &UserRow, form: &ActForm) -> Result<Link> {
    let proof = login::reconfirm(ctx, &viewer.actor, &form.password).await;
    let proof = proof.map_err(of_the_password)?;
    resets::send(ctx, &viewer.actor, proof, user.id, form.once.clone()).await
}

/// `POST /admin/users/{user}/two-factor`.
///
/// # Errors
/// `not_found`, or that the database cannot answer; a refusal shows the page again.
pub async fn reset_two_factor(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ManageUsers>,
    session: Session,
    path: web::Path<String>,
    form: Form<ActForm>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let done = match login::reconfirm(&ctx, &viewer.actor, &form.0.password).await {
        Ok(proof) => two_factor::reset(&ctx, &viewer.actor, Some(proof), user.id).await,
        Err(error) => Err(Error { param: error.param.or(Some("password".into())), ..error }),
    };
    let (tone, text) = match done {
        Ok(true) => (
            Tone::Ok,
            format!(
                "{} can now sign in with the password alone, and was told so by mail.",
                user.name
            ),
        ),
        Ok(false) => (
            Tone::Warn,
            format!("Two-factor sign-in of {} was off already. Nothing was changed.", user.name),
        ),
        Err(error) => {
            let typed = (user, String::new());
            return refused(&ctx, &request, &viewer, Act::TwoFactor, typed, error).await;
        }
    };
    flash::put(&session, tone, text);
    Ok(see_other(&href(&user, "")))
}

/// Says that a link is on its way, or shows it where no mail goes out.
fn handed_over(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    session: &Session,
    user: &UserRow,
    (heading, what): (String, &'static str),
    link: &Link,
) -> Result<HttpResponse> {
    if !link.is_mailed {
        return shown_once(ctx, request, viewer, user.id, heading, what, link);
    }
    let until = exact(&link.until);
    let text = format!(
        "{heading}. The mail is on its way to {}; its link works once, until {until}.",
        user.email
    );
    flash::put(session, Tone::Ok, text);
    Ok(see_other(&href(user, "")))
}
