//! Replaces a signing key that has grown old and forgets retired ones.

use crate::error::Result;
use crate::service::{Ctx, keys};

/// Looks once.
pub(super) async fn run(ctx: &Ctx) -> Result<()> {
    keys::maintain(ctx).await
}
