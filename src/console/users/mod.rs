//! System → Permissions → All Users: the people of this server, and letting somebody in.

mod grid;
mod link;
mod listing;
mod new;

use actix_web::HttpResponse;
use actix_web::http::header::RETRY_AFTER;
use askama::Template;

use crate::error::{Error, ErrorCode, Result};
use crate::web::page::{keep_for_back, render_with_status};

pub use grid::list;
pub(crate) use link::shown_once;
pub use new::{create, form};

/// Whether a refusal is put right in the form, which is then shown again.
pub(crate) fn is_of_the_form(error: &Error) -> bool {
    matches!(
        error.code,
        ErrorCode::InvalidRequest | ErrorCode::WrongPassword | ErrorCode::RateLimitExceeded
    ) || error.param.is_some()
        && matches!(error.code, ErrorCode::Conflict | ErrorCode::PermissionDenied)
}

/// A form with what is wrong with it, if anything, and the status and header that say so.
///
/// # Errors
/// When the template fails, which is our fault.
pub(crate) fn form_with(template: &impl Template, errors: &[Error]) -> Result<HttpResponse> {
    let status = errors.first().map_or(200, |error| error.code.status());
    let mut response = render_with_status(template, status)?;
    if !errors.is_empty() {
        keep_for_back(&mut response);
    }
    if let Some(seconds) = errors.iter().find_map(|error| error.retry_after) {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// The complaints about one field.
pub(crate) fn problems_of<'a>(errors: &'a [Error], name: &str) -> Vec<&'a Error> {
    errors.iter().filter(|error| error.param.as_deref() == Some(name)).collect()
}
