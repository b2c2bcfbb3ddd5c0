//! `/dashboard/audit`: what the person did, and what was done to them, newest first. Of what others
//! did it has who, what and when; from where, and the rest, is theirs.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::clock::Timestamp;
use crate::console::activity::file::send;
use crate::console::activity::frame::Frame;
use crate::console::activity::view::{Asked, Field, Preset, View};
use crate::console::audit::{grid, target};
use crate::error::{ErrorCode, Result};
use crate::ids::UserId;
use crate::service::Ctx;
use crate::service::records::audit::{self, Entry};
use crate::store::audit_grid::AuditQuery;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render_with_status};
use crate::web::viewer::Viewer;

/// The screen's path.
const PATH: &str = "/dashboard/audit";

const PRESETS: [Preset; 3] = [
    Preset { label: "Sign-ins", filters: &[("action", "sign_ins")] },
    Preset { label: "Denied", filters: &[("outcome", "denied")] },
    Preset { label: "Reuse alarms", filters: &[("action", "alarms")] },
];

/// The fields of the administrators' screen, but for the person, and for what others' entries do not
/// show and must not be found by.
const FIELDS: &[Field] = &grid::OWN_FIELDS;

#[derive(Template)]
#[template(path = "own_audit.html")]
struct OwnPage {
    shell: Shell,
    frame: Frame,
    entries: Vec<Entry>,
}

impl OwnPage {
    /// Who looks.
    fn viewer(&self) -> Option<UserId> {
        self.shell.user().map(|user| user.id)
    }
}

fn read(now: Timestamp, query: &str) -> Asked {
    Asked::parse(PATH, FIELDS, now, query)
}

/// What the database is asked: entries that this person made or that are about them.
fn to_query(view: &View, user: UserId) -> audit::Asked {
    let asked = grid::to_query(view);
    let query = AuditQuery { person: Some(user), is_own: true, ..asked.query };
    audit::Asked { person: None, query, ..asked }
}

/// `GET /dashboard/audit`. What the address says wrongly is named, its default used, and the status
/// 400.
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
        match audit::page(&ctx, query, view.cursor, view.page_size).await {
            Err(error) if error.code == ErrorCode::InvalidRequest && error.param.is_some() => {
                asked.refuse(error);
            }
            page => break page?,
        }
    };
    let status = if asked.problems.is_empty() { 200 } else { 400 };
    let kept = (audit::kept(&ctx).await?.0, None);
    let template = OwnPage {
        shell: Shell::new(&ctx, &request, &viewer),
        frame: Frame::new(&ctx, asked, ("entry", "entries"), &PRESETS, &page, kept),
        entries: page.rows,
    };
    Ok(render_with_status(&template, status)?)
}

/// `GET /dashboard/audit/export?format=csv|jsonl`, with the filters of the screen.
///
/// # Errors
/// Names what is wrong with the address; or that the database cannot answer.
pub async fn export(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Viewer,
) -> Result<HttpResponse, Failure> {
    let asked = read(ctx.clock.now(), request.query_string());
    let query = to_query(&asked.view, viewer.user.id);
    Ok(send::<AuditQuery>(&ctx, &viewer, asked, query).await?)
}
