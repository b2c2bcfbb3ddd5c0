//! `list_taxonomy`: the filters of `search_stores` and their values. Costs nothing.

use super::{Caller, Done, NoInput, output};
use crate::domain::profile::Taxonomy;
use crate::error::Result;
use crate::service::meter::{self, Cost};
use crate::service::{Ctx, index};

/// What `list_taxonomy` returns.
pub(super) type Output = Taxonomy;

pub(super) async fn run(ctx: &Ctx, caller: &Caller, _: NoInput) -> Result<Done> {
    // Free, and still a use of the API (contract §7, check 8); only what is left may be asked by all.
    meter::access(&caller.principal.plan)?;
    Ok(Done { output: output(&index::taxonomy(&ctx.db).await?)?, cost: Cost::default() })
}
