//! What needs somebody.

use crate::domain::audit::Action;
use crate::domain::quota::Span;
use crate::domain::records;
use crate::error::Result;
use crate::service::keys::ROTATED_AFTER_SECONDS;
use crate::service::{Ctx, index, keys};
use crate::store::audit_grid::{self, AuditQuery};
use crate::store::overview;

/// Alarms of so many days are shown.
pub const ALARM_DAYS: i64 = 7;
/// Counted at most.
const MOST: i64 = 100;
/// A key that the job has not replaced so long after its time needs somebody, seconds.
const KEY_GRACE_SECONDS: i64 = 86_400;

/// What it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    /// The endpoint is switched off.
    SwitchedOff,
    /// The index holds nothing that could be searched.
    EmptyIndex,
    /// Used codes or refresh tokens came again.
    ReuseAlarms,
    /// Clients are blocked.
    BlockedClients,
    /// Accounts have used over 80 % of their credits: the first of them.
    NearlySpent(Vec<String>),
    /// Mail was tried and has not gone out.
    UndeliveredMail,
    /// No mail server is configured.
    NoMailServer,
    /// The signing key is overdue.
    OldKey,
}

/// A matter, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// What it is about.
    pub matter: Matter,
    /// How many, as far as they are counted.
    pub count: i64,
}

/// Everything that needs somebody.
///
/// # Errors
/// When the database cannot answer.
pub async fn attention(ctx: &Ctx) -> Result<Vec<Attention>> {
    let now = ctx.clock.now();
    let alarms = AuditQuery {
        from: Some(now.plus_seconds(-ALARM_DAYS * 86_400)),
        actions: Some(vec![Action::ReuseAlarm]),
        ..AuditQuery::default()
    };
    let mut found: Vec<Attention> = ctx
        .db
        .read(move |conn| {
            let spent = overview::nearly_spent(conn, Span::Month.start(now), MOST)?;
            let count = i64::try_from(spent.len()).unwrap_or(MOST);
            let names = spent.into_iter().take(3).map(|row| row.0).collect();
            Ok(vec![
                Attention {
                    matter: Matter::ReuseAlarms,
                    count: audit_grid::count(conn, &alarms, records::Span::ALL, MOST)?,
                },
                Attention { matter: Matter::NearlySpent(names), count },
                Attention {
                    matter: Matter::UndeliveredMail,
                    count: overview::undelivered(conn, MOST)?,
                },
                Attention {
                    matter: Matter::BlockedClients,
                    count: overview::blocked_clients(conn)?,
                },
            ])
        })
        .await?;
    let is_off = !ctx.live_now().await?.settings.mcp_enabled;
    found.insert(0, Attention { matter: Matter::SwitchedOff, count: i64::from(is_off) });
    let is_empty = index::is_empty(&ctx.db).await?;
    found.insert(1, Attention { matter: Matter::EmptyIndex, count: i64::from(is_empty) });
    let oldest = now.plus_seconds(-ROTATED_AFTER_SECONDS - KEY_GRACE_SECONDS);
    let old = keys::list(ctx)
        .await?
        .iter()
        .filter(|key| key.retired_at.is_none() && key.created_at < oldest)
        .count();
    let count = i64::try_from(old).unwrap_or_default();
    found.push(Attention { matter: Matter::OldKey, count });
    let count = i64::from(ctx.config.smtp.is_none());
    found.push(Attention { matter: Matter::NoMailServer, count });
    found.retain(|attention| attention.count > 0);
    Ok(found)
}
