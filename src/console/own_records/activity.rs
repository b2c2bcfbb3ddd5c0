//! `/dashboard/activity`: the person's own calls, newest first.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::clock::Timestamp;
use crate::console::activity::file::send;
use crate::console::activity::frame::Frame;
use crate::console::activity::grid;
use crate::console::activity::view::{Asked, Field, Preset, View};
use crate::console::mcp_users::parts;
use crate::error::{ErrorCode, Result};
use crate::ids::UserId;
use crate::service::Ctx;
use crate::service::records::{Call, activity};
use crate::store::activity_grid::ActivityQuery;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::Viewer;

/// The screen's path.
const PATH: &str = "/dashboard/activity";

const PRESETS: [Preset; 3] = [
    Preset { label: "Today", filters: &[("from", "today")] },
    Preset { label: "Denied", filters: &[("outcome", "denied")] },
    Preset { label: "Reveals", filters: &[("tool", "reveal_contacts")] },
];

#[derive(Template)]
#[template(path = "own_activity.html")]
struct OwnPage {
    shell: Shell,
    frame: Frame,
    calls: Vec<Call>,
}

/// The fields of the administrators' screen, but for the person.
const FIELDS: &[Field] = &grid::OWN_FIELDS;

fn read(now: Timestamp, query: &str) -> Asked {
    Asked::parse(PATH, FIELDS, now, query)
}

/// What the database is asked: this person's calls and nobody else's, whatever the address says.
fn to_query(view: &View, user: UserId) -> activity::Asked {
    let asked = grid::to_query(view);
    activity::Asked {
        person: None,
        client: None,
        own_client: view.value("client"),
        query: ActivityQuery { user: Some(user), ..asked.query },
    }
}

/// `GET /dashboard/activity`. What the address says wrongly is named, its default used, and the
/// status 400.
///
/// # Errors
/// When the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let mut asked = read(ctx.clock.now(), request.query_string());
    let page = loop {
        let view = &asked.view;
        let query = to_query(view, viewer.user.id);
        match activity::page(&ctx, query, view.cursor, view.page_size).await {
            Err(error) if error.code == ErrorCode::InvalidRequest && error.param.is_some() => {
                asked.refuse(error);
            }
            page => break page?,
        }
    };
    let status = if asked.problems.is_empty() { 200 } else { 400 };
    // When the oldest was written is a fact about everybody's calls.
    let kept = (activity::kept(&ctx).await?.0, None);
    let template = OwnPage {
        shell: Shell::new(&ctx, &request, &viewer),
        frame: Frame::new(&ctx, asked, ("call", "calls"), &PRESETS, &page, kept),
        calls: page.rows,
    };
    Ok(render_with_status(&template, status)?)
}

/// `GET /dashboard/activity/export?format=csv|jsonl`, with the filters of the screen.
///
/// # Errors
/// Names what is wrong with the address; or that the database cannot answer.
pub async fn export(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    send_file(&ctx, &viewer, request.query_string()).await
}

/// The person's own calls as a file, as a query asks for them.
///
/// # Errors
/// Names what is wrong with the query; or that the database cannot answer.
pub async fn send_file(ctx: &Ctx, viewer: &Viewer, query: &str) -> Result<HttpResponse, Failure> {
    let asked = read(ctx.clock.now(), query);
    let query = to_query(&asked.view, viewer.user.id);
    Ok(send::<ActivityQuery>(ctx, viewer, asked, query).await?)
}
