//! A new secret for a confidential client. The old one stops at once, or after a while in which both
//! work, so that the program can be changed over without an outage.

use serde_json::json;

use super::{check_proof, no_client};
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::ClientRowId;
use crate::secrets::{HashedSecret, PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::forms::{self, Once, Sent};
use crate::service::login::Reconfirmed;
use crate::store::audit::{self, NewEntry};
use crate::store::clients::{self, DetailRow};

/// How long the old secret goes on working.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// Not at all.
    None,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Overlap {
    /// From a form.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "now" => Some(Self::None),
            "hour" => Some(Self::Hour),
            "day" => Some(Self::Day),
            _ => None,
        }
    }

    fn seconds(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// The refusal for a public client.
pub fn no_secret() -> Error {
    Error::new(
        ErrorCode::Conflict,
        "This client is public: it has no secret that could be replaced.",
    )
}

/// What tells the present secret of a client from another one, for a form that replaces it: whoever
/// sends it has been told what works now and what will stop.
pub fn seen(client: &DetailRow) -> String {
    let twice = |hash: &HashedSecret| PlainSecret::presented(hash.0.clone()).hash().0;
    client.secret_hash.as_ref().map(twice).unwrap_or_default()
}

/// Makes a new secret, which is told this once. `was` is what was seen of the present one.
///
/// # Errors
/// `not_found`; `conflict` if the client has no secret, if it is not the one that was seen, or if
/// this form has made its secret already.
pub async fn rotate(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    client: ClientRowId,
    overlap: Overlap,
    was: String,
    once: Once,
) -> Result<PlainSecret> {
    check_proof(&proof, actor)?;
    let secret = PlainSecret::generate(SecretKind::ClientSecret);
    let (actor, now, hash) = (actor.clone(), ctx.clock.now(), secret.hash());
    ctx.db
        .write(move |conn| {
            let row = clients::details(conn, client)?.ok_or_else(no_client)?;
            let target = Target { kind: "client", id: Some(client.0), label: row.name.clone() };
            let sent = Sent {
                once: &once,
                actor: &actor,
                action: Action::ClientSecretRotated,
                target: target.clone(),
                made: "its secret was made then. A secret is shown once: if you did not keep it, replace it again.",
            };
            forms::first_time(conn, &sent, now, |conn| {
                let Some(present) = &row.secret_hash else { return Err(no_secret()) };
                let until = now.plus_seconds(overlap.seconds());
                if seen(&row) != was
                    || clients::replace_secret(conn, client, present, &hash, until)? == 0
                {
                    return Err(replaced_meanwhile());
                }
                let entry = NewEntry {
                    at: now,
                    actor: &actor,
                    action: Action::ClientSecretRotated,
                    target: Some(&target),
                    outcome: Outcome::Ok,
                    detail: json!({ "old_secret_works_seconds": overlap.seconds() }),
                };
                Ok(audit::insert(conn, &entry)?)
            })
        })
        .await??;
    Ok(secret)
}

fn replaced_meanwhile() -> Error {
    Error::new(
        ErrorCode::Conflict,
        "The secret was replaced since you opened this page. Nothing was changed. Read what works now, and send it again if it is still to be replaced.",
    )
}
