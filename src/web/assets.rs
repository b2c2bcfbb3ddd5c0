//! Static files, compiled in, under names that change with their content, so that browsers may
//! keep them for ever.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::{HttpResponse, web};
use rust_embed::RustEmbed;

use crate::error::Error;
use crate::secrets::sha256_base64url;
use crate::web::error::Failure;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// File name to the tag of its content.
static TAGS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    Files::iter()
        .filter_map(|name| {
            let file = Files::get(&name)?;
            let tag = sha256_base64url(&file.data).chars().take(10).collect();
            Some((name.into_owned(), tag))
        })
        .collect()
});

/// The path of a static file, for templates.
pub fn url(name: &str) -> String {
    let tag = TAGS.get(name).map_or("none", String::as_str);
    format!("/static/{tag}/{name}")
}

/// `GET /static/{tag}/{name}`. An old tag still answers with the file of today, but not for ever.
///
/// # Errors
/// `not_found`.
pub async fn serve(path: web::Path<(String, String)>) -> Result<HttpResponse, Failure> {
    let (tag, name) = path.into_inner();
    let file = Files::get(&name).ok_or_else(|| Error::not_found("There is no such file."))?;
    let is_current = TAGS.get(&name) == Some(&tag);
    let caching = if is_current { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(HttpResponse::Ok()
        .content_type(mime_guess::from_path(&name).first_or_octet_stream().as_ref())
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((ETAG, format!("\"{}\"", TAGS.get(&name).map_or("", String::as_str))))
        .body(file.data.into_owned()))
}
