//! Hands over mail that waits in the outbox.

use crate::error::Result;
use crate::service::{Ctx, deliver};

/// Hands over until nothing more goes out.
pub(super) async fn run(ctx: &Ctx) -> Result<()> {
    while deliver::round(ctx).await? > 0 {}
    Ok(())
}
