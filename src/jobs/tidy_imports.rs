//! Writes down which imports have lost their process, and removes rejected lines of long ago.

use crate::error::Result;
use crate::service::Ctx;
use crate::service::import::{history, upload};

/// Tidies once.
pub(super) async fn run(ctx: &Ctx) -> Result<()> {
    history::note_interrupted(ctx).await?;
    upload::purge(ctx).await
}
