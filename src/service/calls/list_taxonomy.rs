//! `list_taxonomy`: the filters of `search_stores` and their values. Costs nothing.

use super::{Caller, Done, NoInput, output};
use crate::domain::profile::Taxonomy;
use crate::error::Result;
use crate::service::meter::Cost;
use crate::service::{Ctx, index};

/// What `list_taxonomy` returns.
pub(super) type Output = Taxonomy;

pub(super) async fn run(ctx: &Ctx, _: &Caller, _: NoInput) -> Result<Done> {
    Ok(Done { output: output(&index::taxonomy(&ctx.db).await?)?, cost: Cost::default() })
}
