//! `enrich_domains`: what the index has of many domains. Costs 1 request and a row for each store
//! that was found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Caller, Done, output};
use crate::domain::profile::{EnrichStatus, Enriched};
use crate::error::Result;
use crate::service::meter::{self, Cost};
use crate::service::{Ctx, index};

/// What `enrich_domains` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Domain names, 1 to 100; URLs are understood too.
    #[schemars(length(min = 1, max = index::MOST_DOMAINS), inner(length(max = index::LONGEST_DOMAIN)))]
    domains: Vec<String>,
}

/// What `enrich_domains` returns.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// Each domain once, in the order given.
    data: Vec<Enriched>,
}

pub(super) async fn run(ctx: &Ctx, caller: &Caller, input: Input) -> Result<Done> {
    // Before the quota is asked, or a senseless list would be told as a lack of rows.
    let asked = index::Asked::read(&input.domains)?;
    let wanted = i64::try_from(asked.count()).unwrap_or(i64::MAX);
    meter::precheck(ctx, &caller.principal, Cost { requests: 1, rows: wanted }).await?;
    let data = index::enrich(&ctx.db, asked).await?;
    let found = data.iter().filter(|domain| domain.status == EnrichStatus::Found).count();
    let rows = i64::try_from(found).unwrap_or(i64::MAX);
    Ok(Done { output: output(&Output { data })?, cost: Cost { requests: 1, rows } })
}
