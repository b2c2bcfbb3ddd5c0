//! Posted forms: bounded, checked for their token, parsed into a struct whose fields are all text
//! or lists of text, so that every complaint about a value is the handler's and names its field.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorCode};
use crate::service::{Ctx, visit};
use crate::web::csrf;
use crate::web::error::Failure;

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

async fn read(request: &HttpRequest, payload: Payload) -> Result<Vec<u8>, Error> {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
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
