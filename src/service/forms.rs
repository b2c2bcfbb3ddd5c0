//! Forms whose answer shows a secret, once. Each page with such a form carries random text of its own,
//! and each text acts once: a reload of the answer, or a second press of the button, must not make
//! another secret that ends the one just shown.

use std::fmt;

use serde::Deserialize;
use serde_json::json;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::secrets::{PlainSecret, random_text};
use crate::store::audit::{self, NewEntry};
use crate::store::links;

/// What a form is among the one-time links, which are removed when their time is over.
const PURPOSE: &str = "form";
/// How long it is remembered that a form was sent, seconds.
const KEPT_SECONDS: i64 = 86_400;

/// What tells one form from another: random text, which a form has and brings.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(transparent)]
pub struct Once(String);

impl Once {
    /// For a new form.
    pub fn fresh() -> Self {
        Self(random_text())
    }

    fn is_whole(&self) -> bool {
        (32..=64).contains(&self.0.len())
    }
}

impl fmt::Display for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A form that was sent.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub once: &'a Once,
    pub actor: &'a Actor,
    pub action: Action,
    pub target: Target,
    /// What was made the first time and what to do if it is lost, for whoever sends it again.
    pub made: &'static str,
}

/// Acts if the form is sent for the first time, inside the caller's transaction: the form is taken by
/// one statement, which waits for whoever sends the same at the same moment, and is free again if
/// the act fails. The inner error is the refusal; it has been written down, so it is to be committed.
pub(super) fn first_time<T>(
    conn: &mut Conn,
    sent: &Sent<'_>,
    now: Timestamp,
    act: impl FnOnce(&mut Conn) -> Result<T>,
) -> Result<Result<T>> {
    let Sent { once, actor, action, .. } = sent;
    if !once.is_whole() {
        return Err(Error::new(
            ErrorCode::InvalidRequest,
            "The form did not arrive whole. Check it and send it again.",
        ));
    }
    let person = actor.user.map_or(0, |user| user.0);
    let key = format!("{PURPOSE} {} {person} {}", action.as_str(), once.0);
    let key = PlainSecret::presented(key).hash();
    if links::insert_once(conn, &key, PURPOSE, now, now.plus_seconds(KEPT_SECONDS))? {
        return act(conn).map(Ok);
    }
    let refusal =
        Error::new(ErrorCode::Conflict, format!("This form was sent before, and {}", sent.made));
    let entry = NewEntry {
        at: now,
        actor,
        action: *action,
        target: Some(&sent.target),
        outcome: Outcome::Denied,
        detail: json!({ "reason": refusal.message }),
    };
    audit::insert(conn, &entry)?;
    Ok(Err(refusal))
}
