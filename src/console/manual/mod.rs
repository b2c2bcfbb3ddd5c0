//! `/docs`: the manual inside the product, open to anyone. Its pages are `docs/*.md`, rendered once
//! when the server starts; each is there as Markdown too, for programs that read.

mod library;
mod markdown;
mod pages;

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, LOCATION, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

pub use library::{Found, MOST_FOUND, Manual, Page};
pub use pages::{PAGES, Part};

use crate::console::mcp_users::back::parameter;
use crate::error::{Error, Result};
use crate::secrets::sha256_base64url;
use crate::service::Ctx;
use crate::web::error::Failure;
use crate::web::flash::Tone;
use crate::web::page::{Shell, render};
use crate::web::viewer::Viewer;

#[derive(Template)]
#[template(path = "manual.html")]
struct ContentsPage<'a> {
    shell: Shell,
    parts: Vec<(Part, Vec<&'a Page>)>,
    current: &'static str,
    /// What was searched for, cut of blanks.
    asked: &'a str,
    found: Vec<Found<'a>>,
}

#[derive(Template)]
#[template(path = "manual_page.html")]
struct ManualPage<'a> {
    shell: Shell,
    parts: Vec<(Part, Vec<&'a Page>)>,
    current: &'static str,
    asked: &'a str,
    page: &'a Page,
    previous: Option<&'a Page>,
    next: Option<&'a Page>,
}

/// `GET /docs`: what there is, or what was searched for.
///
/// # Errors
/// When the template fails, which is our fault.
pub async fn contents(
    ctx: web::Data<Ctx>,
    manual: web::Data<Manual>,
    request: HttpRequest,
    viewer: Option<Viewer>,
) -> Result<HttpResponse, Failure> {
    let asked = parameter(request.query_string(), "q");
    let template = ContentsPage {
        shell: frame(&ctx, &request, viewer.as_ref()),
        parts: manual.parts(),
        current: "",
        asked: asked.trim(),
        found: manual.search(&asked),
    };
    Ok(answer(&request, viewer.is_some(), render(&template)?).await)
}

/// The same address without the slash that some add: one page has one address, so that what is in it
/// leads where it should.
pub async fn without_slash(request: HttpRequest) -> HttpResponse {
    let mut location = request.path().trim_end_matches('/').to_owned();
    if !request.query_string().is_empty() {
        location = format!("{location}?{}", request.query_string());
    }
    HttpResponse::PermanentRedirect().insert_header((LOCATION, location)).finish()
}

/// `GET /docs/{page}`.
///
/// # Errors
/// `not_found`.
pub async fn page(
    ctx: web::Data<Ctx>,
    manual: web::Data<Manual>,
    request: HttpRequest,
    viewer: Option<Viewer>,
    slug: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let (place, page) = manual.find(&slug).ok_or_else(no_such_page)?;
    let (previous, next) = manual.around(place);
    let template = ManualPage {
        shell: frame(&ctx, &request, viewer.as_ref()),
        parts: manual.parts(),
        current: page.slug,
        asked: "",
        page,
        previous,
        next,
    };
    Ok(answer(&request, viewer.is_some(), render(&template)?).await)
}

/// `GET /docs/{page}.md`: the same as Markdown.
///
/// # Errors
/// `not_found`.
pub async fn markdown(
    manual: web::Data<Manual>,
    request: HttpRequest,
    slug: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let (_, page) = manual.find(&slug).ok_or_else(no_such_page)?;
    Ok(text(&request, "text/markdown; charset=utf-8", &page.markdown))
}

/// `GET /docs/llms.txt`: what there is to read, for programs.
pub async fn for_programs(manual: web::Data<Manual>, request: HttpRequest) -> HttpResponse {
    text(&request, "text/plain; charset=utf-8", &manual.for_programs)
}

fn no_such_page() -> Error {
    Error::not_found("The manual has no page of that name. Its contents are at /docs.")
}

/// The frame: the console's for whoever is signed in, the same without a person otherwise.
fn frame(ctx: &Ctx, request: &HttpRequest, viewer: Option<&Viewer>) -> Shell {
    match viewer {
        Some(viewer) => Shell::new(ctx, request, viewer),
        None => Shell::public(request),
    }
}

/// A page that need not be sent again while it stays the same. That of a signed-in person has
/// their name and form tokens in it, and is kept nowhere.
async fn answer(request: &HttpRequest, is_signed_in: bool, page: HttpResponse) -> HttpResponse {
    if is_signed_in {
        return page;
    }
    let (head, body) = page.into_parts();
    let body = actix_web::body::to_bytes(body).await.unwrap_or_default();
    let tag: String = sha256_base64url(&body).chars().take(16).collect();
    if has(request, &tag) {
        return unchanged(&tag, "private, no-cache");
    }
    let mut page = head.set_body(body).map_into_boxed_body();
    for (name, value) in [
        (CACHE_CONTROL, "private, no-cache".to_owned()),
        (ETAG, format!("\"{tag}\"")),
        (VARY, "Cookie".to_owned()),
    ] {
        if let Ok(value) = value.parse() {
            page.headers_mut().insert(name, value);
        }
    }
    page
}

/// A text that is the same for everybody.
fn text(request: &HttpRequest, kind: &'static str, text: &library::Text) -> HttpResponse {
    const CACHING: &str = "public, max-age=300";
    if has(request, &text.tag) {
        return unchanged(&text.tag, CACHING);
    }
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((CACHE_CONTROL, CACHING))
        .insert_header((ETAG, format!("\"{}\"", text.tag)))
        .body(text.body.clone())
}

/// Whether the caller has what bears this tag.
fn has(request: &HttpRequest, tag: &str) -> bool {
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|known| {
        known.split(',').any(|one| one.trim().trim_start_matches("W/").trim_matches('"') == tag)
    })
}

fn unchanged(tag: &str, caching: &'static str) -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header((ETAG, format!("\"{tag}\"")))
        .insert_header((CACHE_CONTROL, caching))
        .finish()
}
