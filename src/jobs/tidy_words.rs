//! Brings the pieces together that an import has left of the search index, once it is done.

use crate::error::Result;
use crate::service::Ctx;
use crate::service::import::history;
use crate::service::index;

/// Tidies once, unless an import writes: what it adds would be brought together again.
pub(super) async fn run(ctx: &Ctx) -> Result<()> {
    if history::is_running(ctx).await? {
        return Ok(());
    }
    index::tidy(&ctx.db).await
}
