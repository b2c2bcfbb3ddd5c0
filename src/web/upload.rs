//! Posted forms with a file (RFC 7578). Nothing of the file is kept before the form's token was
//! seen, which therefore comes first; then it goes to a file without a name on the disk, which is
//! gone when this process lets go of it or dies.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use serde::Deserialize;

use crate::domain::words::is_hidden;
use crate::error::{Error, ErrorCode, Result};
use crate::service::Ctx;
use crate::web::csrf;
use crate::web::error::Failure;
use crate::web::form::Form;

/// The longest field that is no file, bytes.
const LONGEST_FIELD: usize = 1_000;
/// The most fields.
const MOST_FIELDS: usize = 20;
/// The longest file name kept, characters.
const LONGEST_NAME: usize = 200;
/// Bytes that are written at once.
const PART: usize = 1 << 20;

/// A posted form that is ours.
#[derive(Debug, Default)]
pub struct Posted {
    /// Fields that are no files; of one that comes twice, the last.
    pub fields: BTreeMap<String, String>,
    /// The file, if one was chosen.
    pub file: Option<Received>,
}

/// A file that came.
#[derive(Debug)]
pub struct Received {
    /// Its name, without folders.
    pub name: String,
    /// Its size, or that it is larger than it may be.
    pub size: Size,
    /// What is in it, from its beginning.
    pub content: File,
}

/// The size of a file that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// So many bytes.
    Bytes(u64),
    /// More than it may have; nothing of it is kept.
    TooLarge,
}

#[derive(Deserialize)]
struct Nothing {}

/// Reads a posted form with at most one file of at most `most` bytes, kept in `folder`.
///
/// # Errors
/// `form_expired`, or that it is no such form.
pub async fn receive(
    ctx: &Ctx,
    request: &HttpRequest,
    payload: web::Payload,
    most: u64,
    folder: &Path,
) -> Result<Posted, Failure> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data")) {
        // Another form's token tells whose mistake it is.
        Form::<Nothing>::from_request(request, &mut payload.into_inner()).await?;
        let message = "Send this form as multipart/form-data.";
        return Err(Error::new(ErrorCode::UnsupportedMediaType, message).into());
    }
    let mut parts = Multipart::new(request.headers(), payload);
    let mut posted = Posted::default();
    let mut is_ours = false;
    for _ in 0..MOST_FIELDS {
        let Some(part) = parts.next().await else {
            if !is_ours {
                csrf::check(ctx, request, "")?;
            }
            return Ok(posted);
        };
        let mut part = part.map_err(unreadable)?;
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.content_disposition().and_then(|about| about.get_filename().map(base_name));
        match file {
            Some(file) if is_ours => posted.file = store(&mut part, file, most, folder).await?,
            Some(_) => csrf::check(ctx, request, "")?,
            None => {
                let text = text(&mut part, &name).await?;
                if name == "csrf" {
                    csrf::check(ctx, request, &text)?;
                    is_ours = true;
                }
                posted.fields.insert(name, text);
            }
        }
    }
    Err(Error::new(ErrorCode::InvalidRequest, "The form has too many fields.").into())
}

async fn text(part: &mut Field, name: &str) -> Result<String> {
    let bytes = part
        .bytes(LONGEST_FIELD)
        .await
        .map_err(|_| Error::new(ErrorCode::BodyTooLarge, format!("The field {name} is too long.")))?
        .map_err(unreadable)?;
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Error::new(ErrorCode::InvalidRequest, "The form is not UTF-8 text."))
}

fn unreadable(error: MultipartError) -> Error {
    log::info!("a form with a file could not be read: {error}");
    Error::new(ErrorCode::InvalidRequest, "The form did not arrive whole. Nothing was changed.")
}

/// Some browsers send a whole path; control characters, and those that nobody sees, have no place in
/// messages.
fn base_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.chars().filter(|c| !c.is_control() && !is_hidden(*c)).take(LONGEST_NAME).collect()
}

/// Keeps a file; none if nothing was chosen, which a browser sends as a file without a name.
async fn store(
    part: &mut Field,
    name: String,
    most: u64,
    folder: &Path,
) -> Result<Option<Received>> {
    let mut content = tempfile::tempfile_in(folder).map_err(Error::internal)?;
    let (mut came, mut waiting) = (0_u64, Vec::with_capacity(PART));
    while let Some(bytes) = part.next().await {
        let bytes = bytes.map_err(unreadable)?;
        came = came.saturating_add(bytes.len() as u64);
        // The rest is read and dropped, because a browser listens only when it has sent all; but
        // not without end.
        if came > most.saturating_mul(2) {
            let message = format!("The file is larger than {} MiB.", most >> 20);
            return Err(Error::new(ErrorCode::BodyTooLarge, message));
        }
        if came <= most {
            waiting.extend_from_slice(&bytes);
        }
        if waiting.len() >= PART {
            (content, waiting) = write(content, waiting).await?;
        }
    }
    (content, _) = write(content, waiting).await?;
    content.rewind().map_err(Error::internal)?;
    if name.is_empty() && came == 0 {
        return Ok(None);
    }
    let size = if came > most { Size::TooLarge } else { Size::Bytes(came) };
    Ok(Some(Received { name, size, content }))
}

/// Writes on a thread that may wait for the disk.
async fn write(mut file: File, mut bytes: Vec<u8>) -> Result<(File, Vec<u8>)> {
    web::block(move || {
        file.write_all(&bytes)?;
        bytes.clear();
        Ok((file, bytes))
    })
    .await
    .map_err(Error::internal)?
    .map_err(|error: std::io::Error| {
        log::error!("an uploaded file could not be kept: {error}");
        Error::new(
            ErrorCode::Unavailable,
            "The server has no room for this file. Nothing was changed.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::base_name;

    #[test]
    fn a_file_is_called_by_its_last_name() {
        assert_eq!(base_name("C:\\Users\\ann\\stores.csv"), "stores.csv");
        assert_eq!(base_name("../../etc/passwd"), "passwd");
        assert_eq!(base_name("a\r\nb.csv"), "ab.csv");
        assert_eq!(base_name("evil\u{202e}vsc.\u{200b}exe"), "evilvsc.exe");
        assert_eq!(base_name(&"x".repeat(300)).len(), 200);
    }
}
