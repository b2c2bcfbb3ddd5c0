//! The message about what the last action did, kept in the session until the next page shows it.

use actix_session::Session;
use serde::{Deserialize, Serialize};

use super::viewer::Viewer;
use crate::domain::access::Permission;

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    /// It worked.
    Ok,
    /// Nothing to do, or only part was done.
    Warn,
}

/// A message for the next page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Flash {
    /// How it is meant.
    pub tone: Tone,
    /// What happened.
    pub text: String,
    /// Where more of it is to be seen: words and path of a link.
    #[serde(default)]
    pub link: Option<(String, String)>,
}

const KEY: &str = "flash";

/// Keeps a message for the next page.
pub fn put(session: &Session, tone: Tone, text: impl Into<String>) {
    put_linked(session, tone, text, None);
}

/// The same, with words and path of a link after it.
pub fn put_linked(
    session: &Session,
    tone: Tone,
    text: impl Into<String>,
    link: Option<(String, String)>,
) {
    if let Err(error) = session.insert(KEY, Flash { tone, text: text.into(), link }) {
        log::warn!("a message was not kept: {error}");
    }
}

/// The same, with a link to what the request in hand wrote down, for whoever may read it. What was
/// only refused, or changed nothing, has no such link.
pub fn put_audited(session: &Session, viewer: &Viewer, tone: Tone, text: impl Into<String>) {
    let link = (viewer.actor.request_id.as_ref())
        .filter(|_| tone == Tone::Ok && viewer.may(Permission::ViewRecords))
        .map(|id| ("See in audit log".to_owned(), format!("/admin/mcp/audit?request={id}")));
    put_linked(session, tone, text, link);
}

/// Takes the message out, if there is one.
pub fn take(session: &Session) -> Option<Flash> {
    // To remove what is not there would count as a change, and every page that is looked at would be
    // a write.
    if !session.contains_key(KEY) {
        return None;
    }
    session.remove_as::<Flash>(KEY)?.ok()
}
