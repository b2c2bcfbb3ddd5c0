//! A person at the console as a caller of the index: the session has been checked by then, and a
//! person has every scope that their role's tools need.

use super::{Credential, Principal, tools_of};
use crate::domain::scope::ScopeSet;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::service::Ctx;
use crate::store::principal;

/// The signed-in `user` with account, plan and tools as of now.
///
/// # Errors
/// When the user is gone, or the database cannot answer.
pub async fn signed_in(ctx: &Ctx, user: UserId) -> Result<Principal> {
    let found = ctx.db.glance(move |conn| Ok(principal::of_user(conn, user)?)).await?;
    let (account, plan, tools) =
        found.ok_or_else(|| Error::not_found("This user is not there any more."))?;
    Ok(Principal {
        user,
        account,
        plan,
        client: None,
        credential: Credential::Session,
        scopes: ScopeSet::all(),
        tools: tools_of(&tools),
        last_tool_at: None,
        last_used_at: None,
    })
}

/// The name of the plan of `user`'s account, if nothing may be called with it.
///
/// # Errors
/// When the user is gone, or the database cannot answer.
pub async fn plan_without_calls(ctx: &Ctx, user: UserId) -> Result<Option<String>> {
    let plan = signed_in(ctx, user).await?.plan;
    Ok((!plan.api_access).then_some(plan.name))
}
