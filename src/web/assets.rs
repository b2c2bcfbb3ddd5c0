//! Static files, compiled in, under names that change with their content, so that browsers may
//! keep them for ever.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

use actix_web::http::header::{
    AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, ETAG, Encoding, VARY,
};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;

use crate::error::Error;
use crate::secrets::sha256_base64url;
use crate::web::error::Failure;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// A file as it is sent.
struct Asset {
    /// The tag of its content.
    tag: String,
    kind: String,
    plain: Bytes,
    /// Compressed, where that makes it smaller.
    small: Option<Bytes>,
}

/// The files by name; compressed once and not for every request.
static ASSETS: LazyLock<BTreeMap<String, Asset>> = LazyLock::new(|| {
    Files::iter()
        .filter_map(|name| {
            let file = Files::get(&name)?;
            let plain = Bytes::from(file.data.into_owned());
            let tag = sha256_base64url(&plain).chars().take(10).collect();
            let kind = mime_guess::from_path(&*name).first_or_octet_stream().to_string();
            let small = compressed(&plain).filter(|small| small.len() < plain.len());
            Some((name.into_owned(), Asset { tag, kind, plain, small }))
        })
        .collect()
});

fn compressed(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// The path of a static file, for templates.
pub fn url(name: &str) -> String {
    let tag = ASSETS.get(name).map_or("none", |asset| &asset.tag);
    format!("/static/{tag}/{name}")
}

/// `GET /static/{tag}/{name}`. An old tag still answers with the file of today, but not for ever.
///
/// # Errors
/// `not_found`.
pub async fn serve(
    path: web::Path<(String, String)>,
    accepted: Option<web::Header<AcceptEncoding>>,
) -> Result<HttpResponse, Failure> {
    let (tag, name) = path.into_inner();
    let asset = ASSETS.get(&name).ok_or_else(|| Error::not_found("There is no such file."))?;
    let is_current = asset.tag == tag;
    let caching = if is_current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.kind.as_str())
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((VARY, "Accept-Encoding"));
    let takes_small = accepted.is_some_and(|accepted| {
        let offered = [Encoding::gzip(), Encoding::identity()];
        accepted.0.negotiate(offered.iter()) == Some(Encoding::gzip())
    });
    let (body, end) = match &asset.small {
        Some(small) if takes_small => {
            response.insert_header((CONTENT_ENCODING, "gzip"));
            (small, "-gzip")
        }
        _ => (&asset.plain, ""),
    };
    Ok(response.insert_header((ETAG, format!("\"{}{end}\"", asset.tag))).body(body.clone()))
}
