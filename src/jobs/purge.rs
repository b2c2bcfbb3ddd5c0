//! Removes what has served its time: sessions, authorization requests, one-time links, codes, throttle windows,
//! registrations that never reached a consent, short quota windows, used idempotency keys, old activity, old audit entries.

use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::error::Result;
use crate::service::{Ctx, reveal};
use crate::store::{
    activity, audit, client_groups, clients, codes, idempotency, links, outbox, requests, sessions,
    throttles, usage, waiting,
};

const DAY_SECONDS: i64 = 86_400;
/// Codes are kept so long after their end, so that a replay still finds what to revoke, seconds.
const CODES_KEPT_SECONDS: i64 = 86_400;
/// Registrations without a consent are kept so long, seconds (contract §9).
const CLIENTS_KEPT_SECONDS: i64 = 30 * 86_400;
/// Minute and day windows are kept so long, seconds.
const WINDOWS_KEPT_SECONDS: i64 = 2 * 86_400;
/// Mail is kept so long after it was handed over or given up, seconds.
const MAIL_KEPT_SECONDS: i64 = 30 * 86_400;
/// Rows of the two logs removed in one transaction.
const AT_ONCE: i64 = 2_000;

/// Clients removed in one transaction.
const CLIENTS_AT_ONCE: i64 = 500;

fn reap_clients(conn: &mut Conn, before: Timestamp) -> Result<usize> {
    lock::clients(conn)?;
    let reaped = clients::reap(conn, before, CLIENTS_AT_ONCE)?;
    client_groups::remove_empty(conn)?;
    Ok(reaped)
}

/// Purges once; each table in its own short transaction.
pub(super) async fn run(ctx: &Ctx) -> Result<()> {
    let now = ctx.clock.now();
    ctx.db.write(move |conn| Ok(sessions::purge(conn, now)?)).await?;
    ctx.db.write(move |conn| Ok(requests::purge(conn, now)?)).await?;
    ctx.db.write(move |conn| Ok(waiting::purge(conn, now)?)).await?;
    ctx.db.write(move |conn| Ok(links::purge(conn, now)?)).await?;
    ctx.db.write(move |conn| Ok(throttles::purge(conn, now)?)).await?;
    ctx.db
        .write(move |conn| Ok(codes::purge(conn, now.plus_seconds(-CODES_KEPT_SECONDS))?))
        .await?;
    let before = now.plus_seconds(-CLIENTS_KEPT_SECONDS);
    while ctx.db.write(move |conn| reap_clients(conn, before)).await? > 0 {}
    ctx.db
        .write(move |conn| Ok(usage::purge(conn, now.plus_seconds(-WINDOWS_KEPT_SECONDS))?))
        .await?;
    ctx.db.write(move |conn| Ok(idempotency::purge(conn, reveal::oldest_key(now))?)).await?;
    ctx.db
        .write(move |conn| Ok(outbox::purge(conn, now.plus_seconds(-MAIL_KEPT_SECONDS))?))
        .await?;
    let live = ctx.live_now().await?;
    let before = now.plus_seconds(-live.settings.activity_days * DAY_SECONDS);
    while ctx.db.write(move |conn| Ok(activity::purge(conn, before, AT_ONCE)?)).await? > 0 {}
    let before = now.plus_seconds(-live.settings.audit_days * DAY_SECONDS);
    while ctx.db.write(move |conn| Ok(audit::purge(conn, before, AT_ONCE)?)).await? > 0 {}
    Ok(())
}
