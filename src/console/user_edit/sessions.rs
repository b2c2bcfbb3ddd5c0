//! The tab Sessions: where a person is signed in, and ending that.

use actix_session::Session;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::href;
use crate::clock::Timestamp;
use crate::console::mcp_users::user_id;
use crate::domain::device;
use crate::error::Result;
use crate::service::sessions::{self, Which};
use crate::service::{Ctx, people};
use crate::store::users::UserRow;
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::form::Form;
use crate::web::page::see_other;
use crate::web::session;
use crate::web::viewer::{Admin, ManageUsers, Viewer};

/// A session as it is shown.
pub(crate) struct Line {
    /// What it is called in addresses.
    pub handle: String,
    /// The browser in words.
    pub device: String,
    /// From where somebody signed in.
    pub address: Option<String>,
    /// When somebody signed in.
    pub started_at: Timestamp,
    /// When it was last used.
    pub seen_at: Option<Timestamp>,
    /// Whether it is the one that looks.
    pub is_own: bool,
}

/// The tab.
pub(crate) struct SessionsTab {
    /// The sessions, the last one used first.
    pub lines: Vec<Line>,
    /// How many there are.
    pub total: i64,
    /// Whether one of them is the one that looks.
    pub has_own: bool,
}

impl SessionsTab {
    /// Reads it.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn load(ctx: &Ctx, viewer: &Viewer, user: &UserRow) -> Result<Self> {
        let own = session::handle(&viewer.session);
        let sessions = sessions::of(ctx, user.id).await?;
        let lines: Vec<Line> = sessions
            .rows
            .into_iter()
            .map(|row| Line {
                device: device::in_words(row.user_agent.as_deref()),
                is_own: row.handle == own,
                handle: row.handle,
                address: row.address,
                started_at: row.started_at,
                seen_at: row.seen_at,
            })
            .collect();
        Ok(Self { has_own: lines.iter().any(|line| line.is_own), lines, total: sessions.total })
    }
}

/// A form without fields of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Nothing {}

/// `POST /admin/users/{user}/sessions/{session}/end`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn end_one(
    ctx: web::Data<Ctx>,
    viewer: Admin<ManageUsers>,
    session: Session,
    path: web::Path<(String, String)>,
    _form: Form<Nothing>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path.0)?).await?;
    let ended = sessions::end(&ctx, &viewer.actor, user.id, Which::One(path.1.clone())).await?;
    let (tone, text) = match ended {
        0 => (Tone::Warn, format!("That session of {} had ended already.", user.name)),
        _ => (
            Tone::Ok,
            format!("Ended the session of {}. Its next click leads to sign-in.", user.name),
        ),
    };
    flash::put(&session, tone, text);
    Ok(see_other(&href(&user, "sessions")))
}

/// `POST /admin/users/{user}/sessions/end`: all of them; of one's own, all others.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn end_all(
    ctx: web::Data<Ctx>,
    viewer: Admin<ManageUsers>,
    session: Session,
    path: web::Path<String>,
    _form: Form<Nothing>,
) -> Result<HttpResponse, Failure> {
    let user = people::by_id(&ctx, user_id(&path)?).await?;
    let which = match user.id == viewer.user.id {
        true => Which::Others(session::handle(&viewer.session)),
        false => Which::All,
    };
    let (tone, text) = match sessions::end(&ctx, &viewer.actor, user.id, which).await? {
        0 => (Tone::Warn, "There was no session to end.".to_owned()),
        1 => (Tone::Ok, format!("Ended 1 session of {}.", user.name)),
        count => (Tone::Ok, format!("Ended {count} sessions of {}.", user.name)),
    };
    flash::put(&session, tone, text);
    Ok(see_other(&href(&user, "sessions")))
}
