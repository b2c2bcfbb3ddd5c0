//! Moves tokens whose time has passed from the active to the ended counters. Nothing that is shown
//! as active waits for this: status is computed against the clock.

use crate::error::Result;
use crate::service::{Ctx, revoke};

/// Sweeps until nothing is left.
pub(super) async fn run(ctx: &Ctx) -> Result<()> {
    while revoke::sweep_expired(ctx).await? > 0 {}
    Ok(())
}
