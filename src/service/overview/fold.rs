//! Counting calls by day. Position and counts change in one transaction, so that every call is
//! counted once, whatever dies in between and however many servers do it.

use super::{DAY, first_day};
use crate::clock::Timestamp;
use crate::db::{Conn, lock};
use crate::error::Result;
use crate::service::Ctx;
use crate::store::activity_days as store;

/// A call is written down so long after it was answered at most, seconds.
const GRACE_SECONDS: i64 = 60;

/// Counts what was written down since the last time. Safe to run twice and on every replica.
///
/// # Errors
/// When the database cannot answer.
pub async fn fold(ctx: &Ctx) -> Result<()> {
    let now = ctx.clock.now();
    while ctx.db.write(move |conn| fold_day(conn, now)).await? {}
    ctx.db.write(move |conn| Ok(store::forget_before(conn, first_day(now))?)).await?;
    Ok(())
}

/// Counts at most one day. Returns whether there may be more.
fn fold_day(conn: &mut Conn, now: Timestamp) -> Result<bool> {
    lock::activity(conn)?;
    let from = store::until(conn)?.max(Timestamp(first_day(now) * DAY));
    let day = from.0.div_euclid(DAY);
    let until = now.plus_seconds(-GRACE_SECONDS).min(Timestamp((day + 1) * DAY));
    if until <= from {
        return Ok(false);
    }
    for part in store::between(conn, from, until)? {
        store::add(conn, day, &part)?;
    }
    store::set_until(conn, until)?;
    Ok(true)
}
