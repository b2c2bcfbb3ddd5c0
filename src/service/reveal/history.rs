//! What an account has paid for, newest first: it may look at it again for nothing.

use serde_json::json;

use crate::clock::Timestamp;
use crate::domain::audit::{Action, Actor, Outcome, Target};
use crate::domain::contact::{Channels, Contact, paid, safe_channels};
use crate::error::Result;
use crate::ids::AccountId;
use crate::service::Ctx;
use crate::store::audit::{self, NewEntry};
use crate::store::reveals::{self, Place, RevealRow};

/// A contact that was paid for.
#[derive(Debug)]
pub struct Revealed {
    /// The contact.
    pub contact: Contact,
    /// What of it may be shown now.
    pub channels: Channels,
    /// When it was revealed.
    pub at: Timestamp,
    /// Who revealed it.
    pub by: Option<String>,
}

impl From<RevealRow> for Revealed {
    fn from(row: RevealRow) -> Self {
        let channels = safe_channels(&row.contact);
        Self { channels, contact: paid(row.contact), at: row.at, by: row.by }
    }
}

/// At most `limit` contacts that were revealed before `before`, or the newest; with the place where
/// older ones follow, if there are any.
///
/// # Errors
/// When the database cannot answer.
pub async fn page(
    ctx: &Ctx,
    account: AccountId,
    before: Option<Place>,
    limit: usize,
) -> Result<(Vec<Revealed>, Option<Place>)> {
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let mut rows = ctx.db.read(move |conn| Ok(reveals::page(conn, account, before, most)?)).await?;
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    let older = rows.last().filter(|_| is_more).map(|row| Place { at: row.at, id: row.id });
    Ok((rows.into_iter().map(Revealed::from).collect(), older))
}

/// How many contacts an account has paid for.
///
/// # Errors
/// When the database cannot answer.
pub async fn count(ctx: &Ctx, account: AccountId) -> Result<i64> {
    ctx.db.read(move |conn| Ok(reveals::count(conn, account)?)).await
}

/// Writes down that they were exported.
///
/// # Errors
/// When the database cannot answer.
pub async fn note_export(ctx: &Ctx, actor: &Actor, account: AccountId, rows: i64) -> Result<()> {
    let (actor, at) = (actor.clone(), ctx.clock.now());
    ctx.db
        .write(move |conn| {
            let target =
                Target { kind: "account", id: Some(account.0), label: "revealed contacts".into() };
            let entry = NewEntry {
                at,
                actor: &actor,
                action: Action::RecordsExported,
                target: Some(&target),
                outcome: Outcome::Ok,
                detail: json!({ "what": "revealed contacts", "rows": rows }),
            };
            Ok(audit::insert(conn, &entry)?)
        })
        .await
        .map(|_| ())
}
