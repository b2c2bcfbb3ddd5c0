//! `GET /admin/index/imports/{import}`: what became of an import, and its rejected lines.

use std::fs::File;
use std::io::Read;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use futures_util::stream;

use crate::clock::Timestamp;
use crate::console::mcp_users::parts;
use crate::domain::access::Permission;
use crate::error::{Error, Result};
use crate::ids::ImportId;
use crate::service::Ctx;
use crate::service::import::Format;
use crate::service::import::history::{self, Past, SILENCE_SECONDS, Standing};
use crate::service::import::upload::{self, KEPT_DAYS};
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::{Admin, ManageIndex, ViewIndex};

use super::PATH;

/// Bytes of the file that are sent at once.
const PART: usize = 1 << 16;

#[derive(Template)]
#[template(path = "index_import.html")]
struct ImportPage {
    shell: Shell,
    now: Timestamp,
    past: Past,
}

/// `GET /admin/index/imports/{import}`.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn show(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    viewer: Admin<ViewIndex>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let past = history::one(&ctx, import_id(&path)?).await?;
    let mut shell = Shell::new(&ctx, &request, &viewer);
    // The words that came with the file are of one that still runs; else the outcome speaks.
    shell.flash = shell.flash.filter(|_| past.standing == Standing::Running);
    Ok(render(&ImportPage { shell, now: ctx.clock.now(), past })?)
}

/// Whether more lines were rejected than those whose problems were kept.
fn is_more(past: &Past) -> bool {
    let mut lines: Vec<u64> = past.problems.iter().map(|problem| problem.line).collect();
    lines.dedup();
    i64::try_from(lines.len()).is_ok_and(|lines| lines < past.row.counts.rejected)
}

/// `GET /admin/index/imports/{import}/rejected`: the rejected lines, always as a file to be kept
/// and never to be shown, because what is in it came from elsewhere.
///
/// # Errors
/// `not_found`, or that the database cannot answer.
pub async fn rejected(
    ctx: web::Data<Ctx>,
    _viewer: Admin<ManageIndex>,
    path: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let (file, format) = upload::rejects(&ctx, import_id(&path)?).await?;
    let (kind, name) = match format {
        // What stands in the rows may be of another encoding; that is what is wrong with them.
        Format::Csv => ("text/csv", "attachment; filename=\"rejected.csv\""),
        Format::JsonLines => ("application/x-ndjson", "attachment; filename=\"rejected.jsonl\""),
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_DISPOSITION, name))
        .streaming(stream::try_unfold(file, part)))
}

async fn part(mut file: File) -> Result<Option<(Bytes, File)>> {
    let (read, file) = web::block(move || {
        let mut bytes = Vec::with_capacity(PART);
        file.by_ref().take(PART as u64).read_to_end(&mut bytes).map(|_| (bytes, file))
    })
    .await
    .map_err(Error::internal)?
    .map_err(Error::internal)?;
    Ok((!read.is_empty()).then(|| (read.into(), file)))
}

fn import_id(text: &str) -> Result<ImportId> {
    text.parse().map_err(|_| Error::not_found("There is no import of that number."))
}
