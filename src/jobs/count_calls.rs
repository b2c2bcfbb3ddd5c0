//! Counts calls by day for the overview.

use crate::error::Result;
use crate::service::{Ctx, overview};

/// Counts what was written down since the last time.
pub(super) async fn run(ctx: &Ctx) -> Result<()> {
    overview::fold(ctx).await
}
