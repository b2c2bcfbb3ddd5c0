//! Clients that name themselves by the URL of their metadata document
//! (draft-ietf-oauth-client-id-metadata-document).
//!
//! Documents of the shipped table need no network. Others are taken when the setting says so: they
//! are fetched for a signed-in person only, kept in the client's row, and asked for again when they
//! are no longer good. One that cannot be had or used makes its client unusable for new
//! authorizations; what it was given before stays.

mod fetch;
mod network;

use serde_json::json;

pub use fetch::DocumentFetcher;
pub use network::Network;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::freshness;
use crate::domain::known_clients::{self, KnownClient};
use crate::domain::lookalike::Lookalike;
use crate::domain::metadata_document::{self, Document, DocumentUrl};
use crate::domain::settings::{MetadataDocuments, Settings};
use crate::error::{Error, ErrorCode, Result};
use crate::ids::{ClientGroupId, UserId};
use crate::service::Ctx;
use crate::service::throttle::{self, Limit};
use crate::store::audit::{self, NewEntry};
use crate::store::client_groups;
use crate::store::clients::{self, ClientRow, DescribedClient};

/// Where a document is to be had.
enum Source {
    Shipped(&'static KnownClient),
    Remote(DocumentUrl),
}

/// Why a document is of no use. The first is told to nobody in detail.
enum Unusable {
    NotFetched,
    Unfit(String),
}

/// Whether the client's document would have to be fetched, for which somebody must be signed in.
///
/// # Errors
/// When the database cannot answer, or the URL is none that a client may have.
pub async fn must_be_fetched(ctx: &Ctx, client_id: &str) -> Result<bool> {
    match source(ctx, client_id).await? {
        Some(Source::Remote(url)) => Ok(kept(ctx, &url).await?.is_none()),
        Some(Source::Shipped(_)) | None => Ok(false),
    }
}

/// The client of a document; none when it is not known here. Nothing is fetched unless `actor` is
/// signed in.
///
/// # Errors
/// When the URL is none that a client may have, its document is of no use, too many were asked for,
/// or the database cannot answer.
pub async fn find(ctx: &Ctx, actor: &Actor, client_id: &str) -> Result<Option<ClientRow>> {
    match source(ctx, client_id).await? {
        None => Ok(None),
        Some(Source::Shipped(known)) => shipped(ctx, known).await,
        Some(Source::Remote(url)) => match (kept(ctx, &url).await?, actor.user) {
            (None, Some(user)) => fetched(ctx, actor, user, &url).await,
            (kept, _) => Ok(kept),
        },
    }
}

/// Whether the settings let this client begin anything: one that names itself by an address may have
/// been turned away while its request was waiting for somebody. Connections it has live on.
pub fn may_begin(settings: &Settings, client: &ClientRow) -> bool {
    client.registration != "metadata_document"
        || match settings.metadata_documents {
            MetadataDocuments::Off => false,
            MetadataDocuments::Known => known_clients::find(&client.client_id).is_some(),
            MetadataDocuments::On => true,
        }
}

async fn source(ctx: &Ctx, client_id: &str) -> Result<Option<Source>> {
    if !metadata_document::is_url_like(client_id) {
        return Ok(None);
    }
    let setting = ctx.live_now().await?.settings.metadata_documents;
    match (setting, known_clients::find(client_id)) {
        (MetadataDocuments::Off, _) | (MetadataDocuments::Known, None) => Ok(None),
        (_, Some(known)) => Ok(Some(Source::Shipped(known))),
        (MetadataDocuments::On, None) => match DocumentUrl::parse(client_id) {
            Ok(url) => Ok(Some(Source::Remote(url))),
            Err(why) => Err(Error::new(
                ErrorCode::InvalidRequest,
                format!(
                    "The program names itself by an address that cannot be used: it {why}. Nothing was authorized."
                ),
            )),
        },
    }
}

/// The client of a shipped document, kept like a registered one from its first use on, and brought
/// to what this version ships.
async fn shipped(ctx: &Ctx, known: &'static KnownClient) -> Result<Option<ClientRow>> {
    let redirect_uris = known.redirect_uris.join("\n");
    let row = by_url(ctx, known.client_id).await?;
    if let Some(row) =
        row.filter(|row| row.name == known.name && row.redirect_uris == redirect_uris)
    {
        return Ok(Some(row));
    }
    let now = ctx.clock.now();
    ctx.db
        .write(move |conn| {
            let client = DescribedClient {
                group: group(conn, known.client_id, known.name, &redirect_uris)?,
                client_id: known.client_id,
                name: known.name,
                redirect_uris: &redirect_uris,
                trust: "verified",
                good: None,
            };
            if !clients::add_described(conn, &client, now)? {
                clients::refresh_described(conn, &client)?;
            }
            Ok(clients::by_client_id(conn, known.client_id)?)
        })
        .await
}

/// The group of those that look like it.
fn group(conn: &mut Conn, url: &str, name: &str, redirect_uris: &str) -> Result<ClientGroupId> {
    let alike = Lookalike::of("metadata_document", url, name, redirect_uris);
    Ok(client_groups::keep(conn, &alike)?)
}

/// The client's row while its document is good. That of a blocked client needs no asking.
async fn kept(ctx: &Ctx, url: &DocumentUrl) -> Result<Option<ClientRow>> {
    let now = ctx.clock.now();
    let is_good = |row: &ClientRow| {
        row.is_blocked() || row.document_expires_at.is_some_and(|expires_at| expires_at > now)
    };
    Ok(by_url(ctx, url.as_str()).await?.filter(is_good))
}

async fn by_url(ctx: &Ctx, url: &str) -> Result<Option<ClientRow>> {
    let url = url.to_owned();
    let row = ctx.db.read(move |conn| Ok(clients::by_client_id(conn, &url)?)).await?;
    Ok(row.filter(|row| row.registration == "metadata_document"))
}

/// Fetches, judges and keeps a document for a signed-in person.
async fn fetched(
    ctx: &Ctx,
    actor: &Actor,
    user: UserId,
    url: &DocumentUrl,
) -> Result<Option<ClientRow>> {
    let turn = match ctx.documents.turn(url).await {
        Ok(turn) => turn,
        Err(cause) => {
            log::info!("metadata document of {} was not fetched: {cause}", url.host());
            return Err(refused(ctx, actor, url, Unusable::NotFetched).await);
        }
    };
    if let Some(row) = kept(ctx, url).await? {
        return Ok(Some(row));
    }
    count(ctx, actor, user, url).await?;
    let asked_at = ctx.clock.now();
    let read = match ctx.documents.fetch(url).await {
        Ok(fetched) => metadata_document::read(url, &fetched.body)
            .map(|document| (document, freshness::seconds(&fetched.cache, asked_at)))
            .map_err(Unusable::Unfit),
        Err(cause) => {
            log::info!("metadata document of {} was not fetched: {cause}", url.host());
            Err(Unusable::NotFetched)
        }
    };
    let row = match read {
        Ok((document, seconds)) => {
            let good = (asked_at, asked_at.plus_seconds(seconds));
            keep(ctx, actor, url, document, good).await.map(Some)
        }
        Err(unusable) => Err(refused(ctx, actor, url, unusable).await),
    };
    drop(turn);
    row
}

/// Counts a fetch, or refuses it if there were too many for this person or of this host.
async fn count(ctx: &Ctx, actor: &Actor, user: UserId, url: &DocumentUrl) -> Result<()> {
    let (actor, url, now) = (actor.clone(), url.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let limits = [Limit::documents_for(user), Limit::documents_from(url.host())];
            let counted =
                limits.iter().try_for_each(|limit| throttle::count_or_refuse(conn, limit, now));
            let Err(refused) = counted else { return Ok(Ok(())) };
            if refused.code == ErrorCode::RateLimitExceeded {
                note(conn, &actor, &url, None, Outcome::Limited, "too many fetches", now)?;
            }
            // The count and the entry are kept: an answer, not a failure of the transaction.
            Ok(Err(refused))
        })
        .await?
}

/// Keeps what a document says; the entry says so when it is new or says something else.
async fn keep(
    ctx: &Ctx,
    actor: &Actor,
    url: &DocumentUrl,
    document: Document,
    good: (Timestamp, Timestamp),
) -> Result<ClientRow> {
    let (actor, url, now) = (actor.clone(), url.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let redirect_uris = document.redirect_uris.join("\n");
            let client = DescribedClient {
                group: group(conn, url.as_str(), &document.name, &redirect_uris)?,
                client_id: url.as_str(),
                name: &document.name,
                redirect_uris: &redirect_uris,
                trust: "unverified",
                good: Some(good),
            };
            let before = clients::by_client_id(conn, url.as_str())?;
            if !clients::add_described(conn, &client, now)? {
                clients::refresh_described(conn, &client)?;
            }
            let row = clients::by_client_id(conn, url.as_str())?
                .ok_or_else(|| Error::internal("a client is gone right after it was kept"))?;
            match before {
                None => note(conn, &actor, &url, Some(&row), Outcome::Ok, "new", now)?,
                Some(old) if old.name != row.name || old.redirect_uris != row.redirect_uris => {
                    note(conn, &actor, &url, Some(&row), Outcome::Ok, "changed", now)?;
                }
                Some(_) => {}
            }
            Ok(row)
        })
        .await
}

/// Notes a document that is of no use, and says what the person may read: whatever kept it from
/// being fetched sounds the same.
async fn refused(ctx: &Ctx, actor: &Actor, url: &DocumentUrl, unusable: Unusable) -> Error {
    let (said, message) = match unusable {
        Unusable::NotFetched => (
            "not fetched".to_owned(),
            "The program names itself by an address at which no usable description of it could be fetched. Nothing was authorized. Try again later, or tell whoever offers the program.".to_owned(),
        ),
        Unusable::Unfit(why) => {
            let message = format!("The program's description of itself cannot be used: {why}. Nothing was authorized. Tell whoever offers the program.");
            (why, message)
        }
    };
    let (actor, url, now) = (actor.clone(), url.clone(), ctx.clock.now());
    let noted =
        ctx.db.write(move |conn| note(conn, &actor, &url, None, Outcome::Denied, &said, now)).await;
    noted.err().unwrap_or_else(|| Error::new(ErrorCode::InvalidRequest, message))
}

fn note(
    conn: &mut Conn,
    actor: &Actor,
    url: &DocumentUrl,
    row: Option<&ClientRow>,
    outcome: Outcome,
    said: &str,
    now: Timestamp,
) -> Result<()> {
    let target = Target {
        kind: "client",
        id: row.map(|row| row.id.0),
        label: row.map_or_else(|| url.host().to_owned(), |row| row.name.clone()),
    };
    let redirect_uris: Option<Vec<_>> = row.map(|row| row.redirect_uris().collect());
    let detail = json!({ "document": url.as_str(), "said": said, "redirect_uris": redirect_uris });
    let entry = NewEntry {
        at: now,
        actor,
        action: Action::ClientRegistered,
        target: Some(&target),
        outcome,
        detail,
    };
    audit::insert(conn, &entry)?;
    Ok(())
}
