//! Registering a client by hand. An administrator vouches for it, so it is verified.

use serde_json::json;

use super::check_proof;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::client_name;
use crate::domain::lookalike::Lookalike;
use crate::error::{Error, Result};
use crate::ids::ClientRowId;
use crate::secrets::{HashedSecret, PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::forms::{self, Once, Sent};
use crate::service::login::Reconfirmed;
use crate::service::register::wrong_redirect_uris;
use crate::store::audit::{self, NewEntry};
use crate::store::client_groups;
use crate::store::clients::{self, NewClient};

/// A client to be registered by hand.
#[derive(Debug, Clone)]
pub struct NewManual {
    /// Its name.
    pub name: String,
    /// Its redirect URIs, one a line.
    pub redirect_uris: String,
    /// `none`, `client_secret_basic` or `client_secret_post`.
    pub auth_method: String,
}

/// What registering gave; the secret is told this once.
#[derive(Debug)]
pub struct Registered {
    /// Row id.
    pub id: ClientRowId,
    /// `client_id` on the wire.
    pub client_id: String,
    /// Its secret, if it has one.
    pub secret: Option<PlainSecret>,
}

/// Checks what was entered; all that is wrong with it.
///
/// # Errors
/// Each names its field.
pub fn check(wanted: &NewManual) -> Result<(String, Vec<String>), Vec<Error>> {
    let mut errors = Vec::new();
    let name = wanted.name.trim();
    if client_name::clean(name).as_deref() != Some(name) {
        errors.push(Error::field(
            "name",
            format!(
                "Name: enter what people know it by, on one line, at most {} characters.",
                client_name::LONGEST
            ),
        ));
    }
    let uris: Vec<String> = wanted
        .redirect_uris
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    if let Some(wrong) = wrong_redirect_uris(&uris) {
        let what = match wrong.place.and_then(|place| uris.get(place).map(|uri| (place, uri))) {
            Some((place, uri)) => {
                let shown: String = uri.chars().take(60).collect();
                format!("Redirect URIs: number {} (“{shown}”) {}.", place + 1, wrong.reason)
            }
            None => format!("Redirect URIs {}.", wrong.reason),
        };
        errors.push(Error::field("redirect_uris", what));
    }
    if !["none", "client_secret_basic", "client_secret_post"].contains(&wanted.auth_method.as_str())
    {
        errors.push(Error::field("auth_method", "Secret: choose one of the three kinds."));
    }
    if errors.is_empty() { Ok((name.to_owned(), uris)) } else { Err(errors) }
}

/// Registers it.
///
/// # Errors
/// Names the field that is wrong; `conflict` if this form has made its client already; or that the
/// database cannot answer.
pub async fn register(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    wanted: NewManual,
    once: Once,
) -> Result<Registered> {
    check_proof(&proof, actor)?;
    let (name, uris) = check(&wanted).map_err(|errors| {
        errors.into_iter().next().unwrap_or_else(|| Error::field("name", "Name: enter a name."))
    })?;
    let secret =
        (wanted.auth_method != "none").then(|| PlainSecret::generate(SecretKind::ClientSecret));
    let client_id = uuid::Uuid::now_v7().to_string();
    let (actor, now, hash) =
        (actor.clone(), ctx.clock.now(), secret.as_ref().map(PlainSecret::hash));
    let kept_id = client_id.clone();
    let id = ctx
        .db
        .write(move |conn| {
            let sent = Sent {
                once: &once,
                actor: &actor,
                action: Action::ClientRegistered,
                target: Target { kind: "client", id: None, label: name.clone() },
                made: "its client was registered then. A secret is shown once: if you did not keep it, open the client in the list and replace its secret.",
            };
            forms::first_time(conn, &sent, now, |conn| {
                let made = Made { client_id: &kept_id, name: &name, uris: &uris, hash: hash.as_ref() };
                add(conn, &actor, &made, &wanted.auth_method, now)
            })
        })
        .await??;
    Ok(Registered { id, client_id, secret })
}

/// A client as it was checked and made.
struct Made<'a> {
    client_id: &'a str,
    name: &'a str,
    uris: &'a [String],
    hash: Option<&'a HashedSecret>,
}

fn add(
    conn: &mut Conn,
    actor: &Actor,
    made: &Made<'_>,
    auth_method: &str,
    now: Timestamp,
) -> Result<ClientRowId> {
    let redirect_uris = made.uris.join("\n");
    let alike = Lookalike::of("manual", made.client_id, made.name, &redirect_uris);
    let group = client_groups::keep(conn, &alike)?;
    let id = clients::insert(
        conn,
        &NewClient {
            client_id: made.client_id,
            name: made.name,
            registration: "manual",
            trust: "verified",
            group,
            auth_method,
            secret_hash: made.hash,
            redirect_uris: &redirect_uris,
            client_uri: None,
            address: actor.address.map(|address| address.to_string()),
            now,
        },
    )?;
    let target = Target { kind: "client", id: Some(id.0), label: made.name.to_owned() };
    let detail = json!({
        "registration": "manual",
        "auth_method": auth_method,
        "redirect_uris": made.uris,
    });
    let entry = NewEntry {
        at: now,
        actor,
        action: Action::ClientRegistered,
        target: Some(&target),
        outcome: Outcome::Ok,
        detail,
    };
    audit::insert(conn, &entry)?;
    Ok(id)
}
