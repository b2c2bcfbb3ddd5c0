//! Registering a client by hand. An administrator vouches for it, so it is verified.

use serde_json::json;

use super::check_proof;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::client_name;
use crate::domain::lookalike::Lookalike;
use crate::error::{Error, Result};
use crate::ids::ClientRowId;
use crate::secrets::{PlainSecret, SecretKind};
use crate::service::Ctx;
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
/// Names the field that is wrong, or that the database cannot answer.
pub async fn register(
    ctx: &Ctx,
    actor: &Actor,
    proof: Reconfirmed,
    wanted: NewManual,
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
            let redirect_uris = uris.join("\n");
            let alike = Lookalike::of("manual", &kept_id, &name, &redirect_uris);
            let group = client_groups::keep(conn, &alike)?;
            let id = clients::insert(
                conn,
                &NewClient {
                    client_id: &kept_id,
                    name: &name,
                    registration: "manual",
                    trust: "verified",
                    group,
                    auth_method: &wanted.auth_method,
                    secret_hash: hash.as_ref(),
                    redirect_uris: &redirect_uris,
                    client_uri: None,
                    address: actor.address.map(|address| address.to_string()),
                    now,
                },
            )?;
            let target = Target { kind: "client", id: Some(id.0), label: name };
            let detail = json!({
                "registration": "manual",
                "auth_method": wanted.auth_method,
                "redirect_uris": uris,
            });
            let entry = NewEntry {
                at: now,
                actor: &actor,
                action: Action::ClientRegistered,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail,
            };
            audit::insert(conn, &entry)?;
            Ok(id)
        })
        .await?;
    Ok(Registered { id, client_id, secret })
}
