//! `search_stores`: stores by filter, a page at a time. Costs 1 request and the rows returned.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Caller, Done, output};
use crate::domain::argument;
use crate::domain::filter::{StoreFilter, StoreSort};
use crate::domain::profile::StoreProfile;
use crate::error::{Error, Result};
use crate::service::meter::{self, Cost};
use crate::service::{Ctx, index};

/// What `search_stores` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Which stores; leave it out for all.
    #[serde(default, deserialize_with = "argument::object")]
    filters: StoreFilter,
    /// Order of the results.
    #[serde(default)]
    sort: StoreSort,
    /// Stores a page, 1 to 100.
    #[serde(default = "default_limit", deserialize_with = "argument::whole")]
    #[schemars(range(min = 1, max = index::MOST_STORES))]
    limit: i64,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

fn default_limit() -> i64 {
    25
}

/// What `search_stores` returns.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// The stores.
    data: Vec<StoreProfile>,
    /// Pass it back as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

pub(super) async fn run(ctx: &Ctx, caller: &Caller, input: Input) -> Result<Done> {
    // Before the quota is asked, or a senseless limit would be told as a lack of rows.
    if !(1..=index::MOST_STORES).contains(&input.limit) {
        return Err(Error::field("limit", "takes 1 to 100"));
    }
    meter::precheck(ctx, &caller.principal, Cost { requests: 1, rows: input.limit }).await?;
    let page = index::search_stores(
        &ctx.db,
        &ctx.config.secret,
        caller.principal.user,
        input.filters,
        input.sort,
        input.limit,
        input.cursor.as_deref(),
    )
    .await?;
    let rows = i64::try_from(page.stores.len()).unwrap_or(i64::MAX);
    let result = Output { data: page.stores, next_cursor: page.next_cursor };
    Ok(Done { output: output(&result)?, cost: Cost { requests: 1, rows } })
}
