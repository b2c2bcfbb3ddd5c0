//! A log as a file, for both screens.

use actix_web::HttpResponse;

use super::view::Asked;
use crate::domain::export::Format;
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::service::records::export::{self, Exported};
use crate::web::export::{BATCH, File};
use crate::web::viewer::Viewer;

/// Sends the view of an address in the format that it names. Nothing of an address that cannot be
/// read is passed over: a file does not show which filters it has.
pub(in crate::console) async fn send<L: Exported>(
    ctx: &Ctx,
    viewer: &Viewer,
    asked: Asked,
    query: L::Asked,
) -> Result<HttpResponse> {
    let format = Format::parse(asked.typed("format"))
        .ok_or_else(|| Error::field("format", "Format: choose csv or jsonl."))?;
    let filters = asked.view.filters();
    if let Some(problem) = asked.problems.into_iter().next() {
        return Err(problem);
    }
    let begun = export::begin::<L>(ctx, &viewer.actor, query, format, filters).await?;
    let file = File { name: L::NAME, format, columns: L::COLUMNS.to_vec(), at: ctx.clock.now() };
    let (ctx, first, rows) = (ctx.clone(), begun.first, begun.rows);
    Ok(crate::web::export::send(file, rows, first, move |span| {
        let (ctx, begun) = (ctx.clone(), begun.clone());
        async move { begun.batch(&ctx, span, BATCH).await }
    }))
}
