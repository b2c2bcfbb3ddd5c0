//! `/admin/index`: what the index holds, store by store, the form that imports a file, and what was imported.

mod browse;
mod listing;
mod result;
mod store;
mod upload;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::clock::Timestamp;
use crate::console::mcp_users::parts::{self, Pager, Size};
use crate::domain::access::Permission;
use crate::error::{Error, Result};
use crate::service::Ctx;
use crate::service::import::history::{self, Overview, Past, Standing};
use crate::service::import::upload::largest;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::{Admin, ViewIndex, Viewer};

use browse::Grid;
use listing::Asked;
pub use result::{rejected, show as import};
pub use store::show as store;
pub use upload::submit;

/// The screen's path.
const PATH: &str = "/admin/index";

/// What the form holds when it is shown.
#[derive(Debug, Default)]
struct Typed {
    entity: String,
    strict: bool,
}

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage {
    shell: Shell,
    now: Timestamp,
    errors: Vec<Error>,
    notice: Option<String>,
    typed: Typed,
    overview: Overview,
    stores: Grid,
    pager: Pager,
    sizes: Vec<Size>,
    largest_mib: u64,
}

/// How an import ended, in a few words.
fn how_it_ended(past: &Past) -> String {
    match past.standing {
        Standing::Running => "running".into(),
        Standing::Failed => "failed".into(),
        Standing::Interrupted => "interrupted".into(),
        Standing::Finished => format!("{} rejected", parts::number(&past.row.counts.rejected)),
    }
}

impl IndexPage {
    fn problem(&self, field: &str) -> Option<&str> {
        let of_field = |error: &&Error| error.param.as_deref() == Some(field);
        self.errors.iter().find(of_field).map(|error| error.message.as_ref())
    }
}

/// `GET /admin/index`. What the address says wrongly is named, its default used, and the status
/// 400.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewIndex>,
) -> Result<HttpResponse, Failure> {
    let (asked, errors) = Asked::parse(request.query_string());
    Ok(page(&ctx, &request, &viewer, asked, Typed::default(), errors, 200).await?)
}

async fn page(
    ctx: &Ctx,
    request: &HttpRequest,
    viewer: &Viewer,
    asked: Asked,
    typed: Typed,
    mut errors: Vec<Error>,
    status: u16,
) -> Result<HttpResponse> {
    let browsed = browse::Asked::parse(request.query_string());
    let (mut stores, wrong) = browse::grid(ctx, viewer, browsed).await?;
    errors.extend(wrong);
    let status = if status == 200 && !errors.is_empty() { 400 } else { status };
    let overview = history::overview(ctx, asked.page, asked.page_size).await?;
    stores.count_all(overview.stores);
    let template = IndexPage {
        shell: Shell::new(ctx, request, viewer),
        now: ctx.clock.now(),
        notice: parts::moved_notice(asked.page, overview.page),
        pager: asked.pager(overview.page, overview.total),
        sizes: asked.sizes(),
        largest_mib: largest(ctx) >> 20,
        errors,
        typed,
        overview,
        stores,
    };
    render_with_status(&template, status)
}

/// A length of time as people read it.
pub(crate) fn duration(millis: i64) -> String {
    match millis {
        ..1_000 => "under a second".into(),
        1_000..60_000 => format!("{} s", millis / 1_000),
        60_000..3_600_000 => format!("{} min {} s", millis / 60_000, millis / 1_000 % 60),
        _ => format!("{} h {} min", millis / 3_600_000, millis / 60_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn a_length_of_time_is_told_in_the_units_it_has() {
        let told = [12, 59_999, 61_500, 3_720_000].map(duration);
        assert_eq!(told, ["under a second", "59 s", "1 min 1 s", "1 h 2 min"]);
    }
}
