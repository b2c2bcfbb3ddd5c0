//! Links for one person, that work once and for a time.

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::UserId;
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::store::links;

/// The purpose of an invitation.
pub(super) const INVITATION: &str = "invitation";
/// How long an invitation works, seconds.
pub(super) const INVITATION_SECONDS: i64 = 7 * 86_400;
/// The purpose of a link to set a new password.
pub(super) const RESET: &str = "password_reset";
/// How long such a link works, seconds.
pub(super) const RESET_SECONDS: i64 = 3600;

/// What a form that is sent again has done: its link goes on working.
pub(super) const MADE: &str = "its link was made then and goes on working. If you did not keep it and no mail has it, make another.";

/// A link that was made: what it is for goes into the mail, and to the administrator where there
/// is no mail.
#[derive(Debug)]
pub struct Link {
    /// The whole address; a secret.
    pub url: PlainSecret,
    /// Until when it works.
    pub until: Timestamp,
    /// Whether it goes out by mail; else whoever made it hands it over.
    pub is_mailed: bool,
}

/// Makes a link, inside the caller's transaction; earlier ones for the same purpose stop working.
pub(super) fn make(
    ctx: &Ctx,
    conn: &mut Conn,
    purpose: &'static str,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<Link> {
    let secret = PlainSecret::generate(SecretKind::Handle);
    let is_invitation = purpose == INVITATION;
    let until = now.plus_seconds(if is_invitation { INVITATION_SECONDS } else { RESET_SECONDS });
    if let Some(user) = user {
        links::delete_of(conn, user, purpose)?;
    }
    links::insert_for(conn, &secret.hash(), purpose, user, now, until)?;
    let path = if is_invitation { "/invite/" } else { "/reset-password?link=" };
    let url = ctx.config.url(&format!("{path}{}", secret.expose()));
    Ok(Link { url: PlainSecret::presented(url), until, is_mailed: ctx.config.smtp.is_some() })
}
