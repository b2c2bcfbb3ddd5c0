//! Who calls: the key and all it stands on, then role and permission, before a byte of the body is
//! read, and again when that had to be waited for. The order is that of the MCP endpoint (contract §7).

use std::time::Instant;

use actix_web::{HttpMessage, HttpRequest};

use crate::domain::audit::Outcome;
use crate::domain::tool::Tool;
use crate::error::{Error, ErrorCode};
use crate::service::calls::{Caller, Recorded, Surface, micros};
use crate::service::metrics::Refused;
use crate::service::verify::{self, RefusedKey};
use crate::service::{Ctx, meter, strangers};
use crate::store::activity::NewActivity;
use crate::web::error::Failure;
use crate::web::outer::RequestId;
use crate::web::{address, credential};

/// Lets a call in, or writes down why not.
pub(super) async fn admit(ctx: &Ctx, request: &HttpRequest, tool: Tool) -> Result<Caller, Failure> {
    let arrived = Instant::now();
    let address = address::caller(request.head(), &ctx.config.trusted_proxies);
    let bearer = credential::bearer(request.headers());
    let state = ctx.clone();
    let verdict = ctx
        .db
        .glance(move |conn| verify::admit_key(&state, conn, address, &bearer))
        .await
        .map_err(Failure::Api)?;
    let request_id =
        request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let caller = match verdict {
        Ok(principal) => Caller {
            principal,
            surface: Surface::Rest,
            request_id,
            address,
            arrived,
            recorded: Recorded::default(),
        },
        Err(refused) => {
            count(ctx, refused.error.code);
            let address = address.map(|address| address.to_string());
            note_refusal(ctx, &refused, tool, request_id, address, arrived).await;
            return Err(Failure::Api(refused.error));
        }
    };
    match check_permission(&caller, tool) {
        Ok(()) => Ok(caller),
        Err(error) => {
            count(ctx, error.code);
            let (status, code) = (i32::from(error.code.status()), Some(error.code.as_str()));
            let outcome = Outcome::Denied.as_str();
            let call = caller.record(ctx, tool.row().name, outcome, status, code, 0);
            meter::note(ctx, call).await.map_err(Failure::Api)?;
            Err(Failure::Api(error))
        }
    }
}

fn count(ctx: &Ctx, code: ErrorCode) {
    if let Some(why) = Refused::at_rest(code) {
        ctx.metrics.refused(why);
    }
}

/// What the role allows, then what the key does.
fn check_permission(caller: &Caller, tool: Tool) -> Result<(), Error> {
    let row = tool.row();
    if !caller.principal.tools.contains(&tool) {
        return Err(Error::new(
            ErrorCode::PermissionDenied,
            format!(
                "The role of this key's owner does not include {}. An administrator can change it.",
                row.name
            ),
        ));
    }
    if !caller.principal.scopes.contains(row.scope) {
        return Err(Error::new(
            ErrorCode::InsufficientScope,
            format!(
                "This key does not have the permission {}. Its owner can make one that has.",
                row.scope.row().name
            ),
        ));
    }
    Ok(())
}

/// A call with a key that was ended is somebody's call and belongs in their log; any other is a
/// stranger's.
async fn note_refusal(
    ctx: &Ctx,
    refused: &RefusedKey,
    tool: Tool,
    request_id: String,
    address: Option<String>,
    arrived: Instant,
) {
    let call = NewActivity {
        request_id,
        at: ctx.clock.now(),
        account_id: refused.holder.map(|holder| holder.account),
        user_id: refused.holder.map(|holder| holder.user),
        client_id: None,
        token_id: None,
        api_key_id: refused.holder.map(|holder| holder.key),
        address,
        surface: Surface::Rest.as_str(),
        operation: tool.row().name.into(),
        outcome: Outcome::Denied.as_str(),
        status: i32::from(refused.error.code.status()),
        error_code: Some(refused.error.code.as_str().into()),
        rows_returned: 0,
        credits_spent: 0,
        latency_us: micros(arrived),
    };
    strangers::note(ctx, call).await;
}
