//! `get_store`: one profile. Costs 1 request.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Caller, Done, output};
use crate::domain::profile::StoreProfile;
use crate::error::Result;
use crate::service::meter::{self, Cost};
use crate::service::{Ctx, index};

/// What `get_store` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The store's domain name, like shop.example.com. A URL is understood too.
    #[schemars(length(min = 3, max = index::LONGEST_DOMAIN))]
    domain: String,
}

/// What `get_store` returns.
pub(super) type Output = StoreProfile;

pub(super) async fn run(ctx: &Ctx, caller: &Caller, input: Input) -> Result<Done> {
    let cost = Cost { requests: 1, rows: 0 };
    meter::precheck(ctx, &caller.principal, cost).await?;
    let store = index::get_store(&ctx.db, &input.domain).await?;
    Ok(Done { output: output(&store)?, cost })
}
