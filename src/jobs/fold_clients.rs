//! Brings the figures that the clients grid sorts by up to date. Nothing that is shown waits for
//! this.

use crate::error::Result;
use crate::service::{Ctx, clients};

/// Folds what was written down since the last time.
pub(super) async fn run(ctx: &Ctx) -> Result<()> {
    clients::fold(ctx).await
}
