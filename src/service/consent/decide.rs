//! The person's decision, and the code that an approval yields.

use serde_json::json;

use super::answer::{denied_location, location};
use super::{Request, not_registered, turned_away};
use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::domain::access::UserStatus;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::redirect::{self, Kind};
use crate::domain::scope::{Scope, ScopeSet};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{ClientRowId, ConsentId, UserId};
use crate::secrets::{HashedSecret, PlainSecret, SecretKind};
use crate::service::Ctx;
use crate::service::metadata_document::may_begin;
use crate::service::sessions::Acting;
use crate::store::audit::NewEntry;
use crate::store::clients::ClientRow;
use crate::store::codes::CodeRow;
use crate::store::{audit, clients, codes, consents, record_names, requests, users};

/// What the person decided.
#[derive(Debug, Clone)]
pub enum Decision {
    /// These of the scopes asked for.
    Authorize(ScopeSet),
    /// No.
    Deny,
}

/// Who decides, and since when they have been signed in.
#[derive(Debug, Clone)]
pub struct Decider {
    /// Them, for the log.
    pub actor: Actor,
    /// The person.
    pub user: UserId,
    /// Their session's own id.
    pub session: PlainSecret,
    /// When they signed in.
    pub signed_in_at: Timestamp,
}

/// Carries a decision out and returns where to send the browser: with a code, or with
/// `access_denied`.
///
/// # Errors
/// `conflict` when the request was decided already, is too old, or was shown to somebody else.
pub async fn decide(
    ctx: &Ctx,
    decider: &Decider,
    handle: &PlainSecret,
    decision: Decision,
) -> Result<String> {
    let code = PlainSecret::generate(SecretKind::AuthorizationCode);
    let (state, decider, now) = (ctx.clone(), decider.clone(), ctx.clock.now());
    let (code_hash, session, handle) = (code.hash(), decider.session.hash(), handle.hash());
    let acting = Acting::of(decider.user);
    let (request, granted) = ctx
        .db
        .write(move |conn| {
            let (client, parameters) =
                requests::decide(conn, &handle, decider.user, &session, now)?
                    .ok_or_else(too_late)?;
            lock::user(conn, decider.user)?;
            acting.goes_on(conn, now)?;
            let request: Request = serde_json::from_str(&parameters).map_err(Error::internal)?;
            // An administrator may have taken the address away, or turned such clients away, while
            // the page was open.
            let row = clients::by_row_id(conn, client)?;
            let settings = &state.live(conn)?.settings;
            if !row.redirects_to(&request.redirect_uri) {
                return Err(not_registered());
            }
            if !may_begin(settings, &row) {
                return Err(turned_away());
            }
            let granted = match &decision {
                Decision::Authorize(chosen) if may_grant(conn, decider.user, client)? => {
                    let granted = chosen.intersection(&ScopeSet::parse_known(&request.scopes));
                    if !granted.allows_anything() {
                        return Err(nothing_ticked());
                    }
                    Some(granted)
                }
                _ => None,
            };
            let detail = json!({
                "redirect_host": redirect::shown_host(&request.redirect_uri),
                "asked": request.scopes,
                "granted": granted.as_ref().map(ToString::to_string),
            });
            let outcome = if granted.is_some() { Outcome::Ok } else { Outcome::Denied };
            note(conn, &decider, client, outcome, detail, now)?;
            if let Some(scopes) = &granted {
                let consent = approve(conn, decider.user, client, &request, scopes, now)?;
                let grant = Grant { decider: &decider, client, consent, request: &request, scopes };
                issue_code(&state, conn, &grant, code_hash.clone(), now)?;
            }
            Ok((request, granted.is_some()))
        })
        .await?;
    if granted {
        location(ctx, &request.redirect_uri, request.state.as_deref(), &[("code", code.expose())])
    } else {
        denied_location(ctx, &request)
    }
}

/// Where to send the browser without asking: when the settings let earlier decisions stand, and
/// this person has approved exactly this before: the client, the address and at least these
/// scopes. Only for verified clients on the web: whoever runs on somebody's computer could be
/// another program under the same name (OAuth 2.1 §7.3.1, checklist E16).
///
/// # Errors
/// When the database cannot answer.
pub async fn remembered(
    ctx: &Ctx,
    decider: &Decider,
    request: &Request,
    client: &ClientRow,
) -> Result<Option<String>> {
    let is_web = redirect::check(&request.redirect_uri) == Ok(Kind::Web);
    if ctx.live_now().await?.settings.require_consent || !client.is_verified() || !is_web {
        return Ok(None);
    }
    let code = PlainSecret::generate(SecretKind::AuthorizationCode);
    let (state, decider, client, now) = (ctx.clone(), decider.clone(), client.id, ctx.clock.now());
    let (code_hash, kept) = (code.hash(), request.clone());
    let acting = Acting::of(decider.user);
    let stands = ctx
        .db
        .write(move |conn| {
            lock::user(conn, decider.user)?;
            acting.goes_on(conn, now)?;
            let scopes = ScopeSet::parse_known(&kept.scopes);
            let Some(consent) = consents::live(conn, decider.user, client)?.filter(|consent| {
                consent.redirect_uri == kept.redirect_uri
                    && ScopeSet::parse_known(&consent.scopes).includes(&scopes)
            }) else {
                return Ok(false);
            };
            if !may_grant(conn, decider.user, client)? {
                return Ok(false);
            }
            let grant = Grant {
                decider: &decider,
                client,
                consent: consent.id,
                request: &kept,
                scopes: &scopes,
            };
            issue_code(&state, conn, &grant, code_hash.clone(), now)?;
            let detail = json!({
                "redirect_host": redirect::shown_host(&kept.redirect_uri),
                "asked": kept.scopes,
                "granted": kept.scopes,
                "remembered": true,
            });
            note(conn, &decider, client, Outcome::Ok, detail, now)?;
            Ok(true)
        })
        .await?;
    let answer = [("code", code.expose())];
    stands
        .then(|| location(ctx, &request.redirect_uri, request.state.as_deref(), &answer))
        .transpose()
}

fn nothing_ticked() -> Error {
    Error::field(
        "scope",
        "Nothing that was asked for is ticked, so there is nothing to authorize. Tick at least one permission, or deny.",
    )
}

pub(super) fn too_late() -> Error {
    Error::new(
        ErrorCode::Conflict,
        "This request was answered already, or is too old. Start again in the program that sent you here.",
    )
}

/// Whether the person's status lets them approve anything, and the client is not blocked: both may
/// have changed while the page was open.
fn may_grant(conn: &mut Conn, user: UserId, client: ClientRowId) -> Result<bool> {
    if clients::is_blocked(conn, client)? {
        return Ok(false);
    }
    Ok(users::by_id(conn, user)?
        .is_some_and(|user| user.mcp_enabled && user.status() == UserStatus::Active))
}

/// Writes the decision down.
fn note(
    conn: &mut Conn,
    decider: &Decider,
    client: ClientRowId,
    outcome: Outcome,
    detail: serde_json::Value,
    now: Timestamp,
) -> Result<()> {
    let name = record_names::clients(conn, &[client])?.pop().map(|(_, name)| name);
    let target = Target { kind: "client", id: Some(client.0), label: name.unwrap_or_default() };
    let entry = NewEntry {
        at: now,
        actor: &decider.actor,
        action: Action::ConsentDecided,
        target: Some(&target),
        outcome,
        detail,
    };
    Ok(audit::insert(conn, &entry)?)
}

/// Makes or renews the standing approval. What was asked and left unticked is withdrawn from it;
/// what an earlier decision covers and this request does not speak of stays, so that a client that
/// asks for one scope more ends with the union (step-up).
fn approve(
    conn: &mut Conn,
    user: UserId,
    client: ClientRowId,
    request: &Request,
    scopes: &ScopeSet,
    now: Timestamp,
) -> Result<ConsentId> {
    clients::note_consent(conn, client, now)?;
    let Some(consent) = consents::live(conn, user, client)? else {
        let scopes = scopes.to_string();
        return Ok(consents::insert(conn, user, client, &request.redirect_uri, &scopes, now)?);
    };
    let asked = ScopeSet::parse_known(&request.scopes);
    let covered: ScopeSet = ScopeSet::parse_known(&consent.scopes)
        .iter()
        .filter(|scope| !asked.contains(*scope))
        .chain(scopes.iter())
        .collect();
    consents::update(conn, consent.id, &request.redirect_uri, &covered.to_string(), now)?;
    Ok(consent.id)
}

/// What a code stands for.
struct Grant<'a> {
    decider: &'a Decider,
    client: ClientRowId,
    consent: ConsentId,
    request: &'a Request,
    scopes: &'a ScopeSet,
}

fn issue_code(
    ctx: &Ctx,
    conn: &mut Conn,
    grant: &Grant<'_>,
    code_hash: HashedSecret,
    now: Timestamp,
) -> Result<()> {
    let Grant { decider, client, consent, request, scopes } = grant;
    let seconds = ctx.live(conn)?.settings.code_seconds;
    // Most clients never ask for `offline_access` and still expect to stay connected; a person who
    // saw it and left it unticked is taken at their word.
    let asked_to_stay = ScopeSet::parse_known(&request.scopes).contains(Scope::OfflineAccess);
    let code = CodeRow {
        code_hash,
        client_id: *client,
        user_id: decider.user,
        consent_id: *consent,
        redirect_uri: request.redirect_uri.clone(),
        scopes: scopes.to_string(),
        code_challenge: request.code_challenge.clone(),
        resource: request.resource.clone(),
        nonce: request.nonce.clone(),
        created_at: now,
        expires_at: now.plus_seconds(seconds),
        used_at: None,
        token_id: None,
        with_refresh: !asked_to_stay || scopes.contains(Scope::OfflineAccess),
        signed_in_at: Some(decider.signed_in_at),
    };
    codes::insert(conn, &code)?;
    Ok(())
}
