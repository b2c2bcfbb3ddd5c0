//! `GET /dashboard/usage/export`: the person's own calls as a CSV file.

use actix_web::{HttpResponse, web};

use crate::domain::export::{Cell, Format};
use crate::service::{Ctx, directory};
use crate::store::people::CallRow;
use crate::web::error::Failure;
use crate::web::export::{BATCH, File, send};
use crate::web::viewer::Viewer;

/// Sends all calls that are kept, newest first.
///
/// # Errors
/// When the database cannot answer.
pub async fn export(ctx: web::Data<Ctx>, viewer: Viewer) -> Result<HttpResponse, Failure> {
    let columns = vec![
        "at",
        "request_id",
        "tool",
        "client",
        "address",
        "outcome",
        "error_code",
        "rows",
        "credits",
    ];
    let file = File { name: "my-calls", format: Format::Csv, columns, at: ctx.clock.now() };
    let user = viewer.user.id;
    Ok(send(file, None, i64::MAX, move |before| {
        let ctx = ctx.clone();
        async move {
            let calls = directory::calls_of(&ctx, user, before, BATCH).await?;
            let is_full = i64::try_from(calls.len()).is_ok_and(|count| count == BATCH);
            let older = calls.last().map(|call| call.id).filter(|_| is_full);
            Ok((calls.into_iter().map(row).collect(), older))
        }
    }))
}

fn row(call: CallRow) -> Vec<Cell> {
    vec![
        call.at.into(),
        call.request_id.into(),
        call.operation.into(),
        call.client.into(),
        call.address.into(),
        call.outcome.into(),
        call.error_code.into(),
        call.rows_returned.into(),
        call.credits_spent.into(),
    ]
}
