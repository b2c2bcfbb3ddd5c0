//! Posted forms: bounded, checked for their token, parsed into a struct whose fields are all text
//! or lists of text, so that every complaint about a value is the handler's and names its field.

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorCode};
use crate::service::{Ctx, visit};
use crate::web::csrf;
use crate::web::error::Failure;
use crate::web::paced::Body;
use crate::web::typed;

/// The largest form, bytes.
pub const LARGEST: usize = 64 * 1024;

/// A posted form that is ours.
#[derive(Debug)]
pub struct Form<T>(pub T);

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    csrf: String,
    /// Every form with a password may ask that it is not asked for again for a while.
    #[serde(default)]
    keep_confirmed: String,
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let body = read(&request, payload).await?;
            let ctx =
                request.app_data::<web::Data<Ctx>>().ok_or_else(|| Error::internal("no state"))?;
            let token: Token = parse(&body)?;
            csrf::check(ctx, &request, &token.csrf)?;
            visit::note(|visit| visit.keeps = token.keep_confirmed == "yes");
            Ok(Self(parse(&body)?))
        })
    }
}

/// Waits for the whole of a posted form, before anybody looks who posts it: session, role and
/// status are those of the moment in which it has arrived, not of that in which it was begun.
pub(super) async fn gather(request: &mut ServiceRequest) {
    if !is_form(request.headers()) {
        return;
    }
    let mut payload = request.take_payload();
    let (mut parts, mut size) = (Vec::new(), 0);
    while size <= LARGEST
        && let Some(part) = payload.next().await
    {
        // After one that is broken there are no more.
        size += part.as_ref().map_or(LARGEST + 1, Bytes::len);
        parts.push(part);
    }
    if let ([whole], ..=typed::LONGEST) = (parts.as_slice(), size)
        && let Ok(whole) = whole
    {
        request.extensions_mut().insert(typed::Posted(whole.clone()));
    }
    let whole: Body = Box::pin(stream::iter(parts).chain(payload));
    request.set_payload(Payload::from(whole));
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<Vec<u8>, Error> {
    if !is_form(request.headers()) {
        return Err(Error::new(
            ErrorCode::UnsupportedMediaType,
            "Send this form as application/x-www-form-urlencoded.",
        ));
    }
    let body =
        web::Payload::from_request(request, &mut { payload }).await.map_err(Error::internal)?;
    body.to_bytes_limited(LARGEST)
        .await
        .map_err(|_| Error::new(ErrorCode::BodyTooLarge, "This form is larger than 64 KiB."))?
        .map(|bytes| bytes.to_vec())
        .map_err(|_| Error::new(ErrorCode::InvalidRequest, "The form did not arrive whole."))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_html_form::from_bytes(body).map_err(|error| {
        Error::new(ErrorCode::InvalidRequest, format!("The form cannot be read: {error}."))
    })
}
