//! `POST /admin/index`: takes a file and begins its import.

use std::time::Duration;

use actix_session::SessionExt;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};

use crate::domain::import::Entity;
use crate::error::{Error, ErrorCode};
use crate::service::Ctx;
use crate::service::import::upload::{self, Upload, folder, largest};
use crate::web::error::Failure;
use crate::web::flash::{self, Tone};
use crate::web::page::see_other;
use crate::web::upload::{Posted, Received, Size, receive};
use crate::web::viewer::{Admin, ManageIndex};

use super::listing::Asked;
use super::{PATH, Typed, page};

/// How long the answer to a file waits for the end of its import.
const PATIENCE: Duration = Duration::from_secs(1);

/// `POST /admin/index`. The permission is looked at before anything of the body is, and again when
/// all of it has come, which may take long.
///
/// # Errors
/// `form_expired`, that the form cannot be read, or that the database cannot answer.
pub async fn submit(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    _: Admin<ManageIndex>,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let posted = receive(&ctx, &request, payload, largest(&ctx), &folder(&ctx)?).await?;
    let viewer = Admin::<ManageIndex>::extract(&request).await?;
    let typed = Typed {
        entity: posted.fields.get("what").cloned().unwrap_or_default(),
        strict: posted.fields.contains_key("strict"),
    };
    let begun = match parse(&ctx, posted) {
        Ok(wanted) => upload::start(&ctx, &viewer.actor, wanted).await.map_err(|error| {
            // Said at the form, where it can be tried again.
            vec![Error { param: error.param.clone().or(Some("file".into())), ..error }]
        }),
        Err(errors) => Err(errors),
    };
    match begun {
        Ok(import) => {
            // A small file is done by then, and the next page is its report.
            if tokio::time::timeout(PATIENCE, upload::settle(&ctx)).await.is_err() {
                flash::put(
                    &request.get_session(),
                    Tone::Ok,
                    "The file has arrived and is being imported. You may leave this page.",
                );
            }
            Ok(see_other(&format!("{PATH}/imports/{import}")))
        }
        Err(errors) => {
            let status = errors.first().map_or(400, |error| error.code.status());
            Ok(page(&ctx, &request, &viewer, Asked::default(), typed, errors, status).await?)
        }
    }
}

fn parse(ctx: &Ctx, posted: Posted) -> Result<Upload, Vec<Error>> {
    let mut errors = Vec::new();
    let entity = match posted.fields.get("what").map(String::as_str) {
        Some("stores") => Some(Entity::Stores),
        Some("contacts") => Some(Entity::Contacts),
        _ => {
            errors.push(Error::field("what", "What the file holds: choose stores or contacts."));
            None
        }
    };
    let file = posted.file.ok_or_else(|| Error::field("file", "File: choose a file."));
    let file = file.and_then(|file| check(ctx, file)).map_err(|error| errors.push(error)).ok();
    match (entity, file) {
        (Some(entity), Some(file)) => Ok(Upload {
            entity,
            strict: posted.fields.contains_key("strict"),
            name: if file.name.is_empty() { "upload".into() } else { file.name },
            content: file.content,
        }),
        _ => Err(errors),
    }
}

fn check(ctx: &Ctx, file: Received) -> Result<Received, Error> {
    match file.size {
        Size::Bytes(0) => Err(Error::field("file", format!("File: {} is empty.", file.name))),
        Size::Bytes(_) => Ok(file),
        Size::TooLarge => {
            let most = largest(ctx) >> 20;
            let message = format!(
                "File: {} is larger than {most} MiB. Nothing was changed. Pack it with gzip, cut it \
                 into parts, or import it at the server's command line.",
                file.name
            );
            let param = Some("file".into());
            Err(Error { param, ..Error::new(ErrorCode::BodyTooLarge, message) })
        }
    }
}
